//! How a thing in the fleet is named: the only identity a command, a cursor or a mark may hold.

use std::fmt;
use std::sync::Arc;

use super::cluster::ClusterId;
use super::text::Clean;

/// The kinds that are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Namespace,
    Node,
    Pod,
    Deployment,
    ReplicaSet,
    StatefulSet,
    DaemonSet,
    Job,
    Rollout,
    CloneSet,
    HorizontalPodAutoscaler,
    PodDisruptionBudget,
    ResourceQuota,
    Event,
}

impl Kind {
    /// What releases are told from: the nodes and pods, what carries apps, and the revisions.
    pub const OF_RELEASES: &'static [Self] = &[
        Self::Node,
        Self::Pod,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::Rollout,
        Self::CloneSet,
        Self::ReplicaSet,
    ];
    /// What apps are told from: the same without the revisions.
    pub const OF_APPS: &'static [Self] = Self::OF_RELEASES.split_at(7).0;
    pub const ALL: [Self; 14] = [
        Self::Node,
        Self::Pod,
        Self::Namespace,
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::Rollout,
        Self::CloneSet,
        Self::Job,
        Self::HorizontalPodAutoscaler,
        Self::PodDisruptionBudget,
        Self::ResourceQuota,
        Self::Event,
    ];

    /// The kind as manifests spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Namespace => "Namespace",
            Self::Node => "Node",
            Self::Pod => "Pod",
            Self::Deployment => "Deployment",
            Self::ReplicaSet => "ReplicaSet",
            Self::StatefulSet => "StatefulSet",
            Self::DaemonSet => "DaemonSet",
            Self::Job => "Job",
            Self::Rollout => "Rollout",
            Self::CloneSet => "CloneSet",
            Self::HorizontalPodAutoscaler => "HorizontalPodAutoscaler",
            Self::PodDisruptionBudget => "PodDisruptionBudget",
            Self::ResourceQuota => "ResourceQuota",
            Self::Event => "Event",
        }
    }

    /// The kind as request paths and RBAC rules spell it.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Namespace => "namespaces",
            Self::Node => "nodes",
            Self::Pod => "pods",
            Self::Deployment => "deployments",
            Self::ReplicaSet => "replicasets",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
            Self::Job => "jobs",
            Self::Rollout => "rollouts",
            Self::CloneSet => "clonesets",
            Self::HorizontalPodAutoscaler => "horizontalpodautoscalers",
            Self::PodDisruptionBudget => "poddisruptionbudgets",
            Self::ResourceQuota => "resourcequotas",
            Self::Event => "events",
        }
    }

    /// The API group; empty for the core group.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Namespace | Self::Node | Self::Pod | Self::ResourceQuota | Self::Event => "",
            Self::Deployment | Self::ReplicaSet | Self::StatefulSet | Self::DaemonSet => "apps",
            Self::Job => "batch",
            Self::Rollout => "argoproj.io",
            Self::CloneSet => "apps.kruise.io",
            Self::HorizontalPodAutoscaler => "autoscaling",
            Self::PodDisruptionBudget => "policy",
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::Node)
    }

    /// Whether the kind comes from a `CustomResourceDefinition` that a cluster may lack.
    pub const fn is_custom(self) -> bool {
        matches!(self, Self::Rollout | Self::CloneSet)
    }

    /// Whether objects of this kind carry an app's instances.
    pub const fn is_workload(self) -> bool {
        matches!(
            self,
            Self::Deployment | Self::StatefulSet | Self::DaemonSet | Self::Rollout | Self::CloneSet | Self::Job
        )
    }

    /// Finds a kind by the name manifests use.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An object's uid: it tells an object from another of the same name that replaced it.
///
/// Kubernetes gives UUIDs; they are kept in 16 bytes, anything else as the text it was.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Uid {
    Uuid(u128),
    Other(Arc<str>),
}

impl Uid {
    pub fn parse(text: &str) -> Self {
        parse_uuid(text).map_or_else(|| Self::Other(Arc::from(text)), Self::Uuid)
    }
}

impl Default for Uid {
    fn default() -> Self {
        Self::Uuid(0)
    }
}

fn parse_uuid(text: &str) -> Option<u128> {
    if text.len() != 36 {
        return None;
    }
    let mut value = 0_u128;
    for (i, b) in text.bytes().enumerate() {
        match (i, b) {
            (8 | 13 | 18 | 23, b'-') => {}
            (8 | 13 | 18 | 23, _) => return None,
            (_, b'0'..=b'9') => value = value << 4 | u128::from(b - b'0'),
            (_, b'a'..=b'f') => value = value << 4 | u128::from(b - b'a' + 10),
            _ => return None,
        }
    }
    Some(value)
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uuid(v) => write!(
                f,
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                v >> 96,
                v >> 80 & 0xffff,
                v >> 64 & 0xffff,
                v >> 48 & 0xffff,
                v & 0xffff_ffff_ffff
            ),
            Self::Other(text) => f.write_str(text),
        }
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An object's name within one cluster and kind. The namespace is empty for cluster-wide kinds.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectKey {
    pub namespace: Clean,
    pub name: Clean,
}

impl ObjectKey {
    pub fn new(namespace: impl Into<Clean>, name: impl Into<Clean>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
        }
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            f.pad(&self.name)
        } else {
            write!(f, "{}/{}", self.namespace, self.name)
        }
    }
}

/// One object of the fleet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceRef {
    pub cluster: ClusterId,
    pub kind: Kind,
    pub key: ObjectKey,
    pub uid: Uid,
}

/// An app: the same namespace and name across clusters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppKey {
    pub namespace: Clean,
    pub name: Clean,
}

impl fmt::Display for AppKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_survives_the_round_trip() {
        for text in [
            "0a1b2c3d-4e5f-6789-abcd-ef0123456789",
            "not-a-uuid",
            "0A1B2C3D-4E5F-6789-ABCD-EF0123456789",
        ] {
            assert_eq!(Uid::parse(text).to_string(), text);
        }
        assert!(matches!(
            Uid::parse("0a1b2c3d-4e5f-6789-abcd-ef0123456789"),
            Uid::Uuid(_)
        ));
    }

    #[test]
    fn every_kind_is_found_by_its_name() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_name(kind.name()), Some(kind));
        }
    }
}
