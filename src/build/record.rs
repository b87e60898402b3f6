//! Builds in the ledger of an app: lines of JSON under a key of their own, for a Job goes a while after its end.
//!
//! Lines that this program does not understand are kept as they are.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cause::Cause;
use super::stage::{Stage, StageState};
use super::value::{Backend, Build, State};
use crate::domain::{AppKey, Clean, ClusterId, Timestamp};
use crate::release::ledger::{Line, read_lines, write_lines};

/// The key in the ledger's `ConfigMap`.
pub const KEY: &str = "builds";
/// Most lines that are kept, and most bytes of them; the oldest go first.
pub const MOST_LINES: usize = 50;
pub const MOST_BYTES: usize = 128 * 1024;
/// Of what a stage wrote last so many lines are kept, of so many characters at most.
pub const TAIL_LINES: usize = 20;
const OF_LINE: usize = 200;

/// A stage as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StageRecord {
    pub name: String,
    /// `done`, `failed`, `skipped`.
    pub state: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
}

/// A build that is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Of its object.
    pub name: String,
    pub kind: String,
    pub commit: String,
    pub repo: String,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<Timestamp>,
    /// `done`, `failed`, `cancelled`.
    pub outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageRecord>,
    /// What the stage that failed wrote last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tail: Vec<String>,
    /// What a newer program wrote beside.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Record {
    /// What is kept of a build that is over, with the last lines of its log; `None` of one that is not.
    pub fn of(build: &Build, tail: &[Clean]) -> Option<Self> {
        if !build.state.is_over() {
            return None;
        }
        let text = |text: &Option<Clean>| text.as_ref().map(ToString::to_string);
        let stage = |stage: &Stage| StageRecord {
            name: stage.name.to_string(),
            state: stage.state.name().to_owned(),
            code: match stage.state {
                StageState::Failed { code, .. } => Some(code),
                _ => None,
            },
            began: stage.began,
            ended: stage.ended,
        };
        let cut = |line: &Clean| line.chars().take(OF_LINE).collect::<String>();
        let from = tail.len().saturating_sub(TAIL_LINES);
        Some(Self {
            name: build.name.to_string(),
            kind: build.backend.name().to_owned(),
            commit: build.commit.to_string(),
            repo: build.repo.to_string(),
            reference: text(&build.reference),
            image: build.image.to_string(),
            digest: text(&build.digest),
            by: text(&build.by),
            asked: build.asked,
            began: build.began,
            ended: build.ended,
            outcome: build.state.name().to_owned(),
            cause: match &build.state {
                State::Failed(cause) => Some(cause.to_string()),
                _ => None,
            },
            stages: build.stages.iter().map(stage).collect(),
            tail: tail.iter().skip(from).map(cut).collect(),
            more: Map::new(),
        })
    }

    /// The build it tells of.
    pub fn build(&self, cluster: &ClusterId, app: &AppKey) -> Build {
        let text = |text: &Option<String>| text.as_deref().map(Clean::new);
        let said = |cause: &Option<String>| Cause::Said(Clean::new(cause.as_deref().unwrap_or("why is not known")));
        let stage = |stage: &StageRecord| Stage {
            name: Clean::new(&stage.name),
            container: Clean::new(&stage.name),
            state: match (stage.state.as_str(), stage.code) {
                ("done", _) => StageState::Done,
                (_, Some(code)) => StageState::Failed {
                    code,
                    reason: Clean::default(),
                },
                _ => StageState::Skipped,
            },
            began: stage.began,
            ended: stage.ended,
        };
        Build {
            cluster: cluster.clone(),
            namespace: app.namespace.clone(),
            app: app.name.clone(),
            backend: match self.kind.as_str() {
                "PipelineRun" => Backend::PipelineRun,
                "BuildRun" => Backend::BuildRun,
                _ => Backend::Job,
            },
            name: Clean::new(&self.name),
            uid: None,
            commit: Clean::new(&self.commit),
            repo: Clean::new(&self.repo),
            reference: text(&self.reference),
            image: Clean::new(&self.image),
            digest: text(&self.digest),
            by: text(&self.by),
            builder: None,
            asked: self.asked,
            began: self.began,
            ended: self.ended,
            state: match self.outcome.as_str() {
                "done" => State::Done,
                "cancelled" => State::Cancelled,
                _ => State::Failed(said(&self.cause)),
            },
            stages: self.stages.iter().map(stage).collect(),
            pod: None,
            held: None,
        }
    }
}

/// The builds of an app that its ledger tells of, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Records {
    pub lines: Vec<Line<Record>>,
}

impl Records {
    /// Reads the data of the ledger's `ConfigMap`.
    pub fn of(data: &Value) -> Self {
        let text = data.get(KEY).and_then(Value::as_str).unwrap_or_default();
        Self {
            lines: read_lines(text),
        }
    }

    /// Those that are understood, newest first.
    pub fn all(&self) -> impl Iterator<Item = &Record> {
        self.lines.iter().rev().filter_map(|line| match line {
            Line::Entry(record) => Some(record.as_ref()),
            Line::Other(_) => None,
        })
    }

    /// The one of this name that was asked for then: a name may come again once its Job is gone.
    pub fn find(&self, name: &str, asked: Option<Timestamp>) -> Option<&Record> {
        self.all().find(|record| record.name == name && record.asked == asked)
    }

    /// Adds a build, unless it is there; the oldest give way where there are too many. Says whether anything changed.
    pub fn add(&mut self, record: Record) -> bool {
        if self.find(&record.name, record.asked).is_some() {
            return false;
        }
        self.lines.push(Line::Entry(Box::new(record)));
        let surplus = self.lines.len().saturating_sub(MOST_LINES);
        self.lines.drain(..surplus);
        while self.lines.len() > 1 && self.text().len() > MOST_BYTES {
            self.lines.remove(0);
        }
        true
    }

    /// As it is written.
    pub fn text(&self) -> String {
        write_lines(&self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: i64) -> Record {
        Record {
            name: format!("build-live-{number}"),
            kind: "Job".into(),
            commit: "c04d".into(),
            repo: "https://git/live.git".into(),
            reference: Some("main".into()),
            image: "r/live:c04d".into(),
            digest: None,
            by: Some("dev".into()),
            asked: Timestamp::from_timestamp(number, 0),
            began: Timestamp::from_timestamp(number + 1, 0),
            ended: Timestamp::from_timestamp(number + 60, 0),
            outcome: "failed".into(),
            cause: Some("compile: exit 1: no".into()),
            stages: vec![StageRecord {
                name: "compile".into(),
                state: "failed".into(),
                code: Some(1),
                began: None,
                ended: None,
            }],
            tail: vec!["no".into()],
            more: Map::new(),
        }
    }

    #[test]
    fn a_build_comes_out_of_the_ledger_as_it_went_in() {
        let app = AppKey {
            namespace: "gift".into(),
            name: "live".into(),
        };
        let build = record(1).build(&ClusterId::new("a"), &app);
        assert_eq!(build.state, State::Failed(Cause::Said("compile: exit 1: no".into())));
        assert!(!build.is_there());
        let again = Record::of(&build, &["no".into()]).unwrap();
        assert_eq!(again, record(1));
        assert_eq!(
            Record::of(
                &Build {
                    state: State::Running,
                    ..build
                },
                &[]
            ),
            None
        );
    }

    #[test]
    fn a_build_is_noted_once_and_what_is_not_understood_stays() {
        let mut records = Records::of(&serde_json::json!({KEY: "{\"name\":7}\nnot json\n"}));
        assert!(records.add(record(1)));
        assert!(!records.add(record(1)));
        assert!(
            records.add(Record {
                asked: None,
                ..record(1)
            }),
            "another Job of the same name"
        );
        assert!(
            records
                .text()
                .starts_with("{\"name\":7}\nnot json\n{\"name\":\"build-live-1\"")
        );
        assert_eq!(Records::of(&serde_json::json!({KEY: records.text()})), records);
    }

    #[test]
    fn the_history_is_bounded() {
        let mut records = Records::default();
        for number in 0..60 {
            records.add(record(number));
        }
        assert_eq!(records.lines.len(), MOST_LINES);
        assert_eq!(
            records.all().next().map(|record| record.name.as_str()),
            Some("build-live-59")
        );
        for number in 100..106 {
            let tail = vec!["x".repeat(40 * 1024)];
            records.add(Record { tail, ..record(number) });
        }
        assert!(records.text().len() <= MOST_BYTES);
    }
}
