//! Steps that are shown together and written by one yes, and what follows new instances until they are ready.

use super::{ask, close_reader, refusing, send};
use crate::message::{Action, Effect, Ticket, Trouble};
use crate::model::Model;
use crate::overlays::Overlay;
use crate::overlays::confirm::{Confirm, Fate, Place};
use crate::release::step::Step;

/// Shows which instances would be deleted.
pub(super) fn delete(model: &mut Model) -> Vec<Effect> {
    let places = model.deletions();
    show(model, Action::DeleteInstance, places)
}

/// Shows which builds would be stopped.
pub(super) fn cancel(model: &mut Model, action: Action) -> Vec<Effect> {
    let places = model.cancellations(action == Action::CancelSuperseded);
    show(model, action, places)
}

fn show(model: &mut Model, action: Action, places: Result<Vec<Place>, String>) -> Vec<Effect> {
    let confirm = places.map(|places| Confirm::new(places, Vec::new()));
    model.touch();
    match confirm {
        Err(reason) => return refusing::instances(model, action, &reason),
        Ok(None) => {}
        Ok(Some(confirm)) => {
            model.overlays.push(Overlay::Confirm(Box::new(confirm)));
            return ask(model, None);
        }
    }
    Vec::new()
}

/// Sends the next of those that one yes was said to.
pub(super) fn write_next(model: &mut Model) -> Vec<Effect> {
    model.tickets += 1;
    let ticket = Ticket(model.tickets);
    let Some(prepared) = model.confirm_mut().and_then(|confirm| confirm.next_write(ticket)) else {
        return Vec::new();
    };
    let Some(place) = model.confirm().and_then(Confirm::place).cloned() else {
        return Vec::new();
    };
    vec![send(model, &place, ticket, prepared)]
}

/// Closes what follows new instances once all of them are ready.
pub(super) fn arrived(model: &mut Model) -> Vec<Effect> {
    let Some(confirm) = model.confirm() else {
        return Vec::new();
    };
    let written = confirm
        .places()
        .iter()
        .filter(|place| matches!(place.fate, Fate::There(_)));
    let mut ready = 0;
    for place in written {
        let Step::Scale(to) = place.step else { continue };
        let view = model.world.cluster(&place.object.cluster);
        let workload = view.and_then(|view| view.workload(place.object.kind, &place.object.key));
        match workload.filter(|workload| crate::release::stand::has_arrived(workload, to)) {
            Some(workload) => ready += workload.ready,
            None => return Vec::new(),
        }
    }
    let took = confirm.written.map_or(0, |written| (model.now - written).num_seconds());
    close_reader(model);
    model.overlays.retain(|overlay| !matches!(overlay, Overlay::Confirm(_)));
    model.tell(Trouble::info(format!(
        "{ready} instances are ready, {took} s after the write"
    )));
    model.touch();
    Vec::new()
}
