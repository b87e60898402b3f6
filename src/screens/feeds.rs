//! The watches of one cluster: each kind with how far it is, since when, and what is missing.

use super::context::Context;
use super::words;
use crate::domain::{Clean, ClusterId, Feed, Kind};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::world::ClusterView;

pub(super) static COLUMNS: [Column; 8] = [
    Column::text(ColumnId::Kind, "KIND", &["kind", "name"], (14, 26), 0),
    Column::text(ColumnId::Namespace, "NAMESPACE", &["namespace", "ns"], (9, 20), 1),
    Column::text(ColumnId::State, "STATE", &["state", "status"], (16, 34), 0).worst_first(),
    Column::number(ColumnId::Rows, "OBJECTS", &["objects", "rows"], 9, 2, Unit::Count),
    Column::number(ColumnId::Age, "SINCE", &["since", "age"], 6, 3, Unit::Age),
    Column::number(ColumnId::Listed, "LISTED", &["listed"], 6, 5, Unit::Age),
    Column::number(
        ColumnId::LastEvent,
        "LAST EVENT",
        &["last-event", "last"],
        10,
        4,
        Unit::Age,
    ),
    Column::text(ColumnId::Reason, "WHY", &["why", "reason"], (20, 100), 0),
];

/// One watch: its kind and namespace (empty: all).
pub type FeedRow = (Kind, Clean);

/// The watches in the order in which kinds matter.
pub(super) fn collect(ctx: &Context<'_>, id: &ClusterId) -> Vec<FeedRow> {
    let Some(cluster) = ctx.world.cluster(id) else {
        return Vec::new();
    };
    let of_kind = |kind: Kind| cluster.feeds.keys().filter(move |(k, _)| *k == kind).cloned();
    Kind::ALL.into_iter().flat_map(of_kind).collect()
}

/// Reads the watches of a cluster.
#[derive(Debug)]
pub(super) struct Feeds<'a> {
    pub(super) rows: &'a [FeedRow],
    pub(super) ctx: Context<'a>,
    pub(super) of: &'a ClusterId,
}

impl<'a> Feeds<'a> {
    fn get(&self, row: u32) -> Option<(&'a ClusterView, &'a FeedRow, &'a Feed)> {
        let key = self.rows.get(row as usize)?;
        let cluster = self.ctx.world.cluster(self.of)?;
        Some((cluster, key, cluster.feeds.get(key)?))
    }
}

impl Source for Feeds<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        let (cluster, (kind, namespace), _) = self.get(row)?;
        Some(RowKey::Feed(cluster.id.clone(), *kind, namespace.clone()))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some((cluster, (kind, namespace), feed)) = self.get(row) else {
            return Value::Absent;
        };
        let times = cluster.feed_log.of(*kind, namespace);
        let age = |at| Value::number(words::seconds_since(at, self.ctx.clock));
        match column {
            ColumnId::Kind => Value::text(kind.plural()),
            ColumnId::Namespace if namespace.is_empty() => Value::text("all"),
            ColumnId::Namespace => Value::text(namespace.as_str()),
            ColumnId::State => Value::Ranked(rank(feed), state(feed).text().into()),
            ColumnId::Rows => Value::number(objects(cluster, *kind, namespace, feed)),
            ColumnId::Age => age(times.since),
            ColumnId::Listed => age(times.listed),
            ColumnId::LastEvent => age(times.heard),
            ColumnId::Reason => Value::known(why(feed)),
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some((cluster, (kind, namespace), feed)) = self.get(row) else {
            return Cell::muted("gone");
        };
        let times = cluster.feed_log.of(*kind, namespace);
        match column {
            ColumnId::Kind => Cell::new(kind.plural(), Tone::Strong),
            ColumnId::Namespace if namespace.is_empty() => Cell::muted("all"),
            ColumnId::Namespace => Cell::plain(namespace.as_str()),
            ColumnId::State => state(feed),
            ColumnId::Rows => objects(cluster, *kind, namespace, feed).map_or_else(Cell::unknown, Cell::count),
            ColumnId::Age => words::age(times.since, self.ctx.now),
            ColumnId::Listed => words::age(times.listed, self.ctx.now),
            ColumnId::LastEvent => words::age(times.heard, self.ctx.now),
            ColumnId::Reason => Cell::muted(why(feed)),
            _ => Cell::unknown(),
        }
    }

    fn shows(&self, column: ColumnId) -> bool {
        column != ColumnId::Namespace || self.rows.iter().any(|(_, namespace)| !namespace.is_empty())
    }
}

fn rank(feed: &Feed) -> i64 {
    match feed {
        Feed::Absent => 0,
        Feed::Live => 1,
        Feed::Listing { .. } => 2,
        Feed::Waiting => 3,
        Feed::Stale { .. } => 4,
        Feed::NoAccess { .. } => 5,
    }
}

fn state(feed: &Feed) -> Cell {
    match feed {
        Feed::Live => Cell::new("● live", Tone::Good),
        Feed::Absent => Cell::muted("○ not in this cluster"),
        Feed::Waiting => Cell::new("… waiting", Tone::Busy),
        Feed::Listing { .. } => Cell::new("… listing", Tone::Busy),
        Feed::Stale { .. } => Cell::new("◌ stale", Tone::Warning),
        Feed::NoAccess { .. } => Cell::new("✖ no access", Tone::Bad),
    }
}

fn why(feed: &Feed) -> &str {
    match feed {
        Feed::Stale { reason, .. } => reason,
        Feed::NoAccess { right } => right,
        Feed::Live | Feed::Absent | Feed::Waiting | Feed::Listing { .. } => "",
    }
}

/// How many objects are held of the kind; not told of one namespace among several.
fn objects(cluster: &ClusterView, kind: Kind, namespace: &Clean, feed: &Feed) -> Option<i64> {
    match feed {
        Feed::Listing { rows, .. } => Some(*rows as i64),
        Feed::Live | Feed::Stale { .. } if namespace.is_empty() => Some(cluster.count(kind) as i64),
        Feed::Live | Feed::Stale { .. } | Feed::Waiting | Feed::NoAccess { .. } | Feed::Absent => None,
    }
}
