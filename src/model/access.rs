//! Which actions work here, and the reason of those that do not: what the line of keys tells.

use super::Model;
use crate::domain::access::Right;
use crate::domain::{Feed, Kind, ResourceRef, Verb};
use crate::listing::RowKey;
use crate::message::Action;
use crate::screens::ScreenKind;

impl Model {
    /// The actions that the line of keys offers here, most useful first.
    pub fn offered(&self) -> Vec<Action> {
        let mut actions = vec![Action::Open];
        match &self.trail.top().kind {
            ScreenKind::Fleet
            | ScreenKind::Locations
            | ScreenKind::Activity
            | ScreenKind::Events
            | ScreenKind::EventsOf(_)
            | ScreenKind::Container(..) => {}
            ScreenKind::App(_) => actions.extend([Action::Expand, Action::NodeOf, Action::EventsOf]),
            ScreenKind::Instances | ScreenKind::Node(_) | ScreenKind::Instance(_) => {
                actions.extend([Action::NodeOf, Action::EventsOf]);
            }
            ScreenKind::Apps | ScreenKind::Nodes => actions.push(Action::EventsOf),
            ScreenKind::Log => actions.clear(),
        }
        if self.trail.way().len() > 1 {
            actions.push(Action::Back);
        }
        if self.trail.top().kind != ScreenKind::Log {
            actions.extend([Action::Filter, Action::PickSort, Action::Mark, Action::Wide]);
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

    /// Why an action does not work here; `None` if it does.
    pub fn refusal(&self, action: Action) -> Option<String> {
        let screen = self.trail.top();
        let selected = screen.list.selected();
        match action {
            Action::Open | Action::Mark | Action::MarkRange | Action::CopyName | Action::CopyRow
                if selected.is_none() =>
            {
                Some("no row".into())
            }
            Action::Open => match (&screen.kind, selected) {
                (ScreenKind::Events | ScreenKind::EventsOf(_), _) if self.about_selected_event().is_none() => {
                    Some("what it is about is gone".into())
                }
                (ScreenKind::Container(..) | ScreenKind::Activity, _) => Some("nothing further in".into()),
                _ => None,
            },
            Action::NodeOf => match self.node_of_selected() {
                Some(_) => None,
                None => Some("no node".into()),
            },
            Action::EventsOf => self.events_refusal(),
            Action::PickSort
            | Action::SortNext
            | Action::SortReverse
            | Action::SortByName
            | Action::SortByAge
            | Action::SortByStatus
            | Action::SortByNamespace
                if matches!(screen.kind, ScreenKind::App(_)) =>
            {
                Some("a tree keeps its order".into())
            }
            Action::Back if self.trail.way().len() < 2 => Some("this is the top".into()),
            _ => None,
        }
    }

    fn events_refusal(&self) -> Option<String> {
        let Some(object) = self.object_for_events() else {
            return Some("nothing selected that has events".into());
        };
        let cluster = self.world.cluster(&object.cluster)?;
        if let Some(Feed::NoAccess { right }) = cluster.feed_for(Kind::Event, &object.key.namespace) {
            return Some(format!("no access: {right}"));
        }
        let asked = [
            Right::on(Verb::List, Kind::Event, ""),
            Right::on(Verb::List, Kind::Event, &object.key.namespace),
        ];
        let answers = asked.each_ref().map(|right| cluster.access.allows(right));
        let denied = answers.contains(&Some(false)) && !answers.contains(&Some(true));
        denied.then(|| {
            let [_, here] = asked;
            format!("no access: {here}")
        })
    }

    /// The object whose events are asked for: the selected row's, else the screen's own.
    pub(crate) fn object_for_events(&self) -> Option<ResourceRef> {
        let screen = self.trail.top();
        match screen.list.selected() {
            Some(RowKey::Object(object)) if object.kind != Kind::Event => Some(object.clone()),
            Some(RowKey::Container(pod, _)) => Some(pod.clone()),
            Some(RowKey::App(key)) => {
                let (cluster, workload) = self.world.workloads_of(key).next()?;
                Some(ResourceRef {
                    cluster: cluster.id.clone(),
                    kind: workload.kind,
                    key: workload.key.clone(),
                    uid: workload.uid.clone(),
                })
            }
            _ => screen.kind.subject().cloned(),
        }
    }

    /// The node of the selected instance, or of the instance the screen is about.
    pub(crate) fn node_of_selected(&self) -> Option<ResourceRef> {
        let screen = self.trail.top();
        let object = match screen.list.selected() {
            Some(RowKey::Object(object) | RowKey::Container(object, _)) if object.kind == Kind::Pod => object,
            _ => screen.kind.subject().filter(|object| object.kind == Kind::Pod)?,
        };
        let cluster = self.world.cluster(&object.cluster)?;
        let node = cluster.node(cluster.pod(&object.key)?.node.as_ref()?)?;
        Some(ResourceRef {
            cluster: object.cluster.clone(),
            kind: Kind::Node,
            key: crate::domain::ObjectKey::new("", node.name.clone()),
            uid: node.uid.clone(),
        })
    }

    /// What the selected event is about, if it still exists: an instance, a node or an app.
    pub(crate) fn about_selected_event(&self) -> Option<RowKey> {
        let RowKey::Object(object) = self.trail.top().list.selected()? else {
            return None;
        };
        let cluster = self.world.cluster(&object.cluster)?;
        let (kind, key, _) = &cluster.events.get(&object.key)?.about;
        let kind = Kind::from_name(kind)?;
        if kind.is_workload() {
            let workload = cluster.workload(kind, key)?;
            return Some(RowKey::App(crate::domain::AppKey {
                namespace: key.namespace.clone(),
                name: workload.app.clone(),
            }));
        }
        // Events of nodes carry a namespace that nodes do not have.
        let key = if kind == Kind::Node {
            crate::domain::ObjectKey::new("", key.name.clone())
        } else {
            key.clone()
        };
        let uid = cluster.uid_of(kind, &key)?.clone();
        matches!(kind, Kind::Pod | Kind::Node).then(|| {
            RowKey::Object(ResourceRef {
                cluster: object.cluster.clone(),
                kind,
                key,
                uid,
            })
        })
    }
}
