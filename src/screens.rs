//! The screens: what each shows, made of plain values; nothing here knows the terminal.
//!
//! A screen is a list, perhaps with facts above it. [`Screen::derive`] makes the rows, `view` draws
//! those that are in sight.

pub mod activity;
pub mod apps;
pub mod builds;
pub mod charts;
pub mod containers;
pub mod context;
pub mod events;
pub mod facts;
pub mod feeds;
pub mod figures;
pub mod fleet;
pub mod growth;
pub mod instances;
mod kind;
pub mod locations;
pub mod logs;
pub mod nodes;
pub mod releases;
pub mod rows;
pub mod states;
pub mod tree;
mod versions;
pub mod words;

use std::collections::BTreeSet;

use crate::domain::{ClusterId, Kind};
use crate::listing::{ColumnId, Filter, List, RowKey, Sort, Value};
use crate::metrics::Figure;
use crate::world::{LocationKey, Scope};

pub use context::Context;
pub use kind::ScreenKind;
pub use rows::Rows;

/// A screen with its state.
#[derive(Clone, Debug)]
pub struct Screen {
    pub kind: ScreenKind,
    /// What was gone into on the way here; it comes before the scope that was picked.
    pub within: Scope,
    pub list: List,
    pub rows: Rows,
    /// Branches of a tree that are closed against their habit, or open against it.
    pub folds: BTreeSet<RowKey>,
    /// The first of the lines above the list that is in sight.
    pub facts_top: usize,
    /// The figure that was chosen to be seen and sorted by.
    pub figure: Option<Figure>,
    /// What was chosen of its charts.
    pub charts: charts::Choice,
    /// A figure that its rows are filtered by and of which nothing is known yet.
    unread: Option<Figure>,
    /// What the rows were made from.
    made_from: Option<(u64, Scope)>,
}

impl Screen {
    pub fn new(kind: ScreenKind) -> Self {
        Self::within(kind, Scope::default())
    }

    /// A screen limited to what was gone into.
    pub fn within(kind: ScreenKind, within: Scope) -> Self {
        let charts = charts::Choice {
            open: matches!(kind, ScreenKind::Container(..)),
            ..charts::Choice::default()
        };
        Self {
            list: List::new(kind.first_sort()),
            kind,
            within,
            rows: Rows::None,
            folds: BTreeSet::new(),
            facts_top: 0,
            figure: None,
            charts,
            unread: None,
            made_from: None,
        }
    }

    /// The scope of the rows: what was gone into, else what was picked.
    pub fn scope(&self, picked: &Scope) -> Scope {
        fn first<T: Clone>(own: &BTreeSet<T>, other: &BTreeSet<T>) -> BTreeSet<T> {
            if own.is_empty() { other.clone() } else { own.clone() }
        }
        let locations = if self.within.clusters.is_empty() {
            first(&self.within.locations, &picked.locations)
        } else {
            // The cluster gone into stands above locations picked elsewhere.
            let here = picked
                .locations
                .iter()
                .filter(|l| self.within.clusters.contains(&l.cluster));
            first(&self.within.locations, &here.cloned().collect())
        };
        Scope {
            clusters: first(&self.within.clusters, &picked.clusters),
            locations,
            namespaces: first(&self.within.namespaces, &picked.namespaces),
        }
    }

    /// Shows a figure in a column of its own and sorts by it, most first; `None`: as it was in the beginning.
    pub fn show_figure(&mut self, figure: Option<Figure>) {
        let figure = figure.filter(|_| self.kind.has_figures());
        self.figure = figure;
        let most_first = |figure| Sort {
            column: ColumnId::Used(figure),
            descending: true,
        };
        self.list
            .sort_later(figure.map(most_first).or_else(|| self.kind.first_sort()));
        self.outdate();
    }

    /// The figure that its rows are sorted by and of which nothing is known yet: what is known comes first.
    pub fn sorted_blindly(&self, ctx: Context<'_>) -> Option<Figure> {
        let column = self.list.sort()?.column;
        let figure = figures::figure(column)?;
        let first = *self.list.rows().first()?;
        let is_known = self.rows.source(ctx).value(first, column) != Value::Absent;
        (!is_known).then_some(figure)
    }

    /// A figure that its rows are filtered by, with none left, and of which nothing is known yet.
    pub const fn filtered_blindly(&self) -> Option<Figure> {
        self.unread
    }

    /// Reads for that every row: once for the rows and the filter there are, not as often as they are drawn.
    fn unread(&self, ctx: Context<'_>) -> Option<Figure> {
        if !self.list.rows().is_empty() {
            return None;
        }
        let source = self.rows.source(ctx);
        let rows = 0..u32::try_from(source.len()).unwrap_or(u32::MAX);
        let is_unknown = |column: ColumnId| rows.clone().all(|row| source.value(row, column) == Value::Absent);
        let mut compared = self.list.filter().columns();
        compared.find_map(|column| figures::figure(column).filter(|_| is_unknown(column)))
    }

    /// Whether charts are shown instead of the words and the list.
    pub fn shows_charts(&self) -> bool {
        self.charts.open && matches!(self.kind, ScreenKind::Instance(_) | ScreenKind::Container(..))
    }

    /// Whether the rows are as the world is.
    pub fn is_current(&self, version: u64, scope: &Scope) -> bool {
        self.made_from
            .as_ref()
            .is_some_and(|(v, s)| *v == version && s == scope)
    }

    /// Whether rows were ever made since it came on top.
    pub fn has_rows(&self) -> bool {
        self.made_from.is_some()
    }

    /// Makes the rows anew.
    pub fn derive(&mut self, ctx: Context<'_>) {
        self.rows = std::mem::replace(&mut self.rows, Rows::None).collect(&self.kind, &self.folds, &ctx);
        self.made_from = Some((ctx.world.version(), ctx.scope.clone()));
        let source = self.rows.source(ctx);
        self.list.derive(&*source);
        self.unread = self.unread(ctx);
    }

    /// Makes rows again at the next chance.
    pub fn outdate(&mut self) {
        self.made_from = None;
    }

    /// Lets rows go while another screen is on top.
    pub fn rest(&mut self) {
        self.rows = Rows::None;
        self.made_from = None;
        self.list.rest();
    }

    /// Does something with the list that needs its rows.
    pub fn with_list<T>(
        &mut self,
        ctx: Context<'_>,
        act: impl FnOnce(&mut List, &dyn crate::listing::Source) -> T,
    ) -> T {
        let source = self.rows.source(ctx);
        act(&mut self.list, &*source)
    }

    /// Takes a filter's text; what is wrong with it stays in [`Filter::problem`].
    pub fn set_filter(&mut self, text: &str, ctx: Context<'_>) {
        self.with_list(ctx, |list, source| {
            list.set_filter(Filter::parse_for(text, source), source);
        });
        self.unread = self.unread(ctx);
    }

    /// What the line of crumbs calls it.
    pub fn crumb(&self) -> String {
        let one_location = self.within.locations.first();
        let one_cluster = self.within.clusters.first();
        match &self.kind {
            ScreenKind::Fleet => "fleet".into(),
            ScreenKind::Locations => one_cluster.map_or_else(|| "locations".into(), ClusterId::to_string),
            ScreenKind::Apps => one_location.map_or_else(|| "apps".into(), |l| l.name.to_string()),
            ScreenKind::Instances => "instances".into(),
            ScreenKind::Nodes => "nodes".into(),
            ScreenKind::Releases => "releases".into(),
            ScreenKind::Builds => "builds".into(),
            ScreenKind::Build(_, key) => key.name.to_string(),
            ScreenKind::Events => "events".into(),
            ScreenKind::EventsOf(object) => format!("events of {}", object.key.name),
            ScreenKind::EventsOfApp(key) => format!("events of {key}"),
            ScreenKind::Activity => "activity".into(),
            ScreenKind::Log => "log".into(),
            ScreenKind::Logs(follow) if follow.choice.previous => "previous logs".into(),
            ScreenKind::Logs(_) => "logs".into(),
            ScreenKind::Cluster(id) => format!("{id} in detail"),
            ScreenKind::App(key) => key.to_string(),
            ScreenKind::Instance(object) | ScreenKind::Node(object) => object.key.name.to_string(),
            ScreenKind::Container(_, name) => name.to_string(),
        }
    }

    /// The screen that a row opens.
    pub fn opened_by(&self, row: &RowKey) -> Option<Self> {
        let mut within = self.within.clone();
        let kind = match row {
            RowKey::Cluster(id) => {
                within.clusters = [id.clone()].into();
                ScreenKind::Locations
            }
            RowKey::Location(cluster, name) => {
                within.locations = [LocationKey {
                    cluster: cluster.clone(),
                    name: name.clone(),
                }]
                .into();
                within.clusters = [cluster.clone()].into();
                ScreenKind::Apps
            }
            RowKey::App(key) => ScreenKind::App(key.clone()),
            RowKey::Object(object) => match object.kind {
                Kind::Pod => ScreenKind::Instance(object.clone()),
                Kind::Node => ScreenKind::Node(object.clone()),
                Kind::Namespace
                | Kind::Deployment
                | Kind::ReplicaSet
                | Kind::StatefulSet
                | Kind::DaemonSet
                | Kind::Job
                | Kind::Rollout
                | Kind::CloneSet
                | Kind::HorizontalPodAutoscaler
                | Kind::PodDisruptionBudget
                | Kind::ResourceQuota
                | Kind::Event => return None,
            },
            RowKey::Feed(cluster, kind, _) => {
                within.clusters = [cluster.clone()].into();
                match kind {
                    Kind::Pod => ScreenKind::Instances,
                    Kind::Node => ScreenKind::Nodes,
                    Kind::Event => ScreenKind::Events,
                    Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Rollout | Kind::CloneSet => {
                        ScreenKind::Apps
                    }
                    Kind::Namespace
                    | Kind::ReplicaSet
                    | Kind::Job
                    | Kind::HorizontalPodAutoscaler
                    | Kind::PodDisruptionBudget
                    | Kind::ResourceQuota => return None,
                }
            }
            RowKey::Container(pod, name) => ScreenKind::Container(pod.clone(), name.clone()),
            RowKey::Build(cluster, key) => ScreenKind::Build(cluster.clone(), key.clone()),
            RowKey::Loose(..) | RowKey::Entry(_) => return None,
        };
        let mut screen = Self::within(kind, within);
        if self.figure.is_some() {
            screen.show_figure(self.figure);
        }
        Some(screen)
    }
}
