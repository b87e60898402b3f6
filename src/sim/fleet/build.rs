//! Fills a store with a cluster in steady state: every object as its controller would have left it.
//!
//! Statuses, names, hashes and owner references come from the controllers' own functions, so a controller that
//! looks at them finds nothing to do.

mod sets;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::apps::{App, Release, Story, hold};
use super::beside;
use super::place::{Floor, shape_of};
use super::pods::{crash, instance, prototype, restart, silence, strand};
use crate::domain::ulid::ulid;
use crate::domain::{PodShape, Timestamp};
use crate::sim::controllers::deployment::revision::{REVISION, replica_set};
use crate::sim::controllers::deployment::status::status_of;
use crate::sim::controllers::deployment::{View, is_observed};
use crate::sim::controllers::object::{at, set, stamp, text};
use crate::sim::controllers::random::Random;
use crate::sim::controllers::replicaset;
use crate::sim::controllers::template::Maker;
use crate::sim::resource::{DEPLOYMENTS, NODES, PODS, REPLICA_SETS, Resource};
use crate::sim::store::{Store, Stored};

/// How many instances were on a node when it died.
const STRANDED: usize = 9;

/// A cluster that is being made.
pub(crate) struct Builder {
    pub(crate) store: Store,
    pub(crate) floor: Floor,
    pub(crate) random: Random,
    pub(crate) now: Timestamp,
    /// The place of the node that is dead when the demo begins, and how many instances it still has.
    pub(crate) dead: Option<(usize, usize)>,
}

/// When the dead node fell silent, was given up, and its pods were told to go.
pub(crate) struct Death {
    pub(crate) given_up: Timestamp,
    pub(crate) evicted: Timestamp,
}

/// The dead node's times, counted back from the beginning of the demo.
pub(crate) fn death(now: Timestamp) -> Death {
    Death {
        given_up: now - TimeDelta::seconds(670),
        evicted: now - TimeDelta::seconds(370),
    }
}

impl Builder {
    pub(crate) fn new(seed: u64, now: Timestamp) -> Self {
        Self {
            store: Store::new(seed),
            floor: Floor::default(),
            random: Random::new(seed),
            now,
            dead: None,
        }
    }

    pub(crate) fn hours_ago(&self, hours: i64) -> Timestamp {
        self.now - TimeDelta::try_hours(hours).unwrap_or_default()
    }

    /// Adds an object; in a store that is being filled the name is free.
    pub(crate) fn create(&mut self, resource: &Resource, object: Value, when: Timestamp) -> Option<Stored> {
        self.store.create(resource, object, when).ok()
    }

    pub(crate) fn update(&mut self, resource: &Resource, object: &Stored, change: impl FnOnce(&mut Value)) -> Stored {
        let (namespace, name) = (
            text(object, &["metadata", "namespace"]),
            text(object, &["metadata", "name"]),
        );
        let written = self.store.update(resource, namespace, name, self.now, change);
        written.unwrap_or_else(|_| object.clone())
    }

    pub(crate) fn node(&mut self, node: Value, reserved: bool) {
        let when = self.hours_ago(24 * 200);
        if let Some(node) = self.create(&NODES, node, when) {
            self.floor.add(&node, reserved);
        }
    }

    /// An app with its Deployment, its replica sets and its instances.
    pub(crate) fn app(&mut self, app: &App) {
        let started = self.hours_ago(app.hours);
        let releases: Vec<Release> = (0..=app.versions).map(|_| Release::new(&mut self.random)).collect();
        let Some((current, old)) = releases.split_last() else {
            return;
        };
        for (number, release) in releases.iter().enumerate().filter(|_| app.is_configured()) {
            beside::config(self, release.short(), number);
        }
        let template = app.template(current);
        let mut object = app.deployment(&template);
        set(
            &mut object,
            &["metadata", "annotations", REVISION],
            (old.len() + 1).to_string(),
        );
        let born = self.hours_ago(app.hours + 24 * (30 + 20 * app.versions as i64));
        let Some(deployment) = self.create(&DEPLOYMENTS, object, born) else {
            return;
        };
        let mut sets = Vec::new();
        for (index, release) in old.iter().enumerate() {
            let mut then = Value::clone(&deployment);
            set(&mut then, &["spec", "template"], app.template(release));
            let when = self.hours_ago(app.hours + 24 * 20 * (old.len() - index) as i64);
            let object = replica_set(&then, 0, index as i64 + 1);
            sets.extend(self.replica_set(object, when, &[]));
        }
        let object = replica_set(&deployment, app.replicas, old.len() as i64 + 1);
        if let Some(stable) = self.create(&REPLICA_SETS, object, started) {
            let pods = self.instances(&stable, app, started);
            sets.push(self.counted(&stable, &pods));
        }
        let name = sets
            .last()
            .map_or("", |set| text(set, &["metadata", "name"]))
            .to_owned();
        let deployment = self.update(&DEPLOYMENTS, &deployment, |object| complete(object, &name, started));
        let deployment = self.gray(app, deployment, &mut sets);
        self.report(&deployment, sets);
    }

    fn replica_set(&mut self, object: Value, when: Timestamp, pods: &[Stored]) -> Option<Stored> {
        let set = self.create(&REPLICA_SETS, object, when)?;
        Some(self.counted(&set, pods))
    }

    /// The replica set with the status its pods make.
    fn counted(&mut self, replica_set: &Stored, pods: &[Stored]) -> Stored {
        let (status, _) = replicaset::status_of(replica_set, pods, None, self.now);
        self.update(&REPLICA_SETS, replica_set, |object| set(object, &["status"], status))
    }

    /// Writes the Deployment's status as its controller would.
    fn report(&mut self, deployment: &Stored, sets: Vec<Stored>) {
        let view = View::new(deployment.clone(), sets);
        let status = status_of(deployment, &view, true, self.now);
        let deployment = self.update(&DEPLOYMENTS, deployment, |object| set(object, &["status"], status));
        debug_assert!(is_observed(&deployment), "the status is of the newest generation");
    }

    /// The instances of the stable version.
    fn instances(&mut self, owner: &Stored, app: &App, started: Timestamp) -> Vec<Stored> {
        let null = Value::Null;
        let template = at(owner, &["spec", "template"]).unwrap_or(&null);
        let maker = Maker {
            owner,
            api_version: "apps/v1",
            kind: "ReplicaSet",
        };
        let prototype = prototype(maker, template, started);
        let waiting = match app.story {
            Story::NoRoom(count) => count,
            _ => 0,
        };
        let shape = shape_of(&prototype);
        let mut pods: Vec<Stored> = Vec::new();
        let wanted = app.replicas - waiting;
        for _ in 0..wanted {
            pods.extend(self.seat(owner, (&prototype, &shape), started));
        }
        // What the dead node holds was made anew elsewhere when it was told to go.
        let anew = death(self.now).evicted + TimeDelta::seconds(10);
        let late = self::prototype(maker, template, anew);
        while pods.len() - pods.iter().filter(|pod| is_stranded(pod)).count() < wanted as usize {
            let Some(pod) = self.seat(owner, (&late, &shape), anew) else {
                break;
            };
            pods.push(pod);
        }
        for _ in 0..waiting {
            let name = self.pod_name(owner);
            let pod = crate::sim::controllers::template::pod(maker, template, &name);
            let when = self.now - TimeDelta::minutes(14);
            pods.extend(self.create(&PODS, pod, when));
        }
        if let Story::Restarts(seconds) = app.story {
            pods = self.restarted(&pods, seconds);
        }
        pods
    }

    fn pod_name(&mut self, owner: &Value) -> String {
        format!("{}-{}", text(owner, &["metadata", "name"]), self.random.suffix(5))
    }

    /// One more instance on a machine that takes it; on the dead machine it is stranded.
    fn seat(&mut self, owner: &Stored, (prototype, shape): (&Value, &PodShape), started: Timestamp) -> Option<Stored> {
        let name = self.pod_name(owner);
        let index = self.floor.find(shape)?;
        let pod = instance(prototype, &name, &self.floor.take(index, shape)?);
        let pod = self.create(&PODS, pod, started - TimeDelta::seconds(9))?;
        let Some((_, count)) = self.dead.as_mut().filter(|(dead, _)| *dead == index) else {
            return Some(pod);
        };
        *count += 1;
        if *count >= STRANDED
            && let Some(spot) = self.floor.spots.get_mut(index)
        {
            spot.reserve();
        }
        let death = death(self.now);
        Some(self.update(&PODS, &pod, |pod| {
            silence(pod, death.given_up);
            strand(pod, death.evicted);
        }))
    }

    fn restarted(&mut self, pods: &[Stored], seconds: i64) -> Vec<Stored> {
        let ran = TimeDelta::try_seconds(seconds).unwrap_or_default();
        let now = self.now;
        pods.iter()
            .enumerate()
            .map(|(index, pod)| {
                // Each ends at its own time, the first soon after the demo begins.
                let soon = TimeDelta::seconds(25 + 190 * index as i64);
                self.update(&PODS, pod, |pod| restart(pod, 6 - index as i64, ran, now + soon - ran))
            })
            .collect()
    }

    /// The gray side of an app's story.
    fn gray(&mut self, app: &App, deployment: Stored, sets: &mut Vec<Stored>) -> Stored {
        let (instances, minutes) = match app.story {
            Story::Gray { instances, minutes } | Story::GrayFails { instances, minutes, .. } => (instances, minutes),
            Story::Quiet | Story::NoRoom(_) | Story::Restarts(_) => return deployment,
        };
        let Some(stable) = sets.last().cloned() else {
            return deployment;
        };
        let release = Release::new(&mut self.random);
        let fails = matches!(app.story, Story::GrayFails { .. });
        let template = if fails {
            app.broken_template(&release)
        } else {
            app.template(&release)
        };
        let revision = (sets.len() + 1).to_string();
        let begun = self.now - TimeDelta::try_minutes(minutes).unwrap_or_default();
        let chance = self
            .random
            .suffix(23)
            .bytes()
            .fold(0, |all, byte| all << 5 ^ u128::from(byte));
        let operation = ulid(begun, chance);
        let deployment = self.update(&DEPLOYMENTS, &deployment, |object| {
            hold(object, instances, &stable, &operation);
            set(object, &["spec", "template"], template.clone());
            set(object, &["metadata", "annotations", REVISION], revision);
        });
        let object = replica_set(&deployment, instances, sets.len() as i64 + 1);
        let Some(gray) = self.create(&REPLICA_SETS, object, begun) else {
            return deployment;
        };
        let maker = Maker {
            owner: &gray,
            api_version: "apps/v1",
            kind: "ReplicaSet",
        };
        let prototype = prototype(
            maker,
            at(&gray, &["spec", "template"]).unwrap_or(&template),
            begun + TimeDelta::seconds(11),
        );
        let shape = shape_of(&prototype);
        let mut pods = Vec::new();
        for number in 0..instances {
            let Some(pod) = self.seat(&gray, (&prototype, &shape), begun + TimeDelta::seconds(9)) else {
                break;
            };
            pods.push(match app.story {
                Story::GrayFails { restarts, .. } => {
                    let ended = self.now - TimeDelta::seconds(240 - 70 * number);
                    self.update(&PODS, &pod, |pod| crash(pod, restarts + number, ended))
                }
                _ => pod,
            });
        }
        sets.push(self.counted(&gray, &pods));
        deployment
    }
}

fn is_stranded(pod: &Value) -> bool {
    at(pod, &["metadata", "deletionTimestamp"]).is_some()
}

/// Gives a Deployment the conditions of a release that was completed at a time.
fn complete(deployment: &mut Value, replica_set: &str, when: Timestamp) {
    let when = stamp(when + TimeDelta::seconds(40));
    let condition = |kind: &str, reason: &str, message: String| {
        json!({
            "type": kind, "status": "True", "reason": reason, "message": message,
            "lastUpdateTime": when, "lastTransitionTime": when,
        })
    };
    let progressed = format!("ReplicaSet \"{replica_set}\" has successfully progressed.");
    let conditions = vec![
        condition(
            "Available",
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.".into(),
        ),
        condition("Progressing", "NewReplicaSetAvailable", progressed),
    ];
    set(deployment, &["status", "conditions"], conditions);
}
