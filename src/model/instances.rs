//! Instances from here: what there is to know before their number is changed, and which ones would be deleted.

use super::Model;
use super::release::not_written;
use crate::domain::{AppKey, Kind, Pod, ResourceRef, Verb, Workload};
use crate::listing::RowKey;
use crate::overlays::confirm::{Fate, Place};
use crate::release::outlook::Counts;
use crate::release::scale::Room;
use crate::release::step::Step;
use crate::world::{AppHeadroom, ClusterView};

impl Model {
    /// The instances that would be deleted here: those marked, else the selected one.
    ///
    /// # Errors
    /// Why none can be.
    pub(crate) fn deletions(&self) -> Result<Vec<Place>, String> {
        let screen = self.trail.top();
        let marks = screen.list.marks();
        let rows: Vec<&RowKey> = if marks.is_empty() {
            screen.list.selected().into_iter().collect()
        } else {
            marks.iter().collect()
        };
        let mut places: Vec<Place> = Vec::new();
        for row in rows {
            let (RowKey::Object(object) | RowKey::Container(object, _)) = row else {
                continue;
            };
            if object.kind != Kind::Pod || places.iter().any(|place| place.object == *object) {
                continue;
            }
            let Some(view) = self.world.cluster(&object.cluster) else {
                continue;
            };
            let Some(pod) = view.pod(&object.key).filter(|pod| pod.uid == object.uid) else {
                continue;
            };
            if let Some(reason) = not_written(view, Verb::Delete, Kind::Pod, &object.key.namespace) {
                return Err(reason);
            }
            places.push(deletion(view, object, pod));
        }
        if places.is_empty() {
            return Err("no instance here".into());
        }
        Ok(places)
    }
}

fn deletion(view: &ClusterView, object: &ResourceRef, pod: &Pod) -> Place {
    let alone = pod.workload.is_none();
    Place {
        object: object.clone(),
        app: AppKey {
            namespace: pod.key.namespace.clone(),
            name: pod.app.clone(),
        },
        driver: None,
        step: Step::Delete,
        counts: Counts::default(),
        version: pod.version.clone(),
        old: None,
        tag: view.tag.clone(),
        by_name: view.confirms_by_name,
        asks_reason: false,
        trouble: None,
        about: alone
            .then(|| "no controller made it: nothing comes in its place".to_owned())
            .into_iter()
            .collect(),
        fate: Fate::Ahead,
    }
}

/// How many more instances fit, and what there is to know before their number is changed.
pub(crate) fn room(view: &ClusterView, workload: &Workload) -> (Room, Vec<String>) {
    let (room, places) = view.room_of(workload);
    let mut about = match places {
        Ok(places) => told_room(room.fits.unwrap_or(0), &places),
        Err(why) => vec![format!("how many more fit is not known: {why}")],
    };
    if workload.shape.requests.is_zero() {
        about.push("it asks for no CPU and no memory: how many fit says little".into());
    }
    about.extend(decider(view, workload));
    let bounds = [("least", workload.min_instances), ("most", workload.max_instances)];
    for (word, bound) in bounds {
        about.extend(bound.map(|bound| format!("its owner wants at {word} {bound}")));
    }
    for budget in view.budgets_of(workload) {
        about.push(format!(
            "disruption budget {} lets {} go",
            budget.key.name, budget.allowed
        ));
    }
    (room, about)
}

/// Who decides how many instances a workload has, and what is written to it.
fn decider(view: &ClusterView, workload: &Workload) -> Vec<String> {
    let was = view.floor_of(workload).map_or("", |_| ", its floor is raised for now");
    match (view.scaler_of(workload), view.autoscaler_of(workload)) {
        (Some(scaler), _) => {
            let keeps = format!("ScaledObject {} keeps {}–{}{was}", scaler.name, scaler.min, scaler.max);
            vec![match &scaler.paused {
                Some(why) => format!("{keeps}; it is paused ({why}): a floor has no effect"),
                None => format!("{keeps}: its floor is written"),
            }]
        }
        (None, Some(hpa)) => {
            let keeps = format!("autoscaler {} keeps {}–{}{was}", hpa.key.name, hpa.min, hpa.max);
            vec![match &hpa.keda {
                Some(scaled) => format!("{keeps} for the ScaledObject {scaled}, whose floor is written"),
                None => format!("{keeps}: its floor is written"),
            }]
        }
        (None, None) => Vec::new(),
    }
}

fn told_room(fits: i64, places: &[AppHeadroom]) -> Vec<String> {
    let by_place: Vec<String> = places
        .iter()
        .filter(|place| place.fits > 0)
        .map(|place| format!("{} {}", place.location.name, place.fits))
        .collect();
    let places_told = if by_place.is_empty() {
        String::new()
    } else {
        format!(": {}", by_place.join(", "))
    };
    let mut told = vec![format!("fits {fits} more{places_told}")];
    if let Some((resource, most)) = places.iter().find_map(|place| place.quota.clone()) {
        told.push(format!("the namespace's quota of {resource} lets in {most} more"));
    }
    told
}
