//! Times in which nothing is released: said by an annotation on a namespace, or by windows in the configuration. Ways
//! back and more instances are never refused. Only who asks this program is refused: what others write, admission alone
//! can refuse.

use serde_json::Value;

use super::author;
use super::ledger::Operation;
use crate::domain::{Clean, Timestamp};

/// On a namespace: the reason, or `until 2026-12-01T00:00:00Z: REASON`.
pub const ANNOTATION: &str = "pilothouse.dev/freeze";
/// How the refusal of a freeze begins.
pub const FROZEN: &str = "frozen";

/// A time in which nothing is released, as the configuration tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    /// `None`: since ever.
    pub from: Option<Timestamp>,
    /// `None`: for ever.
    pub until: Option<Timestamp>,
    pub reason: Clean,
    /// Empty: all.
    pub namespaces: Vec<Clean>,
}

/// Why nothing is released now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    pub reason: Clean,
    pub until: Option<Timestamp>,
    /// With what tool it was set and when, or that the configuration says so.
    pub set: Option<Clean>,
}

impl Freeze {
    /// `frozen until 2026-12-01T00:00:00Z: year-end sale (set with kubectl-annotate at …)`
    pub fn words(&self) -> String {
        let until = self.until.map_or_else(String::new, |until| {
            format!(" until {}", until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
        });
        let set = self.set.as_ref().map_or_else(String::new, |set| format!(" ({set})"));
        format!("{FROZEN}{until}: {}{set}", self.reason)
    }

    /// Whether it is the one that was looked at before.
    pub fn is_as(&self, before: &Self) -> bool {
        (&self.reason, self.until) == (&before.reason, before.until)
    }
}

/// Whether a freeze refuses a step: those that bring a version to more instances, and a restart.
pub const fn stops(operation: Operation) -> bool {
    use Operation::{
        Abort, Cancel, Delete, EndFloor, Full, Grow, KeepOld, Offline, Pause, Promote, Repair, Restart, Resume, Retry,
        Rollback, Scale, Start,
    };
    match operation {
        Start | Grow | Full | KeepOld | Restart | Promote | Retry => true,
        Abort | Cancel | Delete | EndFloor | Offline | Pause | Repair | Resume | Rollback | Scale => false,
    }
}

/// What an annotation comes to now. What cannot be read as a time freezes for ever.
pub fn annotated(text: &str, now: Timestamp) -> Option<Freeze> {
    let timed = text.trim().strip_prefix("until ").and_then(|rest| {
        let (until, reason) = rest.split_once(": ").unwrap_or((rest.trim_end_matches(':'), ""));
        Some((until.trim().parse::<Timestamp>().ok()?, reason))
    });
    let (until, reason) = match timed {
        Some((until, reason)) => (Some(until), reason),
        None => (None, text),
    };
    let reason = Some(reason.trim()).filter(|reason| !reason.is_empty());
    until.is_none_or(|until| now < until).then(|| Freeze {
        reason: Clean::new(reason.unwrap_or("no reason is given")),
        until,
        set: None,
    })
}

/// What a namespace as its server has it says now, with what tool that was set.
pub fn of_namespace(namespace: &Value, now: Timestamp) -> Option<Freeze> {
    let annotations = namespace.pointer("/metadata/annotations")?;
    let freeze = annotated(annotations.get(ANNOTATION)?.as_str()?, now)?;
    let author = author::of_annotation(namespace, ANNOTATION);
    Some(Freeze {
        set: author.map(|author| Clean::new(&format!("set with {}", author.words()))),
        ..freeze
    })
}

/// The window of the configuration that holds for a namespace now: of several the one that lasts longest.
pub fn of_windows(windows: &[Window], namespace: &str, now: Timestamp) -> Option<Freeze> {
    let holds = |window: &&Window| {
        let is_meant = window.namespaces.is_empty() || window.namespaces.iter().any(|name| **name == *namespace);
        is_meant && window.from.is_none_or(|from| from <= now) && window.until.is_none_or(|until| now < until)
    };
    let longest = windows
        .iter()
        .filter(holds)
        .max_by_key(|window| (window.until.is_none(), window.until))?;
    Some(Freeze {
        reason: longest.reason.clone(),
        until: longest.until,
        set: Some("by the configuration".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn an_annotation_freezes_until_its_time_and_for_ever_where_it_names_none() {
        let now = at("2026-11-23T12:00:00Z");
        for (text, told) in [
            ("year-end sale", Some("frozen: year-end sale")),
            (
                "until 2026-12-01T00:00:00Z: year-end sale",
                Some("frozen until 2026-12-01T00:00:00Z: year-end sale"),
            ),
            (
                "until 2026-12-01T08:00:00+08:00: sale: big",
                Some("frozen until 2026-12-01T00:00:00Z: sale: big"),
            ),
            (
                "until 2026-12-01T00:00:00Z",
                Some("frozen until 2026-12-01T00:00:00Z: no reason is given"),
            ),
            ("until 2026-11-23T12:00:00Z: it is over", None),
            ("until tomorrow: sale", Some("frozen: until tomorrow: sale")),
            ("", Some("frozen: no reason is given")),
        ] {
            assert_eq!(annotated(text, now).map(|f| f.words()).as_deref(), told, "{text}");
        }
    }

    #[test]
    fn who_set_it_is_told_where_the_server_knows() {
        let now = at("2026-11-23T12:00:00Z");
        let namespace = json!({"metadata": {
            "annotations": {ANNOTATION: "sale"},
            "managedFields": [
                {"manager": "kubectl-create", "time": "2026-11-01T00:00:00Z", "fieldsV1": {"f:metadata": {"f:labels": {}}}},
                {"manager": "kubectl-annotate", "time": "2026-11-20T08:00:00Z",
                    "fieldsV1": {"f:metadata": {"f:annotations": {"f:pilothouse.dev/freeze": {}}}}},
            ],
        }});
        assert_eq!(
            of_namespace(&namespace, now).unwrap().words(),
            "frozen: sale (set with kubectl-annotate at 2026-11-20T08:00:00Z)"
        );
        assert_eq!(of_namespace(&json!({"metadata": {"annotations": {}}}), now), None);
    }

    #[test]
    fn a_window_holds_in_its_time_and_its_namespaces_and_the_longest_is_told() {
        let window = |reason: &str, from: Option<&str>, until: Option<&str>, namespaces: &[&str]| Window {
            from: from.map(at),
            until: until.map(at),
            reason: reason.into(),
            namespaces: namespaces.iter().map(|name| (*name).into()).collect(),
        };
        let windows = [
            window("long", Some("2026-12-01T00:00:00Z"), Some("2026-12-09T00:00:00Z"), &[]),
            window("short", None, Some("2026-12-02T00:00:00Z"), &[]),
            window("ever", Some("2026-12-05T00:00:00Z"), None, &["pay"]),
        ];
        for (now, namespace, reason) in [
            ("2026-11-30T00:00:00Z", "gift", Some("short")),
            ("2026-12-01T00:00:00Z", "gift", Some("long")),
            ("2026-12-06T00:00:00Z", "pay", Some("ever")),
            ("2026-12-06T00:00:00Z", "gift", Some("long")),
            ("2026-12-09T00:00:00Z", "gift", None),
        ] {
            let freeze = of_windows(&windows, namespace, at(now));
            assert_eq!(freeze.as_ref().map(|f| f.reason.as_str()), reason, "{now} {namespace}");
        }
    }
}
