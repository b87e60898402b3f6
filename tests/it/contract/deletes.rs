//! Deletions: at once, gracefully, held by finalizers, with preconditions, by the many, and of what depends.

use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, meta, names, same};
use super::frame::{Case, Ctx, Patch, case};
use super::objects::{config_map, deployment, pod, secrets};

pub(crate) const CASES: &[Case] = &[
    case("delete", |ctx| Box::pin(delete(ctx))),
    case("delete-missing", |ctx| Box::pin(missing(ctx))),
    case("delete-preconditions", |ctx| Box::pin(preconditions(ctx))),
    case("delete-dry-run", |ctx| Box::pin(dry_run(ctx))),
    case("delete-bad-options", |ctx| Box::pin(bad_options(ctx))),
    case("delete-finalizers", |ctx| Box::pin(finalizers(ctx))),
    case("delete-foreground", |ctx| Box::pin(foreground(ctx))),
    case("delete-background", |ctx| Box::pin(background(ctx))),
    case("delete-orphan", |ctx| Box::pin(orphan(ctx))),
    case("delete-pod-gracefully", |ctx| Box::pin(pod_gracefully(ctx))),
    case("delete-pod-at-once", |ctx| Box::pin(pod_at_once(ctx))),
    case("delete-collection", |ctx| Box::pin(collection(ctx))),
    case("delete-namespace", |ctx| Box::pin(namespace(ctx))),
];

/// A deleted object is gone, and the answer says which it was.
async fn delete(ctx: &Ctx) -> Outcome {
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let answer = ctx.delete(&ctx.core("configmaps/a"), &Value::Null).await?.json(200)?;
    let details = json!({"name": "a", "kind": "configmaps", "uid": meta(&made, "uid")});
    includes(
        &answer,
        &json!({"kind": "Status", "apiVersion": "v1", "status": "Success", "details": details}),
    )?;
    ctx.get(&ctx.core("configmaps/a")).await?.json(404)?;
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    Ok(())
}

/// What is not there cannot be deleted or read, and the answer says what was meant.
async fn missing(ctx: &Ctx) -> Outcome {
    for answer in [
        ctx.delete(&ctx.apps("deployments/a"), &Value::Null).await?,
        ctx.get(&ctx.apps("deployments/a")).await?,
    ] {
        let refused = answer.refused(404, "NotFound", "deployments.apps \"a\" not found")?;
        same(
            "details",
            &refused["details"],
            &json!({"name": "a", "group": "apps", "kind": "deployments"}),
        )?;
    }
    ctx.delete("/api/v1/nodes/contract-no-such-node", &Value::Null)
        .await?
        .refused(404, "NotFound", "nodes \"contract-no-such-node\" not found")?;
    Ok(())
}

/// A deletion may name the uid and the revision it means.
async fn preconditions(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let (uid, revision) = (meta(&made, "uid"), meta(&made, "resourceVersion"));
    let other = "00000000-0000-4000-8000-000000000000";
    let of_uid = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the UID in the precondition ({other}) does not match the UID in record ({uid}). The object might have been deleted and then recreated"
    );
    let of_revision = format!(
        "Operation cannot be fulfilled on ConfigMap \"a\": the ResourceVersion in the precondition (1) does not match the ResourceVersion in record ({revision}). The object might have been modified"
    );
    for (precondition, message) in [
        (json!({"uid": other}), of_uid),
        (json!({"resourceVersion": "1"}), of_revision.clone()),
        (json!({"uid": uid, "resourceVersion": "1"}), of_revision),
    ] {
        let refused = ctx
            .delete(&path, &json!({"preconditions": precondition}))
            .await?
            .refused(409, "Conflict", &message)?;
        same(
            "details",
            &refused["details"],
            &json!({"name": "a", "kind": "ConfigMap"}),
        )?;
    }
    ctx.delete(
        &path,
        &json!({"preconditions": {"uid": uid, "resourceVersion": revision}}),
    )
    .await?
    .json(200)?;
    ctx.get(&path).await?.json(404)?;
    Ok(())
}

/// A dry run checks and deletes nothing, asked for in either place.
async fn dry_run(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let in_query = ctx
        .delete(&format!("{path}?dryRun=All"), &Value::Null)
        .await?
        .json(200)?;
    same("status", &in_query["status"], &json!("Success"))?;
    ctx.delete(&path, &json!({"dryRun": ["All"]})).await?.json(200)?;
    ctx.read(&path).await?;
    let wrong = json!({"dryRun": ["All"], "preconditions": {"resourceVersion": "1"}});
    ctx.delete(&path, &wrong).await?.json(409)?;
    ctx.create(&ctx.core("pods"), &pod("a")).await?;
    ctx.delete(&ctx.core("pods/a?dryRun=All"), &Value::Null)
        .await?
        .json(200)?;
    let kept = ctx.read(&ctx.core("pods/a")).await?;
    same(
        "deletionTimestamp",
        &kept["metadata"]["deletionTimestamp"],
        &Value::Null,
    )
}

/// Options that cannot be are refused.
async fn bad_options(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    for (options, field) in [
        (json!({"propagationPolicy": "Wrong"}), "propagationPolicy"),
        (json!({"dryRun": ["Some"]}), "dryRun"),
    ] {
        let refused = ctx.delete(&ctx.core("configmaps/a"), &options).await?.json(422)?;
        let details = json!({"group": "meta.k8s.io", "kind": "DeleteOptions", "causes": [{"reason": "FieldValueNotSupported", "field": field}]});
        includes(&refused, &json!({"reason": "Invalid", "details": details}))?;
    }
    Ok(())
}

/// An object with a finalizer stays, marked, until the last one is taken off; new ones are refused.
async fn finalizers(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let mut body = config_map("a");
    body["metadata"]["finalizers"] = json!(["contract.pilothouse.dev/hold"]);
    ctx.create(&ctx.core("configmaps"), &body).await?;
    let marked = ctx.delete(&path, &Value::Null).await?.json(200)?;
    includes(
        &marked,
        &json!({"kind": "ConfigMap", "metadata": {"deletionGracePeriodSeconds": 0}}),
    )?;
    holds("it is marked", !meta(&marked, "deletionTimestamp").is_empty())?;
    let again = ctx.delete(&path, &Value::Null).await?.json(200)?;
    same(
        "time of deletion",
        meta(&again, "deletionTimestamp"),
        meta(&marked, "deletionTimestamp"),
    )?;
    let more = json!({"metadata": {"finalizers": ["contract.pilothouse.dev/hold", "contract.pilothouse.dev/more"]}});
    let refused = ctx.patch(Patch::Merge, &path, &more).await?.json(422)?;
    let cause = json!({"reason": "FieldValueForbidden", "field": "metadata.finalizers"});
    includes(&refused["details"]["causes"][0], &cause)?;
    ctx.patch(Patch::Merge, &path, &json!({"metadata": {"finalizers": null}}))
        .await?
        .json(200)?;
    ctx.get(&path).await?.json(404)?;
    Ok(())
}

/// Makes an owner and what it owns, and gives their paths.
async fn family(ctx: &Ctx) -> Outcome<(String, String)> {
    let owner = ctx.create(&ctx.core("configmaps"), &config_map("owner")).await?;
    let mut child = config_map("child");
    child["metadata"]["ownerReferences"] = json!([{"apiVersion": "v1", "kind": "ConfigMap", "name": "owner",
        "uid": meta(&owner, "uid"), "blockOwnerDeletion": true, "controller": true}]);
    ctx.create(&ctx.core("configmaps"), &child).await?;
    Ok((ctx.core("configmaps/owner"), ctx.core("configmaps/child")))
}

async fn gone(ctx: &Ctx, path: &str) -> Outcome {
    ctx.until(path, async || Ok((ctx.get(path).await?.status == 404).then_some(())))
        .await
}

/// In the foreground the owner stays, marked, until what it owns is gone.
async fn foreground(ctx: &Ctx) -> Outcome {
    let (owner, child) = family(ctx).await?;
    let hold = json!({"metadata": {"finalizers": ["contract.pilothouse.dev/hold"]}});
    ctx.patch(Patch::Merge, &child, &hold).await?.json(200)?;
    let marked = ctx
        .delete(&owner, &json!({"propagationPolicy": "Foreground"}))
        .await?
        .json(200)?;
    includes(
        &marked,
        &json!({"kind": "ConfigMap", "metadata": {"finalizers": ["foregroundDeletion"]}}),
    )?;
    ctx.until("the child is marked", async || {
        let child = ctx.read(&child).await?;
        Ok((!meta(&child, "deletionTimestamp").is_empty()).then_some(()))
    })
    .await?;
    ctx.read(&owner).await?;
    ctx.patch(Patch::Merge, &child, &json!({"metadata": {"finalizers": null}}))
        .await?
        .json(200)?;
    gone(ctx, &child).await?;
    gone(ctx, &owner).await
}

/// In the background the owner goes first.
async fn background(ctx: &Ctx) -> Outcome {
    let (owner, child) = family(ctx).await?;
    let hold = json!({"metadata": {"finalizers": ["contract.pilothouse.dev/hold"]}});
    ctx.patch(Patch::Merge, &child, &hold).await?.json(200)?;
    ctx.delete(&owner, &json!({"propagationPolicy": "Background"}))
        .await?
        .json(200)?;
    ctx.get(&owner).await?.json(404)?;
    ctx.until("the child is marked", async || {
        let child = ctx.read(&child).await?;
        Ok((!meta(&child, "deletionTimestamp").is_empty()).then_some(()))
    })
    .await?;
    ctx.patch(Patch::Merge, &child, &json!({"metadata": {"finalizers": null}}))
        .await?
        .json(200)?;
    gone(ctx, &child).await
}

/// Orphaned, what was owned stays and has no owner any more.
async fn orphan(ctx: &Ctx) -> Outcome {
    let (owner, child) = family(ctx).await?;
    ctx.delete(&owner, &json!({"propagationPolicy": "Orphan"}))
        .await?
        .json(200)?;
    gone(ctx, &owner).await?;
    let left = ctx.read(&child).await?;
    same("owners", &left["metadata"]["ownerReferences"], &Value::Null)
}

/// A pod on a node is marked with its grace period; a shorter one may follow, a longer one may not.
async fn pod_gracefully(ctx: &Ctx) -> Outcome {
    let path = ctx.core("pods/a");
    let mut body = pod("a");
    // So that nothing but this case takes the pod away.
    body["metadata"]["finalizers"] = json!(["contract.pilothouse.dev/hold"]);
    ctx.create(&ctx.core("pods"), &body).await?;
    let marked = ctx.delete(&path, &Value::Null).await?.json(200)?;
    includes(
        &marked,
        &json!({"kind": "Pod", "metadata": {"deletionGracePeriodSeconds": 30}}),
    )?;
    let moment = |pod: &Value| chrono::DateTime::parse_from_rfc3339(meta(pod, "deletionTimestamp"));
    let first = moment(&marked)?;
    holds(
        "it ends in the future",
        first > chrono::DateTime::parse_from_rfc3339(meta(&marked, "creationTimestamp"))?,
    )?;
    let sooner = ctx.delete(&path, &json!({"gracePeriodSeconds": 5})).await?.json(200)?;
    includes(&sooner, &json!({"metadata": {"deletionGracePeriodSeconds": 5}}))?;
    holds("sooner than before", moment(&sooner)? < first)?;
    let later = ctx.delete(&path, &json!({"gracePeriodSeconds": 60})).await?.json(200)?;
    includes(&later, &json!({"metadata": {"deletionGracePeriodSeconds": 5}}))?;
    let now = ctx.delete(&path, &json!({"gracePeriodSeconds": 0})).await?.json(200)?;
    includes(&now, &json!({"metadata": {"deletionGracePeriodSeconds": 0}}))?;
    ctx.patch(Patch::Merge, &path, &json!({"metadata": {"finalizers": null}}))
        .await?
        .json(200)?;
    ctx.get(&path).await?.json(404)?;
    Ok(())
}

/// With a grace period of 0 the pod is gone when the answer comes.
async fn pod_at_once(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("pods"), &pod("a")).await?;
    let last = ctx
        .delete(&ctx.core("pods/a"), &json!({"gracePeriodSeconds": 0}))
        .await?
        .json(200)?;
    same("kind", &last["kind"], &json!("Pod"))?;
    ctx.get(&ctx.core("pods/a")).await?.json(404)?;
    // A pod of no node yet has nobody to wait for.
    let mut unscheduled = pod("b");
    unscheduled["spec"]["nodeName"] = Value::Null;
    unscheduled["spec"]["schedulerName"] = json!("contract-no-such-scheduler");
    ctx.create(&ctx.core("pods"), &unscheduled).await?;
    ctx.delete(&ctx.core("pods/b"), &Value::Null).await?.json(200)?;
    ctx.get(&ctx.core("pods/b")).await?.json(404)?;
    Ok(())
}

/// All that a selector finds goes, and the answer lists it.
async fn collection(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a", "b"], &json!({"tier": "web"})).await?;
    secrets(ctx, &["c"], &json!({"tier": "db"})).await?;
    let deleted = ctx
        .delete(&ctx.core("secrets?labelSelector=tier=web"), &Value::Null)
        .await?
        .json(200)?;
    same("kind", &deleted["kind"], &json!("SecretList"))?;
    same("deleted", names(&deleted), vec!["a", "b"])?;
    let left = ctx.read(&ctx.core("secrets")).await?;
    same("left", names(&left), vec!["c"])
}

/// A namespace that ends takes all it holds with it, and nothing new comes in.
async fn namespace(ctx: &Ctx) -> Outcome {
    let mut held = config_map("a");
    held["metadata"]["finalizers"] = json!(["contract.pilothouse.dev/hold"]);
    ctx.create(&ctx.core("configmaps"), &held).await?;
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let path = format!("/api/v1/namespaces/{}", ctx.namespace);
    let marked = ctx.delete(&path, &Value::Null).await?.json(200)?;
    includes(
        &marked,
        &json!({"kind": "Namespace", "status": {"phase": "Terminating"}, "spec": {"finalizers": ["kubernetes"]}}),
    )?;
    let message = format!(
        "configmaps \"b\" is forbidden: unable to create new content in namespace {} because it is being terminated",
        ctx.namespace
    );
    ctx.post(&ctx.core("configmaps"), &config_map("b"))
        .await?
        .refused(403, "Forbidden", &message)?;
    gone(ctx, &ctx.apps("deployments/a")).await?;
    ctx.until("what is held is marked", async || {
        let held = ctx.read(&ctx.core("configmaps/a")).await?;
        Ok((!meta(&held, "deletionTimestamp").is_empty()).then_some(()))
    })
    .await?;
    ctx.read(&path).await?;
    ctx.patch(
        Patch::Merge,
        &ctx.core("configmaps/a"),
        &json!({"metadata": {"finalizers": null}}),
    )
    .await?
    .json(200)?;
    Ok(())
}
