//! The scale of a workload: an object of its own kind that reads and writes the workload.

use serde_json::{Value, json};

use super::answer::{Outcome, includes, same};
use super::frame::{Case, Ctx, Patch, case};
use super::objects::deployment;

pub(crate) const CASES: &[Case] = &[
    case("scale-read", |ctx| Box::pin(scale_read(ctx))),
    case("scale-write", |ctx| Box::pin(scale_write(ctx))),
];

/// A workload's scale is an object of its own kind.
async fn scale_read(ctx: &Ctx) -> Outcome {
    let made = ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let scale = ctx.read(&ctx.apps("deployments/a/scale")).await?;
    let metadata = json!({"name": "a", "namespace": ctx.namespace, "uid": made["metadata"]["uid"]});
    let expected = json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "status": {"replicas": 0, "selector": "app=a"}});
    includes(&scale, &expected)?;
    let missing = ctx.get(&ctx.apps("deployments/none/scale")).await?;
    missing.refused(404, "NotFound", "deployments.apps \"none\" not found")?;
    Ok(())
}

/// Writing the scale writes the workload, under the same conditions.
async fn scale_write(ctx: &Ctx) -> Outcome {
    let (path, scale) = (ctx.apps("replicasets/a"), ctx.apps("replicasets/a/scale"));
    let mut body = deployment("a");
    body["kind"] = json!("ReplicaSet");
    // Its pods go to a node that does not exist.
    body["spec"]["template"]["spec"]["nodeName"] = json!("contract-no-such-node");
    ctx.create(&ctx.apps("replicasets"), &body).await?;
    let merge = Patch::Merge;
    let tried = ctx
        .patch(merge, &format!("{scale}?dryRun=All"), &json!({"spec": {"replicas": 3}}))
        .await?
        .json(200)?;
    same("tried", &tried["spec"]["replicas"], &json!(3))?;
    same("untouched", &ctx.read(&path).await?["spec"]["replicas"], &json!(0))?;
    let changed = ctx
        .patch(merge, &scale, &json!({"spec": {"replicas": 2}}))
        .await?
        .json(200)?;
    includes(&changed, &json!({"kind": "Scale", "spec": {"replicas": 2}}))?;
    includes(
        &ctx.read(&path).await?,
        &json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}}),
    )?;
    let put = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "a", "namespace": ctx.namespace}, "spec": {"replicas": 1}});
    same(
        "put",
        &ctx.put(&scale, &put).await?.json(200)?["spec"]["replicas"],
        &json!(1),
    )?;
    let mut stale = put.clone();
    stale["metadata"]["resourceVersion"] = json!("1");
    let message = "Operation cannot be fulfilled on replicasets.apps \"a\": the object has been modified; please apply your changes to the latest version and try again";
    ctx.put(&scale, &stale).await?.refused(409, "Conflict", message)?;
    let mut wrong = put;
    wrong["spec"]["replicas"] = json!(-1);
    let message =
        "Scale.autoscaling \"a\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0";
    ctx.put(&scale, &wrong).await?.refused(422, "Invalid", message)?;
    let operations = json!([{"op": "test", "path": "/spec/replicas", "value": 7}, {"op": "replace", "path": "/spec/replicas", "value": 0}]);
    ctx.patch(Patch::Json, &scale, &operations).await?.json(422)?;
    let operations = json!([{"op": "test", "path": "/spec/replicas", "value": 1}, {"op": "replace", "path": "/spec/replicas", "value": 0}]);
    same(
        "by operations",
        &ctx.patch(Patch::Json, &scale, &operations).await?.json(200)?["spec"]["replicas"],
        &Value::Null,
    )
}
