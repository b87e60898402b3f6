//! The rows of whichever screen: made by `collect`, read through a `Source`.

use std::collections::BTreeSet;

use super::ScreenKind;
use super::activity::Activity;
use super::apps::{self, Apps};
use super::builds::stages::{self, Stages};
use super::builds::{self, BuildRow, Builds};
use super::containers::{self, Containers};
use super::context::Context;
use super::events::{self, About, EventRow, Events};
use super::feeds::{self, FeedRow, Feeds};
use super::fleet::{self, ClusterRow, Clusters};
use super::growth::{self, Culprit, Grown};
use super::instances::{self, InstanceRow, Instances, Of, Written};
use super::locations::{self, Locations};
use super::nodes::{self, Nodes};
use super::releases::{self, ReleaseRow, Releases};
use super::tree::{self, Tree, TreeRow};
use crate::build::Build;
use crate::domain::{ClusterId, ResourceRef};
use crate::listing::{RowKey, Source};
use crate::world::{AppList, LocationSummary, NodeSummary};

/// Rows, in the order of their keys.
#[derive(Clone, Debug, Default)]
pub enum Rows {
    #[default]
    None,
    Clusters(Vec<ClusterRow>),
    /// Each with the app it grows by.
    Locations(Vec<(LocationSummary, Culprit)>),
    /// With how much each grew.
    Apps(AppList, Grown),
    Instances(Of, Vec<InstanceRow>),
    Nodes(Vec<NodeSummary>),
    Releases(Vec<ReleaseRow>),
    Builds(Vec<BuildRow>),
    /// The stages of a build; `None` where it is gone.
    Stages(Option<Box<Build>>),
    Events(Vec<EventRow>),
    Activity,
    Tree(Vec<TreeRow>),
    Containers(ResourceRef, usize),
    Feeds(ClusterId, Vec<FeedRow>),
}

impl Rows {
    /// Makes the rows of a screen; those that were there help where there are many.
    #[must_use]
    pub fn collect(self, kind: &ScreenKind, folds: &BTreeSet<RowKey>, ctx: &Context<'_>) -> Self {
        let (mut before, mut apps) = (Vec::new(), AppList::default());
        match self {
            Self::Instances(_, rows) => before = rows,
            Self::Apps(list, _) => apps = list,
            _ => {}
        }
        let instances = |of: Of| {
            let rows = instances::collect(ctx, &of, folds, &before);
            Self::Instances(of, rows)
        };
        match kind {
            ScreenKind::Fleet => Self::Clusters(fleet::collect(ctx)),
            ScreenKind::Locations => Self::Locations(locations::collect(ctx)),
            ScreenKind::Apps => {
                let apps = apps::collect(ctx, apps);
                let grown = growth::of_apps(ctx, apps.rows());
                Self::Apps(apps, grown)
            }
            ScreenKind::Instances => instances(Of::Scope),
            ScreenKind::Node(node) => instances(Of::Node(node.cluster.clone(), node.key.name.clone())),
            ScreenKind::Nodes => Self::Nodes(nodes::collect(ctx)),
            ScreenKind::Releases => Self::Releases(releases::collect(ctx)),
            ScreenKind::Builds => Self::Builds(builds::collect(ctx)),
            ScreenKind::Build(cluster, key) => Self::Stages(stages::collect(ctx, cluster, key)),
            ScreenKind::Events => Self::Events(events::collect(ctx, &About::All)),
            ScreenKind::EventsOfApp(key) => Self::Events(events::collect(ctx, &About::of_app(ctx, key))),
            ScreenKind::EventsOf(object) | ScreenKind::Container(object, _) => {
                Self::Events(events::collect(ctx, &About::of_object(ctx, object)))
            }
            ScreenKind::Activity => Self::Activity,
            ScreenKind::Log | ScreenKind::Logs(_) => Self::None,
            ScreenKind::Cluster(id) => Self::Feeds(id.clone(), feeds::collect(ctx, id)),
            ScreenKind::App(key) => Self::Tree(tree::collect(ctx, key, folds)),
            ScreenKind::Instance(pod) => Self::Containers(pod.clone(), containers::count(ctx, pod)),
        }
    }

    /// What the list reads the rows through.
    pub fn source<'a>(&'a self, ctx: Context<'a>) -> Box<dyn Source + 'a> {
        match self {
            Self::None => Box::new(Clusters { rows: &[], ctx }),
            Self::Clusters(rows) => Box::new(Clusters { rows, ctx }),
            Self::Locations(rows) => Box::new(Locations { rows, ctx }),
            Self::Apps(list, grown) => Box::new(Apps {
                rows: list.rows(),
                grown,
                ctx,
            }),
            Self::Instances(of, rows) => Box::new(Instances {
                rows,
                ctx,
                of,
                written: Written::default(),
            }),
            Self::Nodes(rows) => Box::new(Nodes::new(rows, ctx)),
            Self::Releases(rows) => Box::new(Releases { rows, ctx }),
            Self::Builds(rows) => Box::new(Builds { rows, ctx }),
            Self::Stages(build) => Box::new(Stages {
                build: build.as_deref(),
                ctx,
            }),
            Self::Events(rows) => Box::new(Events { rows, ctx }),
            Self::Activity => Box::new(Activity { ctx }),
            Self::Tree(rows) => Box::new(Tree { rows, ctx }),
            Self::Feeds(of, rows) => Box::new(Feeds { rows, ctx, of }),
            Self::Containers(pod, count) => Box::new(Containers::new(ctx, pod, *count)),
        }
    }
}
