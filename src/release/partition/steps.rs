//! The requests of a step on a kind that holds back by itself.

use serde_json::Value;

use super::super::history::{History, template_of};
use super::super::live::{Method, Refusal, label_path, within};
use super::super::plan::Seen;
use super::super::request::{Act, Place, Request, Resource, Waits, deletion_of};
use super::super::step::{Around, Count, Step};
use super::broken::broken;
use super::{Shape, abort, full, grow, pause, publish, restart, seen_of, start};
use crate::domain::Kind;
use crate::domain::terms::HOLD_FROM;

/// The requests that publish an older version for all instances at once.
///
/// # Errors
/// As [`publish`]'s.
pub fn back(seen: &Seen, template: &Value) -> Result<Vec<Request>, Refusal> {
    let mut all = seen.json(publish(&seen.object, template)?);
    all.extend(broken(seen, template));
    Ok(all)
}

/// The requests that begin a gray release of so many instances.
///
/// # Errors
/// As [`start`]'s.
pub fn begin(seen: &Seen, template: &Value, instances: i32, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    let history = History::of(&seen.object, &seen.revisions);
    let said = || seen.object.pointer("/status/updateRevision").and_then(Value::as_str);
    let name = history
        .newest()
        .and_then(|revision| revision.pointer("/metadata/name")?.as_str());
    // Right after it was created its controller may have no revision of it yet.
    let from = short(name.or_else(said).ok_or(Refusal::Unseen)?);
    let begun = start(&seen.object, template, (instances, from), around.operation)?;
    let mut all = seen.json(begun);
    if seen.kind == Kind::DaemonSet {
        let desired = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
        within(instances, 1, desired)?;
        all.extend(deletions(&history.instances(&seen.pods), instances));
    }
    Ok(all)
}

/// The requests of a step on one of these kinds.
///
/// # Errors
/// Why it cannot be taken now.
pub fn requests(step: &Step, seen: &Seen, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    const IN_PLACE: &str = "its new instances take the place of old ones: none can be kept";
    const NOT_PAUSED: &str = "its controller cannot be paused";
    let object = &seen.object;
    let history = History::of(object, &seen.revisions);
    let desired = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
    let of = |count: Count| count.of(desired, Method::Replace).instances;
    let gone = |what: &str| Refusal::RevisionGone(what.to_owned());
    if matches!(step, Step::Grow(_) | Step::Full) && is_foreign(object, &history) {
        return Err(Refusal::ForeignChange);
    }
    let patch = match step {
        Step::Grow(count) if seen.kind == Kind::DaemonSet => return grow_by_node(seen, &history, of(*count)),
        Step::Grow(count) => grow(object, of(*count))?,
        Step::Full => full(object)?,
        Step::Abort => {
            let revision = left(object, &history).ok_or_else(|| gone("before"))?;
            let mut all = seen.json(abort(object, revision)?);
            all.extend(template_of(revision).map_or(Vec::new(), |template| broken(seen, &template)));
            return Ok(all);
        }
        Step::Restart => restart(object, around.now)?,
        Step::Pause | Step::Resume => {
            let shape = Shape::of(object).filter(|shape| matches!(shape, Shape::CloneSet | Shape::CloneSetBeta));
            let shape = shape.ok_or(Refusal::NotOfThisKind(seen.kind, NOT_PAUSED))?;
            pause(object, shape, *step == Step::Pause)?
        }
        Step::Start(_) | Step::Rollback(_) | Step::KeepOld | Step::Offline => {
            return Err(Refusal::NotOfThisKind(seen.kind, IN_PLACE));
        }
        Step::Repair => return Err(Refusal::NothingToRepair),
        Step::Promote | Step::Retry | Step::Scale(_) | Step::EndFloor | Step::Delete | Step::Cancel => {
            return Err(Refusal::NotOfThisKind(
                seen.kind,
                "it waits for nobody's steps: grow it or make it full",
            ));
        }
    };
    Ok(seen.json(patch))
}

/// More nodes of a DaemonSet get the new version: as many instances are deleted as are still missing.
fn grow_by_node(seen: &Seen, history: &History<'_>, instances: i32) -> Result<Vec<Request>, Refusal> {
    let object = &seen.object;
    if object.pointer("/spec/updateStrategy/type").and_then(Value::as_str) != Some("OnDelete") {
        return Err(Refusal::NotInHold);
    }
    seen_of(object)?;
    let all = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
    let old = history
        .outdated(&seen.pods)
        .ok_or_else(|| Refusal::RevisionGone("of its template".to_owned()))?;
    let new = all.saturating_sub(i32::try_from(old.len()).unwrap_or(i32::MAX));
    within(instances, new.saturating_add(1), all)?;
    let mut deletions: Vec<Request> = deletions(&old, instances - new).collect();
    for deletion in &mut deletions {
        // The controller has seen its template already.
        deletion.waits = Waits::Nothing;
    }
    Ok(deletions)
}

/// Deletes the first of these instances, each only as the one it is; what comes in their place has the template that
/// the controller has seen by then.
pub(super) fn deletions(pods: &[&Value], count: i32) -> impl Iterator<Item = Request> {
    let count = usize::try_from(count).unwrap_or(0);
    let delete = |pod: &&Value| {
        let uid = pod.pointer("/metadata/uid").cloned().unwrap_or_default();
        let place = Place::new(Resource::of(Kind::Pod, "v1"), pod);
        Request {
            waits: Waits::Seen,
            ..Request::new(place, Act::Delete(deletion_of(&uid)))
        }
    };
    let all: Vec<Request> = pods.iter().take(count).map(delete).collect();
    all.into_iter()
}

/// What a revision's name ends with, which its instances' labels end with too.
fn short(name: &str) -> &str {
    name.rsplit('-').next().unwrap_or(name)
}

/// The revision that the gray release left: as it is noted, else as its controller says.
fn left<'a>(object: &Value, history: &History<'a>) -> Option<&'a Value> {
    let from = object.pointer(&label_path(HOLD_FROM)).and_then(Value::as_str);
    from.map_or_else(|| history.stable(), |from| history.find(from))
}

/// Whether its template is neither of the revision that was left nor of the one that came next: the numbers of revisions
/// count up, also where an older one comes back.
fn is_foreign(object: &Value, history: &History<'_>) -> bool {
    let number = |revision: &Value| revision.get("revision").and_then(Value::as_i64);
    let from = object.pointer(&label_path(HOLD_FROM)).and_then(Value::as_str);
    let from = from.and_then(|from| history.find(from)).and_then(number);
    let since = |from: i64| {
        history
            .all()
            .filter(move |revision| number(revision) > Some(from))
            .count()
    };
    from.is_some_and(|from| since(from) > 1 || history.newest().and_then(number) == Some(from))
}
