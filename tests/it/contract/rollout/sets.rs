//! Rolling updates of sets, stateful ones and one a node: in which order instances are replaced, and what waits.

use serde_json::{Value, json};

use super::super::answer::{Outcome, holds, same};
use super::super::frame::{Ctx, Patch};
use super::{count, is, steady};

fn set(kind: &str, strategy: &Value, more: &Value) -> Value {
    let mut spec = json!({
        "selector": {"matchLabels": {"app": "web"}}, "updateStrategy": strategy, "template": steady("1"),
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        spec[name] = value.clone();
    }
    json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "web"}, "spec": spec})
}

fn stateful(strategy: &Value) -> Value {
    set("StatefulSet", strategy, &json!({"serviceName": "web", "replicas": 3}))
}

/// Waits until the set is observed and has these counts.
async fn settled(ctx: &Ctx, path: &str, wanted: &[(&str, i64)]) -> Outcome<Value> {
    ctx.until(&format!("the counts {wanted:?}"), async || {
        let web = ctx.read(&ctx.apps(path)).await?;
        let observed = web["status"]["observedGeneration"] == web["metadata"]["generation"];
        let reached = wanted.iter().all(|(field, number)| count(&web, field) == *number);
        Ok((observed && reached).then_some(web))
    })
    .await
}

async fn release(ctx: &Ctx, path: &str, spec: &Value) -> Outcome {
    ctx.patch(Patch::Merge, &ctx.apps(path), &json!({"spec": spec}))
        .await?
        .json(200)?;
    Ok(())
}

/// The versions of the instances that stay by name, in the order of their names.
async fn versions(ctx: &Ctx) -> Outcome<Vec<(String, String)>> {
    let pods = ctx.read(&ctx.core("pods?labelSelector=app%3Dweb")).await?;
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut found: Vec<_> = pods["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .map(|pod| {
            (
                word(&pod["metadata"]["name"]),
                word(&pod["metadata"]["labels"]["version"]),
            )
        })
        .collect();
    found.sort();
    Ok(found)
}

fn members(versions: [&str; 3]) -> Vec<(String, String)> {
    let each = versions.iter().enumerate();
    each.map(|(number, version)| (format!("web-{number}"), (*version).to_owned()))
        .collect()
}

const STATEFUL: &str = "statefulsets/web";
const DAEMON: &str = "daemonsets/web";

/// What is made and what is gone from now on, by name or version, until as many were made as are wanted.
async fn made_and_gone(ctx: &Ctx, path: &str, (label, wanted): (&str, usize)) -> Outcome<Vec<String>> {
    let pods = ctx.read(&ctx.core("pods")).await?;
    let from = pods["metadata"]["resourceVersion"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let mut watch = ctx
        .watch(&ctx.core(&format!(
            "pods?watch=true&resourceVersion={from}&labelSelector=app%3Dweb"
        )))
        .await?;
    release(ctx, path, &json!({"template": steady("2")})).await?;
    let mut seen: Vec<String> = Vec::new();
    let mut ready = 0;
    while ready < wanted || seen.iter().filter(|s| s.ends_with("gone")).count() < wanted {
        let event = watch.event().await?;
        let pod = &event["object"];
        let name = match label {
            "name" => &pod["metadata"]["name"],
            _ => &pod["metadata"]["labels"]["version"],
        };
        let name = name.as_str().unwrap_or_default();
        let is_ending = !pod["metadata"]["deletionTimestamp"].is_null();
        let told: &[&str] = match event["type"].as_str() {
            Some("ADDED") => &["made"],
            Some("DELETED") => &["ending", "gone"],
            _ if is_ending => &["ending"],
            _ if is(pod, "Ready") && pod["metadata"]["labels"]["version"] == "2" => &["ready"],
            _ => continue,
        };
        for what in told {
            let told = format!("{name} {what}");
            if !seen.contains(&told) {
                ready += usize::from(*what == "ready");
                seen.push(told);
            }
        }
    }
    Ok(seen)
}

pub(super) async fn a_stateful_set_rolls_from_the_last(ctx: &Ctx) -> Outcome {
    let strategy = json!({"type": "RollingUpdate"});
    ctx.create(&ctx.apps("statefulsets"), &stateful(&strategy)).await?;
    settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 3)]).await?;
    let seen = made_and_gone(ctx, STATEFUL, ("name", 3)).await?;
    let expected: Vec<String> = ["web-2", "web-1", "web-0"]
        .iter()
        .flat_map(|name| ["ending", "gone", "made", "ready"].map(|what| format!("{name} {what}")))
        .collect();
    same("one after the other, the last first", seen, expected)?;
    let web = settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 3)]).await?;
    ctx.until("the new revision is the current one", async || {
        let web = ctx.read(&ctx.apps(STATEFUL)).await?;
        Ok((web["status"]["currentRevision"] == web["status"]["updateRevision"]).then_some(()))
    })
    .await?;
    same("observed", &web["status"]["observedGeneration"], &json!(2))
}

pub(super) async fn a_partition_holds_the_others_back(ctx: &Ctx) -> Outcome {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 2}});
    ctx.create(&ctx.apps("statefulsets"), &stateful(&strategy)).await?;
    settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 3)]).await?;
    release(ctx, STATEFUL, &json!({"template": steady("2")})).await?;
    let web = settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 1)]).await?;
    same("the versions", versions(ctx).await?, members(["1", "1", "2"]))?;
    holds(
        "the old revision stays the current one",
        web["status"]["currentRevision"] != web["status"]["updateRevision"],
    )?;
    same("of the current revision", count(&web, "currentReplicas"), 2)?;
    // One below the partition that is taken away comes back as it was.
    ctx.delete(&ctx.core("pods/web-0"), &Value::Null).await?.json(200)?;
    ctx.until("web-0 is back", async || {
        let pods = ctx.read(&ctx.core("pods?labelSelector=app%3Dweb")).await?;
        let mut items = pods["items"].as_array().into_iter().flatten();
        let back = items.find(|pod| pod["metadata"]["name"] == "web-0");
        Ok(back
            .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null() && is(pod, "Ready"))
            .map(drop))
    })
    .await?;
    same("the versions", versions(ctx).await?, members(["1", "1", "2"]))?;
    release(
        ctx,
        STATEFUL,
        &json!({"updateStrategy": {"rollingUpdate": {"partition": 0}}}),
    )
    .await?;
    settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 3)]).await?;
    same("the versions", versions(ctx).await?, members(["2", "2", "2"]))
}

pub(super) async fn a_stateful_set_waits_on_delete(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.apps("statefulsets"), &stateful(&json!({"type": "OnDelete"})))
        .await?;
    settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 3)]).await?;
    release(ctx, STATEFUL, &json!({"template": steady("2")})).await?;
    settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 0)]).await?;
    ctx.delete(&ctx.core("pods/web-1"), &Value::Null).await?.json(200)?;
    settled(ctx, STATEFUL, &[("readyReplicas", 3), ("updatedReplicas", 1)]).await?;
    same("the versions", versions(ctx).await?, members(["1", "2", "1"]))
}

fn daemon(strategy: &Value) -> Value {
    set("DaemonSet", strategy, &json!({}))
}

/// How many nodes take an instance of the DaemonSet, once all of them have one that is ready.
async fn spread(ctx: &Ctx) -> Outcome<i64> {
    ctx.until("an instance on every node", async || {
        let web = ctx.read(&ctx.apps(DAEMON)).await?;
        let wanted = count(&web, "desiredNumberScheduled");
        let is_there = count(&web, "numberReady") == wanted && count(&web, "updatedNumberScheduled") == wanted;
        Ok((wanted > 0 && is_there).then_some(wanted))
    })
    .await
}

pub(super) async fn a_daemon_set_rolls(ctx: &Ctx) -> Outcome {
    rolls_on_one_node(
        ctx,
        &json!({"maxSurge": 0, "maxUnavailable": 1}),
        // The new one does not wait until the old one is gone: which of both comes first is the kubelet's matter.
        &["1 ending", "2 made"],
    )
    .await
}

pub(super) async fn a_daemon_set_rolls_with_surge(ctx: &Ctx) -> Outcome {
    rolls_on_one_node(
        ctx,
        &json!({"maxSurge": 1, "maxUnavailable": 0}),
        &["2 made", "2 ready", "1 ending", "1 gone"],
    )
    .await
}

/// How the replacement of a single node's instance begins.
async fn rolls_on_one_node(ctx: &Ctx, rolling: &Value, order: &[&str]) -> Outcome {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
    ctx.create(&ctx.apps("daemonsets"), &daemon(&strategy)).await?;
    if spread(ctx).await? != 1 {
        ctx.skip("the order is told for one node");
        return Ok(());
    }
    let mut seen = made_and_gone(ctx, DAEMON, ("version", 1)).await?;
    seen.truncate(order.len());
    same(
        "the order",
        seen,
        order.iter().map(ToString::to_string).collect::<Vec<_>>(),
    )?;
    spread(ctx).await.map(drop)
}

pub(super) async fn a_daemon_set_waits_on_delete(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.apps("daemonsets"), &daemon(&json!({"type": "OnDelete"})))
        .await?;
    let nodes = spread(ctx).await?;
    let before = versions(ctx).await?;
    release(ctx, DAEMON, &json!({"template": steady("2")})).await?;
    settled(ctx, DAEMON, &[("numberReady", nodes), ("updatedNumberScheduled", 0)]).await?;
    same("the versions", versions(ctx).await?, before.clone())?;
    for (name, _) in before {
        ctx.delete(&ctx.core(&format!("pods/{name}")), &Value::Null)
            .await?
            .json(200)?;
    }
    settled(
        ctx,
        DAEMON,
        &[("numberReady", nodes), ("updatedNumberScheduled", nodes)],
    )
    .await?;
    let all_new = versions(ctx).await?.iter().all(|(_, version)| version == "2");
    holds("all are new", all_new)
}
