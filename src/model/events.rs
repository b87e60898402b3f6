//! Whose events are asked for here, and why they cannot be had.

use super::Model;
use super::access::NO_ACCESS;
use crate::domain::access::Right;
use crate::domain::{Feed, Kind, ResourceRef, Verb};
use crate::listing::RowKey;
use crate::screens::ScreenKind;
use crate::screens::builds::found;

impl Model {
    /// Why no events can be shown here.
    pub(super) fn events_refusal(&self) -> Option<String> {
        let Some(screen) = self.events_screen() else {
            return Some("nothing selected that has events".into());
        };
        if self.trail.top().kind == screen {
            return Some("these are its events".into());
        }
        let objects = self.objects_of_events(&screen);
        let mut missing = objects.iter().map(|object| self.events_right_missing(object));
        let first = missing.next()??;
        missing
            .all(|right| right.is_some())
            .then(|| format!("{NO_ACCESS}{first}"))
    }

    /// The right to list the events of an object, where it is known that one lacks it.
    fn events_right_missing(&self, object: &ResourceRef) -> Option<String> {
        let cluster = self.world.cluster(&object.cluster)?;
        if let Some(Feed::NoAccess { right }) = cluster.feed_for(Kind::Event, &object.key.namespace) {
            return Some(right.to_string());
        }
        // That it is refused for all namespaces says nothing of this one.
        let right = Right::on(Verb::List, Kind::Event, &object.key.namespace);
        (cluster.access.allows(&right) == Some(false)).then(|| right.to_string())
    }

    /// The screen of the events that are asked for: the selected row's, else the screen's own.
    pub(crate) fn events_screen(&self) -> Option<ScreenKind> {
        let screen = self.trail.top();
        match (screen.list.selected(), &screen.kind) {
            (Some(RowKey::Object(object)), ScreenKind::Events) if object.kind == Kind::Event => {
                match self.about_selected_event().ok()? {
                    RowKey::Object(about) => Some(ScreenKind::EventsOf(about)),
                    RowKey::App(key) => Some(ScreenKind::EventsOfApp(key)),
                    _ => None,
                }
            }
            (Some(RowKey::Object(object)), _) if object.kind != Kind::Event => {
                Some(ScreenKind::EventsOf(object.clone()))
            }
            (Some(RowKey::Container(pod, _)), _) => Some(ScreenKind::EventsOf(pod.clone())),
            (Some(RowKey::Build(cluster, key)), _) | (_, ScreenKind::Build(cluster, key)) => {
                let build = self.world.cluster(cluster)?.build(key)?;
                found::object_of(&build).map(ScreenKind::EventsOf)
            }
            (Some(RowKey::App(key)), _) | (_, ScreenKind::App(key) | ScreenKind::EventsOfApp(key)) => {
                Some(ScreenKind::EventsOfApp(key.clone()))
            }
            (_, kind) => kind.subject().cloned().map(ScreenKind::EventsOf),
        }
    }

    /// The objects that a server is asked for older events of.
    pub(crate) fn objects_of_events(&self, kind: &ScreenKind) -> Vec<ResourceRef> {
        let ScreenKind::EventsOfApp(app) = kind else {
            return kind.subject().cloned().into_iter().collect();
        };
        let scope = self.scope_here();
        let found = self.world.workloads_of(app, &scope);
        found
            .map(|(cluster, workload)| ResourceRef {
                cluster: cluster.id.clone(),
                kind: workload.kind,
                key: workload.key.clone(),
                uid: workload.uid.clone(),
            })
            .collect()
    }
}
