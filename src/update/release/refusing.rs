//! Steps that are refused before anything is sent: each is told, and leaves a line in the activity log as well.

use crate::domain::{Clean, ResourceRef};
use crate::listing::RowKey;
use crate::message::{Action, Asked, Effect, Refused, Severity, Trouble};
use crate::model::Model;
use crate::overlays::Confirm;
use crate::overlays::confirm::{Place, Stage};
use crate::release::Change;
use crate::release::ledger::Operation;
use crate::world::release::app_of;

/// A step on the workloads that are meant here.
pub(super) fn workloads(model: &mut Model, action: Action, operation: Operation, reason: &str) -> Vec<Effect> {
    let meant = model.meant().into_iter().map(|(view, workload)| {
        let object = ResourceRef {
            cluster: view.id.clone(),
            kind: workload.kind,
            key: workload.key.clone(),
            uid: workload.uid.clone(),
        };
        (object, app_of(workload).name)
    });
    let meant = meant.collect();
    told(model, (action, operation), meant, reason)
}

/// A step on the rows that are marked, else on the selected one.
pub(super) fn instances(model: &mut Model, action: Action, reason: &str) -> Vec<Effect> {
    let list = &model.trail.top().list;
    let rows = list.selected().filter(|_| list.marks().is_empty()).into_iter();
    let meant = rows.chain(list.marks()).filter_map(|row| match row {
        RowKey::Object(object) | RowKey::Container(object, _) => {
            let pod = model
                .world
                .cluster(&object.cluster)
                .and_then(|view| view.pod(&object.key));
            Some((
                object.clone(),
                pod.map_or_else(|| object.key.name.clone(), |pod| pod.app.clone()),
            ))
        }
        _ => None,
    });
    let meant = meant.collect();
    match action.step() {
        Some(operation) => told(model, (action, operation), meant, reason),
        None => Vec::new(),
    }
}

fn told(
    model: &mut Model,
    (action, operation): (Action, Operation),
    meant: Vec<(ResourceRef, Clean)>,
    reason: &str,
) -> Vec<Effect> {
    model.tell(Trouble::info(format!("{}: {reason}", action.label())));
    let refused = meant.into_iter().filter_map(|(object, app)| {
        // That there is nothing to take the step on is no refusal of a write.
        let why = model.write_refusal(&object).filter(|why| reason.ends_with(why))?;
        Some(Refused {
            by: user(model, &object),
            object,
            app,
            operation,
            change: Change::default(),
            why: why.into(),
        })
    });
    let refused: Vec<Refused> = refused.collect();
    refused
        .into_iter()
        .map(|refused| {
            note(
                model,
                action.label(),
                &refused.object,
                &refused.change,
                refused.why.clone(),
            );
            Effect::Refuse(Box::new(refused))
        })
        .collect()
}

/// Who asks, as the cluster knows them.
fn user(model: &Model, object: &ResourceRef) -> Option<Clean> {
    model.world.cluster(&object.cluster)?.identity.user.clone()
}

fn note(model: &mut Model, what: &str, object: &ResourceRef, change: &Change, why: Clean) {
    let target = super::super::goto::target(object);
    model.record_write(what, target.clone(), change, String::new());
    model.conclude(what, &target, (Severity::Warning, why));
}

/// The same with who asks, as the cluster knows them.
pub(super) fn in_whose_name(model: &Model, asked: Asked) -> Asked {
    Asked {
        by: user(model, &asked.object),
        ..asked
    }
}

/// A step that its dry run refuses; on disk it is noted where it was tried.
pub(super) fn tried(model: &mut Model) {
    let Some(confirm) = model.confirm() else { return };
    let (Stage::Failed(trouble), Some(place)) = (confirm.stage(), confirm.place()) else {
        return;
    };
    let (why, place) = (trouble.text.clone(), place.clone());
    let change = place.step.change(&place.object.key.name);
    note(model, place.step.title(), &place.object, &change, why);
}

/// A write that was said yes to and that may not be sent any more.
pub(super) fn at_the_yes(model: &mut Model, place: &Place) -> Vec<Effect> {
    let decided = model.confirm().into_iter().flat_map(Confirm::decided);
    let refused = decided.filter_map(|place| {
        let why = model.write_refusal(&place.object)?;
        Some(Refused {
            object: place.object.clone(),
            app: place.app.name.clone(),
            by: user(model, &place.object),
            operation: place.step.operation(),
            change: place.step.change(&place.object.key.name),
            why: why.into(),
        })
    });
    let refused: Vec<Refused> = refused.collect();
    let title = place.step.title();
    refused
        .into_iter()
        .map(|refused| {
            note(model, title, &refused.object, &refused.change, refused.why.clone());
            Effect::Refuse(Box::new(refused))
        })
        .collect()
}
