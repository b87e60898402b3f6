//! Which requests a step comes to, by the kind of the workload and by who releases it. Each kind has its own file;
//! this one chooses.

use serde_json::Value;

use super::bytes::with_digests;
use super::config::copy::with_originals;
use super::config::goes::{Restored, restored};
use super::config::{Source, Today};
use super::deployment::{self, Start};
use super::driver::Driven;
use super::job::{self, Before};
use super::ledger::Ledger;
use super::live::{Live, Method, Refusal};
use super::past;
use super::request::{Act, Part, Place, Request, Resource, conditional, deletion_of};
use super::step::{Around, Count, New, Return, Step};
use super::template::{Facts, is_never_pulled, same, with_image};
use super::{argo, driver, partition, scale, twin};
use crate::domain::build::BUILD_OF;
use crate::domain::terms::HOLD_OP;
use crate::domain::{Driver, Kind};

/// A workload as it was read whole, with what its kind keeps beside it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub kind: Kind,
    pub resource: Resource,
    pub object: Value,
    /// `ReplicaSets` of a Deployment or Rollout, `ControllerRevisions` of the other kinds, of the whole namespace.
    pub revisions: Vec<Value>,
    /// Its namespace's pods, where instances are deleted one by one.
    pub pods: Vec<Value>,
    /// Its own instances, where the step depends on which bytes they run; none where they may not be read.
    pub instances: Vec<Value>,
    /// Who else releases it, as far as the step depends on it; `None` where nobody does.
    pub driven: Option<Driven>,
    /// Why it is not known whether anybody else releases it.
    pub drivers_unread: Option<String>,
    /// The Kruise Rollout that releases it.
    pub releasing: Option<(Resource, Value)>,
    /// Of its namespace.
    pub autoscalers: Vec<Value>,
    /// Why these could not be read.
    pub autoscalers_unread: Option<String>,
    /// KEDA's, of its namespace, where its number is to be changed.
    pub scaled: Vec<Value>,
    /// The job that is to run before its versions, where the step releases one.
    pub before: Option<Before>,
    /// What was released of its app before, where the step needs it.
    pub ledger: Ledger,
    /// Why that could not be read.
    pub unread: Option<String>,
    /// What its version and the one it is to become use.
    pub config: Today,
    /// The twin of a Deployment, where it has one.
    pub twin: Option<Value>,
    /// The Services of its namespace, where a twin is to begin; or why they could not be read.
    pub services: Result<Vec<Value>, String>,
}

impl Seen {
    /// Its object and `ReplicaSets`.
    pub fn live(&self) -> Live<'_> {
        Live {
            deployment: &self.object,
            sets: &self.revisions,
        }
    }

    /// The ULID of the operation that a step goes on with; what is begun anew has one of its own.
    pub fn operation(&self, step: &Step) -> Option<&str> {
        let object = self.twin.as_ref().unwrap_or(&self.object);
        let label = object.pointer("/metadata/labels")?.get(HOLD_OP)?.as_str();
        label.filter(|_| !matches!(step, Step::Start(_) | Step::Rollback(_)))
    }

    /// As the ledger calls it.
    pub fn workload(&self) -> String {
        let name = self.object.pointer("/metadata/name").and_then(Value::as_str);
        format!("{} {}", self.kind, name.unwrap_or_default())
    }

    /// Instances wanted.
    pub fn desired(&self) -> i64 {
        if self.kind == Kind::DaemonSet {
            let wanted = self.object.pointer("/status/desiredNumberScheduled");
            return wanted.and_then(Value::as_i64).unwrap_or(0);
        }
        self.live().desired()
    }

    /// Where it is written.
    pub fn place(&self) -> Place {
        Place::new(self.resource.clone(), &self.object)
    }

    /// One JSON Patch of the object.
    pub(super) fn json(&self, patch: Value) -> Vec<Request> {
        vec![Request::new(self.place(), Act::JsonPatch(patch))]
    }
}

/// The requests of a step, in their order.
///
/// # Errors
/// Why it cannot be taken now.
pub fn plan(step: &Step, seen: &Seen, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    match step {
        Step::Scale(to) => return scale::requests(seen, *to),
        Step::EndFloor => return scale::end(seen),
        Step::Delete => return delete(seen),
        Step::Cancel => return cancel(seen),
        _ => {}
    }
    if *step == Step::Promote && around.driver == Some(Driver::KruiseRollouts) {
        return approve(seen);
    }
    if let (Some(by), true) = (around.driver, step.changes_version()) {
        let name = seen.driven.as_ref().filter(|driven| driven.by == by);
        let name = name.map(|driven| driven.name.as_str());
        return Err(Refusal::Driven(driver::refusal(by, name)));
    }
    if !seen.kind.is_workload() || seen.kind == Kind::Job {
        return Err(Refusal::NotOfThisKind(seen.kind, "nothing releases it"));
    }
    let depends = matches!(step, Step::Start(_) | Step::Rollback(_) | Step::Abort);
    if seen.kind == Kind::Rollout && depends && argo::is_unseen(&seen.object) {
        return Err(Refusal::Unseen);
    }
    if let Some(twin) = &seen.twin {
        return twin::requests(step, seen, twin);
    }
    if twin::is_orphan(&seen.object) {
        return twin::of_orphan(step, seen);
    }
    match step {
        Step::Start(new) => {
            let template = released(seen, new)?;
            job::first(
                seen,
                &template,
                begin(seen, &template, (new.count, new.method), around)?,
            )
        }
        Step::Rollback(back) => roll_back(seen, back, around),
        _ => match seen.kind {
            Kind::Deployment => Ok(seen.json(of_deployment(step, seen.live(), around)?)),
            Kind::Rollout => rollout(step, seen, around),
            _ => partition::requests(step, seen, around),
        },
    }
}

/// The template of a new version: the one that runs with another image. It has what is in the shared `ConfigMap`s today
/// unless somebody wants the copies that what runs was brought back with: an edit would never reach those.
pub(crate) fn released(seen: &Seen, new: &New) -> Result<Value, Refusal> {
    if seen.kind == Kind::Rollout {
        argo::own_template(&seen.object)?;
    }
    let template = seen.object.pointer("/spec/template");
    let template = template.ok_or(Refusal::Incomplete("a template"))?;
    let mut made = with_image(template, new.container.as_deref(), &new.image, &new.facts)?;
    let bare = Facts {
        image_digest: None,
        ..new.facts.clone()
    };
    let plain = with_image(template, new.container.as_deref(), &new.image, &bare)?;
    if same(&plain, template) || is_never_pulled(&plain, &new.image) {
        // What the registry says of the tag now says nothing of what runs, nor of what nodes have without it.
        made = plain;
    }
    Ok(match new.config {
        Source::Current => with_originals(&made),
        Source::Recorded => made,
    })
}

/// Begins a gray release of a template.
fn begin(
    seen: &Seen,
    template: &Value,
    (count, method): (Count, Method),
    around: Around<'_>,
) -> Result<Vec<Request>, Refusal> {
    let desired = i32::try_from(seen.desired()).unwrap_or(i32::MAX);
    // Beside no instances a rolling update makes all new ones at once: the first gray release of an app is a twin.
    let is_first = seen.kind == Kind::Deployment && seen.live().begins_with().is_some();
    let method = if is_first { Method::Twin } else { method };
    match seen.kind {
        Kind::Deployment if method == Method::Twin => {
            twin::start(seen, template, count.of(desired, method).instances, around)
        }
        kind if method == Method::Twin => Err(Refusal::NotOfThisKind(kind, "only a Deployment has a twin")),
        Kind::Deployment => {
            let start = Start {
                template,
                method,
                instances: count.of(desired, method).instances,
                operation: around.operation,
                driver: around.driver,
            };
            Ok(seen.json(deployment::start(seen.live(), start)?))
        }
        Kind::Rollout if argo::is_under_way(&seen.object) => Err(Refusal::InHold),
        Kind::Rollout => Ok(written(seen, argo::publish(&seen.object, template)?)),
        _ => partition::begin(seen, template, count.of(desired, Method::Replace).instances, around),
    }
}

/// Publishes an older version, with what it ran with: copies of `ConfigMap`s that are not there yet are made first.
fn roll_back(seen: &Seen, back: &Return, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    if seen.kind == Kind::Deployment && seen.live().is_held() {
        return Err(Refusal::InHold);
    }
    let past = past::find(&back.to, seen)?;
    let Restored { template, creates, .. } = restored(seen, &past, back.config)?;
    let template = with_digests(&template, &back.pins);
    let published = match (back.gray, seen.kind) {
        (Some(gray), _) => begin(seen, &template, gray, around)?,
        (None, Kind::Deployment) => seen.json(deployment::rollback(seen.live(), &template)?),
        (None, Kind::Rollout) => written(seen, argo::roll_back(&seen.object, &template)?),
        (None, _) => partition::back(seen, &template)?,
    };
    let creates = creates.into_iter().map(Request::copy);
    Ok(creates.chain(published).collect())
}

/// The JSON Patch of a Deployment as it is.
fn of_deployment(step: &Step, live: Live<'_>, around: Around<'_>) -> Result<Value, Refusal> {
    let desired = i32::try_from(live.desired()).unwrap_or(i32::MAX);
    match step {
        Step::Grow(count) => deployment::grow(live, count.of(desired, live.surge().0).instances),
        Step::KeepOld => deployment::keep_old(live),
        Step::Full => deployment::full(live),
        Step::Offline => deployment::offline(live),
        Step::Abort => deployment::abort(live),
        Step::Repair => deployment::repair(live),
        Step::Pause => deployment::pause(live),
        Step::Resume => deployment::resume(live),
        Step::Restart => deployment::restart(live, around.now),
        Step::Start(_)
        | Step::Rollback(_)
        | Step::Scale(_)
        | Step::EndFloor
        | Step::Delete
        | Step::Cancel
        | Step::Promote
        | Step::Retry => Err(Refusal::NotOfThisKind(
            Kind::Deployment,
            "it waits for nobody's steps: grow it, make it full or abort it",
        )),
    }
}

/// Deletes one instance, this very one; its controller makes another in its place.
fn delete(seen: &Seen) -> Result<Vec<Request>, Refusal> {
    if seen.kind != Kind::Pod {
        return Err(Refusal::NotOfThisKind(seen.kind, "only instances are deleted"));
    }
    removed(seen)
}

/// Deletes the Job of a build that is under way, this very one, and its pod with it.
fn cancel(seen: &Seen) -> Result<Vec<Request>, Refusal> {
    let is_build = seen
        .object
        .pointer("/metadata/labels")
        .and_then(|labels| labels.get(BUILD_OF));
    if seen.kind != Kind::Job || is_build.is_none() {
        return Err(Refusal::NotOfThisKind(seen.kind, "only builds are cancelled"));
    }
    let conditions = seen.object.pointer("/status/conditions").and_then(Value::as_array);
    let is_end = |condition: &Value| {
        let field = |name: &str| condition.get(name).and_then(Value::as_str);
        matches!(field("type"), Some("Complete" | "Failed")) && field("status") == Some("True")
    };
    if conditions.into_iter().flatten().any(is_end) {
        return Err(Refusal::NotOfThisKind(
            seen.kind,
            "this build is over: there is nothing to cancel",
        ));
    }
    removed(seen)
}

fn removed(seen: &Seen) -> Result<Vec<Request>, Refusal> {
    let uid = seen
        .object
        .pointer("/metadata/uid")
        .ok_or(Refusal::Incomplete("a uid"))?;
    Ok(vec![Request::new(seen.place(), Act::Delete(deletion_of(uid)))])
}

fn approve(seen: &Seen) -> Result<Vec<Request>, Refusal> {
    let (resource, rollout) = seen
        .releasing
        .as_ref()
        .ok_or(Refusal::Incomplete("its Kruise Rollout"))?;
    let write = driver::approve(rollout).ok_or(Refusal::WaitsForNothing)?;
    Ok(vec![of_argo(resource, rollout, write)])
}

fn rollout(step: &Step, seen: &Seen, around: Around<'_>) -> Result<Vec<Request>, Refusal> {
    const DECIDES: &str = "its steps say how many: promote it, make it full or abort it";
    let rollout = &seen.object;
    let writes = match step {
        Step::Promote => argo::promote(rollout)?,
        Step::Full => argo::promote_full(rollout)?,
        Step::Abort => argo::abort(rollout)?,
        Step::Retry => argo::retry(rollout)?,
        Step::Pause => argo::pause(rollout)?,
        Step::Resume => argo::resume(rollout)?,
        Step::Restart => argo::restart(around.now),
        Step::Start(_)
        | Step::Rollback(_)
        | Step::Grow(_)
        | Step::KeepOld
        | Step::Offline
        | Step::Repair
        | Step::Scale(_)
        | Step::EndFloor
        | Step::Delete
        | Step::Cancel => {
            return Err(Refusal::NotOfThisKind(Kind::Rollout, DECIDES));
        }
    };
    Ok(written(seen, writes))
}

fn written(seen: &Seen, writes: Vec<argo::Write>) -> Vec<Request> {
    let writes = writes.into_iter();
    writes
        .map(|write| of_argo(&seen.resource, &seen.object, write))
        .collect()
}

/// A request of Argo's or Kruise's own clients, which send it without a condition, with one.
fn of_argo(resource: &Resource, object: &Value, write: argo::Write) -> Request {
    let place = Place::new(resource.clone(), object).part(match write.to {
        argo::To::Object => Part::Whole,
        argo::To::Status => Part::Status,
    });
    let act = match write.form {
        argo::Form::Merge => Act::MergePatch(conditional(&write.body, object)),
        argo::Form::Replace => Act::Replace(write.body),
        argo::Form::Json => Act::JsonPatch(with_tests(write.body, object)),
    };
    Request::new(place, act)
}

fn with_tests(patch: Value, object: &Value) -> Value {
    let test = |path: &str| {
        let value = object.pointer(path).cloned().unwrap_or(Value::Null);
        super::live::test(path, value)
    };
    let mut all = vec![test("/metadata/uid"), test("/metadata/generation")];
    if let Value::Array(operations) = patch {
        all.extend(operations);
    }
    Value::Array(all)
}
