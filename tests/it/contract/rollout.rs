//! Instances' lives and Deployments' rolling updates: the same states in the same order.
//!
//! What an instance does is said twice: with a command for real containers, and with annotations for simulated ones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Outcome, holds, same};
use super::frame::{Case, Ctx, Patch, case};

pub(crate) const CASES: &[Case] = &[
    case("a-pod-lives-and-goes", |ctx| Box::pin(a_pod_lives_and_goes(ctx))),
    case("a-crash-loops", |ctx| Box::pin(a_crash_loops(ctx))),
    case("a-missing-image-backs-off", |ctx| {
        Box::pin(a_missing_image_backs_off(ctx))
    }),
    case("a-pod-without-room-waits", |ctx| {
        Box::pin(a_pod_without_room_waits(ctx))
    }),
    case("a-deployment-comes-up", |ctx| Box::pin(a_deployment_comes_up(ctx))),
    case("rolls-with-surge-1", |ctx| {
        Box::pin(rolls(ctx, (json!(1), json!(0)), &[(2, 1), (1, 1), (1, 2), (0, 2)]))
    }),
    case("rolls-without-surge", |ctx| {
        Box::pin(rolls(
            ctx,
            (json!(0), json!(1)),
            &[(2, 0), (1, 0), (1, 1), (0, 1), (0, 2)],
        ))
    }),
    case("rolls-with-a-quarter", |ctx| {
        Box::pin(rolls(
            ctx,
            (json!("25%"), json!("25%")),
            &[(2, 1), (1, 1), (1, 2), (0, 2)],
        ))
    }),
    case("rolls-with-all-at-once", |ctx| {
        Box::pin(keeps_its_promises(ctx, 4, (json!("100%"), json!(0)), (8, 4)))
    }),
    case("rolls-within-a-quarter", |ctx| {
        Box::pin(keeps_its_promises(ctx, 4, (json!("25%"), json!("25%")), (5, 3)))
    }),
    case("holds-until-told", |ctx| Box::pin(holds_until_told(ctx))),
    case("counts-available-after-min-ready", |ctx| {
        Box::pin(counts_available_later(ctx))
    }),
    case("runs-out-of-time", |ctx| Box::pin(runs_out_of_time(ctx))),
    case("recreates", |ctx| Box::pin(recreates(ctx))),
    case("stops-at-the-quota", |ctx| Box::pin(stops_at_the_quota(ctx))),
];

const IMAGE: &str = "docker.io/library/busybox:lab";

/// A pod template: the command of a real container, what a simulated one does, and a version.
fn template(command: &str, behaviour: &Value, version: &str) -> Value {
    let annotations: BTreeMap<String, Value> = behaviour
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (format!("sim.pilothouse.dev/{name}"), value.clone()))
        .collect();
    json!({
        "metadata": {"labels": {"app": "web", "version": version}, "annotations": annotations},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": [{
            "name": "main", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["sh", "-c", command],
        }]},
    })
}

/// An instance that runs until it is killed.
fn steady(version: &str) -> Value {
    template("sleep 3600", &json!({"stop-seconds": "9"}), version)
}

fn pod(template: &Value) -> Value {
    let mut pod = template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "web".into();
    pod
}

fn deployment(replicas: i64, strategy: &Value, template: &Value) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas, "selector": {"matchLabels": {"app": "web"}}, "strategy": strategy, "template": template,
        },
    })
}

fn rolling((surge, unavailable): &(Value, Value)) -> Value {
    json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}})
}

fn count(object: &Value, field: &str) -> i64 {
    object["status"][field].as_i64().unwrap_or(0)
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)
}

fn is(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| condition["status"] == "True")
}

/// The states an object goes through until the last one expected; repeats count once.
async fn states(ctx: &Ctx, path: &str, last: &str, name: impl Fn(&Value) -> Option<String>) -> Outcome<Vec<String>> {
    let mut watch = ctx.watch(path).await?;
    let mut states: Vec<String> = Vec::new();
    while states.last().is_none_or(|state| state != last) {
        let event = watch.event().await?;
        let state = if event["type"] == "DELETED" {
            Some("gone".into())
        } else {
            name(&event["object"])
        };
        if let Some(state) = state.filter(|state| states.last() != Some(state)) {
            states.push(state);
        }
    }
    Ok(states)
}

fn pods_path(ctx: &Ctx) -> String {
    ctx.core("pods?watch=true&resourceVersion=0&labelSelector=app%3Dweb")
}

fn life(pod: &Value) -> Option<String> {
    let state = match pod["status"]["phase"].as_str()? {
        _ if !pod["metadata"]["deletionTimestamp"].is_null() && is(pod, "Ready") => "stopping",
        _ if !pod["metadata"]["deletionTimestamp"].is_null() => return None,
        "Pending" if pod["spec"]["nodeName"].is_null() => "pending",
        "Pending" => "bound",
        "Running" if is(pod, "Ready") => "ready",
        other => other,
    };
    Some(state.to_lowercase())
}

async fn a_pod_lives_and_goes(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("pods"), &pod(&steady("1"))).await?;
    let up = states(ctx, &pods_path(ctx), "ready", life).await?;
    // A watch from any version may begin after the pod was bound.
    let up: Vec<&str> = up
        .iter()
        .map(String::as_str)
        .filter(|state| *state != "pending")
        .collect();
    same("the way up", up, vec!["bound", "ready"])?;
    let running = ctx.read(&ctx.core("pods/web")).await?;
    holds("it has an address", running["status"]["podIP"].is_string())?;
    let status = &running["status"]["containerStatuses"][0];
    holds(
        "its container runs",
        status["state"]["running"]["startedAt"].is_string(),
    )?;
    same("restarts", &status["restartCount"], &json!(0))?;
    ctx.delete(&ctx.core("pods/web"), &Value::Null).await?.json(200)?;
    let down = states(ctx, &pods_path(ctx), "gone", life).await?;
    same("the way down", down, vec!["stopping".to_owned(), "gone".to_owned()])
}

fn container(pod: &Value) -> Option<String> {
    let status = &pod["status"]["containerStatuses"][0];
    let restarts = status["restartCount"].as_i64()?;
    let (kind, state) = status["state"].as_object()?.iter().next()?;
    let reason = state["reason"].as_str().unwrap_or(kind);
    Some(format!("{reason} {restarts}"))
}

async fn a_crash_loops(ctx: &Ctx) -> Outcome {
    let crashing = template("sleep 2; exit 3", &json!({"crash-after": "2", "exit-code": "3"}), "1");
    ctx.create(&ctx.core("pods"), &pod(&crashing)).await?;
    let seen = states(ctx, &pods_path(ctx), "CrashLoopBackOff 1", container).await?;
    let expected = [
        "ContainerCreating 0",
        "running 0",
        "Error 0",
        "running 1",
        "Error 1",
        "CrashLoopBackOff 1",
    ];
    same("the states", seen, expected.map(String::from).to_vec())?;
    let pod = ctx.read(&ctx.core("pods/web")).await?;
    let status = &pod["status"]["containerStatuses"][0];
    same(
        "the exit code",
        &status["lastState"]["terminated"]["exitCode"],
        &json!(3),
    )?;
    let message = status["state"]["waiting"]["message"].as_str().unwrap_or_default();
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
    let expected = format!(
        "back-off 10s restarting failed container=main pod=web_{}({uid})",
        ctx.namespace
    );
    same("the message", message, expected.as_str())?;
    let ready = condition(&pod, "Ready").cloned().unwrap_or_default();
    same("why it is not ready", &ready["reason"], &json!("ContainersNotReady"))?;
    same(
        "which",
        &ready["message"],
        &json!("containers with unready status: [main]"),
    )
}

async fn a_missing_image_backs_off(ctx: &Ctx) -> Outcome {
    let mut template = steady("1");
    template["spec"]["containers"][0]["image"] = "registry.invalid/web:missing".into();
    ctx.create(&ctx.core("pods"), &pod(&template)).await?;
    let seen = states(ctx, &pods_path(ctx), "ImagePullBackOff 0", container).await?;
    let expected = ["ContainerCreating 0", "ErrImagePull 0", "ImagePullBackOff 0"];
    same("the states", seen, expected.map(String::from).to_vec())
}

async fn a_pod_without_room_waits(ctx: &Ctx) -> Outcome {
    let mut template = steady("1");
    template["spec"]["containers"][0]["resources"] = json!({"requests": {"memory": "900Ti"}});
    ctx.create(&ctx.core("pods"), &pod(&template)).await?;
    let scheduled = ctx
        .until("it waits", async || {
            let pod = ctx.read(&ctx.core("pods/web")).await?;
            Ok(condition(&pod, "PodScheduled").cloned())
        })
        .await?;
    same("the condition", &scheduled["status"], &json!("False"))?;
    same("the reason", &scheduled["reason"], &json!("Unschedulable"))?;
    let expected = "0/1 nodes are available: 1 Insufficient memory. no new claims to deallocate, preemption: \
                    0/1 nodes are available: 1 Preemption is not helpful for scheduling.";
    same("the message", &scheduled["message"], &json!(expected))
}

/// Waits until the Deployment has these counts: replicas, updated, ready, available.
async fn counts(ctx: &Ctx, wanted: [i64; 4]) -> Outcome<Value> {
    ctx.until(&format!("the counts {wanted:?}"), async || {
        let web = ctx.read(&ctx.apps("deployments/web")).await?;
        let observed = web["status"]["observedGeneration"] == web["metadata"]["generation"];
        let fields = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
        Ok((observed && fields.map(|field| count(&web, field)) == wanted).then_some(web))
    })
    .await
}

async fn release(ctx: &Ctx, spec: &Value) -> Outcome {
    ctx.patch(Patch::Merge, &ctx.apps("deployments/web"), &json!({"spec": spec}))
        .await?
        .json(200)?;
    Ok(())
}

async fn a_deployment_comes_up(ctx: &Ctx) -> Outcome {
    let strategy = rolling(&(json!(1), json!(0)));
    ctx.create(&ctx.apps("deployments"), &deployment(2, &strategy, &steady("1")))
        .await?;
    let path = ctx.apps("deployments?watch=true&resourceVersion=0");
    let progress =
        |web: &Value| condition(web, "Progressing").map(|c| c["reason"].as_str().unwrap_or_default().to_owned());
    let seen = states(ctx, &path, "NewReplicaSetAvailable", progress).await?;
    let last: Vec<&str> = seen
        .iter()
        .map(String::as_str)
        .filter(|reason| *reason != "NewReplicaSetCreated")
        .collect();
    same("progress", last, vec!["ReplicaSetUpdated", "NewReplicaSetAvailable"])?;
    let web = counts(ctx, [2; 4]).await?;
    holds("it is available", is(&web, "Available"))?;
    same(
        "its revision",
        &web["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        &json!("1"),
    )?;
    let sets = ctx.read(&ctx.apps("replicasets")).await?;
    let set = &sets["items"][0];
    let name = set["metadata"]["name"].as_str().unwrap_or_default();
    let hash = set["metadata"]["labels"]["pod-template-hash"]
        .as_str()
        .unwrap_or_default();
    same("the replica set's name", name, format!("web-{hash}").as_str())?;
    let message = condition(&web, "Progressing").map(|c| c["message"].clone());
    same(
        "the message",
        message,
        Some(json!(format!("ReplicaSet \"{name}\" has successfully progressed."))),
    )?;
    let annotations = &set["metadata"]["annotations"];
    same(
        "desired",
        &annotations["deployment.kubernetes.io/desired-replicas"],
        &json!("2"),
    )?;
    same(
        "most",
        &annotations["deployment.kubernetes.io/max-replicas"],
        &json!("3"),
    )
}

/// The sizes of (old, new) replica sets during an update of two instances are exactly these, in this order.
async fn rolls(ctx: &Ctx, strategy: (Value, Value), expected: &[(i64, i64)]) -> Outcome {
    ctx.create(
        &ctx.apps("deployments"),
        &deployment(2, &rolling(&strategy), &steady("1")),
    )
    .await?;
    counts(ctx, [2; 4]).await?;
    let sets = ctx.read(&ctx.apps("replicasets")).await?;
    let from = sets["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut watch = ctx
        .watch(&ctx.apps(&format!("replicasets?watch=true&resourceVersion={from}")))
        .await?;
    release(ctx, &json!({"template": steady("2")})).await?;
    let mut sizes = (2, -1);
    let mut seen = Vec::new();
    while seen.last() != expected.last() {
        let event = watch.event().await?;
        let size = event["object"]["spec"]["replicas"].as_i64().unwrap_or(0);
        if event["object"]["spec"]["template"]["metadata"]["labels"]["version"] == "2" {
            sizes.1 = size;
        } else {
            sizes.0 = size;
        }
        if sizes.1 >= 0 && seen.last() != Some(&sizes) {
            seen.push(sizes);
        }
    }
    same("the sizes", seen, expected.to_vec())?;
    let web = counts(ctx, [2; 4]).await?;
    same(
        "its revision",
        &web["metadata"]["annotations"]["deployment.kubernetes.io/revision"],
        &json!("2"),
    )
}

/// During an update there are never more than `most` instances nor fewer than `fewest` ready ones.
async fn keeps_its_promises(
    ctx: &Ctx,
    replicas: i64,
    strategy: (Value, Value),
    (most, fewest): (i64, usize),
) -> Outcome {
    ctx.create(
        &ctx.apps("deployments"),
        &deployment(replicas, &rolling(&strategy), &steady("1")),
    )
    .await?;
    counts(ctx, [replicas; 4]).await?;
    let pods = ctx.read(&ctx.core("pods")).await?;
    let from = pods["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let key = |pod: &Value| pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let mut known: BTreeMap<String, Value> = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|pod| (key(pod), pod.clone()))
        .collect();
    let mut watch = ctx
        .watch(&ctx.core(&format!("pods?watch=true&resourceVersion={from}")))
        .await?;
    release(ctx, &json!({"template": steady("2")})).await?;
    loop {
        let event = watch.event().await?;
        let pod = event["object"].clone();
        if event["type"] == "DELETED" {
            known.remove(&key(&pod));
        } else {
            known.insert(key(&pod), pod);
        }
        let active: Vec<&Value> = known
            .values()
            .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
            .collect();
        let ready = active.iter().filter(|pod| is(pod, "Ready")).count();
        // What is promised are the sizes asked for: a new one may be made a moment before an old one is told to go.
        let asked = sizes(ctx).await?;
        holds(
            &format!("at most {most} instances, {asked} are asked for"),
            asked <= most,
        )?;
        holds(&format!("at least {fewest} ready, there are {ready}"), ready >= fewest)?;
        let new = active
            .iter()
            .filter(|pod| pod["metadata"]["labels"]["version"] == "2" && is(pod, "Ready"))
            .count();
        if new as i64 == replicas && active.len() as i64 == replicas {
            break;
        }
    }
    counts(ctx, [replicas; 4]).await.map(drop)
}

/// The sizes of all replica sets together.
async fn sizes(ctx: &Ctx) -> Outcome<i64> {
    let sets = ctx.read(&ctx.apps("replicasets")).await?;
    let sizes = sets["items"].as_array().into_iter().flatten();
    Ok(sizes.filter_map(|set| set["spec"]["replicas"].as_i64()).sum())
}

async fn holds_until_told(ctx: &Ctx) -> Outcome {
    let usual = rolling(&(json!("25%"), json!("25%")));
    ctx.create(&ctx.apps("deployments"), &deployment(3, &usual, &steady("1")))
        .await?;
    counts(ctx, [3; 4]).await?;
    let hold = json!({
        "template": steady("2"), "minReadySeconds": 2_147_483_646, "progressDeadlineSeconds": 2_147_483_647,
        "strategy": rolling(&(json!(1), json!(0))),
    });
    release(ctx, &hold).await?;
    counts(ctx, [4, 1, 4, 3]).await?;
    ctx.pass(Duration::from_secs(3)).await;
    let web = counts(ctx, [4, 1, 4, 3]).await?;
    holds("progress is not judged", condition(&web, "Progressing").is_none())?;
    release(ctx, &json!({"strategy": rolling(&(json!("100%"), json!(0)))})).await?;
    counts(ctx, [6, 3, 6, 3]).await?;
    release(
        ctx,
        &json!({"minReadySeconds": 0, "progressDeadlineSeconds": 600, "strategy": usual}),
    )
    .await?;
    counts(ctx, [3; 4]).await.map(drop)
}

async fn counts_available_later(ctx: &Ctx) -> Outcome {
    let strategy = rolling(&(json!(1), json!(0)));
    let mut web = deployment(1, &strategy, &steady("1"));
    web["spec"]["minReadySeconds"] = 4.into();
    ctx.create(&ctx.apps("deployments"), &web).await?;
    let web = counts(ctx, [1, 1, 1, 0]).await?;
    holds("it is not available yet", !is(&web, "Available"))?;
    counts(ctx, [1; 4]).await.map(drop)
}

async fn runs_out_of_time(ctx: &Ctx) -> Outcome {
    let mut never = template("sleep 3600", &json!({"ready-seconds": "never"}), "1");
    never["spec"]["containers"][0]["readinessProbe"] = json!({"exec": {"command": ["false"]}, "periodSeconds": 1});
    let mut web = deployment(1, &rolling(&(json!(1), json!(0))), &never);
    web["spec"]["progressDeadlineSeconds"] = 3.into();
    ctx.create(&ctx.apps("deployments"), &web).await?;
    let path = ctx.apps("deployments?watch=true&resourceVersion=0");
    let progress = |web: &Value| {
        let progressing = condition(web, "Progressing")?;
        Some(format!(
            "{} {}",
            progressing["status"].as_str()?,
            progressing["reason"].as_str()?
        ))
    };
    let seen = states(ctx, &path, "False ProgressDeadlineExceeded", progress).await?;
    let seen: Vec<&str> = seen
        .iter()
        .map(String::as_str)
        .filter(|s| *s != "True NewReplicaSetCreated")
        .collect();
    same(
        "progress",
        seen,
        vec!["True ReplicaSetUpdated", "False ProgressDeadlineExceeded"],
    )?;
    let web = ctx.read(&ctx.apps("deployments/web")).await?;
    let message = condition(&web, "Progressing")
        .map_or(&Value::Null, |c| &c["message"])
        .as_str()
        .unwrap_or_default();
    holds(
        message,
        message.starts_with("ReplicaSet \"web-") && message.ends_with("\" has timed out progressing."),
    )
}

async fn recreates(ctx: &Ctx) -> Outcome {
    let strategy = json!({"type": "Recreate"});
    ctx.create(&ctx.apps("deployments"), &deployment(2, &strategy, &steady("1")))
        .await?;
    counts(ctx, [2; 4]).await?;
    let mut watch = ctx.watch(&pods_path(ctx)).await?;
    release(ctx, &json!({"template": steady("2")})).await?;
    let (mut old, mut new) = (BTreeSet::new(), 0);
    while new < 2 {
        let event = watch.event().await?;
        let pod = &event["object"];
        let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        // What has ended counts as gone, though its object is still there.
        let ended =
            event["type"] == "DELETED" || matches!(pod["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
        if pod["metadata"]["labels"]["version"] == "2" {
            holds("the old have ended before the first new", old.is_empty())?;
            new += i32::from(event["type"] == "ADDED");
        } else if ended {
            old.remove(&name);
        } else {
            old.insert(name);
        }
    }
    counts(ctx, [2; 4]).await.map(drop)
}

async fn stops_at_the_quota(ctx: &Ctx) -> Outcome {
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": {"hard": {"pods": "1"}}});
    ctx.create(&ctx.core("resourcequotas"), &quota).await?;
    ctx.until("the quota is counted", async || {
        let quota = ctx.read(&ctx.core("resourcequotas/team")).await?;
        Ok(quota["status"]["used"]["pods"].as_str().map(drop))
    })
    .await?;
    ctx.create(
        &ctx.apps("deployments"),
        &deployment(2, &rolling(&(json!(1), json!(0))), &steady("1")),
    )
    .await?;
    let failure = ctx
        .until("the failure is told", async || {
            let web = ctx.read(&ctx.apps("deployments/web")).await?;
            Ok(condition(&web, "ReplicaFailure").cloned())
        })
        .await?;
    same("the reason", &failure["reason"], &json!("FailedCreate"))?;
    let message = failure["message"].as_str().unwrap_or_default();
    let expected = "is forbidden: exceeded quota: team, requested: pods=1, used: pods=1, limited: pods=1";
    holds(message, message.ends_with(expected))?;
    let web = counts(ctx, [1; 4]).await?;
    same("unavailable", count(&web, "unavailableReplicas"), 1)
}
