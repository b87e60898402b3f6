//! Rolling updates of Deployments: the sizes they go through and what they promise.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::answer::{Outcome, holds, same};
use super::super::frame::Ctx;
use super::{condition, counts, deployment, is, release, rolling, states, steady};

pub(super) async fn a_deployment_comes_up(ctx: &Ctx) -> Outcome {
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
pub(super) async fn rolls(ctx: &Ctx, strategy: (Value, Value), expected: &[(i64, i64)]) -> Outcome {
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
pub(super) async fn keeps_its_promises(
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
