//! How the containers of a pod behave, as the annotations on its template say.
//!
//! | annotation | meaning | without it |
//! |---|---|---|
//! | `sim.pilothouse.dev/start-seconds` | from the node to running | 1 |
//! | `sim.pilothouse.dev/ready-seconds` | from running to ready, or `never` | what the readiness probe waits, else 0 |
//! | `sim.pilothouse.dev/crash-after` | seconds a run lasts | it lasts |
//! | `sim.pilothouse.dev/exit-code` | how it ends | 1 |
//! | `sim.pilothouse.dev/exit-reason` | why it ends, such as `OOMKilled` | `Error`, `Completed` |
//! | `sim.pilothouse.dev/stop-seconds` | from being told to stop to stopping | 1 |
//! | `sim.pilothouse.dev/container` | the container the above is about | the first |
//!
//! An image whose tag is `missing` does not exist.

use chrono::TimeDelta;
use serde_json::Value;

use super::super::object::{annotation, at, integer, items, text};

/// How the containers of one pod behave.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    pub(crate) start: TimeDelta,
    /// `None`: never.
    pub(crate) ready: Option<TimeDelta>,
    pub(crate) crash: Option<TimeDelta>,
    pub(crate) exit_code: i64,
    pub(crate) exit_reason: Option<String>,
    pub(crate) stop: TimeDelta,
    /// Which container crashes and comes up slowly.
    pub(crate) container: String,
}

impl Behaviour {
    pub(crate) fn of(pod: &Value) -> Self {
        let said = |name: &str| annotation(pod, &format!("sim.pilothouse.dev/{name}"));
        let seconds = |name: &str| said(name).and_then(|text| text.parse().ok()).map(span);
        let first = items(pod, &["spec", "containers"]).first();
        let probe = first.and_then(|c| at(c, &["readinessProbe"])).map(|probe| {
            let number = |field: &str, default| integer(probe, &[field]).unwrap_or(default);
            span((number("initialDelaySeconds", 0) + number("periodSeconds", 10).min(1)) as f64)
        });
        Self {
            start: seconds("start-seconds").unwrap_or(TimeDelta::seconds(1)),
            ready: match said("ready-seconds") {
                Some("never") => None,
                _ => Some(seconds("ready-seconds").or(probe).unwrap_or_default()),
            },
            crash: seconds("crash-after"),
            exit_code: said("exit-code").and_then(|text| text.parse().ok()).unwrap_or(1),
            exit_reason: said("exit-reason").map(Into::into),
            stop: seconds("stop-seconds").unwrap_or(TimeDelta::seconds(1)),
            container: said("container")
                .or_else(|| first.map(|c| text(c, &["name"])))
                .unwrap_or_default()
                .to_owned(),
        }
    }

    /// Whether something happens to a pod that is ready.
    pub(crate) const fn is_eventful(&self) -> bool {
        self.crash.is_some()
    }
}

fn span(seconds: f64) -> TimeDelta {
    TimeDelta::try_milliseconds((seconds * 1000.0) as i64).unwrap_or_default()
}

/// Whether an image cannot be had.
pub(crate) fn is_missing(image: &str) -> bool {
    image.ends_with(":missing")
}
