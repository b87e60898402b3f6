//! A Deployment as it was read whole: what a step looks at, and the tests its patch begins with.

use serde_json::{Value, json};

use super::hold::Originals;
use super::template::{TemplateError, same};
use crate::domain::terms::{self, HELD_SECONDS, HOLD, HOLD_FROM, HOLD_OP};
use crate::domain::{Clean, Kind};

const HASH: &str = "pod-template-hash";

/// How new instances come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Beside all old ones: needs room for them.
    Surge,
    /// In place of as many old ones, which go first.
    Replace,
    /// Beside all old ones, in a second Deployment.
    Twin,
}

/// Why a step cannot be taken now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the object lacks {0}: it was not read from a cluster")]
    Incomplete(&'static str),
    #[error("its controller has not seen the last change yet")]
    Unseen,
    #[error("it is paused: resume it first")]
    Paused,
    #[error("it is not paused")]
    NotPaused,
    #[error("a gray release is under way: finish or abort it first")]
    InHold,
    #[error("no gray release is under way")]
    NotInHold,
    #[error("instances of another version are left: wait until they are gone")]
    NotStable,
    /// As [`super::driver::refusal`] words it.
    #[error("{0}")]
    Driven(String),
    #[error("it runs this template already")]
    SameTemplate,
    #[error("{asked} new instances are asked for; between {least} and {most} can be had")]
    OutOfRange { asked: i32, least: i32, most: i32 },
    #[error("new instances took the place of old ones: they cannot be kept")]
    Replacing,
    #[error("{ready} of {desired} new instances are ready: the old ones are still needed")]
    NotFull { ready: i64, desired: i64 },
    #[error("the revision {0} is gone: nobody knows the old template any more")]
    RevisionGone(String),
    #[error("it went back from a newer version already ({0}); name the version to go further back")]
    WentBack(String),
    #[error("several versions are called {0}: {1}; say which by its revision or hash")]
    Ambiguous(String, String),
    #[error("{0}; name it where you want it all the same")]
    Bad(String),
    #[error(
        "ConfigMap {0} has the name of the copy that it needs and is no such copy: delete it, or go back with today's \
         configuration"
    )]
    CopyTaken(String),
    #[error("somebody changed the template during the gray release: abort it, or take it over")]
    ForeignChange,
    #[error("how it was set before is not readable: {0}")]
    BadLabel(String),
    #[error("the hold is in order: there is nothing to repair")]
    NothingToRepair,
    #[error("a {0} has no such step: {1}")]
    NotOfThisKind(Kind, &'static str),
    #[error("it has {0} already")]
    ThatMany(i64),
    #[error("its autoscaler decides how many: take its floor away, or lower its bounds")]
    Autoscaled,
    #[error(
        "the ScaledObject {0} that decides how many is paused ({1}): a floor has no effect; take that annotation away first"
    )]
    PausedScaler(String, String),
    #[error("its autoscaler has no floor of ours")]
    NoFloor,
    #[error("it is a gray release whose Deployment is gone: abort it")]
    Orphaned,
    #[error("its name is too long for a second Deployment beside it: it has no more than 63 characters")]
    LongName,
    #[error("there is a Deployment {0} that is no gray release of it: delete or rename it, or release in another way")]
    TwinTaken(String),
    /// What speaks against it, in words.
    #[error("{0}")]
    Against(String),
    #[error("there is no CronJob {0} with a template of a job, which is to run before it is released")]
    NoJob(String),
    #[error("the job {name} that runs before it failed ({why}); delete it to have it run again")]
    JobFailed {
        name: String,
        why: String,
        /// What it wrote last, line by line. It may be anything: it is shown, and never written down.
        wrote: Vec<Clean>,
    },
    #[error("there is a job {0} that did not run before this, and has the name of the one that is to: delete it")]
    JobTaken(String),
    #[error("the job {0} that runs before it has not ended; the same step takes it up again")]
    JobRuns(String),
    #[error("it is at no step that waits to be approved")]
    WaitsForNothing,
    #[error(transparent)]
    Template(#[from] TemplateError),
    #[error(transparent)]
    Argo(#[from] super::argo::Refusal),
}

/// Annotation: how many instances an app is to have at least.
const LEAST: &str = "pilothouse.dev/min-instances";

/// Whether a template is of an app that was never built.
pub(super) fn is_unbuilt(template: &Value) -> bool {
    super::known::images(template)
        .iter()
        .any(|image| terms::is_unbuilt(image))
}

/// A Deployment with its `ReplicaSets`, as they were read.
#[derive(Clone, Copy, Debug)]
pub struct Live<'a> {
    pub deployment: &'a Value,
    pub sets: &'a [Value],
}

impl<'a> Live<'a> {
    /// A Deployment of whose `ReplicaSets` nothing is asked.
    pub(super) const fn alone(deployment: &'a Value) -> Self {
        Self { deployment, sets: &[] }
    }

    pub(super) fn number(&self, path: &str) -> Option<i64> {
        self.deployment.pointer(path).and_then(Value::as_i64)
    }

    pub(super) fn text(&self, path: &str) -> Option<&'a str> {
        self.deployment.pointer(path).and_then(Value::as_str)
    }

    pub(super) fn label(&self, key: &str) -> Option<&'a str> {
        self.deployment.pointer("/metadata/labels")?.get(key)?.as_str()
    }

    pub fn desired(&self) -> i64 {
        self.number("/spec/replicas").unwrap_or(1)
    }

    /// With how many an app begins that was never built, and has none: as many as it is to have at least.
    pub(super) fn begins_with(&self) -> Option<i64> {
        let least = self.deployment.pointer("/metadata/annotations")?.get(LEAST)?.as_str()?;
        let is_new = self.desired() == 0 && self.template().is_some_and(is_unbuilt);
        least.parse().ok().filter(|least| is_new && *least > 0)
    }

    /// Most gray instances that there can be: as many as there are others, or as it begins with.
    pub(super) fn most(&self) -> i32 {
        i32::try_from(self.begins_with().unwrap_or_else(|| self.desired())).unwrap_or(i32::MAX)
    }

    pub(super) fn is_paused(&self) -> bool {
        self.deployment.pointer("/spec/paused") == Some(&Value::Bool(true))
    }

    pub(super) fn is_held(&self) -> bool {
        self.number("/spec/minReadySeconds") >= Some(HELD_SECONDS.into())
    }

    pub(super) fn template(&self) -> Option<&'a Value> {
        self.deployment.pointer("/spec/template")
    }

    /// Its own `ReplicaSets`.
    pub(super) fn owned(&self) -> impl Iterator<Item = &'a Value> {
        let uid = self.text("/metadata/uid");
        let is_owner = move |owner: &Value| {
            owner.get("controller") == Some(&Value::Bool(true)) && owner.get("uid").and_then(Value::as_str) == uid
        };
        self.sets.iter().filter(move |set| {
            let owners = set.pointer("/metadata/ownerReferences").and_then(Value::as_array);
            owners.is_some_and(|owners| owners.iter().any(is_owner))
        })
    }

    /// The one of its template; of several the oldest, as its controller chooses.
    pub(super) fn newest(&self) -> Option<&'a Value> {
        let template = self.template()?;
        let alike = self
            .owned()
            .filter(|set| set.pointer("/spec/template").is_some_and(|other| same(template, other)));
        let age = |set: &&Value| {
            let text = |path| set.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
            (text("/metadata/creationTimestamp"), text("/metadata/name"))
        };
        alike.min_by_key(age)
    }

    pub(super) fn of_hash(&self, hash: &str) -> Option<&'a Value> {
        self.owned().find(|set| hash_of(set) == Some(hash))
    }

    /// Whether other revisions than the newest have instances.
    pub(super) fn has_others(&self) -> bool {
        let newest = self.newest().and_then(hash_of);
        let size = |set: &Value, path: &str| set.pointer(path).and_then(Value::as_i64).unwrap_or(0);
        self.owned()
            .filter(|set| hash_of(set) != newest)
            .any(|set| size(set, "/spec/replicas") > 0 || size(set, "/status/replicas") > 0)
    }

    pub(super) fn seen(&self) -> Result<(), Refusal> {
        let generation = self
            .number("/metadata/generation")
            .ok_or(Refusal::Incomplete("a generation"))?;
        if self.number("/status/observedGeneration").unwrap_or(0) < generation {
            return Err(Refusal::Unseen);
        }
        Ok(())
    }

    /// Uid and generation, and the operation's label where there is one.
    pub(super) fn tests(&self) -> Result<Vec<Value>, Refusal> {
        let uid = self.text("/metadata/uid").ok_or(Refusal::Incomplete("a uid"))?;
        let generation = self
            .number("/metadata/generation")
            .ok_or(Refusal::Incomplete("a generation"))?;
        let mut tests = vec![
            test("/metadata/uid", uid.into()),
            test("/metadata/generation", generation.into()),
        ];
        if let Some(operation) = self.label(HOLD_OP) {
            tests.push(test(&label_path(HOLD_OP), operation.into()));
        }
        Ok(tests)
    }

    /// The tests, and the operation's label: of two releases that begin at once, by whichever method, one is refused.
    /// Labels do not change the generation, so they have to be what they were as well.
    pub(super) fn locked(&self, operation: &str) -> Result<Vec<Value>, Refusal> {
        let mut patch = self.tests()?;
        let labels = self.deployment.pointer("/metadata/labels");
        if let Some(labels) = labels.filter(|labels| labels.is_object()) {
            patch.push(test("/metadata/labels", labels.clone()));
        } else {
            let version = self.text("/metadata/resourceVersion");
            let version = version.ok_or(Refusal::Incomplete("a resourceVersion"))?;
            patch.push(test("/metadata/resourceVersion", version.into()));
            patch.push(add("/metadata/labels", json!({})));
        }
        patch.push(add(&label_path(HOLD_OP), operation.into()));
        Ok(patch)
    }

    /// How it was set before the hold it is in.
    pub(super) fn originals(&self) -> Result<Originals, Refusal> {
        let label = self.label(HOLD).ok_or(Refusal::NotInHold)?;
        Originals::parse(label).ok_or_else(|| Refusal::BadLabel(label.to_owned()))
    }

    /// It is in a hold of which everything is as this program left it.
    pub(super) fn in_hold(&self) -> Result<Originals, Refusal> {
        if !self.is_held() {
            return Err(Refusal::NotInHold);
        }
        let originals = self.originals()?;
        let left = self.label(HOLD_FROM).and_then(|hash| self.of_hash(hash));
        let newest = self.newest();
        if newest.is_some() && newest.and_then(hash_of) == self.label(HOLD_FROM) {
            return Err(Refusal::ForeignChange);
        }
        // The revision that was released is the next one after that which was left.
        if let (Some(left), Some(newest)) = (left.and_then(revision), newest.and_then(revision))
            && newest != left + 1
        {
            return Err(Refusal::ForeignChange);
        }
        Ok(originals)
    }

    pub(super) fn without_labels(&self, keys: &[&str]) -> impl Iterator<Item = Value> {
        let there: Vec<Value> = keys
            .iter()
            .filter(|key| self.label(key).is_some())
            .map(|key| json!({"op": "remove", "path": label_path(key)}))
            .collect();
        there.into_iter()
    }

    pub(super) fn surge(&self) -> (Method, i64) {
        let limit = |field: &str| {
            self.deployment
                .pointer(&format!("/spec/strategy/rollingUpdate/{field}"))
                .and_then(Value::as_i64)
                .unwrap_or(0)
        };
        match (limit("maxSurge"), limit("maxUnavailable")) {
            (0, unavailable) if unavailable > 0 => (Method::Replace, unavailable),
            (surge, _) => (Method::Surge, surge),
        }
    }
}

pub(super) fn hash_of(set: &Value) -> Option<&str> {
    set.pointer("/metadata/labels")?.get(HASH)?.as_str()
}

pub(super) fn revision(set: &Value) -> Option<i64> {
    let number = set
        .pointer("/metadata/annotations")?
        .get("deployment.kubernetes.io/revision")?;
    number.as_str()?.parse().ok()
}

pub(super) fn test(path: &str, value: Value) -> Value {
    operation("test", path, value)
}

pub(super) fn add(path: &str, value: Value) -> Value {
    operation("add", path, value)
}

/// One operation of a JSON Patch.
pub(super) fn operation(op: &str, path: &str, value: Value) -> Value {
    let fields = [("op", op.into()), ("path", path.into()), ("value", value)];
    Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

pub(super) fn label_path(key: &str) -> String {
    format!("/metadata/labels/{}", escaped(key))
}

/// A key as a part of a JSON Pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Whether so many can be had.
pub(super) const fn within(asked: i32, least: i32, most: i32) -> Result<(), Refusal> {
    if asked < least || asked > most {
        return Err(Refusal::OutOfRange { asked, least, most });
    }
    Ok(())
}
