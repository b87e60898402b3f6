//! Events: what Kubernetes says happened, newest first, warnings marked.

use std::collections::HashSet;
use std::sync::Arc;

use super::context::Context;
use super::words;
use crate::domain::{AppKey, Clean, ClusterId, Event, Kind, ResourceRef, Uid, Workload};
use crate::listing::{Cell, Column, ColumnId, RowKey, Source, Tone, Unit, Value};
use crate::world::{ClusterView, Slot};

/// An event: the place of its cluster, and its slot there.
pub type EventRow = (u16, Slot);

pub(super) static COLUMNS: [Column; 9] = [
    Column::number(ColumnId::Age, "AGE", &["age"], 6, 0, Unit::Age),
    Column::text(ColumnId::State, "TYPE", &["type", "state"], (9, 9), 0).worst_first(),
    Column::text(ColumnId::Reason, "REASON", &["reason"], (12, 24), 1),
    Column::text(ColumnId::Object, "ABOUT", &["about", "object"], (20, 48), 0).keeping_end(),
    Column::number(ColumnId::Count, "×", &["count"], 5, 4, Unit::Count),
    Column::text(ColumnId::Message, "MESSAGE", &["message"], (16, 120), 0),
    Column::text(ColumnId::Cluster, "CLUSTER", &["cluster"], (8, 16), 5),
    Column::text(ColumnId::Namespace, "NAMESPACE", &["namespace", "ns"], (9, 20), 6).only_wide(),
    Column::text(ColumnId::Source, "FROM", &["from", "source"], (10, 24), 7).only_wide(),
];

/// What events are about.
pub(super) enum About<'a> {
    All,
    Object(&'a ResourceRef),
    App(OfApp),
}

/// Workloads with their revisions and instances: those there are, by uid, and the names that those which are gone begin
/// with.
pub(super) struct OfApp {
    namespace: Clean,
    uids: HashSet<(ClusterId, Uid)>,
    makers: HashSet<(ClusterId, Clean)>,
}

impl<'a> About<'a> {
    /// All that belongs to an app in the clusters of the scope.
    pub(super) fn of_app(ctx: &Context<'_>, app: &AppKey) -> Self {
        let mut of = OfApp::new(&app.namespace);
        for (cluster, workload) in ctx.world.workloads_of(app, ctx.scope) {
            of.add(cluster, workload);
        }
        let pods = ctx.world.instances_of(app, ctx.scope);
        of.uids
            .extend(pods.map(|(cluster, pod)| (cluster.id.clone(), pod.uid.clone())));
        Self::App(of)
    }

    /// An object, and where it is a workload what it made.
    pub(super) fn of_object(ctx: &Context<'_>, object: &'a ResourceRef) -> Self {
        let cluster = ctx.world.cluster(&object.cluster).filter(|_| object.kind.is_workload());
        let found = cluster.and_then(|cluster| Some((cluster, cluster.workload(object.kind, &object.key)?)));
        let Some((cluster, workload)) = found.filter(|(_, workload)| workload.uid == object.uid) else {
            return Self::Object(object);
        };
        let mut of = OfApp::new(&object.key.namespace);
        of.add(cluster, workload);
        let pods = cluster.pods_of(workload);
        of.uids.extend(pods.map(|pod| (cluster.id.clone(), pod.uid.clone())));
        Self::App(of)
    }

    fn holds(&self, event: &Event, cluster: &ClusterId, ctx: &Context<'_>) -> bool {
        match self {
            Self::All => ctx.scope.has_namespace(&event.about.1.namespace),
            Self::Object(object) => concerns(event, object) && object.cluster == *cluster,
            Self::App(of) => of.holds(event, cluster),
        }
    }
}

impl OfApp {
    fn new(namespace: &Clean) -> Self {
        Self {
            namespace: namespace.clone(),
            uids: HashSet::new(),
            makers: HashSet::new(),
        }
    }

    /// A workload with its revisions.
    fn add(&mut self, cluster: &ClusterView, workload: &Workload) {
        let id = || cluster.id.clone();
        self.uids.insert((id(), workload.uid.clone()));
        self.makers.insert((id(), workload.key.name.clone()));
        for revision in cluster.revisions_of(workload) {
            self.uids.insert((id(), revision.uid.clone()));
            self.makers.insert((id(), revision.key.name.clone()));
        }
    }

    fn holds(&self, event: &Event, cluster: &ClusterId) -> bool {
        let (kind, key, uid) = &event.about;
        if key.namespace != self.namespace {
            return false;
        }
        // What is gone: a ReplicaSet is named after its workload, an instance after what made it.
        let is_made = || matches!(Kind::from_name(kind), Some(Kind::Pod | Kind::ReplicaSet));
        let maker = || key.name.rsplit_once('-').map(|(maker, _)| Clean::from(maker));
        self.uids.contains(&(cluster.clone(), uid.clone()))
            || (is_made() && maker().is_some_and(|maker| self.makers.contains(&(cluster.clone(), maker))))
    }
}

/// The events in scope about something, newest first.
pub(super) fn collect(ctx: &Context<'_>, about: &About<'_>) -> Vec<EventRow> {
    let mut rows: Vec<(Option<crate::domain::Timestamp>, EventRow)> = Vec::new();
    for (index, cluster) in ctx.world.clusters().iter().enumerate() {
        if !ctx.scope.has_cluster(&cluster.id) {
            continue;
        }
        let found = cluster.events.iter();
        let found = found.filter(|(_, event)| about.holds(event, &cluster.id, ctx));
        rows.extend(found.map(|(slot, event)| (event.last_seen, (index as u16, slot))));
    }
    rows.sort_by(|a, b| b.cmp(a));
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Whether an event is about an object, by uid where the event has one.
pub(super) fn concerns(event: &Event, object: &ResourceRef) -> bool {
    let (kind, key, uid) = &event.about;
    *uid == object.uid || (*kind == object.kind.name() && *key == object.key && object.kind == Kind::Node)
}

/// All that an event says, each under its name.
pub fn told(cluster: &ClusterView, event: &Event) -> Vec<(&'static str, Clean)> {
    let time = |at: crate::domain::Timestamp| at.format("%Y-%m-%d %H:%M:%S UTC").to_string();
    let times = [event.first_seen, event.last_seen].map(|at| at.map(time).unwrap_or_default());
    let [first, last] = times;
    let all = [
        ("message", event.message.clone()),
        ("reason", event.reason.clone()),
        ("type", if event.warning { "warning" } else { "normal" }.into()),
        ("about", about(event).into()),
        ("cluster", cluster.id.0.clone()),
        ("count", event.count.to_string().into()),
        ("first seen", first.into()),
        ("last seen", last.into()),
        ("from", event.source.clone()),
    ];
    all.into_iter().filter(|(_, text)| !text.is_empty()).collect()
}

/// Reads events.
#[derive(Debug)]
pub(super) struct Events<'a> {
    pub(super) rows: &'a [EventRow],
    pub(super) ctx: Context<'a>,
}

impl<'a> Events<'a> {
    fn get(&self, row: u32) -> Option<(&'a ClusterView, &'a Arc<Event>)> {
        let (index, slot) = self.rows.get(row as usize)?;
        let cluster = self.ctx.world.clusters().get(usize::from(*index))?;
        Some((cluster, cluster.events.at(*slot)?))
    }
}

impl Source for Events<'_> {
    fn columns(&self) -> &'static [Column] {
        &COLUMNS
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn key(&self, row: u32) -> Option<RowKey> {
        let (cluster, event) = self.get(row)?;
        Some(RowKey::Object(ResourceRef {
            cluster: cluster.id.clone(),
            kind: Kind::Event,
            key: event.key.clone(),
            uid: event.uid.clone(),
        }))
    }

    fn value(&self, row: u32, column: ColumnId) -> Value<'_> {
        let Some((cluster, event)) = self.get(row) else {
            return Value::Absent;
        };
        match column {
            ColumnId::Age => Value::number(words::seconds_since(event.last_seen, cluster.time(self.ctx.clock))),
            ColumnId::State => {
                let word = if event.warning { "warning" } else { "normal" };
                Value::Ranked(i64::from(event.warning), word.into())
            }
            ColumnId::Reason => Value::text(event.reason.as_str()),
            ColumnId::Object => Value::text(about(event)),
            ColumnId::Count => Value::Number(i64::from(event.count)),
            ColumnId::Message => Value::text(event.message.as_str()),
            ColumnId::Cluster => Value::text(cluster.id.as_str()),
            ColumnId::Namespace => Value::known(&event.about.1.namespace),
            ColumnId::Source => Value::known(&event.source),
            _ => Value::Absent,
        }
    }

    fn cell(&self, row: u32, column: ColumnId) -> Cell {
        let Some((cluster, event)) = self.get(row) else {
            return Cell::muted("gone");
        };
        match column {
            ColumnId::Age => words::age(event.last_seen, cluster.time(self.ctx.now)),
            ColumnId::State if event.warning => Cell::new("▲ warning", Tone::Warning),
            ColumnId::State => Cell::muted("· normal"),
            ColumnId::Reason if event.warning => Cell::new(event.reason.as_str(), Tone::Warning),
            ColumnId::Reason => Cell::plain(event.reason.as_str()),
            ColumnId::Object => Cell::muted(format!("{} ", event.about.0)).and(event.about.1.to_string(), Tone::Strong),
            ColumnId::Count => Cell::count(i64::from(event.count)),
            ColumnId::Message => Cell::plain(event.message.as_str()),
            ColumnId::Cluster => Cell::muted(cluster.id.as_str()),
            ColumnId::Namespace => Cell::or_unknown(Some(&event.about.1.namespace)),
            ColumnId::Source => Cell::or_unknown(Some(&event.source)),
            _ => Cell::unknown(),
        }
    }

    fn any_text(&self, row: u32, test: &mut dyn FnMut(&str) -> bool) -> bool {
        self.get(row).is_some_and(|(cluster, event)| {
            test(&event.reason)
                || test(&event.message)
                || test(&about(event))
                || test(cluster.id.as_str())
                || test(if event.warning { "warning" } else { "normal" })
                || test(&event.source)
        })
    }

    fn is_stale(&self, row: u32) -> bool {
        self.get(row).is_some_and(|(cluster, _)| !cluster.link.is_live())
    }

    fn shows(&self, column: ColumnId) -> bool {
        column != ColumnId::Cluster || self.ctx.world.clusters().len() > 1
    }
}

fn about(event: &Event) -> String {
    format!("{} {}", event.about.0, event.about.1)
}
