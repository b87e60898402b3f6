//! Which actions work here, and the reason of those that do not: what the line of keys tells.

use super::Model;
use super::logs::Logs;
use super::sorting::sort_column;
use crate::domain::{AppKey, Feed, Kind, ObjectKey, ResourceRef};
use crate::listing::RowKey;
use crate::message::{Action, Group, Mode};
use crate::release::freeze::FROZEN;
use crate::release::ledger::Operation;
use crate::screens::{Rows, ScreenKind, figures, releases};

/// How a reason begins that is a missing right.
pub(super) const NO_ACCESS: &str = "no access: ";

impl Model {
    /// The actions that the line of keys offers here, most useful first.
    pub fn offered(&self) -> Vec<Action> {
        let mut actions = vec![Action::Open];
        match &self.trail.top().kind {
            ScreenKind::Fleet | ScreenKind::Locations | ScreenKind::EventsOf(_) | ScreenKind::EventsOfApp(_) => {
                actions.push(Action::Detail);
            }
            ScreenKind::Instance(_) | ScreenKind::Container(..) if self.trail.top().shows_charts() => {
                actions = vec![Action::Charts, Action::ChartReach, Action::ChartNext];
            }
            ScreenKind::Events => actions.extend([Action::Detail, Action::Logs, Action::EventsOf]),
            ScreenKind::Activity | ScreenKind::Cluster(_) => {}
            ScreenKind::Container(..) => actions.extend([Action::Charts, Action::Logs]),
            ScreenKind::App(app) => {
                actions.extend([Action::Logs, Action::ScaleOut]);
                actions.extend(Self::STEPS_OFFERED);
                let (old, new) = self.world.sides_of(app);
                if old.instances > 0 && new.instances > 0 {
                    actions.push(Action::DivideLogs);
                }
                actions.extend([Action::Expand, Action::NodeOf, Action::EventsOf]);
            }
            kind @ (ScreenKind::Instances | ScreenKind::Node(_) | ScreenKind::Instance(_)) => {
                actions.extend([Action::Logs, Action::Charts]);
                actions.extend(kind.has_branches().then_some(Action::Expand));
                actions.extend([Action::NodeOf, Action::EventsOf]);
            }
            ScreenKind::Apps => {
                actions.extend([Action::Logs, Action::ScaleOut]);
                actions.extend(Self::STEPS_OFFERED);
                actions.extend([Action::SortByGrowth, Action::EventsOf]);
            }
            ScreenKind::Releases => {
                actions.extend(Self::STEPS_OFFERED);
                actions.extend([Action::Logs, Action::EventsOf]);
            }
            ScreenKind::Builds | ScreenKind::Build(..) => actions.extend(Self::ON_BUILDS),
            ScreenKind::Nodes => actions.push(Action::EventsOf),
            ScreenKind::Log => actions.clear(),
            ScreenKind::Logs(_) => return self.offered_over_logs(),
        }
        if self.refusal(Action::Back).is_none() {
            actions.push(Action::Back);
        }
        if self.trail.top().kind != ScreenKind::Log {
            actions.extend([Action::Filter, Action::PickSort]);
            if self.trail.top().kind.has_figures() {
                actions.push(Action::PickFigure);
            }
            actions.extend([Action::Mark, Action::Wide]);
        }
        actions.extend([
            Action::ScopeClusters,
            Action::ScopeLocations,
            Action::ScopeNamespaces,
            Action::Palette,
            Action::Help,
        ]);
        actions
    }

    /// Whether going in only opens or closes the branch under the cursor.
    pub fn folds_on_open(&self) -> bool {
        let screen = self.trail.top();
        let selected = screen.list.selected();
        matches!(screen.kind, ScreenKind::App(_)) && selected.is_some_and(|row| screen.opened_by(row).is_none())
    }

    /// Whether the line of keys has a place for it: it works here and now, or would with a right that is missing, or
    /// once a freeze is overridden.
    pub fn is_worth_telling(&self, action: Action) -> bool {
        if action == Action::Expand && self.folds_on_open() {
            return false;
        }
        self.refusal(action)
            .is_none_or(|reason| reason.starts_with(NO_ACCESS) || reason.starts_with(FROZEN))
    }

    fn offered_over_logs(&self) -> Vec<Action> {
        let mut actions = vec![Action::LogPause, Action::LogSearch];
        if self.logs().is_some_and(Logs::is_divided) {
            actions.extend([Action::LogOther, Action::DivideLogs]);
        }
        if self.logs().is_some_and(|logs| logs.pane.search().is_some()) {
            actions.extend([Action::LogNext, Action::LogPrevious]);
        }
        actions.extend([Action::LogInclude, Action::LogExclude, Action::LogLevel]);
        if self.logs().is_some_and(|logs| !logs.pane.filter().is_empty()) {
            actions.push(Action::LogContext);
        }
        actions.extend([
            Action::LogFields,
            Action::LogOpen,
            Action::LogWrap,
            Action::LogTimes,
            Action::LogNames,
            Action::LogGoto,
            Action::PreviousLogs,
            Action::LogSave,
            Action::LogSaveWhole,
            Action::LogCopy,
            Action::Back,
            Action::Help,
        ]);
        actions
    }

    /// Why an action does not work here; `None` if it does.
    pub fn refusal(&self, action: Action) -> Option<String> {
        match (action, action.step()) {
            (_, Some(Operation::Cancel)) => self.cancellations(action == Action::CancelSuperseded).err(),
            (_, Some(step)) => self.release_refusal(step),
            (Action::Build, None) => self.app_to_build().err(),
            (Action::BuildGray, None) => self.gray_of_build().err().filter(|_| self.app_to_build().is_err()),
            (Action::RetryBuild, None) => self.retried().err(),
            (_, None) => self.refusal_of_other(action),
        }
    }

    fn refusal_of_other(&self, action: Action) -> Option<String> {
        let screen = self.trail.top();
        let selected = screen.list.selected();
        let because = |is_so: bool, reason: &str| is_so.then(|| reason.to_owned());
        match action {
            Action::Open | Action::Detail | Action::Mark | Action::MarkRange | Action::CopyName | Action::CopyRow
                if selected.is_none() =>
            {
                Some("no row".into())
            }
            Action::Detail if matches!(selected, Some(RowKey::Cluster(_) | RowKey::Location(..))) => None,
            Action::Detail if matches!(selected, Some(RowKey::Object(object)) if object.kind == Kind::Event) => None,
            Action::Open | Action::Detail => self.open_refusal(),
            Action::Logs | Action::PreviousLogs | Action::DivideLogs => self.logs_refusal(),
            _ if action.group() == Group::Logs && self.logs.is_none() => Some("no logs are open".into()),
            Action::FactsUp | Action::FactsDown => because(self.facts_most() == 0, "all lines are in sight"),
            Action::Expand => because(
                !screen.kind.has_branches() || matches!(selected, Some(RowKey::Container(..)) | None),
                "nothing to open or close",
            ),
            Action::PickFigure => self.figure_refusal(),
            Action::Charts | Action::ChartReach | Action::ChartNext => self.charts_refusal(action),
            Action::NodeOf => self.node_refusal(),
            Action::EventsOf => self.events_refusal(),
            Action::ShowInstances => self.kind_refusal(Kind::Pod),
            Action::ShowNodes => self.kind_refusal(Kind::Node),
            Action::ShowEvents => self.kind_refusal(Kind::Event),
            Action::Filter
            | Action::ClearFilter
            | Action::Wide
            | Action::PickSort
            | Action::SortNext
            | Action::SortReverse
            | Action::SortByName
            | Action::SortByAge
            | Action::SortByStatus
            | Action::SortByNamespace
            | Action::SortByGrowth
                if matches!(screen.kind, ScreenKind::Log | ScreenKind::Logs(_)) =>
            {
                Some("the log is no list".into())
            }
            Action::ClearFilter => because(screen.list.filter().text().is_empty(), "there is no filter"),
            Action::ClearMarks => because(screen.list.marks().is_empty(), "nothing is marked"),
            Action::ScopeAll => because(self.scope.is_everything(), "nothing is limited"),
            Action::PickSort
            | Action::SortNext
            | Action::SortReverse
            | Action::SortByName
            | Action::SortByAge
            | Action::SortByStatus
            | Action::SortByNamespace
            | Action::SortByGrowth => self.sort_refusal(action),
            Action::HistoryBack | Action::LastView => because(!self.trail.has_past(), "no view before this one"),
            Action::HistoryForward => because(!self.trail.has_future(), "this is the last view"),
            Action::Back => because(
                self.trail.way().len() < 2 && screen.list.filter().text().is_empty(),
                "this is the top",
            ),
            _ => None,
        }
    }

    fn charts_refusal(&self, action: Action) -> Option<String> {
        let screen = self.trail.top();
        let reason = match action {
            Action::Charts => match screen.kind {
                ScreenKind::Instance(_) | ScreenKind::Container(..) => return None,
                _ if self.selected_instance().is_some() => return None,
                _ => "no instance, no charts",
            },
            _ if screen.shows_charts() => return None,
            _ => "no charts here",
        };
        Some(reason.to_owned())
    }

    fn figure_refusal(&self) -> Option<String> {
        let scope = self.scope_here();
        if !self.trail.top().kind.has_figures() {
            return Some("these use nothing".into());
        }
        (!figures::any(&self.context(&scope))).then(|| "nothing is measured".into())
    }

    fn open_refusal(&self) -> Option<String> {
        let screen = self.trail.top();
        let selected = screen.list.selected();
        let reason = match (&screen.kind, selected) {
            (ScreenKind::Events | ScreenKind::EventsOf(_) | ScreenKind::EventsOfApp(_), _) => {
                return self.about_selected_event().err().map(str::to_owned);
            }
            (ScreenKind::Container(..), _) | (ScreenKind::Build(..), Some(RowKey::Loose(..))) => "nothing further in",
            (_, Some(row @ RowKey::Feed(..))) if screen.opened_by(row).is_none() => "no screen of its own",
            _ => return None,
        };
        Some(reason.to_owned())
    }

    fn sort_refusal(&self, action: Action) -> Option<String> {
        let screen = self.trail.top();
        let scope = self.scope_here();
        let source = screen.rows.source(self.context(&scope));
        match action {
            Action::SortReverse if screen.figure.is_some() => None,
            _ if matches!(screen.kind, ScreenKind::App(_)) => Some("a tree keeps its order".into()),
            Action::SortReverse if screen.list.sort().is_none() => Some("nothing is sorted yet".into()),
            Action::PickSort | Action::SortNext | Action::SortReverse => None,
            _ if sort_column(action, source.columns()).is_some() => None,
            _ => {
                let wanted = action.name().trim_start_matches("sort-by-");
                let pick = self.keys_of(Mode::Screen, Action::PickSort);
                let others = pick.map_or_else(String::new, |keys| format!(", {keys} shows what there is"));
                Some(format!("there is no {wanted} here{others}"))
            }
        }
    }

    /// The right that is missing where no cluster in scope lets the kind be listed.
    fn kind_refusal(&self, kind: Kind) -> Option<String> {
        let scope = self.scope_here();
        let mut missing = None;
        for cluster in self.world.clusters_in(&scope) {
            for (_, feed) in cluster.feeds_of(kind) {
                match feed {
                    Feed::NoAccess { right } => missing = missing.or(Some(right)),
                    Feed::Waiting | Feed::Listing { .. } | Feed::Live | Feed::Stale { .. } | Feed::Absent => {
                        return None;
                    }
                }
            }
        }
        missing.map(|right| format!("{NO_ACCESS}{right}"))
    }

    fn node_refusal(&self) -> Option<String> {
        if let Some(node) = self.node_of_selected() {
            let here = self.trail.top().kind == ScreenKind::Node(node);
            return here.then(|| "this is its node".into());
        }
        let Some(pod) = self.selected_instance() else {
            return Some("no instance, no node".into());
        };
        let cluster = self.world.cluster(&pod.cluster)?;
        match cluster.feed(Kind::Node) {
            Some(Feed::NoAccess { right }) => Some(format!("{NO_ACCESS}{right}")),
            _ if cluster.pod(&pod.key).is_some_and(|pod| pod.node.is_none()) => Some("it has no node yet".into()),
            _ => Some("its node is not known".into()),
        }
    }

    /// The selected instance, or the one the screen is about.
    fn selected_instance(&self) -> Option<&ResourceRef> {
        let screen = self.trail.top();
        match screen.list.selected() {
            Some(RowKey::Object(object) | RowKey::Container(object, _)) if object.kind == Kind::Pod => Some(object),
            _ => screen.kind.subject().filter(|object| object.kind == Kind::Pod),
        }
    }

    /// The node of the selected instance, or of the instance the screen is about.
    pub(crate) fn node_of_selected(&self) -> Option<ResourceRef> {
        let object = self.selected_instance()?;
        let cluster = self.world.cluster(&object.cluster)?;
        let node = cluster.node(cluster.pod(&object.key)?.node.as_ref()?)?;
        Some(ResourceRef {
            cluster: object.cluster.clone(),
            kind: Kind::Node,
            key: ObjectKey::new("", node.name.clone()),
            uid: node.uid.clone(),
        })
    }

    /// The app of the release under the cursor.
    pub(crate) fn app_of_selected_release(&self) -> Option<AppKey> {
        let screen = self.trail.top();
        match (&screen.rows, screen.list.selected()) {
            (Rows::Releases(rows), Some(RowKey::Object(object))) => releases::app_of_row(rows, object),
            _ => None,
        }
    }

    /// What the selected event is about: an instance, a node or an app.
    ///
    /// # Errors
    /// Why it cannot be gone into.
    pub(crate) fn about_selected_event(&self) -> Result<RowKey, &'static str> {
        const GONE: &str = "what it is about is gone";
        let Some(RowKey::Object(object)) = self.trail.top().list.selected() else {
            return Err("no row");
        };
        let cluster = self.world.cluster(&object.cluster).ok_or(GONE)?;
        let (kind, key, uid) = &cluster.events.get(&object.key).ok_or("the event is gone")?.about;
        let kind = Kind::from_name(kind).filter(|kind| leads_somewhere(*kind));
        let kind = kind.ok_or("what it is about has no screen of its own")?;
        // Events of nodes carry a namespace that nodes do not have.
        let key = if kind == Kind::Node {
            ObjectKey::new("", key.name.clone())
        } else {
            key.clone()
        };
        let now = cluster.uid_of(kind, &key).ok_or(GONE)?;
        // The kubelet gives a node's name for its uid, and some writers give none: the name has to do.
        let is_same = now == uid || uid.to_string().is_empty() || kind == Kind::Node;
        if !is_same {
            return Err(GONE);
        }
        let app = match kind {
            Kind::ReplicaSet => cluster.revisions.get(&key).map(|revision| &revision.app),
            _ => cluster.workload(kind, &key).map(|workload| &workload.app),
        };
        if let Some(name) = app {
            let app = AppKey {
                namespace: key.namespace.clone(),
                name: name.clone(),
            };
            let is_known = cluster.tally.app(&app).is_some();
            return is_known.then_some(RowKey::App(app)).ok_or(GONE);
        }
        Ok(RowKey::Object(ResourceRef {
            cluster: object.cluster.clone(),
            kind,
            uid: now.clone(),
            key,
        }))
    }
}

/// Whether an object of the kind is seen on a screen: its own, or its app's.
const fn leads_somewhere(kind: Kind) -> bool {
    match kind {
        Kind::Pod
        | Kind::Node
        | Kind::ReplicaSet
        | Kind::Deployment
        | Kind::StatefulSet
        | Kind::DaemonSet
        | Kind::Rollout
        | Kind::CloneSet => true,
        Kind::Namespace
        | Kind::Job
        | Kind::HorizontalPodAutoscaler
        | Kind::PodDisruptionBudget
        | Kind::ResourceQuota
        | Kind::Event => false,
    }
}
