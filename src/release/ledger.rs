//! The ledger of an app: what was released, by whom, from which version to which, as lines of JSON in a `ConfigMap`.
//!
//! It is the lasting memory of releases, for Events live an hour. Its truth is never needed to act: phases come from
//! the workloads. Lines that this program does not understand are kept as they are, so that an older one and a newer
//! one can share a ledger. Beside the lines stand the versions that were ([`super::known`]) and what they ran with
//! ([`super::config`]), in keys of their own.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::record::Kept;
use super::known::Versions;
use crate::domain::Timestamp;

/// Most lines that are kept; the oldest go first.
pub const MOST_LINES: usize = 50;
/// Most bytes of all lines together: a `ConfigMap` holds 1 MiB, and the versions need more of it.
pub const MOST_BYTES: usize = 256 * 1024;
/// The keys in the `ConfigMap`'s data: of the lines, of the versions, of what those run with that are no such yet, and
/// of what is in the `ConfigMap`s that versions ran with.
pub const KEY: &str = "ledger";
pub const VERSIONS: &str = "versions";
pub const RUNNING: &str = "running";
pub const CONTENTS: &str = "contents";

/// The `ConfigMap` of an app.
pub fn name(app: &str) -> String {
    format!("pilothouse-ledger-{app}")
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    Start,
    Grow,
    KeepOld,
    Offline,
    Full,
    Abort,
    Rollback,
    Repair,
    Pause,
    Resume,
    Restart,
    Promote,
    Retry,
    Scale,
    EndFloor,
    Delete,
    Cancel,
}

impl Operation {
    /// Whether instances of one version take the place of those of another by it.
    pub const fn changes_version(self) -> bool {
        !matches!(
            self,
            Self::Pause | Self::Resume | Self::Restart | Self::Scale | Self::EndFloor | Self::Delete | Self::Cancel
        )
    }

    /// As the ledger and the activity log spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Grow => "grow",
            Self::KeepOld => "keep-old",
            Self::Offline => "offline",
            Self::Full => "full",
            Self::Abort => "abort",
            Self::Rollback => "rollback",
            Self::Repair => "repair",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Restart => "restart",
            Self::Promote => "promote",
            Self::Retry => "retry",
            Self::Scale => "scale",
            Self::EndFloor => "end-floor",
            Self::Delete => "delete",
            Self::Cancel => "cancel",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// The operation's ULID; the steps of one release share it.
    pub id: String,
    pub op: Operation,
    pub at: Timestamp,
    /// Who, as the cluster knows them.
    pub by: String,
    /// `Deployment live-gift`.
    pub workload: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why what spoke against it did not count: a freeze, or that its version is bad or older.
    #[serde(default, rename = "override", skip_serializing_if = "Option::is_none")]
    pub overridden: Option<String>,
    /// From whom the app was taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_over: Option<String>,
    /// Names of the `ConfigMap`s and Secrets that the version runs with; never what is in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub config: Vec<String>,
    /// It was begun, and nobody noted what came of it: the program ended, or no answer came.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pending: bool,
    /// What a newer program wrote beside.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

/// A line: one that is understood, or any other, as it was.
#[derive(Clone, Debug, PartialEq)]
pub enum Line<T = Entry> {
    Entry(Box<T>),
    Other(String),
}

/// Reads lines of JSON; nothing is refused.
pub(crate) fn read_lines<T: DeserializeOwned>(text: &str) -> Vec<Line<T>> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let line = |line: &str| match serde_json::from_str(line) {
        Ok(entry) => Line::Entry(Box::new(entry)),
        Err(_) => Line::Other(line.to_owned()),
    };
    lines.map(line).collect()
}

/// Lines as they are written.
pub(crate) fn write_lines<T: Serialize>(lines: &[Line<T>]) -> String {
    let mut text = String::new();
    for line in lines {
        match line {
            // Its fields are texts, numbers and times: they can always be written.
            Line::Entry(entry) => text.push_str(&serde_json::to_string(entry).unwrap_or_default()),
            Line::Other(other) => text.push_str(other),
        }
        text.push('\n');
    }
    text
}

/// The lines of a ledger, oldest first, and beside them the versions and what they ran with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub lines: Vec<Line>,
    pub versions: Versions,
    pub config: Kept,
}

impl Ledger {
    /// Reads the lines; nothing is refused.
    pub fn parse(text: &str) -> Self {
        Self {
            lines: read_lines(text),
            ..Self::default()
        }
    }

    /// Reads the data of its `ConfigMap`.
    pub fn of(data: &Value) -> Self {
        let text = |key: &str| data.get(key).and_then(Value::as_str).unwrap_or_default();
        Self {
            versions: Versions::parse(text(VERSIONS)),
            config: Kept::parse(text(RUNNING), text(CONTENTS)),
            ..Self::parse(text(KEY))
        }
    }

    /// The entries that are understood, newest first.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.lines.iter().rev().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry.as_ref()),
            Line::Other(_) => None,
        })
    }

    /// The line of a step that was begun.
    fn begun(&self, entry: &Entry) -> Option<usize> {
        let is_it = |line: &Line| match line {
            Line::Entry(other) => other.pending && (&other.id, other.op, other.at) == (&entry.id, entry.op, entry.at),
            Line::Other(_) => false,
        };
        self.lines.iter().position(is_it)
    }

    /// Whether it is noted that a step was begun, and not what came of it.
    pub fn has_begun(&self, entry: &Entry) -> bool {
        self.begun(entry).is_some()
    }

    /// Notes that what was begun is done; says whether it was noted that it was begun.
    pub fn settle(&mut self, entry: &Entry) -> bool {
        match self.begun(entry).and_then(|place| self.lines.get_mut(place)) {
            Some(Line::Entry(begun)) => {
                begun.pending = false;
                true
            }
            _ => false,
        }
    }

    /// Takes back what was begun: the server did not take it.
    pub fn retract(&mut self, entry: &Entry) {
        if let Some(place) = self.begun(entry) {
            self.lines.remove(place);
        }
    }

    /// Settles what others began of a workload and what it runs: who began it did not say what came of it.
    pub fn settle_by(&mut self, workload: &str, runs: &[String]) {
        for line in &mut self.lines {
            if let Line::Entry(entry) = line
                && entry.pending
                && entry.workload == workload
                && entry.to.as_ref().is_some_and(|to| runs.contains(to))
            {
                entry.pending = false;
            }
        }
    }

    /// Adds an entry; the oldest lines give way where there are too many, or too long ones.
    pub fn add(&mut self, entry: Entry) {
        self.lines.push(Line::Entry(Box::new(entry)));
        let surplus = self.lines.len().saturating_sub(MOST_LINES);
        self.lines.drain(..surplus);
        while self.lines.len() > 1 && self.text().len() > MOST_BYTES {
            self.lines.remove(0);
        }
    }

    /// The lines as they are written.
    pub fn text(&self) -> String {
        write_lines(&self.lines)
    }

    /// The same without the templates and what they ran with, which take up much room.
    #[must_use]
    pub fn bare(&self) -> Self {
        let mut bare = self.clone();
        for line in &mut bare.versions.lines {
            if let Line::Entry(known) = line {
                known.template = Value::Null;
            }
        }
        bare.config = Kept::default();
        bare
    }

    /// All of it as it is written, by its keys; what was never needed is left out.
    pub fn data(&self) -> [(&'static str, Option<String>); 4] {
        let (running, contents) = self.config.texts();
        let needed = |text: String| (!text.is_empty()).then_some(text);
        [
            (KEY, Some(self.text())),
            (VERSIONS, Some(self.versions.text())),
            (RUNNING, needed(running)),
            (CONTENTS, needed(contents)),
        ]
    }

    /// When the version of a workload was last changed, as far as it was noted here.
    pub fn changed(&self, workload: &str) -> Option<Timestamp> {
        let mut own = self.entries().filter(|entry| entry.workload == workload);
        own.find(|entry| entry.op.changes_version()).map(|entry| entry.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn entry(number: usize) -> Entry {
        Entry {
            id: format!("01K{number}"),
            op: Operation::Start,
            at: Timestamp::UNIX_EPOCH,
            by: "oncall@jump1".into(),
            workload: "Deployment live-gift".into(),
            from: Some("77ab0e1".into()),
            to: Some("c04d21b".into()),
            reason: None,
            overridden: None,
            taken_over: None,
            config: vec!["configmap/live-gift".into()],
            pending: false,
            more: Map::new(),
        }
    }

    #[test]
    fn a_line_is_json_with_names_that_stay() {
        let mut ledger = Ledger::default();
        ledger.add(entry(1));
        assert_eq!(
            ledger.text(),
            "{\"id\":\"01K1\",\"op\":\"start\",\"at\":\"1970-01-01T00:00:00Z\",\"by\":\"oncall@jump1\",\
             \"workload\":\"Deployment live-gift\",\"from\":\"77ab0e1\",\"to\":\"c04d21b\",\
             \"config\":[\"configmap/live-gift\"]}\n"
        );
        assert_eq!(Ledger::parse(&ledger.text()), ledger);
        assert_eq!(name("live-gift"), "pilothouse-ledger-live-gift");
    }

    #[test]
    fn an_operation_is_spelt_one_way() {
        for op in [Operation::Start, Operation::KeepOld, Operation::Scale] {
            assert_eq!(serde_json::to_value(op).unwrap(), op.name());
        }
    }

    #[test]
    fn what_is_not_understood_is_kept() {
        let text = "not json\n{\"op\":\"teleport\",\"id\":\"1\"}\n";
        let newer = "{\"id\":\"2\",\"op\":\"full\",\"at\":\"2026-01-01T00:00:00Z\",\"by\":\"a\",\"workload\":\"b\",\"mood\":\"good\"}\n";
        let mut ledger = Ledger::parse(&format!("{text}\n{newer}"));
        assert_eq!(ledger.text(), format!("{text}{newer}"));
        ledger.add(entry(3));
        assert_eq!(
            ledger.entries().map(|e| e.id.as_str()).collect::<Vec<_>>(),
            ["01K3", "2"]
        );
        assert!(ledger.text().starts_with(text));
    }

    #[test]
    fn what_was_begun_is_settled_by_who_began_it_or_by_what_runs() {
        let begun = |number| Entry {
            pending: true,
            ..entry(number)
        };
        let mut ledger = Ledger::default();
        ledger.add(begun(1));
        assert!(ledger.text().contains("\"pending\":true"));
        ledger.add(begun(2));
        assert!(ledger.settle(&begun(2)) && !ledger.settle(&begun(2)), "once");
        ledger.retract(&begun(2));
        assert_eq!(ledger.lines.len(), 2, "what is done is not taken back");
        ledger.retract(&begun(1));
        assert_eq!(ledger.entries().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["01K2"]);
        ledger.add(begun(3));
        let is_open = |ledger: &Ledger| ledger.entries().any(|entry| entry.pending);
        ledger.settle_by("Deployment live-gift", &["other".into()]);
        ledger.settle_by("Deployment other", &["c04d21b".into()]);
        assert!(is_open(&ledger));
        ledger.settle_by("Deployment live-gift", &["c04d21b".into()]);
        assert!(!is_open(&ledger));
    }

    #[test]
    fn a_ledger_is_bounded_in_lines_and_in_bytes() {
        let mut ledger = Ledger::default();
        for number in 0..60 {
            ledger.add(entry(number));
        }
        assert_eq!(ledger.lines.len(), MOST_LINES);
        assert_eq!(ledger.entries().last().map(|e| e.id.as_str()), Some("01K10"));
        for number in 0..4 {
            let reason = Some("x".repeat(200 * 1024));
            ledger.add(Entry {
                reason,
                ..entry(number)
            });
        }
        assert!(ledger.text().len() <= MOST_BYTES);
        assert_eq!(
            ledger.entries().next().map(|e| e.id.as_str()),
            Some("01K3"),
            "the newest stay"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_lost_by_reading_and_writing(lines in proptest::collection::vec("[^\\r\\n]{1,40}", 0..20)) {
            let lines: Vec<String> = lines.into_iter().filter(|line| !line.trim().is_empty()).collect();
            let ledger = Ledger::parse(&lines.join("\n"));
            let written: Vec<String> = ledger.text().lines().map(str::to_owned).collect();
            prop_assert_eq!(written, lines);
        }
    }
}
