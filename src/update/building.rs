//! Building a commit by key: tried without effect, shown, begun by a yes or joined, then seen among the builds.

use crate::build::commit::Commit;
use crate::build::{Asked, Begun, Build, PreparedBuild, State};
use crate::domain::{Clean, ResourceRef};
use crate::listing::RowKey;
use crate::message::{Action, Effect, Severity, Ticket, Trouble};
use crate::model::Model;
use crate::model::commits::Picking;
use crate::overlays::building::Stage;
use crate::overlays::draft::Chosen;
use crate::overlays::{Building, Overlay, Target};
use crate::release::ledger::Operation;
use crate::screens::builds::found;
use crate::screens::{Screen, ScreenKind};

/// Shows what would be built, and lets the server try it.
pub(super) fn open(model: &mut Model, picking: &Picking, commit: &Commit) -> Vec<Effect> {
    let (object, asked) = match model.build_asked(picking, commit) {
        Ok(found) => found,
        Err(trouble) => {
            model.tell(trouble);
            return Vec::new();
        }
    };
    try_out(model, (object, asked), (commit.subject.clone(), picking.gray))
}

/// Shows what would be built, with what it is about, and lets the server try it.
fn try_out(model: &mut Model, (object, asked): (ResourceRef, Asked), about: (Clean, bool)) -> Vec<Effect> {
    let ticket = next_ticket(model);
    let tag = model.world.cluster(&object.cluster).and_then(|view| view.tag.clone());
    let building = Building::new((object.clone(), tag), asked.clone(), about, ticket);
    model.overlays.push(Overlay::Building(Box::new(building)));
    model.touch();
    vec![Effect::PrepareBuild(ticket, object, Box::new(asked))]
}

/// Builds once more what failed or was stopped, after a yes.
pub(super) fn retry(model: &mut Model) -> Vec<Effect> {
    match model.retried() {
        Ok((object, asked, why)) => try_out(model, (object, asked), (why.into(), false)),
        Err(reason) => {
            model.tell(Trouble::info(format!("{}: {reason}", Action::RetryBuild.label())));
            Vec::new()
        }
    }
}

/// The gray release of what is built: of a build that is done now, of one that goes on once it is done, else of a commit
/// that is picked and built first.
pub(super) fn gray(model: &mut Model) -> Vec<Effect> {
    let Ok(build) = model.gray_of_build() else {
        return super::commits::open(model, true);
    };
    if build.state == State::Done {
        return release(model, &build);
    }
    let name = build.name.clone();
    let is_new = wait_for(model, &build);
    model.tell(Trouble::info(if is_new {
        format!("{name}: its gray release is shown once it is done; the same key takes that back")
    } else {
        format!("{name}: its gray release is not shown any more")
    }));
    Vec::new()
}

/// Waits for a build, or does not any more; says which.
fn wait_for(model: &mut Model, build: &Build) -> bool {
    let of = (build.cluster.clone(), found::key_of(build));
    let is_new = !model.gray_after.remove(&of);
    if is_new {
        model.gray_after.insert(of);
    }
    is_new
}

/// Shows the gray release of builds that were waited for, one at a time, once nothing else is over the screen.
pub(super) fn accompany(model: &mut Model) -> Vec<Effect> {
    if model.gray_after.is_empty() || !model.overlays.is_empty() {
        return Vec::new();
    }
    for of in model.gray_after.clone() {
        let Some(view) = model.world.cluster(&of.0) else {
            continue;
        };
        let build = view.build(&of.1);
        let knows = view.knows_workloads();
        match build {
            Some(build) if build.state == State::Done => {
                model.gray_after.remove(&of);
                return release(model, &build);
            }
            Some(build) if build.state.is_over() => {
                model.gray_after.remove(&of);
                let why = match &build.state {
                    State::Failed(cause) => format!("failed: {cause}"),
                    _ => "was stopped".to_owned(),
                };
                model.tell(Trouble {
                    severity: Severity::Warning,
                    ..Trouble::info(format!("{} {why}; nothing is released", build.name))
                });
            }
            None if knows => {
                model.gray_after.remove(&of);
                model.tell(Trouble::info(format!(
                    "{} is gone: somebody stopped it; nothing is released",
                    of.1.name
                )));
            }
            Some(_) | None => {}
        }
    }
    Vec::new()
}

/// Shows the gray release of the image of a build, among the builds: nothing is released without a yes to it.
fn release(model: &mut Model, build: &Build) -> Vec<Effect> {
    let image = build.released_as().unwrap_or_else(|| build.image.to_string());
    let refused = |model: &mut Model, reason: String| {
        model.tell(Trouble::info(format!(
            "{} has the image {image}, but {reason}",
            build.name
        )));
        Vec::new()
    };
    // As it is opened first: a filter may hide its row, and marks mean others.
    model.trail.replace(Screen::new(ScreenKind::Builds));
    model.derive();
    super::list::seek(model, RowKey::Build(build.cluster.clone(), found::key_of(build)));
    let mut effects = super::release::review(model);
    let draft = match model.draft(Operation::Start) {
        Ok(draft) => draft,
        Err(reason) => return refused(model, reason),
    };
    if draft.aims.is_empty() || draft.aims.iter().any(|aim| aim.app != build.app_key()) {
        return refused(model, "its row is not in the scope".into());
    }
    model.draft = Some(draft);
    let chosen = Chosen::Image {
        image: image.clone(),
        commit: Some(build.commit.to_string()),
    };
    effects.extend(super::release::choose(model, Target::Version(chosen)));
    effects
}

const fn next_ticket(model: &mut Model) -> Ticket {
    model.tickets += 1;
    Ticket(model.tickets)
}

fn building(model: &mut Model) -> Option<&mut Building> {
    model.overlays.iter_mut().rev().find_map(|overlay| match overlay {
        Overlay::Building(building) => Some(building.as_mut()),
        _ => None,
    })
}

/// The server tried it.
pub(super) fn prepared(model: &mut Model, ticket: Ticket, result: Result<Box<PreparedBuild>, Trouble>) -> Vec<Effect> {
    if let Some(building) = building(model) {
        building.prepared(ticket, result);
        model.touch();
    }
    Vec::new()
}

/// A person says yes, or leaves.
pub(super) fn decide(model: &mut Model, action: Action) -> Vec<Effect> {
    match action {
        Action::Write => return write(model),
        Action::Cancel | Action::Back => {
            let is_writing = building(model).is_some_and(|building| *building.stage() == Stage::Writing);
            model.overlays.pop();
            model.tell(Trouble::info(if is_writing {
                "it is being written: builds show whether it began"
            } else {
                "nothing was built"
            }));
            model.touch();
        }
        _ => {}
    }
    Vec::new()
}

fn write(model: &mut Model) -> Vec<Effect> {
    let (ticket, now) = (next_ticket(model), model.now);
    let Some(building) = building(model) else {
        return Vec::new();
    };
    let cluster = building.object.cluster.clone();
    match building.yes(ticket, now) {
        Ok(prepared) => {
            model.touch();
            vec![Effect::BeginBuild(ticket, cluster, prepared)]
        }
        Err(reason) => {
            model.tell(Trouble::info(format!("not built: {reason}")));
            Vec::new()
        }
    }
}

/// It was begun, or joined, or could not be: whoever left meanwhile is told all the same.
pub(super) fn begun(model: &mut Model, ticket: Ticket, result: Result<Box<Begun>, Trouble>) -> Vec<Effect> {
    model.touch();
    let begun = match result {
        Ok(begun) => begun,
        Err(trouble) => {
            if !building(model).is_some_and(|building| building.failed(ticket, &trouble)) {
                model.tell(trouble);
            }
            return Vec::new();
        }
    };
    let own = building(model).filter(|building| building.is_writing(ticket));
    let own = own.map(|building| (building.object.cluster.clone(), building.gray));
    let did = if begun.joined {
        "is being built already: joined"
    } else {
        "is begun"
    };
    if let Some((cluster, gray)) = own {
        if gray {
            model.gray_after.insert((cluster.clone(), begun.key.clone()));
        }
        model
            .overlays
            .retain(|overlay| !matches!(overlay, Overlay::Building(_)));
        super::goto::act(model, Action::ShowBuilds);
        super::list::seek(model, RowKey::Build(cluster, begun.key.clone()));
    }
    model.tell(Trouble {
        hint: begun.unnoted.clone(),
        ..Trouble::info(Clean::new(&format!("{} {did}", begun.key.name)).to_string())
    });
    Vec::new()
}
