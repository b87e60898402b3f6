//! Steps of a release by key: what is asked first, what is shown, the one write, and what came of it.

mod anew;
mod asking;
mod beside;
mod built;
mod claiming;
mod job_log;
mod leaving;
mod past;
mod reader;
mod refusing;
mod tags;
mod together;
mod written;

use crate::domain::{Clean, Timestamp};
use crate::message::{Action, Asked, Effect, Failure, Order, Severity, Ticket, Trouble};
use crate::model::Model;
use crate::model::release::{Writing, words};
use crate::overlays::confirm::{Blank, Confirm, Fate, Next, Place, Stage, Tried};
use crate::overlays::draft::Many;
use crate::overlays::{Draft, HowMany, Overlay};
use crate::release::ledger::Operation;
use crate::release::step::Step;
use crate::release::{Done, Prepared, Written};

pub(super) use asking::{choose, count, offer, remember, versions};
pub(super) use beside::{history, scaler};
pub(super) use claiming::claimed;
pub(super) use job_log::arrived as job_log;
pub(super) use leaving::wait;
use reader::close as close_reader;
pub(super) use tags::offer_tags;

/// Begins a step, or says why it cannot be taken; what the server lets one do is asked for either way.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let operation = action.step()?;
    if operation == Operation::Delete {
        return Some(together::delete(model));
    }
    if operation == Operation::Cancel {
        return Some(together::cancel(model, action));
    }
    let mut effects = review(model);
    effects.extend(beside::load_scalers(model, operation));
    match model.draft(operation) {
        Err(reason) => effects.extend(refusing::workloads(model, action, operation, &reason)),
        Ok(draft) => effects.extend(begin(model, draft)),
    }
    model.touch();
    Some(effects)
}

/// Asks which rights one has for what may be done here.
pub(super) fn review(model: &Model) -> Vec<Effect> {
    let wanted = model.rights_wanted().into_iter();
    wanted.map(|(id, rights)| Effect::Review(id, rights)).collect()
}

fn begin(model: &mut Model, draft: Draft) -> Vec<Effect> {
    let mut effects = asking::load_ledgers(&draft);
    effects.extend(beside::load_histories(&draft));
    effects.extend(match draft.operation {
        Operation::Start | Operation::Rollback => asking::open_versions(model, draft),
        Operation::Grow | Operation::Scale => {
            model.overlays.push(Overlay::HowMany(Box::new(HowMany::new(draft))));
            Vec::new()
        }
        _ => confirm(model, &draft, None),
    });
    effects
}

/// A second passed.
pub(super) fn tick(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let is_time = model.confirm_mut().is_some_and(Confirm::tick);
    let renewed = is_time.then(|| claiming::renew(model)).flatten();
    let read = job_log::tick(model, now);
    renewed
        .into_iter()
        .chain(read)
        .chain(leaving::tick(model, now))
        .collect()
}

/// Shows what is to be confirmed, once the server has tried it.
fn confirm(model: &mut Model, draft: &Draft, count: Option<Many>) -> Vec<Effect> {
    let places = draft.places(count);
    let why = places.iter().find_map(|place| match &place.fate {
        Fate::There(words) | Fate::Skipped(words) => Some(format!("{}: {words}", place.object.cluster)),
        Fate::Ahead | Fate::Failed(_) => None,
    });
    let Some(mut confirm) = Confirm::new(places, draft.untouched.clone()) else {
        let why = why.unwrap_or_else(|| "nothing is left to do".to_owned());
        model.tell(Trouble::info(why));
        return Vec::new();
    };
    confirm.draft = Some(draft.clone());
    model.overlays.push(Overlay::Confirm(Box::new(confirm)));
    ask(model, None)
}

/// Asks for the dry run of the place that the confirmation is at.
fn ask(model: &mut Model, note: Option<Clean>) -> Vec<Effect> {
    model.tickets += 1;
    let ticket = Ticket(model.tickets);
    let place = model.confirm().and_then(Confirm::place);
    let known = place.and_then(|place| model.counted_now(&place.object));
    if let (Some(known), Some(confirm)) = (known, model.confirm_mut()) {
        confirm.know(known);
    }
    let others = anew::others(model);
    let asked = model.confirm_mut().and_then(|confirm| {
        confirm.others = others.clone();
        confirm.ask(ticket, note)
    });
    model.touch();
    asked
        .map(|asked| Effect::Prepare(Box::new(refusing::in_whose_name(model, Asked { others, ..asked }))))
        .into_iter()
        .collect()
}

/// A dry run was answered.
pub(super) fn prepared(model: &mut Model, ticket: Ticket, result: Result<Box<Prepared>, Failure>) -> Vec<Effect> {
    let tried = model
        .confirm_mut()
        .map_or(Tried::Late, |confirm| confirm.prepared(ticket, result));
    match tried {
        Tried::Late => Vec::new(),
        Tried::Shown => {
            refusing::tried(model);
            model.touch();
            Vec::new()
        }
        Tried::More => ask(model, None),
    }
}

/// Keys while something waits for a yes.
pub(super) fn decide(model: &mut Model, action: Action) -> Vec<Effect> {
    let blank = model.confirm().and_then(Confirm::blank);
    if blank.is_some() && super::overlay::typing(model, action) {
        return Vec::new();
    }
    match action {
        Action::Write => return write(model),
        Action::Accept if blank == Some(Blank::Name) => return write(model),
        Action::Accept if blank.is_some() => return claiming::fill(model),
        Action::GiveReason => {
            if let Some(confirm) = model.confirm_mut() {
                confirm.give_reason();
            }
        }
        Action::SwitchConfig => return switch_config(model),
        Action::SwitchGray => return asking::switch_gray(model),
        Action::ShowDifferences => reader::open(model),
        Action::JobLog => return job_log::ask(model),
        Action::Cancel | Action::Back | Action::Accept => leave(model),
        _ => {}
    }
    model.touch();
    Vec::new()
}

/// Tries it with the other configuration, where there is one.
fn switch_config(model: &mut Model) -> Vec<Effect> {
    let Some(source) = model.confirm_mut().and_then(Confirm::switch_config) else {
        model.tell(Trouble::info("it has but one configuration to run with"));
        model.touch();
        return Vec::new();
    };
    ask(model, Some(format!("tried anew with {}", source.words()).into()))
}

/// Leaves without a write; one that is under way goes on.
fn leave(model: &mut Model) {
    let Some(Overlay::Confirm(confirm)) = model.overlays.pop() else {
        return;
    };
    let left = confirm
        .places()
        .iter()
        .filter(|place| place.fate == Fate::Ahead)
        .count();
    match confirm.stage() {
        Stage::Writing => model.tell(Trouble::info("it is being written: what comes of it will be told")),
        Stage::Following { .. } if confirm.is_together() => {
            model.tell(Trouble::info(
                "it is written and goes on; nobody follows it here any more",
            ));
        }
        Stage::Following { .. } => model.tell(Trouble {
            hint: Some("the same key takes it up again where it stands".into()),
            ..Trouble::info(format!(
                "{} are left",
                crate::screens::words::counted(left.saturating_sub(1), "place")
            ))
        }),
        Stage::Failed(_) => {}
        Stage::Asking | Stage::Ready { .. } => {
            let is_begun = confirm
                .places()
                .iter()
                .any(|place| matches!(place.fate, Fate::There(_)));
            if !is_begun {
                model.tell(Trouble::info("nothing was written"));
            }
        }
    }
}

/// A person says yes: sends what was shown, once.
fn write(model: &mut Model) -> Vec<Effect> {
    let Some(place) = model.confirm().and_then(Confirm::place).cloned() else {
        return Vec::new();
    };
    // What was learnt since it was shown counts.
    let decided = model.confirm().into_iter().flat_map(Confirm::decided);
    let refusal = decided.into_iter().find_map(|place| {
        let why = model.write_refusal(&place.object)?;
        Some(format!("{}: {why}", place.object.cluster))
    });
    let refusal = refusal.or_else(|| model.confirm().and_then(Confirm::refusal).map(str::to_owned));
    let confirmed = match &refusal {
        None => model.confirm_mut().and_then(Confirm::confirm),
        Some(reason) => {
            model.tell(Trouble::info(format!("not written: {reason}")));
            model.confirm_mut().map(Confirm::too_early);
            None
        }
    };
    let Some((ticket, prepared)) = confirmed else {
        return refusing::at_the_yes(model, &place);
    };
    vec![send(model, &place, ticket, prepared)]
}

fn send(model: &mut Model, place: &Place, ticket: Ticket, prepared: Box<Prepared>) -> Effect {
    let now = model.now;
    if let Some(confirm) = model.confirm_mut() {
        confirm.written = Some(now);
    }
    let mut why = model.confirm().map(|confirm| confirm.why().clone()).unwrap_or_default();
    let view = model.world.cluster(&place.object.cluster);
    let fails = view.and_then(|view| {
        let workload = view.workload(place.object.kind, &place.object.key)?;
        view.failing(workload, view.heard(model.now))
    });
    why.fails = fails.map(Clean::from);
    let by = view.and_then(|view| view.identity.user.clone());
    let (what, target) = (place.step.title(), super::goto::target(&place.object));
    model.record_write(what, target.clone(), &prepared.change(), prepared.requests(true));
    let scales_to = match place.step {
        Step::Scale(to) => Some((place.object.clone(), to)),
        _ => None,
    };
    model.writes.push(Writing {
        ticket,
        what,
        target,
        scales_to,
    });
    model.touch();
    Effect::CarryOut(Box::new(Order {
        ticket,
        prepared: *prepared,
        app: place.app.name.clone(),
        by,
        why,
    }))
}

/// A write was answered: it is told, whoever still looks at it.
pub(super) fn carried_out(model: &mut Model, ticket: Ticket, result: &Result<Done, Failure>) -> Vec<Effect> {
    let Some(place) = model.writes.iter().position(|writing| writing.ticket == ticket) else {
        return Vec::new();
    };
    let writing = model.writes.remove(place);
    let outcome = match result {
        Ok(_) => (Severity::Info, "written".into()),
        Err(failure) => (failure.trouble.severity, failure.trouble.text.clone()),
    };
    model.conclude(writing.what, &writing.target, outcome);
    let next = model
        .confirm_mut()
        .map_or(Next::Nothing, |confirm| confirm.carried_out(ticket, result));
    written::assume(model, &writing, result);
    written::tell(model, &writing, result);
    let mut effects = match next {
        Next::Nothing => Vec::new(),
        Next::Write => together::write_next(model),
        Next::Anew => ask(
            model,
            Some("somebody changed it meanwhile and nothing was written: it was tried anew".into()),
        ),
        Next::Past(why) => ask(model, Some(format!("left: {}: {why}", writing.target).into())),
        Next::Close => {
            model
                .overlays
                .retain(|overlay| !matches!(overlay, Overlay::Confirm(_) | Overlay::LogLine(_)));
            Vec::new()
        }
    };
    effects.extend(leaving::leave(model));
    model.touch();
    effects
}

/// Lets what waits for a yes follow the world: what is outdated is tried anew, what is there makes room for the next.
/// The claim on its app follows it.
pub(super) fn accompany(model: &mut Model) -> Vec<Effect> {
    let mut effects = go_on(model);
    effects.extend(claiming::follow(model));
    effects
}

fn go_on(model: &mut Model) -> Vec<Effect> {
    let Some((stage, place)) = model
        .confirm()
        .and_then(|confirm| Some((confirm.stage(), confirm.place()?)))
    else {
        return Vec::new();
    };
    let is_together = model.confirm().is_some_and(Confirm::is_together);
    match stage {
        Stage::Following { .. } if is_together => together::arrived(model),
        Stage::Ready { .. } => anew::outdated(model),
        Stage::Following { written } => {
            let (written, place) = (written.clone(), place.clone());
            follow(model, &place, &written)
        }
        Stage::Asking | Stage::Writing | Stage::Failed(_) => Vec::new(),
    }
}

fn follow(model: &mut Model, place: &Place, written: &Written) -> Vec<Effect> {
    let Some((_, phase)) = model.release_now(&place.object) else {
        return Vec::new();
    };
    let Some(stand) = model.stand_now(place, &phase, written) else {
        return Vec::new();
    };
    let stands = words(&phase);
    let before = model.confirm().map(Confirm::stage).cloned();
    let goes_on = model
        .confirm_mut()
        .is_some_and(|confirm| confirm.stands(stand, &stands));
    if before.as_ref() != model.confirm().map(Confirm::stage) || goes_on {
        model.touch();
    }
    if !goes_on || !still_ahead(model) {
        return Vec::new();
    }
    close_reader(model);
    let note = format!("{}: {stands}. Have a look at it before you go on", place.object.cluster);
    ask(model, Some(note.into()))
}

/// Leaves out places where the step was taken meanwhile, or cannot be any more; says whether one is left.
fn still_ahead(model: &mut Model) -> bool {
    loop {
        let Some(place) = model.confirm().and_then(Confirm::place).cloned() else {
            return false;
        };
        if place.fate != Fate::Ahead {
            return false;
        }
        let now = model.release_now(&place.object);
        let fate = match &now {
            None => Fate::Skipped("it is gone".into()),
            Some((_, phase)) => match left_out(model, &place, phase) {
                None => return true,
                Some(fate) => fate,
            },
        };
        let Some(confirm) = model.confirm_mut() else {
            return false;
        };
        confirm.settle(fate);
        if !confirm.advance() {
            return false;
        }
    }
}

fn left_out(model: &Model, place: &Place, phase: &crate::release::Phase) -> Option<Fate> {
    let view = model.world.cluster(&place.object.cluster)?;
    let workload = view.workload(place.object.kind, &place.object.key)?;
    let done = view.already(workload, phase, &place.step);
    if let Some(words) = done {
        return Some(Fate::There(words.into()));
    }
    let refused = view.step_refusal(workload, phase, place.step.operation());
    refused.map(|reason| Fate::Skipped(reason.into()))
}
