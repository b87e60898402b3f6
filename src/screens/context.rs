//! What a screen may look at when it makes its rows: the world, the scope, the minute.

use crate::domain::{ClusterId, Moment, Timestamp};
use crate::message::Trouble;
use crate::metrics::{Figure, Millis, Thresholds};
use crate::world::{Scope, World};

use super::activity::Entry;

/// What rows are made from. Ages are counted to a whole minute, so that a quiet screen stays as it is.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    pub world: &'a World,
    pub scope: &'a Scope,
    /// The time to the second, for what a person waits for.
    pub clock: Timestamp,
    /// The time to the minute, for ages.
    pub now: Timestamp,
    /// The time on the clock that nobody sets, for the ages of links.
    pub moment: Moment,
    pub activity: &'a [Entry],
    /// What is wrong in the files that were read.
    pub problems: &'a [Trouble],
    /// From which share of its bound on use is high or critical.
    pub thresholds: Thresholds,
    /// The figure that was chosen to be seen and sorted by on this screen.
    pub figure: Option<Figure>,
    /// Minutes that the clock on the wall is ahead of UTC.
    pub clock_offset_minutes: i32,
}

impl Context<'_> {
    /// The time to the minute by a cluster's clock, for the ages of what is dated by it.
    pub fn now_in(&self, id: &ClusterId) -> Timestamp {
        self.world
            .cluster(id)
            .map_or(self.now, |cluster| cluster.time(self.now))
    }

    /// The time to the minute that what is known of a cluster can be judged by ([`ClusterView::heard`]).
    ///
    /// [`ClusterView::heard`]: crate::world::ClusterView::heard
    pub fn heard_in(&self, id: &ClusterId) -> Timestamp {
        self.world
            .cluster(id)
            .map_or(self.now, |cluster| cluster.heard(self.now))
    }

    /// The time to the second by a cluster's clock.
    pub fn clock_in(&self, id: &ClusterId) -> Timestamp {
        self.world
            .cluster(id)
            .map_or(self.clock, |cluster| cluster.time(self.clock))
    }

    /// What the clock on the wall showed: `14:32`, and the day where that is not today.
    pub fn wall(&self, at: Timestamp) -> String {
        let local = |at: Timestamp| at + chrono::TimeDelta::minutes(i64::from(self.clock_offset_minutes));
        let is_today = local(at).date_naive() == local(self.clock).date_naive();
        let shape = if is_today { "%H:%M" } else { "%Y-%m-%d %H:%M" };
        local(at).format(shape).to_string()
    }

    /// The time of figures.
    pub fn millis(&self) -> Millis {
        self.clock.timestamp_millis()
    }

    /// Whether what is known of a cluster is old.
    pub fn is_stale(&self, id: &ClusterId) -> bool {
        self.world.cluster(id).is_none_or(|cluster| !cluster.link.is_live())
    }
}
