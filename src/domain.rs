//! Plain facts about a fleet and the rules they follow: no Kubernetes client, no terminal, no I/O.
//!
//! Everything a cluster reports becomes one of these values before any other part of the program
//! sees it. Start at [`observation`] for what arrives and at [`resource`] for how things are named.

pub mod access;
pub mod build;
pub mod cluster;
pub mod container;
pub mod escape;
pub mod event;
pub mod headroom;
pub mod image;
pub mod length;
pub mod moment;
pub mod namespace;
pub mod near;
pub mod node;
pub mod observation;
pub mod pod;
pub mod policy;
pub mod quantity;
pub mod resource;
pub mod rights;
pub mod selector;
pub mod source;
pub mod terms;
pub mod text;
pub mod ulid;
pub mod version;
pub mod workload;

pub use access::{Access, Verb};
pub use build::{BuildFacts, BuildRun, JobEnd};
pub use cluster::{ClusterId, Link, Provider};
pub use container::{Container, ContainerState};
pub use escape::escape;
pub use event::Event;
pub use headroom::{Fit, PodShape};
pub use image::ImageName;
pub use moment::Moment;
pub use namespace::Namespace;
pub use node::{Node, NodeHealth};
pub use observation::{Batch, Change, ClusterReport, Feed, Object};
pub use pod::{Pod, PodPhase};
pub use policy::{Autoscaler, Budget, Quota};
pub use quantity::{Cpu, Memory, Resources};
pub use resource::{AppKey, Kind, ObjectKey, ResourceRef, Uid};
pub use source::Source;
pub use terms::{Amount, Driver, Terms};
pub use text::{Clean, CleanBuffer, Interner};
pub use version::Version;
pub use workload::{Revision, Workload};

/// A moment on the cluster's clock.
pub type Timestamp = chrono::DateTime<chrono::Utc>;
