//! One table of what is done to an app's release and what comes of it. The simulation goes through it here, a real
//! cluster in `real_release.rs`: the same counts at the same steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pilothouse::release::config::Source;
use pilothouse::release::live::Method;
use pilothouse::release::past::Back;
use pilothouse::release::step::{Count, New, Return, Step};
use pilothouse::release::template::Facts;
use pilothouse::sim::Simulation;
use pilothouse::sim::resource::PODS;
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use super::{DEPLOYMENT, Flow, SETS, seen_phase};

/// What is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// By this program: a gray release of this version with so many instances.
    Start(&'static str, i32),
    /// The same in a second Deployment beside it.
    Twin(&'static str, i32),
    Grow(i32),
    Full,
    Offline,
    Abort,
    Rollback,
    Repair,
    /// By somebody else, as `kubectl scale` writes it.
    Scale(i64),
    /// By somebody else, as `kubectl rollout undo` writes it: the old template alone.
    Undo,
}

/// How many instances there are: what the `ReplicaSets` want, how many of all are ready and available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Of all revisions but the Deployment's own.
    pub(crate) old: i64,
    pub(crate) new: i64,
    pub(crate) ready: i64,
    pub(crate) available: i64,
}

const fn counts(old: i64, new: i64, ready: i64, available: i64) -> Counts {
    Counts {
        old,
        new,
        ready,
        available,
    }
}

/// One act, and what comes of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) act: Act,
    /// As `release status` names it.
    pub(crate) phase: &'static str,
    /// One of these.
    pub(crate) counts: &'static [Counts],
    /// The fewest that may be ready while it is done.
    pub(crate) fewest: i64,
}

const fn row(act: Act, phase: &'static str, counts: &'static [Counts], fewest: i64) -> Row {
    Row {
        act,
        phase,
        counts,
        fewest,
    }
}

/// Instances before the first row.
pub(crate) const DESIRED: i64 = 10;

/// From ten stable instances of `v1` on.
///
/// An undo in a hold has two ends on a real cluster, by chance: the Deployment's controller copies `minReadySeconds` to
/// the revision that is new again, and where it looks once more before that one's instances are counted anew it takes
/// them for available still, has some to spare and takes away instances that are not (`cleanupUnhealthyReplicas`).
/// In ten tries on Kubernetes 1.36 the instances of the gray release stayed in six.
pub(crate) const TABLE: &[Row] = &[
    row(Act::Start("v2", 2), "gray", &[counts(10, 2, 12, 10)], 10),
    row(Act::Grow(4), "gray", &[counts(10, 4, 14, 10)], 10),
    row(Act::Full, "full", &[counts(10, 10, 20, 10)], 10),
    row(Act::Offline, "stable", &[counts(0, 10, 10, 10)], 10),
    row(Act::Rollback, "stable", &[counts(0, 10, 10, 10)], 10),
    row(Act::Start("v3", 2), "gray", &[counts(10, 2, 12, 10)], 10),
    row(Act::Abort, "stable", &[counts(0, 10, 10, 10)], 10),
    row(Act::Start("v3", 2), "gray", &[counts(10, 2, 12, 10)], 10),
    row(
        Act::Undo,
        "orphan-hold",
        &[counts(2, 10, 12, 0), counts(0, 10, 10, 0)],
        10,
    ),
    row(Act::Repair, "stable", &[counts(0, 10, 10, 10)], 10),
    row(Act::Start("v3", 2), "gray", &[counts(10, 2, 12, 10)], 10),
    row(Act::Scale(14), "gray", &[counts(13, 3, 16, 13)], 10),
    row(
        Act::Undo,
        "orphan-hold",
        &[counts(3, 13, 16, 0), counts(1, 14, 15, 0)],
        14,
    ),
    row(Act::Repair, "stable", &[counts(0, 14, 14, 14)], 14),
];

/// The image of a version.
pub(crate) fn image(version: &str) -> String {
    format!("docker.io/library/live:{version}")
}

fn start(version: &str, instances: i32, method: Method) -> Step {
    Step::Start(Box::new(New {
        image: image(version),
        container: None,
        facts: Facts::default(),
        method,
        count: Count::Instances(instances),
        config: Source::Current,
    }))
}

impl Act {
    /// What this program is asked; `None` of what somebody else does.
    pub(crate) fn step(self) -> Option<Step> {
        Some(match self {
            Self::Start(version, instances) => start(version, instances, Method::Surge),
            Self::Twin(version, instances) => start(version, instances, Method::Twin),
            Self::Grow(instances) => Step::Grow(Count::Instances(instances)),
            Self::Full => Step::KeepOld,
            Self::Offline => Step::Offline,
            Self::Abort => Step::Abort,
            Self::Rollback => Step::Rollback(Return::to(Back::LastGood)),
            Self::Repair => Step::Repair,
            Self::Scale(_) | Self::Undo => return None,
        })
    }

    /// The same on its command line.
    pub(crate) fn arguments(self) -> Option<Vec<String>> {
        let words = |words: &[&str]| Some(words.iter().map(ToString::to_string).collect());
        match self {
            Self::Start(version, instances) => {
                words(&["start", "--image", &image(version), "--gray", &instances.to_string()])
            }
            Self::Twin(version, instances) => words(&[
                "start",
                "--image",
                &image(version),
                "--gray",
                &instances.to_string(),
                "--method",
                "twin",
            ]),
            Self::Grow(instances) => words(&["grow", "--gray", &instances.to_string()]),
            Self::Full => words(&["full"]),
            Self::Offline => words(&["offline"]),
            Self::Abort => words(&["abort"]),
            Self::Rollback => words(&["rollback"]),
            Self::Repair => words(&["repair"]),
            Self::Scale(_) | Self::Undo => None,
        }
    }
}

/// The counts that a Deployment and its `ReplicaSets` show.
pub(crate) fn counted(deployment: &Value, sets: &[Value]) -> Counts {
    let of = |object: &Value, path: &str| object.pointer(path).and_then(Value::as_i64).unwrap_or(0);
    let revision = |object: &Value| object["metadata"]["annotations"]["deployment.kubernetes.io/revision"].clone();
    let (new, old): (Vec<&Value>, Vec<&Value>) = sets.iter().partition(|set| revision(set) == revision(deployment));
    let wanted = |sets: &[&Value]| sets.iter().map(|set| of(set, "/spec/replicas")).sum();
    Counts {
        old: wanted(&old),
        new: wanted(&new),
        ready: of(deployment, "/status/readyReplicas"),
        available: of(deployment, "/status/availableReplicas"),
    }
}

/// What `kubectl rollout undo` writes in a hold that left the revision of these instances.
pub(crate) fn undo(deployment: &Value, sets: &[Value]) -> Value {
    let left = &deployment["metadata"]["labels"]["pilothouse.dev/hold-from"];
    let set = sets
        .iter()
        .find(|set| set["metadata"]["labels"]["pod-template-hash"] == *left);
    let mut template = set.unwrap()["spec"]["template"].clone();
    template["metadata"]["labels"]
        .as_object_mut()
        .unwrap()
        .remove("pod-template-hash");
    json!([{"op": "replace", "path": "/spec/template", "value": template}])
}

/// Keeps the fewest instances that were ready at once.
pub(super) fn watch_ready(simulation: &Simulation) -> Arc<AtomicI64> {
    let fewest = Arc::new(AtomicI64::new(i64::MAX));
    let noted = Arc::clone(&fewest);
    let count = move |store: &mut Store, _| {
        let ready = store.list(&PODS).filter(|pod| is_serving(pod)).count();
        noted.fetch_min(ready as i64, Ordering::Relaxed);
        None
    };
    drop(simulation.clone().with_controller(Box::new(count)));
    fewest
}

/// As an `EndpointSlice` tells: ready, and not on its way out.
fn is_serving(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    let is_ready = conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Ready" && c["status"] == "True"));
    is_ready && pod["metadata"]["deletionTimestamp"].is_null()
}

impl Flow {
    async fn look(&self) -> (Value, Vec<Value>) {
        let (_, mut sets) = self.send("GET", SETS, "application/json", &Value::Null).await;
        (
            self.deployment().await,
            serde_json::from_value(sets["items"].take()).unwrap(),
        )
    }

    async fn act(&self, act: Act) {
        if let Some(step) = act.step() {
            let prepared = self.prepare(&step).await.unwrap();
            self.carry_out(&prepared).await.unwrap();
            return;
        }
        let (deployment, sets) = self.look().await;
        let code = match act {
            Act::Scale(to) => {
                let body = json!({"spec": {"replicas": to}});
                let kind = "application/merge-patch+json";
                self.send("PATCH", &format!("{DEPLOYMENT}/scale"), kind, &body).await.0
            }
            _ => self.write(&undo(&deployment, &sets)).await,
        };
        assert_eq!(code, 200, "{act:?}");
    }

    fn phase(&self) -> Option<&'static str> {
        seen_phase(&self.observer.seen).map(|phase| phase.name())
    }
}

#[tokio::test(start_paused = true)]
async fn the_simulation_counts_as_a_real_cluster_does() {
    let mut flow = Flow::new().await;
    let fewest = watch_ready(&flow.simulation);
    for row in TABLE {
        let before = flow.look().await.0["metadata"]["generation"].as_i64();
        fewest.store(i64::MAX, Ordering::Relaxed);
        flow.act(row.act).await;
        // It stays so.
        flow.observer.rest(Duration::from_mins(2)).await;
        let (deployment, sets) = flow.look().await;
        let found = counted(&deployment, &sets);
        assert!(row.counts.contains(&found), "{row:?}: {found:?}");
        assert_eq!(flow.phase(), Some(row.phase), "{row:?}");
        assert_eq!(
            deployment["metadata"]["generation"].as_i64(),
            before.map(|n| n + 1),
            "{row:?}"
        );
        let fewest = fewest.load(Ordering::Relaxed);
        assert!(fewest >= row.fewest, "{row:?}: only {fewest} were ready");
    }
}

#[tokio::test(start_paused = true)]
async fn an_undo_keeps_the_instances_of_the_gray_release() {
    // Of the two ends that a real cluster comes to, the simulation takes the one that more has to be done about.
    let mut flow = Flow::new().await;
    for (act, expected) in [
        (Act::Start("v2", 2), counts(10, 2, 12, 10)),
        (Act::Undo, counts(2, 10, 12, 0)),
        (Act::Repair, counts(0, 10, 10, 10)),
    ] {
        flow.act(act).await;
        flow.observer.rest(Duration::from_mins(2)).await;
        let (deployment, sets) = flow.look().await;
        assert_eq!(counted(&deployment, &sets), expected, "{act:?}");
    }
}
