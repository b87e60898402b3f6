//! What is known of every cluster now, and what follows from it; queries only, one owner.
//!
//! [`World::apply`] takes the reports in. Tallies of apps and nodes are kept up to date object by
//! object ([`tally`]), so that a change costs the same among 150,000 instances as among 150.

pub mod app;
pub mod app_list;
pub mod arrival;
pub mod bad;
pub mod beside;
pub mod builds;
pub mod census;
pub mod cluster;
pub mod feeds;
pub mod gray;
pub mod ground;
pub mod headroom;
mod intake;
pub mod last_lines;
pub mod ledgers;
pub mod loss;
pub mod place;
mod promised;
pub mod release;
pub mod running;
pub mod scaling;
pub mod scope;
pub mod store;
pub mod tally;
mod texts;
pub mod usage;
pub mod versions;

pub use app::AppSummary;
pub use app_list::AppList;
pub use bad::Said;
pub use cluster::{ClusterSetup, ClusterView};
pub use feeds::{FeedLog, FeedTimes};
pub use headroom::AppHeadroom;
pub use last_lines::LastLines;
pub use loss::{LossSummary, Replaced};
pub use place::{ClusterSummary, LocationKey, LocationSummary, NodeSummary};
pub use running::{Part, Running, is_of};
pub use scope::Scope;
pub use store::{Slot, Store};
pub use usage::{Sums, Usage};
pub use versions::{Holder, KnownVersion};

use crate::domain::{ClusterId, ClusterReport, Pod, ResourceRef, Timestamp};
use crate::metrics::source::{Report, Wanted};

/// Everything known of the fleet.
#[derive(Debug, Default)]
pub struct World {
    clusters: Vec<ClusterView>,
    version: u64,
}

impl World {
    /// A world of these clusters, of which nothing is known yet.
    pub fn new(clusters: impl IntoIterator<Item = ClusterSetup>) -> Self {
        Self {
            clusters: clusters.into_iter().map(ClusterView::new).collect(),
            version: 0,
        }
    }

    /// Takes a report in; reports of clusters that are not part of the world change nothing.
    pub fn apply(&mut self, id: &ClusterId, report: ClusterReport, now: Timestamp) {
        if let Some(cluster) = self.clusters.iter_mut().find(|c| c.id == *id) {
            self.version += u64::from(cluster.apply(report, now, self.version + 1));
        }
    }

    /// Takes in what a cluster's measuring has to say.
    pub fn measured(&mut self, id: &ClusterId, report: Report) {
        if let Some(cluster) = self.clusters.iter_mut().find(|c| c.id == *id) {
            self.version += u64::from(cluster.usage.apply(report, &cluster.pods));
        }
    }

    /// Says what is on screen of a cluster: its figures are kept in full.
    pub fn show(&mut self, id: &ClusterId, wanted: &Wanted) {
        if let Some(cluster) = self.clusters.iter_mut().find(|c| c.id == *id) {
            cluster.usage.show(wanted);
        }
    }

    /// Adds up what is used where it is time to.
    pub fn add_up(&mut self, now: Timestamp) {
        for cluster in &mut self.clusters {
            self.version += u64::from(usage::add_up(cluster, now.timestamp_millis()));
        }
    }

    /// Raised by every report that changed something: derived rows compare it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The clusters in the order they were asked for.
    pub fn clusters(&self) -> &[ClusterView] {
        &self.clusters
    }

    pub fn cluster(&self, id: &ClusterId) -> Option<&ClusterView> {
        self.clusters.iter().find(|c| c.id == *id)
    }

    /// The clusters in scope.
    pub fn clusters_in<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a ClusterView> {
        self.clusters.iter().filter(|c| scope.has_cluster(&c.id))
    }

    /// All pods, each with its cluster.
    pub fn pods(&self) -> impl Iterator<Item = (&ClusterId, &Pod)> + Clone {
        let clusters = self.clusters.iter();
        clusters.flat_map(|cluster| cluster.pods.values().map(move |pod| (&cluster.id, &**pod)))
    }

    /// Whether the object still exists as the one it was, by uid.
    pub fn exists(&self, object: &ResourceRef) -> bool {
        self.cluster(&object.cluster)
            .is_some_and(|c| c.uid_of(object.kind, &object.key).is_some_and(|uid| *uid == object.uid))
    }

    /// Instances of all clusters.
    pub fn instance_count(&self) -> usize {
        self.clusters.iter().map(|c| c.pods.len()).sum()
    }
}
