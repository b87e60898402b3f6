//! What a Job and its pod say of the build that they are; `build` makes one value of both.

use std::sync::Arc;

use super::Timestamp;
use super::text::Clean;

/// Label of a build's Job and pods: the app that is built. Never the app's own labels: a build is no instance of it.
pub const BUILD_OF: &str = "pilothouse.dev/build-of";
/// Label: the commit, 40 hexadecimal digits.
pub const COMMIT: &str = "pilothouse.dev/commit";
/// Annotations: where the commit is, by which branch or tag it was picked, what the image is called, who builds it and
/// by which template.
pub const REPO: &str = "pilothouse.dev/repo";
pub const REF: &str = "pilothouse.dev/ref";
pub const IMAGE: &str = "pilothouse.dev/image";
pub const BY: &str = "pilothouse.dev/by";
pub const BUILDER: &str = "pilothouse.dev/builder";

/// What a Job says of the build that it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BuildFacts {
    /// The app that is built ([`BUILD_OF`]).
    pub app: Clean,
    pub commit: Clean,
    pub repo: Clean,
    pub reference: Option<Clean>,
    /// With its tag.
    pub image: Clean,
    pub by: Option<Clean>,
    pub builder: Option<Clean>,
    /// The containers of its template in the order they run: init containers, then the others.
    pub containers: Arc<[Clean]>,
    /// `status.startTime`.
    pub began: Option<Timestamp>,
    /// Since when it is complete or failed.
    pub ended: Option<Timestamp>,
    /// `None`: it is not over.
    pub outcome: Option<JobEnd>,
    /// It is being deleted.
    pub leaving: bool,
}

/// How a Job ended, by its conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobEnd {
    Complete,
    /// `BackoffLimitExceeded`, `DeadlineExceeded` …, and the controller's sentence.
    Failed {
        reason: Clean,
        message: Clean,
    },
}

/// One run of a container of a build's pod: what is kept of no other pod's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildRun {
    pub container: Clean,
    pub began: Option<Timestamp>,
    /// `None`: it has not ended.
    pub ended: Option<Timestamp>,
    /// What it left in its termination log, at most 4,096 bytes as the kubelet cuts it.
    pub message: Clean,
}
