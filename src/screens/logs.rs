//! The screen of logs as it is asked for: of what, from where. What came of it is the model's.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::{AppKey, Clean, ClusterId, Pod, Version};
use crate::logs::Stamp;
use crate::logs::plan::{Choice, FIRST_LINES, Intent};
use crate::logs::when::Span;

/// Where the logs of what runs already begin; who comes later is read from its first line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    /// So many lines of each container.
    Tail(u64),
    /// The first line that is kept.
    Head,
    /// So many seconds ago.
    Ago(i64),
    At(Stamp),
}

impl Default for From {
    fn default() -> Self {
        Self::Tail(FIRST_LINES)
    }
}

impl std::convert::From<Span> for From {
    fn from(span: Span) -> Self {
        match span {
            Span::Ago(seconds) => Self::Ago(seconds),
            Span::At(at) => Self::At(at),
            Span::Lines(lines) => Self::Tail(lines),
        }
    }
}

/// What a person wants to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Follow {
    /// What was selected, in words.
    pub title: Clean,
    pub intents: Vec<Intent>,
    pub choice: Choice,
    pub from: From,
    /// The time to stand still at once its lines are here.
    pub goal: Option<Stamp>,
    /// The instances of an app's newest version apart from the others.
    pub divided: Option<Arc<Divided>>,
}

/// What logs are divided by: the versions of the time they were divided, whatever the release does then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Divided {
    pub app: AppKey,
    pub old: Version,
    pub new: Version,
    /// The hashes that the instances of the new one carry in each cluster.
    pub revisions: BTreeSet<(ClusterId, Clean)>,
}

impl Divided {
    /// Whether an instance is of the version that was new.
    pub fn is_new(&self, cluster: &ClusterId, pod: &Pod) -> bool {
        let mut revisions = self.revisions.iter();
        let is_known = revisions.any(|(of, hash)| of == cluster && Some(hash) == pod.revision.as_ref());
        // A cluster that is released to later has hashes of its own.
        is_known || (self.old != self.new && pod.version == self.new)
    }
}
