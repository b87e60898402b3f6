//! Instances' lives and Deployments' rolling updates: the same states in the same order.
//!
//! What an instance does is said twice: with a command for real containers, and with annotations for simulated ones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Outcome, holds, same};
use super::frame::{Case, Ctx, Patch, case};

mod pods;
mod sets;
mod updates;

pub(crate) const CASES: &[Case] = &[
    case("a-pod-lives-and-goes", |ctx| Box::pin(pods::a_pod_lives_and_goes(ctx))),
    case("a-crash-loops", |ctx| Box::pin(pods::a_crash_loops(ctx))),
    case("a-missing-image-backs-off", |ctx| {
        Box::pin(pods::a_missing_image_backs_off(ctx))
    }),
    case("a-pod-without-room-waits", |ctx| {
        Box::pin(pods::a_pod_without_room_waits(ctx))
    }),
    case("a-deployment-comes-up", |ctx| {
        Box::pin(updates::a_deployment_comes_up(ctx))
    }),
    case("rolls-with-surge-1", |ctx| {
        Box::pin(updates::rolls(
            ctx,
            (json!(1), json!(0)),
            &[(2, 1), (1, 1), (1, 2), (0, 2)],
        ))
    }),
    case("rolls-without-surge", |ctx| {
        Box::pin(updates::rolls(
            ctx,
            (json!(0), json!(1)),
            &[(2, 0), (1, 0), (1, 1), (0, 1), (0, 2)],
        ))
    }),
    case("rolls-with-a-quarter", |ctx| {
        Box::pin(updates::rolls(
            ctx,
            (json!("25%"), json!("25%")),
            &[(2, 1), (1, 1), (1, 2), (0, 2)],
        ))
    }),
    case("rolls-with-all-at-once", |ctx| {
        Box::pin(updates::keeps_its_promises(ctx, 4, (json!("100%"), json!(0)), (8, 4)))
    }),
    case("rolls-within-a-quarter", |ctx| {
        Box::pin(updates::keeps_its_promises(
            ctx,
            4,
            (json!("25%"), json!("25%")),
            (5, 3),
        ))
    }),
    case("holds-until-told", |ctx| Box::pin(holds_until_told(ctx))),
    case("counts-available-after-min-ready", |ctx| {
        Box::pin(counts_available_later(ctx))
    }),
    case("runs-out-of-time", |ctx| Box::pin(runs_out_of_time(ctx))),
    case("recreates", |ctx| Box::pin(recreates(ctx))),
    case("stops-at-the-quota", |ctx| Box::pin(stops_at_the_quota(ctx))),
    case("a-stateful-set-rolls-from-the-last", |ctx| {
        Box::pin(sets::a_stateful_set_rolls_from_the_last(ctx))
    }),
    case("a-partition-holds-the-others-back", |ctx| {
        Box::pin(sets::a_partition_holds_the_others_back(ctx))
    }),
    case("a-stateful-set-waits-on-delete", |ctx| {
        Box::pin(sets::a_stateful_set_waits_on_delete(ctx))
    }),
    case("a-daemon-set-rolls", |ctx| Box::pin(sets::a_daemon_set_rolls(ctx))),
    case("a-daemon-set-rolls-with-surge", |ctx| {
        Box::pin(sets::a_daemon_set_rolls_with_surge(ctx))
    }),
    case("a-daemon-set-waits-on-delete", |ctx| {
        Box::pin(sets::a_daemon_set_waits_on_delete(ctx))
    }),
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
    let mut watch = ctx.watch(&pods::pods_path(ctx)).await?;
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
