//! What carries an app in one cluster, and its revisions.

use std::sync::Arc;

use super::Timestamp;
use super::headroom::PodShape;
use super::pod::{Labels, label};
use super::resource::{Kind, ObjectKey, Uid};
use super::source::Source;
use super::terms::{self, Driver, GRAY_OF, GRAY_SUFFIX, Terms};
use super::text::Clean;
use super::version::Version;

/// A Deployment, StatefulSet, DaemonSet, Argo Rollout, CloneSet or Job.
#[derive(Clone, Debug, PartialEq)]
pub struct Workload {
    pub kind: Kind,
    pub key: ObjectKey,
    pub uid: Uid,
    /// Name of the app it carries.
    pub app: Clean,
    pub labels: Labels,
    pub created: Option<Timestamp>,
    /// `metadata.generation`, and the generation the controller has seen.
    pub generation: (i64, i64),
    /// Instances wanted.
    pub desired: i64,
    /// Instances there are, of any template.
    pub instances: i64,
    pub ready: i64,
    /// Instances of the newest template.
    pub updated: i64,
    /// How many instances its controller brings to the newest template by itself: all that are wanted, less what
    /// a partition holds back; none with `OnDelete`.
    pub rolls_to: i64,
    pub available: i64,
    pub paused: bool,
    /// What its kind says of its release.
    pub terms: Terms,
    /// Who else releases it.
    pub driver: Option<Driver>,
    /// The version in its template.
    pub version: Version,
    pub images: Arc<[Clean]>,
    pub shape: Arc<PodShape>,
    /// Who answers for the app (`pilothouse.dev/owner`).
    pub owner: Option<Clean>,
    /// Where new instances belong (`pilothouse.dev/location`).
    pub default_location: Option<Clean>,
    pub min_instances: Option<i64>,
    pub max_instances: Option<i64>,
    /// What it is built from; `None` where it says nothing of it.
    pub source: Option<Arc<Source>>,
    /// Conditions that hold something back: `(type, reason, message)`.
    pub conditions: Arc<[(Clean, Clean, Clean)]>,
    /// Rolling update settings as written, for detail views: `(label, value)`.
    pub strategy: Arc<[(Clean, Clean)]>,
}

impl Workload {
    /// With how many instances it begins, where it was never built and has none.
    pub fn begins_with(&self) -> Option<i64> {
        let is_new = self.desired == 0 && self.images.iter().any(|image| terms::is_unbuilt(image));
        self.min_instances.filter(|least| is_new && *least > 0)
    }

    /// The Deployment whose gray release this one is, by its name.
    pub fn twin_of(&self) -> Option<&str> {
        let of = label(&self.labels, GRAY_OF).filter(|_| self.kind == Kind::Deployment)?;
        (self.key.name.strip_suffix(GRAY_SUFFIX) == Some(of)).then_some(of)
    }
}

/// A ReplicaSet: one revision of a Deployment or Rollout.
#[derive(Clone, Debug, PartialEq)]
pub struct Revision {
    pub key: ObjectKey,
    pub uid: Uid,
    pub app: Clean,
    /// Kind and name of its workload.
    pub workload: Option<(Kind, Clean)>,
    /// `deployment.kubernetes.io/revision`.
    pub number: Option<i64>,
    /// The pod template's hash.
    pub hash: Option<Clean>,
    pub version: Version,
    pub images: Arc<[Clean]>,
    pub created: Option<Timestamp>,
    pub desired: i32,
    /// Instances there are.
    pub instances: i32,
    pub ready: i32,
    pub available: i32,
    /// Why instances could not be made (`ReplicaFailure`): quota, admission.
    pub failure: Option<Clean>,
}
