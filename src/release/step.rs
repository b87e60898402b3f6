//! What a person may ask of a release, and what a write changes.

use serde_json::Value;

use super::bytes::Digests;
use super::config::Source;
use super::ledger::Operation;
use super::live::Method;
use super::past::Back;
use super::share::{self, Share};
use super::template::Facts;
use crate::domain::{Clean, Driver, Timestamp};

/// How many instances, said as a number or as a share of the app.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Count {
    Instances(i32),
    Percent(f64),
}

impl Count {
    /// `3` or `20%`.
    ///
    /// # Errors
    /// How it has to be written.
    pub fn parse(text: &str) -> Result<Self, String> {
        const HOW: &str = "write a number of instances or a share, such as 2 or 20%";
        let Some(percent) = text.strip_suffix('%') else {
            let number = text.parse().ok().filter(|&number| number > 0);
            return number.map(Self::Instances).ok_or_else(|| HOW.into());
        };
        let percent = percent.trim().parse().ok().filter(|&p| p > 0.0 && p <= 100.0);
        percent.map(Self::Percent).ok_or_else(|| HOW.into())
    }

    /// What it comes to of so many instances.
    pub fn of(self, desired: i32, method: Method) -> Share {
        match (self, method) {
            (Self::Percent(percent), Method::Surge | Method::Twin) => share::beside(desired, percent),
            (Self::Percent(percent), Method::Replace) => share::in_place(desired, percent),
            (Self::Instances(instances), _) => share::of_instances(desired, instances, method != Method::Replace),
        }
    }
}

/// A version to be released.
#[derive(Clone, Debug, PartialEq)]
pub struct New {
    pub image: String,
    /// Which container gets it; needed where there are several.
    pub container: Option<String>,
    pub facts: Facts,
    pub method: Method,
    pub count: Count,
    /// Today's; or, where what runs has copies of `ConfigMap`s, those.
    pub config: Source,
}

/// A way back to an older version.
#[derive(Clone, Debug, PartialEq)]
pub struct Return {
    pub to: Back,
    /// By a gray release of so many instances; `None`: at once.
    pub gray: Option<(Count, Method)>,
    /// What it ran with, or today's.
    pub config: Source,
    /// Which bytes its images by tag have to be: their tags went elsewhere, or nobody knows.
    pub pins: Digests,
}

impl Return {
    /// At once.
    pub const fn to(to: Back) -> Self {
        Self {
            to,
            gray: None,
            config: Source::Recorded,
            pins: Digests::new(),
        }
    }
}

/// What may be asked of a release.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Start(Box<New>),
    Grow(Count),
    /// All new instances beside the old.
    KeepOld,
    /// From gray by an ordinary rolling update.
    Full,
    Offline,
    Abort,
    Rollback(Return),
    Repair,
    Pause,
    Resume,
    Restart,
    /// On to the next step, where its controller waits to be told.
    Promote,
    /// Again what was aborted.
    Retry,
    /// So many instances.
    Scale(i64),
    /// The bounds of its autoscaler as they were before the last [`Step::Scale`].
    EndFloor,
    /// One instance goes; another comes in its place.
    Delete,
    /// A build that is under way goes, with its pod.
    Cancel,
}

/// What a patch needs that is not in the objects.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The operation's ULID.
    pub operation: &'a str,
    pub driver: Option<Driver>,
    pub now: Timestamp,
}

impl Step {
    /// The same with this configuration; `None` where there is no choice.
    pub fn with_config(&self, source: Source) -> Option<Self> {
        let mut step = self.clone();
        match &mut step {
            Self::Start(new) => new.config = source,
            Self::Rollback(back) => back.config = source,
            _ => return None,
        }
        Some(step)
    }

    /// The same of a version whose digest is known.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        let mut step = self.clone();
        if let Self::Start(new) = &mut step {
            new.facts.image_digest = Some(digest.to_owned());
        }
        step
    }

    /// The same way back to these bytes.
    #[must_use]
    pub fn with_pins(&self, pins: &Digests) -> Self {
        let mut step = self.clone();
        if let Self::Rollback(back) = &mut step {
            back.pins.clone_from(pins);
        }
        step
    }

    /// How many new instances beside or in place of old ones it is for; `None` where it is no gray release.
    pub fn gray(&self) -> Option<Count> {
        match self {
            Self::Start(new) => Some(new.count),
            Self::Grow(count) => Some(*count),
            Self::Rollback(back) => back.gray.map(|(count, _)| count),
            _ => None,
        }
    }

    /// What the ledger calls it.
    pub const fn operation(&self) -> Operation {
        match self {
            Self::Start(_) => Operation::Start,
            Self::Grow(_) => Operation::Grow,
            Self::KeepOld => Operation::KeepOld,
            Self::Full => Operation::Full,
            Self::Offline => Operation::Offline,
            Self::Abort => Operation::Abort,
            Self::Rollback(_) => Operation::Rollback,
            Self::Repair => Operation::Repair,
            Self::Pause => Operation::Pause,
            Self::Resume => Operation::Resume,
            Self::Restart => Operation::Restart,
            Self::Promote => Operation::Promote,
            Self::Retry => Operation::Retry,
            Self::Scale(_) => Operation::Scale,
            Self::EndFloor => Operation::EndFloor,
            Self::Delete => Operation::Delete,
            Self::Cancel => Operation::Cancel,
        }
    }

    /// Whether instances of one version take the place of those of another by it.
    pub const fn changes_version(&self) -> bool {
        self.operation().changes_version()
    }

    /// In words, as a confirmation's title.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Start(_) => "begin a gray release",
            Self::Grow(_) => "grow the gray release",
            Self::KeepOld => "all new instances, the old ones kept",
            Self::Full => "all new instances by a rolling update",
            Self::Offline => "take the old instances offline",
            Self::Abort => "abort: back to the old version",
            Self::Rollback(Return { gray: Some(_), .. }) => "roll back through a gray release",
            Self::Rollback(_) => "roll back",
            Self::Repair => "repair a hold without end",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Restart => "restart every instance",
            Self::Promote => "go on to the next step",
            Self::Retry => "try again what was aborted",
            Self::Scale(_) => "change the number of instances",
            Self::EndFloor => "take the temporary floor away",
            Self::Delete => "delete this instance",
            Self::Cancel => "cancel a build",
        }
    }
}

/// What is different in one place of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// `spec.template.spec.containers[live].image`
    pub place: Clean,
    /// `None`: it was not there.
    pub from: Option<Clean>,
    /// `None`: it is gone.
    pub to: Option<Clean>,
}

/// Fields that the server keeps, and that nobody asked for.
const SERVERS_OWN: [&str; 7] = [
    // An object of a list does not say what it is.
    "apiVersion",
    "kind",
    "metadata.managedFields",
    "metadata.resourceVersion",
    "metadata.generation",
    "metadata.creationTimestamp",
    "status",
];

impl Difference {
    /// The same, of an object that has to be named.
    #[must_use]
    pub fn of(self, about: &Clean) -> Self {
        Self {
            place: Clean::new(&format!("{about}: {}", self.place)),
            ..self
        }
    }
}

/// What a write changes, place by place, in the order of the fields.
pub fn differences(before: &Value, after: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    differ("", Some(before), Some(after), &mut found);
    found
}

fn differ(place: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Difference>) {
    if before == after || SERVERS_OWN.contains(&place) {
        return;
    }
    let names = match (before, after) {
        (Some(Value::Object(_)) | None, Some(Value::Object(_))) | (Some(Value::Object(_)), None) => {
            parts(before, after, |key| {
                if place.is_empty() {
                    key.to_owned()
                } else {
                    format!("{place}.{key}")
                }
            })
        }
        (Some(Value::Array(_)) | None, Some(Value::Array(_))) | (Some(Value::Array(_)), None) => {
            parts(before, after, |key| format!("{place}[{key}]"))
        }
        _ => Vec::new(),
    };
    if names.is_empty() {
        let text = |value: Option<&Value>| {
            value.map(|value| match value {
                Value::String(text) => Clean::new(text),
                other => Clean::new(&other.to_string()),
            })
        };
        found.push(Difference {
            place: Clean::new(place),
            from: text(before),
            to: text(after),
        });
    }
    for (place, before, after) in names {
        differ(&place, before, after, found);
    }
}

type Part<'a> = (String, Option<&'a Value>, Option<&'a Value>);

/// The parts of two objects or lists side by side; those of a list by their `name`, where they have one.
fn parts<'a>(before: Option<&'a Value>, after: Option<&'a Value>, place: impl Fn(&str) -> String) -> Vec<Part<'a>> {
    fn keyed(value: Option<&Value>) -> Vec<(String, &Value)> {
        match value {
            Some(Value::Object(fields)) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
            Some(Value::Array(items)) => {
                let items = items.iter().enumerate();
                let key = |(index, item): (usize, &Value)| match item.get("name").and_then(Value::as_str) {
                    Some(name) => name.to_owned(),
                    None => index.to_string(),
                };
                items.map(|(index, item)| (key((index, item)), item)).collect()
            }
            _ => Vec::new(),
        }
    }
    let (before, after) = (keyed(before), keyed(after));
    let of = |all: &[(String, &'a Value)], key: &str| all.iter().find(|(known, _)| known == key).map(|(_, v)| *v);
    let mut keys: Vec<&String> = before.iter().chain(&after).map(|(key, _)| key).collect();
    keys.sort();
    keys.dedup();
    keys.into_iter()
        .map(|key| (place(key), of(&before, key), of(&after, key)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_number_or_a_share_is_read() {
        for (text, count) in [
            ("2", Some(Count::Instances(2))),
            ("20%", Some(Count::Percent(20.0))),
            ("2.5 %", Some(Count::Percent(2.5))),
            ("0", None),
            ("-1", None),
            ("101%", None),
            ("x", None),
            ("%", None),
        ] {
            assert_eq!(Count::parse(text).ok(), count, "{text}");
        }
        assert_eq!(Count::Percent(20.0).of(10, Method::Surge).instances, 3);
        assert_eq!(Count::Percent(20.0).of(10, Method::Replace).instances, 2);
        let asked = Count::Instances(2).of(10, Method::Surge);
        assert!((asked.real - 16.7).abs() < 0.05, "{asked:?}");
    }

    #[test]
    fn differences_name_their_place() {
        let before = json!({
            "metadata": {"generation": 1, "labels": {"a": "1"}},
            "spec": {"replicas": 3, "containers": [{"name": "x", "image": "x:1"}, {"name": "y", "image": "y:1"}], "list": [1, 2]},
            "status": {"replicas": 3},
        });
        let after = json!({
            "metadata": {"generation": 2, "labels": {"a": "1", "b": "2"}},
            "spec": {"replicas": 3, "containers": [{"name": "y", "image": "y:2"}, {"name": "x", "image": "x:1"}], "list": [1], "paused": true},
            "status": {"replicas": 4},
        });
        let told: Vec<String> = differences(&before, &after)
            .iter()
            .map(|d| {
                let word = |side: &Option<Clean>| side.as_ref().map_or("–".to_owned(), ToString::to_string);
                format!("{} {} {}", d.place, word(&d.from), word(&d.to))
            })
            .collect();
        assert_eq!(
            told,
            [
                "metadata.labels.b – 2",
                "spec.containers[y].image y:1 y:2",
                "spec.list[1] 2 –",
                "spec.paused – true",
            ]
        );
        assert_eq!(differences(&after, &after), []);
    }
}
