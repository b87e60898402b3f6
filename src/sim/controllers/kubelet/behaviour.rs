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
//! | `sim.pilothouse.dev/init-seconds` | how long an init container runs | 1, of a build 6 |
//! | `sim.pilothouse.dev/termination-message` | what a container that ends well leaves | nothing, of a build its image's digest |
//!
//! An image whose tag is `missing` does not exist, one whose tag is `crashing` ends soon after it starts. The containers of a build end by themselves; a commit whose hash
//! begins with `bad` does not compile.

use chrono::TimeDelta;
use serde_json::Value;

use super::super::object::{annotation, at, integer, items, text};
use super::container::digest;
use super::turn::{is_init, is_sidecar};
use crate::domain::build::{BUILD_OF, COMMIT, IMAGE};

/// How long each container of a build runs, unless its pod says otherwise.
const OF_BUILD: TimeDelta = TimeDelta::seconds(6);

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
    init: TimeDelta,
    message: Option<String>,
    /// It is a build's: its containers end by themselves.
    is_build: bool,
}

/// How a container ends by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct End {
    /// How long it runs before.
    pub(crate) after: TimeDelta,
    pub(crate) code: i64,
    pub(crate) reason: Option<String>,
    /// What it leaves in its termination log.
    pub(crate) message: Option<String>,
}

impl Behaviour {
    pub(crate) fn of(pod: &Value) -> Self {
        let said = |name: &str| annotation(pod, &format!("sim.pilothouse.dev/{name}"));
        let seconds = |name: &str| said(name).and_then(|text| text.parse().ok()).map(span);
        let first = items(pod, &["spec", "containers"]).first();
        let label = |key: &str| text(pod, &["metadata", "labels", key]);
        let is_build = !label(BUILD_OF).is_empty();
        let breaks = is_build && label(COMMIT).starts_with("bad") && said("container").is_none();
        let crashes = first.is_some_and(|first| text(first, &["image"]).ends_with(":crashing"));
        let init = seconds("init-seconds").unwrap_or(if is_build { OF_BUILD } else { TimeDelta::seconds(1) });
        let digest = is_build.then(|| {
            let image = annotation(pod, IMAGE).unwrap_or_default();
            format!("sha256:{}", digest(image))
        });
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
            crash: seconds("crash-after")
                .or(breaks.then_some(init))
                .or(crashes.then_some(TimeDelta::seconds(2))),
            exit_code: said("exit-code").and_then(|text| text.parse().ok()).unwrap_or(1),
            exit_reason: said("exit-reason").map(Into::into),
            stop: seconds("stop-seconds").unwrap_or(TimeDelta::seconds(1)),
            container: said("container")
                .or(breaks.then_some("compile"))
                .or_else(|| first.map(|c| text(c, &["name"])))
                .unwrap_or_default()
                .to_owned(),
            init,
            message: said("termination-message").map(Into::into).or(digest),
            is_build,
        }
    }

    /// How a container ends by itself; `None`: it goes on.
    pub(crate) fn end_of(&self, pod: &Value, name: &str) -> Option<End> {
        if let Some(after) = self.crash.filter(|_| self.container == name) {
            let message = self.message.clone().filter(|_| self.exit_code == 0);
            return Some(End {
                after,
                code: self.exit_code,
                reason: self.exit_reason.clone(),
                message,
            });
        }
        let is_init = is_init(pod, name);
        if is_init && is_sidecar(pod, name) || !is_init && !self.is_build {
            return None;
        }
        Some(End {
            after: self.init,
            message: self.message.clone().filter(|_| !is_init),
            ..End::default()
        })
    }

    /// Whether something happens to a pod that is ready.
    pub(crate) const fn is_eventful(&self) -> bool {
        self.crash.is_some() || self.is_build
    }
}

fn span(seconds: f64) -> TimeDelta {
    TimeDelta::try_milliseconds((seconds * 1000.0) as i64).unwrap_or_default()
}

/// Whether an image cannot be had.
pub(crate) fn is_missing(image: &str) -> bool {
    image.ends_with(":missing")
}
