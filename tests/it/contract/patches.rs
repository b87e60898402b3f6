//! The four kinds of patch: what they change and what stops them.

use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, meta, same};
use super::frame::{Case, Ctx, Patch, case};
use super::objects::{config_map, deployment};

pub(crate) const CASES: &[Case] = &[
    case("patch-json", |ctx| Box::pin(json_patch(ctx))),
    case("patch-json-tests", |ctx| Box::pin(json_tests(ctx))),
    case("patch-merge", |ctx| Box::pin(merge(ctx))),
    case("patch-conflicts", |ctx| Box::pin(conflicts(ctx))),
    case("patch-dry-run", |ctx| Box::pin(dry_run(ctx))),
    case("patch-refused", |ctx| Box::pin(refused(ctx))),
    case("patch-strategic-lists", |ctx| Box::pin(strategic_lists(ctx))),
    case("patch-strategic-directives", |ctx| Box::pin(strategic_directives(ctx))),
    case("patch-invalid-result", |ctx| Box::pin(invalid_result(ctx))),
    case("apply-creates", |ctx| Box::pin(apply_creates(ctx))),
    case("apply-conflicts", |ctx| Box::pin(apply_conflicts(ctx))),
    case("apply-gives-up-fields", |ctx| Box::pin(apply_gives_up_fields(ctx))),
    case("apply-merges-lists", |ctx| Box::pin(apply_merges_lists(ctx))),
];

/// What a JSON patch is refused with when an operation cannot be done.
const REJECTED: &str = "the server rejected our request due to an error in our request";

/// Each operation of RFC 6902, in order.
async fn json_patch(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let operations = json!([
        {"op": "test", "path": "/metadata/uid", "value": meta(&made, "uid")},
        {"op": "add", "path": "/metadata/labels", "value": {}},
        {"op": "add", "path": "/metadata/labels/example.com~1tier", "value": "web"},
        {"op": "replace", "path": "/data/one", "value": "uno"},
        {"op": "copy", "from": "/data/one", "path": "/data/three"},
        {"op": "move", "from": "/data/two", "path": "/data/four"},
        {"op": "remove", "path": "/data/one"}]);
    let changed = ctx.patch(Patch::Json, &path, &operations).await?.json(200)?;
    same("data", &changed["data"], &json!({"three": "uno", "four": "2"}))?;
    same(
        "labels",
        &changed["metadata"]["labels"],
        &json!({"example.com/tier": "web"}),
    )?;
    let made = ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    same(
        "containers",
        made["spec"]["template"]["spec"]["containers"].as_array().map(Vec::len),
        Some(2),
    )?;
    let containers = "/spec/template/spec/containers";
    let operations = json!([
        {"op": "test", "path": format!("{containers}/0/name"), "value": "main"},
        {"op": "replace", "path": format!("{containers}/0/image"), "value": "example/app:2"},
        {"op": "add", "path": format!("{containers}/-"), "value": {"name": "last", "image": "example/last:1"}},
        {"op": "add", "path": format!("{containers}/0"), "value": {"name": "first", "image": "example/first:1"}},
        {"op": "remove", "path": format!("{containers}/2")}]);
    let changed = ctx
        .patch(Patch::Json, &ctx.apps("deployments/a"), &operations)
        .await?
        .json(200)?;
    let expected = json!([{"name": "first"}, {"name": "main", "image": "example/app:2"}, {"name": "last"}]);
    includes(&changed["spec"]["template"]["spec"]["containers"], &expected)
}

/// A `test` that fails refuses all of the patch; so does a place that is not there.
async fn json_tests(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    for first in [
        json!({"op": "test", "path": "/metadata/uid", "value": "other"}),
        json!({"op": "test", "path": "/metadata/nothing", "value": "other"}),
        json!({"op": "test", "path": "/data/one", "value": 1}),
        json!({"op": "remove", "path": "/data/none"}),
        json!({"op": "add", "path": "/none/one", "value": "x"}),
    ] {
        let operations = json!([{"op": "add", "path": "/data/five", "value": "5"}, first]);
        let answer = ctx.patch(Patch::Json, &path, &operations).await?;
        let refused = answer
            .refused(422, "Invalid", REJECTED)
            .map_err(|error| format!("{first}: {error}"))?;
        same("details", &refused["details"], &json!({}))?;
    }
    same("nothing changed", ctx.read(&path).await?, made.clone())?;
    let passing = json!([{"op": "test", "path": "/metadata/resourceVersion", "value": meta(&made, "resourceVersion")},
        {"op": "test", "path": "/data", "value": {"two": "2", "one": "1"}}, {"op": "replace", "path": "/data/one", "value": "x"}]);
    ctx.patch(Patch::Json, &path, &passing).await?.json(200)?;
    ctx.patch(Patch::Json, &path, &passing)
        .await?
        .refused(422, "Invalid", REJECTED)?;
    Ok(())
}

/// A merge patch sets, adds, and removes what is null; lists are replaced.
async fn merge(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let patch = json!({"metadata": {"labels": {"tier": "web"}}, "data": {"one": null, "three": "3", "none": null}});
    let changed = ctx
        .patch(Patch::Merge, &ctx.core("configmaps/a"), &patch)
        .await?
        .json(200)?;
    same("data", &changed["data"], &json!({"two": "2", "three": "3"}))?;
    same("labels", &changed["metadata"]["labels"], &json!({"tier": "web"}))?;
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let patch = json!({"spec": {"template": {"spec": {"containers": [{"name": "only", "image": "example/only:1"}], "tolerations": null}}}});
    let changed = ctx
        .patch(Patch::Merge, &ctx.apps("deployments/a"), &patch)
        .await?
        .json(200)?;
    let spec = &changed["spec"]["template"]["spec"];
    includes(
        spec,
        &json!({"containers": [{"name": "only", "image": "example/only:1"}], "tolerations": null}),
    )
}

/// A patch that carries the revision it rests on is refused once that is old; one that carries none is not.
async fn conflicts(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let read = meta(&made, "resourceVersion");
    let fresh = json!({"metadata": {"resourceVersion": read}, "data": {"one": "x"}});
    ctx.patch(Patch::Merge, &path, &fresh).await?.json(200)?;
    let stale = json!({"metadata": {"resourceVersion": read}, "data": {"one": "y"}});
    let message = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again";
    for kind in [Patch::Merge, Patch::Strategic] {
        ctx.patch(kind, &path, &stale)
            .await?
            .refused(409, "Conflict", message)?;
    }
    let operations = json!([{"op": "replace", "path": "/metadata/resourceVersion", "value": read}, {"op": "replace", "path": "/data/one", "value": "y"}]);
    ctx.patch(Patch::Json, &path, &operations)
        .await?
        .refused(409, "Conflict", message)?;
    let changed = ctx
        .patch(Patch::Merge, &path, &json!({"data": {"one": "z"}}))
        .await?
        .json(200)?;
    same("without a revision", &changed["data"]["one"], &json!("z"))
}

/// Each kind of patch can be tried without a trace.
async fn dry_run(ctx: &Ctx) -> Outcome {
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let path = ctx.core("configmaps/a?dryRun=All&fieldManager=test");
    let apply = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"three": "3"}});
    for (kind, patch) in [
        (Patch::Json, json!([{"op": "add", "path": "/data/three", "value": "3"}])),
        (Patch::Merge, json!({"data": {"three": "3"}})),
        (Patch::Strategic, json!({"data": {"three": "3"}})),
        (Patch::Apply, apply),
    ] {
        let tried = ctx.patch(kind, &path, &patch).await?.json(200)?;
        same("tried", &tried["data"], &json!({"one": "1", "two": "2", "three": "3"}))?;
        same("untouched", ctx.read(&ctx.core("configmaps/a")).await?, made.clone())?;
    }
    let failing = json!([{"op": "test", "path": "/data/one", "value": "other"}]);
    ctx.patch(Patch::Json, &path, &failing)
        .await?
        .refused(422, "Invalid", REJECTED)?;
    Ok(())
}

/// A patch of nothing, one that is none, and one of an identity are refused.
async fn refused(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    for kind in [Patch::Merge, Patch::Strategic] {
        let answer = ctx
            .patch(kind, &ctx.core("configmaps/none"), &json!({"data": {}}))
            .await?;
        answer.refused(404, "NotFound", "configmaps \"none\" not found")?;
    }
    let path = ctx.core("configmaps/a");
    let answer = ctx.patch(Patch::Json, &path, &json!({"op": 1})).await?;
    includes(&answer.json(400)?, &json!({"kind": "Status", "reason": "BadRequest"}))?;
    let answer = ctx
        .patch(Patch::Merge, &path, &json!({"metadata": {"name": "b"}}))
        .await?;
    includes(&answer.json(400)?, &json!({"kind": "Status", "reason": "BadRequest"}))?;
    Ok(())
}

/// Containers, their environment and ports are merged by their keys, tolerations are replaced.
async fn strategic_lists(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let env = json!([{"name": "B", "value": "changed"}, {"name": "C", "value": "3"}]);
    let main = json!({"name": "main", "image": "example/app:2", "env": env});
    let toleration = json!({"key": "other", "operator": "Exists"});
    let last = json!({"name": "last", "image": "example/last:1"});
    let patch = json!({"spec": {"template": {"spec": {"containers": [main, last], "tolerations": [toleration]}}}});
    let changed = ctx
        .patch(Patch::Strategic, &ctx.apps("deployments/a"), &patch)
        .await?
        .json(200)?;
    let spec = &changed["spec"]["template"]["spec"];
    let mut found: Vec<&str> = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    found.sort_unstable();
    same("containers", found, vec!["last", "main", "proxy"])?;
    let main = spec["containers"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["name"] == "main")
        .cloned()
        .unwrap_or_default();
    same("image", &main["image"], &json!("example/app:2"))?;
    let mut env: Vec<String> = main["env"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| format!("{}={}", one["name"], one["value"]))
        .collect();
    env.sort();
    same(
        "environment",
        env.join(" "),
        "\"A\"=\"1\" \"B\"=\"changed\" \"C\"=\"3\"".to_owned(),
    )?;
    same("tolerations", &spec["tolerations"], &json!([toleration]))
}

/// `$patch: delete` removes an item, `$patch: replace` what was there, null a field.
async fn strategic_directives(ctx: &Ctx) -> Outcome {
    let path = ctx.apps("deployments/a");
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let env = json!([{"name": "A", "$patch": "delete"}]);
    let containers = json!([{"name": "proxy", "$patch": "delete"}, {"name": "main", "env": env}]);
    let patch = json!({"metadata": {"labels": {"app": null, "tier": "web"}}, "spec": {"template": {"spec": {"containers": containers}}}});
    let changed = ctx.patch(Patch::Strategic, &path, &patch).await?.json(200)?;
    let expected = json!([{"name": "main", "env": [{"name": "B", "value": "2"}]}]);
    includes(&changed["spec"]["template"]["spec"]["containers"], &expected)?;
    same("labels", &changed["metadata"]["labels"], &json!({"tier": "web"}))?;
    let patch = json!({"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate", "rollingUpdate": null}}});
    let changed = ctx.patch(Patch::Strategic, &path, &patch).await?.json(200)?;
    same("strategy", &changed["spec"]["strategy"], &json!({"type": "Recreate"}))?;
    let containers = json!([{"$patch": "replace"}, {"name": "only", "image": "example/only:1"}]);
    let patch = json!({"spec": {"template": {"spec": {"containers": containers}}}});
    let changed = ctx.patch(Patch::Strategic, &path, &patch).await?.json(200)?;
    includes(
        &changed["spec"]["template"]["spec"]["containers"],
        &json!([{"name": "only"}]),
    )
}

/// A patch whose result cannot be is refused like a replacement.
async fn invalid_result(ctx: &Ctx) -> Outcome {
    let path = ctx.apps("deployments/a");
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let message =
        "Deployment.apps \"a\" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0";
    for (kind, patch) in [
        (Patch::Merge, json!({"spec": {"replicas": -1}})),
        (
            Patch::Json,
            json!([{"op": "replace", "path": "/spec/replicas", "value": -1}]),
        ),
    ] {
        ctx.patch(kind, &path, &patch).await?.refused(422, "Invalid", message)?;
    }
    let patch = json!({"spec": {"selector": {"matchLabels": {"app": "other"}}}});
    let refused = ctx.patch(Patch::Merge, &path, &patch).await?.json(422)?;
    let told = refused["message"].as_str().unwrap_or_default();
    holds(
        "the selector is immutable",
        told.contains("spec.selector: Invalid value") && told.ends_with("field is immutable]")
            || told.ends_with("field is immutable"),
    )
}

fn applied(name: &str, data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// Applying what is not there creates it, and notes who wants which fields.
async fn apply_creates(ctx: &Ctx) -> Outcome {
    let body = applied("a", &json!({"one": "1"}));
    let path = ctx.core("configmaps/a");
    let message = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    ctx.patch(Patch::Apply, &path, &body)
        .await?
        .refused(422, "Invalid", message)?;
    let path = format!("{path}?fieldManager=first");
    let made = ctx.patch(Patch::Apply, &path, &body).await?.json(201)?;
    let managed = json!([{"manager": "first", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:data": {"f:one": {}}}}]);
    includes(
        &made,
        &json!({"metadata": {"name": "a", "managedFields": managed}, "data": {"one": "1"}}),
    )?;
    let again = ctx.patch(Patch::Apply, &path, &body).await?.json(200)?;
    same(
        "revision of the same again",
        meta(&again, "resourceVersion"),
        meta(&made, "resourceVersion"),
    )
}

/// A field somebody else applied is refused with its owner, unless forced.
async fn apply_conflicts(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let first = format!("{path}?fieldManager=first");
    ctx.patch(Patch::Apply, &first, &applied("a", &json!({"one": "1", "two": "2"})))
        .await?
        .json(201)?;
    let second = format!("{path}?fieldManager=second");
    let shared = applied("a", &json!({"two": "2", "three": "3"}));
    ctx.patch(Patch::Apply, &second, &shared).await?.json(200)?;
    let other = applied("a", &json!({"one": "uno", "three": "3"}));
    let refused = ctx.patch(Patch::Apply, &second, &other).await?;
    let refused = refused.refused(
        409,
        "Conflict",
        "Apply failed with 1 conflict: conflict with \"first\": .data.one",
    )?;
    let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"first\"", "field": ".data.one"});
    same("causes", &refused["details"]["causes"], &json!([cause]))?;
    let forced = ctx
        .patch(Patch::Apply, &format!("{second}&force=true"), &other)
        .await?
        .json(200)?;
    same(
        "forced",
        &forced["data"],
        &json!({"one": "uno", "two": "2", "three": "3"}),
    )
}

/// A field that its only applier leaves out goes.
async fn apply_gives_up_fields(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a?fieldManager=first");
    ctx.patch(Patch::Apply, &path, &applied("a", &json!({"one": "1", "two": "2"})))
        .await?
        .json(201)?;
    let less = ctx
        .patch(Patch::Apply, &path, &applied("a", &json!({"two": "2"})))
        .await?
        .json(200)?;
    same("data", &less["data"], &json!({"two": "2"}))?;
    let merged = ctx
        .patch(
            Patch::Merge,
            &ctx.core("configmaps/a"),
            &json!({"data": {"three": "3"}}),
        )
        .await?
        .json(200)?;
    same("data", &merged["data"], &json!({"two": "2", "three": "3"}))?;
    let kept = ctx
        .patch(Patch::Apply, &path, &applied("a", &json!({"two": "2"})))
        .await?
        .json(200)?;
    same(
        "what others wrote stays",
        &kept["data"],
        &json!({"two": "2", "three": "3"}),
    )
}

/// Two appliers of one Deployment share its list of containers by name.
async fn apply_merges_lists(ctx: &Ctx) -> Outcome {
    let body = |container: Value| {
        let template = json!({"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container]}});
        let spec = json!({"replicas": 0, "selector": {"matchLabels": {"app": "a"}}, "template": template});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a"}, "spec": spec})
    };
    let path = ctx.apps("deployments/a?fieldManager");
    let main = json!({"name": "main", "image": "example/app:1"});
    let proxy = json!({"name": "proxy", "image": "example/proxy:1"});
    ctx.patch(Patch::Apply, &format!("{path}=first"), &body(main))
        .await?
        .json(201)?;
    let both = ctx
        .patch(Patch::Apply, &format!("{path}=second"), &body(proxy))
        .await?
        .json(200)?;
    let containers = json!([{"name": "main", "image": "example/app:1"}, {"name": "proxy", "image": "example/proxy:1"}]);
    includes(&both["spec"]["template"]["spec"]["containers"], &containers)?;
    let taken = body(json!({"name": "main", "image": "example/app:2"}));
    let refused = ctx
        .patch(Patch::Apply, &format!("{path}=second"), &taken)
        .await?
        .json(409)?;
    let field = ".spec.template.spec.containers[name=\"main\"].image";
    includes(
        &refused["details"]["causes"],
        &json!([{"reason": "FieldManagerConflict", "field": field}]),
    )
}
