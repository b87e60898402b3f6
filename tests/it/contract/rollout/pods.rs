//! The life of one instance, from its creation to its end.

use serde_json::{Value, json};

use super::super::answer::{Outcome, holds, same};
use super::super::frame::Ctx;
use super::{condition, is, states, steady, template};

fn pod(template: &Value) -> Value {
    let mut pod = template.clone();
    pod["apiVersion"] = "v1".into();
    pod["kind"] = "Pod".into();
    pod["metadata"]["name"] = "web".into();
    pod
}

pub(super) fn pods_path(ctx: &Ctx) -> String {
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

pub(super) async fn a_pod_lives_and_goes(ctx: &Ctx) -> Outcome {
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
    // A watch may begin a moment before the deletion.
    let down: Vec<&str> = down
        .iter()
        .map(String::as_str)
        .filter(|state| *state != "ready")
        .collect();
    same("the way down", down, vec!["stopping", "gone"])
}

fn container(pod: &Value) -> Option<String> {
    let status = &pod["status"]["containerStatuses"][0];
    let restarts = status["restartCount"].as_i64()?;
    let (kind, state) = status["state"].as_object()?.iter().next()?;
    let reason = state["reason"].as_str().unwrap_or(kind);
    Some(format!("{reason} {restarts}"))
}

pub(super) async fn a_crash_loops(ctx: &Ctx) -> Outcome {
    let crashing = template("sleep 2; exit 3", &json!({"crash-after": "2", "exit-code": "3"}), "1");
    ctx.create(&ctx.core("pods"), &pod(&crashing)).await?;
    let looping = |pod: &Value| {
        let state = container(pod)?;
        let waits = state.starts_with("CrashLoopBackOff");
        Some(if waits { "CrashLoopBackOff".into() } else { state })
    };
    let seen = states(ctx, &pods_path(ctx), "CrashLoopBackOff", looping).await?;
    let pod = ctx.read(&ctx.core("pods/web")).await?;
    let status = &pod["status"]["containerStatuses"][0];
    let restarts = status["restartCount"].as_i64().unwrap_or_default();
    // A real kubelet reports what it finds when it looks: an end, or a whole wait, between two looks is not told.
    let told = |state: &&str| !(ctx.is_real() && state.starts_with("Error"));
    let seen: Vec<&str> = seen.iter().map(String::as_str).filter(told).collect();
    let runs = (0..=restarts).flat_map(|run| [format!("running {run}"), format!("Error {run}")]);
    let expected: Vec<String> = ["ContainerCreating 0".into()]
        .into_iter()
        .chain(runs)
        .chain(["CrashLoopBackOff".into()])
        .collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).filter(told).collect();
    same("the states", seen, expected)?;
    holds(
        "it was started again at once, once",
        restarts == 1 || ctx.is_real() && restarts > 0,
    )?;
    same(
        "the exit code",
        &status["lastState"]["terminated"]["exitCode"],
        &json!(3),
    )?;
    let message = status["state"]["waiting"]["message"].as_str().unwrap_or_default();
    let uid = pod["metadata"]["uid"].as_str().unwrap_or_default();
    let expected = format!(
        "back-off {}s restarting failed container=main pod=web_{}({uid})",
        10 << (restarts - 1),
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

pub(super) async fn a_missing_image_backs_off(ctx: &Ctx) -> Outcome {
    let mut template = steady("1");
    template["spec"]["containers"][0]["image"] = "registry.invalid/web:missing".into();
    ctx.create(&ctx.core("pods"), &pod(&template)).await?;
    let seen = states(ctx, &pods_path(ctx), "ImagePullBackOff 0", container).await?;
    let expected = ["ContainerCreating 0", "ErrImagePull 0", "ImagePullBackOff 0"];
    same("the states", seen, expected.map(String::from).to_vec())
}

pub(super) async fn a_pod_without_room_waits(ctx: &Ctx) -> Outcome {
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
