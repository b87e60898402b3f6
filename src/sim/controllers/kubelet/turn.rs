//! Whose turn it is in a pod: its init containers run one after the other, then its containers together.

use serde_json::Value;

use super::super::object::{at, integer, items, moment, text};
use crate::domain::Timestamp;

/// Where a pod's status has its containers, and where its spec does.
pub(crate) const INIT: (&str, &str) = ("initContainerStatuses", "initContainers");
pub(crate) const MAIN: (&str, &str) = ("containerStatuses", "containers");

/// The containers whose turn it is.
pub(crate) struct Turn {
    /// The field of the status that has them.
    pub(crate) field: &'static str,
    /// One of them, or all.
    pub(crate) only: Option<usize>,
    /// Since when.
    pub(crate) since: Option<Timestamp>,
}

impl Turn {
    pub(crate) fn of(pod: &Value) -> Self {
        let statuses = items(pod, &["status", INIT.0]);
        let mut since = moment(pod, &["status", "startTime"]);
        for (index, status) in statuses.iter().enumerate() {
            if !is_done(pod, status) {
                return Self {
                    field: INIT.0,
                    only: Some(index),
                    since,
                };
            }
            let end = moment(status, &["state", "terminated", "finishedAt"]);
            since = end.or(moment(status, &["state", "running", "startedAt"])).or(since);
        }
        Self {
            field: MAIN.0,
            only: None,
            since,
        }
    }

    pub(crate) const fn is_of_init(&self) -> bool {
        self.only.is_some()
    }
}

/// Whether the next may begin after an init container: it ended well, or it is one that goes on beside them.
fn is_done(pod: &Value, status: &Value) -> bool {
    let goes_on = is_sidecar(pod, text(status, &["name"]));
    integer(status, &["state", "terminated", "exitCode"]) == Some(0)
        || goes_on && at(status, &["state", "running"]).is_some()
}

/// Whether a container is an init container that goes on.
pub(crate) fn is_sidecar(pod: &Value, name: &str) -> bool {
    let mut init = items(pod, &["spec", INIT.1]).iter();
    init.any(|c| text(c, &["name"]) == name && text(c, &["restartPolicy"]) == "Always")
}

/// Whether a container is an init container.
pub(crate) fn is_init(pod: &Value, name: &str) -> bool {
    items(pod, &["spec", INIT.1]).iter().any(|c| text(c, &["name"]) == name)
}

/// The statuses of all containers, those of init containers first.
pub(crate) fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    [INIT.0, MAIN.0]
        .into_iter()
        .flat_map(|field| items(pod, &["status", field]))
}
