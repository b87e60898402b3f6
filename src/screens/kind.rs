//! Which screens there are, and what their rows are.

use super::logs;
use crate::domain::{AppKey, Clean, ClusterId, Kind, ObjectKey, ResourceRef};
use crate::listing::{ColumnId, Sort};

/// Which screen it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenKind {
    Fleet,
    Locations,
    Apps,
    Instances,
    Nodes,
    Releases,
    Builds,
    Events,
    /// Events about one object.
    EventsOf(ResourceRef),
    /// Events about an app: its workloads, their revisions and instances.
    EventsOfApp(AppKey),
    Activity,
    Log,
    App(AppKey),
    Instance(ResourceRef),
    /// A container of an instance.
    Container(ResourceRef, Clean),
    Node(ResourceRef),
    /// A build with its stages, by its cluster and the name of its object.
    Build(ClusterId, ObjectKey),
    /// A cluster with its watches.
    Cluster(ClusterId),
    Logs(logs::Follow),
}

impl ScreenKind {
    /// The kinds of object a screen's rows are made from: what is told when they are not all there.
    pub fn feeds(&self) -> &'static [Kind] {
        // The pods and what carries apps; what carries apps and its revisions.
        const WORKLOADS: &[Kind] = Kind::OF_APPS.split_at(1).1;
        const RELEASES: &[Kind] = Kind::OF_RELEASES.split_at(2).1;
        match self {
            Self::Fleet | Self::Locations | Self::Nodes | Self::Node(_) => &[Kind::Node, Kind::Pod],
            Self::Apps | Self::App(_) => WORKLOADS,
            Self::Releases => RELEASES,
            Self::Builds | Self::Build(..) => &[Kind::Job, Kind::Pod],
            Self::Instances | Self::Instance(_) | Self::Container(..) | Self::Logs(_) => &[Kind::Pod],
            Self::Events | Self::EventsOf(_) | Self::EventsOfApp(_) => &[Kind::Event],
            Self::Activity | Self::Log | Self::Cluster(_) => &[],
        }
    }

    /// What its rows are called, one and many.
    pub fn noun(&self) -> (&'static str, &'static str) {
        match self {
            Self::Fleet => ("cluster", "clusters"),
            Self::Locations => ("location", "locations"),
            Self::Apps => ("app", "apps"),
            Self::Instances | Self::Node(_) => ("instance", "instances"),
            Self::Nodes => ("node", "nodes"),
            Self::Releases => ("release", "releases"),
            Self::Builds => ("build", "builds"),
            Self::Build(..) => ("stage", "stages"),
            Self::Events | Self::EventsOf(_) | Self::EventsOfApp(_) | Self::Container(..) => ("event", "events"),
            Self::Activity => ("entry", "entries"),
            Self::Log | Self::Logs(_) => ("line", "lines"),
            Self::App(_) => ("row", "rows"),
            Self::Instance(_) => ("container", "containers"),
            Self::Cluster(_) => ("watch", "watches"),
        }
    }

    /// The object a detail screen is about.
    pub fn subject(&self) -> Option<&ResourceRef> {
        match self {
            Self::Instance(object) | Self::Container(object, _) | Self::Node(object) | Self::EventsOf(object) => {
                Some(object)
            }
            Self::Fleet
            | Self::Locations
            | Self::Apps
            | Self::Instances
            | Self::Nodes
            | Self::Releases
            | Self::Builds
            | Self::Build(..)
            | Self::Events
            | Self::EventsOfApp(_)
            | Self::Activity
            | Self::Log
            | Self::Cluster(_)
            | Self::Logs(_)
            | Self::App(_) => None,
        }
    }

    /// Whether its list has columns of what is used.
    pub fn has_figures(&self) -> bool {
        match self {
            Self::Fleet
            | Self::Locations
            | Self::Apps
            | Self::Instances
            | Self::Nodes
            | Self::App(_)
            | Self::Instance(_)
            | Self::Node(_) => true,
            Self::Releases
            | Self::Builds
            | Self::Build(..)
            | Self::Events
            | Self::EventsOf(_)
            | Self::EventsOfApp(_)
            | Self::Activity
            | Self::Log
            | Self::Container(..)
            | Self::Cluster(_)
            | Self::Logs(_) => false,
        }
    }

    /// Whether rows of its list open and close.
    pub fn has_branches(&self) -> bool {
        matches!(self, Self::App(_) | Self::Instances | Self::Node(_))
    }

    /// Whether each of its rows stands for several instances.
    pub fn sums_up(&self) -> bool {
        matches!(
            self,
            Self::Fleet | Self::Locations | Self::Apps | Self::Nodes | Self::App(_)
        )
    }

    pub(super) fn first_sort(&self) -> Option<Sort> {
        let worst_first = |column| {
            Some(Sort {
                column,
                descending: true,
            })
        };
        match self {
            Self::Apps | Self::Instances | Self::Nodes | Self::Node(_) => worst_first(ColumnId::State),
            Self::Fleet
            | Self::Locations
            | Self::Releases
            | Self::Builds
            | Self::Build(..)
            | Self::Events
            | Self::EventsOf(_)
            | Self::EventsOfApp(_)
            | Self::Activity
            | Self::Log
            | Self::Cluster(_)
            | Self::Logs(_)
            | Self::App(_)
            | Self::Instance(_)
            | Self::Container(..) => None,
        }
    }
}
