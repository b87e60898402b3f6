//! Steps of releases as effects: tried without effect, then sent once, with a line of the activity log for each attempt.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::activity::{ActivityLog, Answer};
use super::tasks::Work;
use crate::cluster::{ActError, Cluster, ClusterError, Note};
use crate::domain::{AppKey, Clean, ImageName, ObjectKey, ResourceRef};
use crate::message::{Asked, Failure, FailureKind, Message, Order, Refused, Severity, Trouble};
use crate::registry::Registries;
use crate::release::claim::Claim;

/// Of so many tags that are offered it is asked what they name.
const TAGS_LOOKED_AT: usize = 20;

/// Reads what was released of an app before.
pub(super) fn ledger(cluster: Cluster, app: AppKey) -> Work {
    Work::new(format!("ledger of {app} in {}", cluster.id()), async move {
        let read = cluster.ledger(&app).await;
        let read = read.map(Box::new);
        let read = read.map_err(|error| unread(&format!("what was released of {app} before"), &error));
        Some(Message::Ledger(cluster.id().clone(), app, read))
    })
}

/// Reads the versions that a workload has revisions of.
pub(super) fn history(cluster: Cluster, object: ResourceRef) -> Work {
    let key = format!("revisions of {} {} in {}", object.kind, object.key, object.cluster);
    Work::new(key, async move {
        let read = cluster.history(&object).await;
        let read = read.map_err(|error| unread(&format!("the older versions of {}", object.key), &error));
        Some(Message::History(object, read))
    })
}

/// Reads what of KEDA decides how many instances a workload has.
pub(super) fn scaler(cluster: Cluster, object: ResourceRef) -> Work {
    let key = format!("scaler of {} {} in {}", object.kind, object.key, object.cluster);
    Work::new(key, async move {
        let read = cluster.scaler(&object).await;
        let read = read.map_err(|error| unread(&format!("what KEDA keeps of {}", object.key), &error));
        Some(Message::Scaler(object, read))
    })
}

fn unread(what: &str, error: &ClusterError) -> Trouble {
    Trouble {
        severity: Severity::Info,
        text: Clean::new(&format!("{what}: not known: {error}")),
        hint: Some(Clean::new(error.hint())),
    }
}

/// Reads the tags of a repository, asked with the secrets of a workload of its images.
pub(super) fn tags(cluster: Cluster, registries: Registries, object: ResourceRef, image: ImageName) -> Work {
    Work::new(format!("tags of {}", image.place()), async move {
        let repository = registries.of_workload(&image, &cluster, &object).await;
        let read = repository.tags(TAGS_LOOKED_AT, &BTreeSet::new()).await;
        let read = read.map_err(|error| Trouble {
            severity: Severity::Info,
            text: Clean::new(&format!("the registry could not be asked: {error}")),
            hint: Some(error.hint().into()),
        });
        Some(Message::Tags(image, read))
    })
}

/// Tries a step. There is one answer for each, and none is cut off by another.
pub(super) fn prepare(cluster: Cluster, registries: Option<Registries>, asked: Asked, activity: ActivityLog) -> Work {
    Work::new(format!("try {}", asked.ticket.0), async move {
        let what = (&asked.step, asked.driver);
        let mut prepared = match &registries {
            Some(registries) => registries.prepare(&cluster, &asked.object, what).await,
            None => cluster.prepare(&asked.object, what.0, what.1).await,
        };
        if let Ok(done) = prepared {
            let claim = if asked.step.is_claimed() {
                cluster.claim(&asked.app, activity.identity(), false).await
            } else {
                Claim::Ours
            };
            prepared = Ok(done.with_others(&asked.others).with_claim(claim));
        }
        if let Err(error) = &prepared {
            activity.refused(Utc::now(), &refused(&asked, error));
        }
        let answer = prepared.map(Box::new).map_err(|error| failure(&error));
        Some(Message::Prepared(asked.ticket, answer))
    })
}

fn refused(asked: &Asked, error: &ActError) -> Refused {
    Refused {
        object: asked.object.clone(),
        app: asked.app.name.clone(),
        by: asked.by.clone(),
        operation: asked.step.operation(),
        change: asked.step.change(&asked.object.key.name),
        why: Clean::new(&error.to_string()),
    }
}

/// Claims an app, or goes on claiming it.
pub(super) fn claim(cluster: Cluster, app: AppKey, me: String, takes_over: bool) -> Work {
    Work::new(format!("claim {app} in {}", cluster.id()), async move {
        let claim = cluster.claim(&app, &me, takes_over).await;
        Some(Message::Claimed(cluster.id().clone(), app, claim))
    })
}

/// Leaves an app; a claim that is not left ends by itself.
pub(super) fn let_go(cluster: Cluster, app: AppKey, me: String) -> Work {
    Work::new(format!("claim {app} in {}", cluster.id()), async move {
        if let Err(error) = cluster.let_go(&app, &me).await {
            log::debug!("{}: {app} is not left: {error}", cluster.id());
        }
        None
    })
}

/// Sends a write.
pub(super) fn carry_out(cluster: Cluster, order: Order, activity: ActivityLog) -> Work {
    Work::new(format!("write {}", order.ticket.0), async move {
        let ticket = order.ticket;
        let mut attempt = Unanswered {
            order,
            activity,
            begun: Instant::now(),
            is_told: false,
        };
        let Order { prepared, app, why, .. } = &attempt.order;
        let by = &attempt.who();
        let note = Note { app, by, why };
        let done = cluster.carry_out(prepared, &note).await;
        attempt.tell(Answer::of(&done));
        Some(Message::CarriedOut(ticket, done.map_err(|error| failure(&error))))
    })
}

/// Reads what a job before a release wrote so far.
pub(super) fn job_log(cluster: Cluster, job: ObjectKey) -> Work {
    Work::new(format!("log of the job {job} in {}", cluster.id()), async move {
        let read = cluster.job_log(&job).await.map_err(|error| Trouble {
            severity: Severity::Warning,
            text: Clean::new(&format!("the log of the job {} cannot be read: {error}", job.name)),
            hint: Some(Clean::new(error.hint())),
        });
        Some(Message::JobLog(cluster.id().clone(), job, read))
    })
}

/// A write whose answer is not there; one that ends with the program leaves a line as well.
struct Unanswered {
    order: Order,
    activity: ActivityLog,
    begun: Instant,
    is_told: bool,
}

impl Unanswered {
    /// Who writes: as the cluster knows them, else as this machine does.
    fn who(&self) -> Clean {
        let by = self.order.by.clone();
        by.unwrap_or_else(|| Clean::new(self.activity.person()))
    }

    fn tell(&mut self, answer: Answer) {
        let took: Duration = self.begun.elapsed();
        let Order { prepared, app, why, .. } = &self.order;
        let by = &self.who();
        let note = Note { app, by, why };
        self.activity.released(Utc::now(), prepared, &note, (answer, took));
        self.is_told = true;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(Answer::unknown());
        }
    }
}

fn failure(error: &ActError) -> Failure {
    let wrote = error.wrote().last();
    let wrote = wrote.map_or_else(String::new, |line| format!("; it wrote last: {line}"));
    let (kind, severity) = match error {
        ActError::Changed(_) => (FailureKind::Changed, Severity::Warning),
        // What was written of it nobody takes back: whoever looks decides.
        ActError::Unclear(_) | ActError::Partly { .. } => (FailureKind::Unclear, Severity::Error),
        ActError::Cluster(error) if error.is_silent() => (FailureKind::Silent, Severity::Warning),
        ActError::Refused(_)
        | ActError::Forbidden(_)
        | ActError::Cluster(_)
        | ActError::Exists(_)
        | ActError::NoNamespace(_) => (FailureKind::Refused, Severity::Warning),
    };
    Failure {
        kind,
        job: error.job().map(Clean::new),
        trouble: Trouble {
            severity,
            text: Clean::new(&format!("{error}{wrote}")),
            // What it refuses it says in words; what to do is in them.
            hint: (!matches!(error, ActError::Refused(_))).then(|| Clean::new(error.hint())),
        },
    }
}
