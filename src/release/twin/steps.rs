//! The requests of each step of a gray release beside a Deployment.
//!
//! | step | what it writes |
//! |---|---|
//! | start | a label on the Deployment, so that nothing else begins there, then the twin |
//! | grow | how many instances the twin has, more or fewer |
//! | full | the twin's template into the Deployment, which rolls as it always does |
//! | offline | the twin is deleted, once the Deployment is through |
//! | abort | the twin is deleted; before that the Deployment goes back where it was promoted already |

use serde_json::Value;

use super::super::deployment;
use super::super::live::{Method, Refusal, operation};
use super::super::plan::Seen;
use super::super::request::{Act, Place, Request};
use super::super::step::{Around, Step};
use super::super::template::without_hash;
use super::{Made, Overlap, Phase, create, deletion, is_promoted, left, name_of, overlap, phase, promote, resize};
use crate::domain::terms::GRAY_OF;

/// Begins one.
///
/// # Errors
/// As of [`create`].
pub fn start(seen: &Seen, template: &Value, instances: i32, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    let live = seen.live();
    // Without a look at the Services any label may be one that they select by.
    let overlap = match &seen.services {
        Ok(services) => overlap(&seen.object, services),
        Err(_) => Overlap::Overlaps,
    };
    let made = Made {
        template,
        instances,
        overlap: &overlap,
        operation: around.operation,
    };
    let twin = create(live, made)?;
    let locked = seen.json(Value::Array(live.locked(around.operation)?));
    let place = Place::new(seen.resource.clone(), &twin);
    Ok(locked
        .into_iter()
        .chain([Request::new(place, Act::Create(twin))])
        .collect())
}

/// What a step comes to while there is a twin.
///
/// # Errors
/// Why it cannot be taken now.
pub fn requests(step: &Step, seen: &Seen, twin: &Value) -> Result<Vec<Request>, Refusal> {
    let (stable, live) = (&seen.object, seen.live());
    let of_twin = |act| vec![Request::new(Place::new(seen.resource.clone(), twin), act)];
    match step {
        Step::Grow(count) => {
            if is_promoted(stable, twin) {
                return Err(Refusal::NotInHold);
            }
            let desired = i32::try_from(live.desired()).unwrap_or(i32::MAX);
            let instances = count.of(desired, Method::Twin).instances;
            Ok(of_twin(Act::JsonPatch(resize(twin, instances, live.most())?)))
        }
        Step::KeepOld | Step::Full => Ok(seen.json(promote(live, twin)?)),
        Step::Offline if phase(stable, Some(twin)) == Phase::Cleanup => Ok(of_twin(Act::Delete(deletion(twin)?))),
        Step::Offline => {
            let number = |path: &str| live.number(path).unwrap_or(0);
            // Of the old version all are ready that are: they are not the ones that are waited for.
            let ready = if is_promoted(stable, twin) {
                number("/status/updatedReplicas").min(number("/status/availableReplicas"))
            } else {
                0
            };
            let desired = live.desired();
            Err(Refusal::NotFull { ready, desired })
        }
        Step::Abort => {
            let gone = of_twin(Act::Delete(deletion(twin)?));
            if !is_promoted(stable, twin) {
                return Ok(gone);
            }
            let from = left(twin).unwrap_or_default();
            let back = live.of_hash(from).and_then(|set| set.pointer("/spec/template"));
            let back = back.ok_or_else(|| Refusal::RevisionGone(from.to_owned()))?;
            let mut patch = live.tests()?;
            patch.push(operation("replace", "/spec/template", without_hash(back)));
            Ok(seen.json(Value::Array(patch)).into_iter().chain(gone).collect())
        }
        Step::Resume => Ok(seen.json(deployment::resume(live)?)),
        Step::Repair => Ok(seen.json(deployment::repair(live)?)),
        Step::Promote | Step::Retry => Err(Refusal::NotOfThisKind(
            seen.kind,
            "it waits for nobody's steps: grow it, make it full or abort it",
        )),
        _ => Err(Refusal::InHold),
    }
}

/// Whether a Deployment is a twin itself; of one that is looked at its Deployment is gone.
pub fn is_orphan(object: &Value) -> bool {
    let label = object
        .pointer("/metadata/labels")
        .and_then(|labels| labels.get(GRAY_OF));
    let name = object.pointer("/metadata/name").and_then(Value::as_str);
    let of = label.and_then(Value::as_str);
    of.is_some_and(|of| name == Some(&name_of(of)))
}

/// What a step comes to for a twin without its Deployment: it can be taken away.
///
/// # Errors
/// It is another step.
pub fn of_orphan(step: &Step, seen: &Seen) -> Result<Vec<Request>, Refusal> {
    match step {
        Step::Abort => {
            let place = Place::new(seen.resource.clone(), &seen.object);
            Ok(vec![Request::new(place, Act::Delete(deletion(&seen.object)?))])
        }
        _ => Err(Refusal::Orphaned),
    }
}
