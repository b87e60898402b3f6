//! The activity log on disk: what this program was told to do to clusters, by whom, one JSON object a line.

pub mod kept;

use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::journal::Journal;
use super::redact::redact;
use crate::cluster::{ActError, Note};
use crate::domain::ulid::ulid;
use crate::message::{Effect, Refused};
use crate::release::claim::identity;
use crate::release::{Done, Prepared};

/// Appends to the activity log; without a file it keeps nothing.
#[derive(Clone, Debug)]
pub struct ActivityLog {
    journal: Option<Journal>,
    person: String,
    /// The person in this program.
    identity: String,
}

/// A write to a cluster that was tried, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt<'a> {
    pub cluster: &'a str,
    /// `Deployment gift/live`
    pub object: String,
    pub app: &'a str,
    pub uid: String,
    /// The operation's ULID; the steps of one release share it.
    pub operation: &'a str,
    /// Who, as the cluster knows them.
    pub user: &'a str,
    /// What it leads from, in the words of what is changed: images, counts, a floor.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Verb and path of what was sent, or only tried; `None` of what was refused before.
    pub request: Option<String>,
    pub reason: Option<&'a str>,
    /// Why what spoke against it did not count.
    #[serde(rename = "override")]
    pub overridden: Option<&'a str>,
    /// From whom the app was taken over.
    pub taken_over: Option<&'a str>,
    /// `done`, or why not.
    pub answer: String,
    pub milliseconds: u64,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    text: String,
    is_sent: bool,
}

impl Answer {
    /// Of a write.
    pub fn of(done: &Result<Done, ActError>) -> Self {
        match done {
            Ok(_) => Self {
                text: "done".into(),
                is_sent: true,
            },
            Err(error) => Self {
                text: error.to_string(),
                is_sent: error.is_sent(),
            },
        }
    }

    /// The program ended before it came.
    pub fn unknown() -> Self {
        Self {
            text: "not known: the program ended before the answer came".into(),
            is_sent: true,
        }
    }

    /// It was tried without effect, and not written for this.
    pub const fn refused(why: String) -> Self {
        Self {
            text: why,
            is_sent: false,
        }
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    time: String,
    person: &'a str,
    process: u32,
    did: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    object: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<&'a Attempt<'a>>,
}

impl ActivityLog {
    /// Writes to `file` in the name of `person`, such as `oncall@jump1`.
    pub fn open(file: Option<&Path>, person: String) -> Self {
        let journal = file.and_then(|file| {
            Journal::open(file)
                .inspect_err(|e| log::warn!("the activity log {} cannot be written: {e}", file.display()))
                .ok()
        });
        let (now, process) = (Utc::now(), u128::from(std::process::id()));
        let program = ulid(now, process << 32 | u128::from(now.timestamp_subsec_nanos()));
        Self {
            journal,
            identity: identity(&person, &program),
            person,
        }
    }

    /// In whose name it writes, such as `oncall@jump1`.
    pub fn person(&self) -> &str {
        &self.person
    }

    /// The same with what tells this program from others of that person.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// The program started, with these arguments.
    pub fn started(&self, now: DateTime<Utc>, arguments: &str) {
        self.write(now, "start", None, Some(redact(arguments).into_owned()));
    }

    /// The program ends with this code.
    pub fn stopped(&self, now: DateTime<Utc>, code: u8) {
        self.write(now, "stop", None, Some(format!("exit {code}")));
        if let Some(journal) = &self.journal {
            journal.flush();
        }
    }

    /// An effect that reaches a cluster is about to run; others are nobody's business.
    pub fn effect(&self, now: DateTime<Utc>, effect: &Effect) {
        match effect {
            Effect::Reconnect => self.write(now, "reconnect", None, None),
            Effect::LoadEvents(object) => {
                let name = format!("{} {}", object.kind, object.key);
                self.write(now, "load-events", Some(object.cluster.as_str()), Some(name));
            }
            Effect::SaveLogs(save) => self.write(now, "save-logs", None, Some(save.name.clone())),
            Effect::Refuse(refused) => self.refused(now, refused),
            // What a write came to is noted once it was answered: one line for each that was tried.
            Effect::LoadLedger(..)
            | Effect::LoadHistory(_)
            | Effect::LoadScaler(_)
            | Effect::LoadAuthor(..)
            | Effect::LoadLastLines(..)
            | Effect::Claim(..)
            | Effect::LetGo(..)
            | Effect::LoadTags(..)
            | Effect::LoadCommits(..)
            | Effect::PrepareBuild(..)
            | Effect::BeginBuild(..)
            | Effect::Prepare(_)
            | Effect::CarryOut(_)
            | Effect::ReadJob(..)
            | Effect::Review(..)
            | Effect::Measure(..)
            | Effect::Quit
            | Effect::Suspend
            | Effect::Redraw
            | Effect::ReadLog(_)
            | Effect::LeaveLog(_)
            | Effect::HoldLogs(_)
            | Effect::StopSaving
            | Effect::Copy(_) => {}
        }
    }

    /// A write was tried: which step, and what came of it. It is on disk when this returns.
    pub fn attempted(&self, now: DateTime<Utc>, step: &str, attempt: &Attempt<'_>) {
        self.line(now, step, (None, None), Some(attempt));
        if let Some(journal) = &self.journal {
            journal.flush();
        }
    }

    /// A step of a release was tried; the note says by whom, as the cluster knows them.
    pub fn released(
        &self,
        now: DateTime<Utc>,
        prepared: &Prepared,
        note: &Note<'_>,
        (answer, took): (Answer, Duration),
    ) {
        let change = prepared.change();
        let object = &prepared.object;
        let attempt = Attempt {
            cluster: object.cluster.as_str(),
            object: format!("{} {}", object.kind, object.key),
            app: note.app,
            uid: object.uid.to_string(),
            operation: &prepared.operation,
            user: note.by,
            from: change.from.as_ref().map(ToString::to_string),
            to: change.to.as_ref().map(ToString::to_string),
            request: Some(prepared.requests(answer.is_sent)),
            reason: note.why.reason.as_deref(),
            overridden: note.why.overridden.as_deref(),
            taken_over: note.why.taken_over.as_deref(),
            answer: answer.text,
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        };
        self.attempted(now, prepared.step.operation().name(), &attempt);
    }

    /// A step was refused before anything was sent.
    pub fn refused(&self, now: DateTime<Utc>, refused: &Refused) {
        let Refused { object, change, .. } = refused;
        let attempt = Attempt {
            cluster: object.cluster.as_str(),
            object: format!("{} {}", object.kind, object.key),
            app: &refused.app,
            uid: object.uid.to_string(),
            operation: "",
            user: refused.by.as_deref().unwrap_or(&self.person),
            from: change.from.as_ref().map(ToString::to_string),
            to: change.to.as_ref().map(ToString::to_string),
            request: None,
            reason: None,
            overridden: None,
            taken_over: None,
            answer: refused.why.to_string(),
            milliseconds: 0,
        };
        self.attempted(now, refused.operation.name(), &attempt);
    }

    fn write(&self, now: DateTime<Utc>, did: &str, cluster: Option<&str>, object: Option<String>) {
        self.line(now, did, (cluster, object), None);
    }

    fn line(
        &self,
        now: DateTime<Utc>,
        did: &str,
        (cluster, object): (Option<&str>, Option<String>),
        attempt: Option<&Attempt<'_>>,
    ) {
        let Some(journal) = &self.journal else { return };
        let entry = Entry {
            time: now.to_rfc3339_opts(SecondsFormat::Millis, true),
            person: &self.person,
            process: std::process::id(),
            did,
            cluster,
            object,
            attempt,
        };
        if let Ok(line) = serde_json::to_string(&entry) {
            journal.line(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClusterId, Kind, ObjectKey, ResourceRef, Uid};

    #[test]
    fn what_reaches_a_cluster_is_a_line_of_json() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("activity.jsonl");
        let log = ActivityLog::open(Some(&path), "oncall@jump1".into());
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let object = ResourceRef {
            cluster: ClusterId::new("idc-bj"),
            kind: Kind::Pod,
            key: ObjectKey::new("gift", "live-gift-x"),
            uid: Uid::default(),
        };
        log.started(now, "--demo");
        log.effect(now, &Effect::LoadEvents(object));
        log.effect(now, &Effect::Copy("private".into()));
        log.effect(now, &Effect::Reconnect);
        let attempt = Attempt {
            cluster: "idc-bj",
            object: "Deployment gift/live".into(),
            app: "live",
            uid: "u1".into(),
            operation: "01K",
            user: "oncall",
            from: Some("live:v1".into()),
            to: None,
            request: Some("PATCH /apis/apps/v1/namespaces/gift/deployments/live".into()),
            reason: None,
            overridden: None,
            taken_over: None,
            answer: "done".into(),
            milliseconds: 12,
        };
        log.attempted(now, "start", &attempt);
        log.stopped(now, 0);
        let written = std::fs::read_to_string(path).unwrap();
        let lines: Vec<serde_json::Value> = written.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let read = kept::read(&folder.path().join("activity.jsonl"), |_| true).unwrap();
        let attempts: Vec<_> = read.lines.iter().filter_map(|line| line.attempt.as_ref()).collect();
        assert_eq!((read.lines.len(), read.unreadable, attempts.len()), (5, 0, 1));
        assert_eq!(attempts[0].app.as_deref(), Some("live"));
        let did: Vec<_> = lines.iter().map(|line| line["did"].as_str().unwrap()).collect();
        assert_eq!(did, ["start", "load-events", "reconnect", "start", "stop"]);
        assert_eq!(lines[1]["object"], "Pod gift/live-gift-x");
        assert_eq!(lines[3]["attempt"]["uid"], "u1");
        assert_eq!(lines[3]["attempt"]["to"], serde_json::Value::Null);
        assert_eq!(lines[1]["person"], "oncall@jump1");
        assert_eq!(lines[1]["time"], "2027-01-15T08:00:00.000Z");
    }
}
