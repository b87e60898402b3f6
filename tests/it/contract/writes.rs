//! Writes of whole objects: creating, replacing, what the server fills in and what it refuses.

use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, meta, names, same};
use super::frame::{Case, Ctx, Patch, case};
use super::objects::{config_map, deployment, pod};

pub(crate) const CASES: &[Case] = &[
    case("create", |ctx| Box::pin(create(ctx))),
    case("create-generated-name", |ctx| Box::pin(generated_name(ctx))),
    case("create-twice", |ctx| Box::pin(twice(ctx))),
    case("create-invalid", |ctx| Box::pin(invalid(ctx))),
    case("create-misplaced", |ctx| Box::pin(misplaced(ctx))),
    case("create-dry-run", |ctx| Box::pin(create_dry_run(ctx))),
    case("create-defaults", |ctx| Box::pin(defaults(ctx))),
    case("create-strict", |ctx| Box::pin(strict(ctx))),
    case("replace", |ctx| Box::pin(replace(ctx))),
    case("replace-refused", |ctx| Box::pin(replace_refused(ctx))),
    case("replace-nothing", |ctx| Box::pin(replace_nothing(ctx))),
    case("generation", |ctx| Box::pin(generation(ctx))),
    case("status-apart", |ctx| Box::pin(status_apart(ctx))),
    case("wrong-content-type", |ctx| Box::pin(wrong_content_type(ctx))),
];

/// A created object has an identity, a time and a revision, and is what a read gives.
async fn create(ctx: &Ctx) -> Outcome {
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    includes(
        &made,
        &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": ctx.namespace, "generation": null},
        "data": {"one": "1", "two": "2"}}),
    )?;
    same("length of a uid", meta(&made, "uid").len(), 36)?;
    holds(
        "a time",
        meta(&made, "creationTimestamp").ends_with('Z') && meta(&made, "creationTimestamp").len() == 20,
    )?;
    holds("a revision", meta(&made, "resourceVersion").parse::<u64>().is_ok())?;
    same("read", ctx.read(&ctx.core("configmaps/a")).await?, made)?;
    let workload = ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    includes(&workload, &json!({"metadata": {"generation": 1}}))
}

/// `generateName` is a beginning to which the server adds five characters.
async fn generated_name(ctx: &Ctx) -> Outcome {
    let mut body = config_map("");
    body["metadata"] = json!({"generateName": "some-"});
    let first = ctx.create(&ctx.core("configmaps"), &body).await?;
    let second = ctx.create(&ctx.core("configmaps"), &body).await?;
    for made in [&first, &second] {
        let name = meta(made, "name");
        holds("the name is generated", name.starts_with("some-") && name.len() == 10)?;
        same("kept", meta(made, "generateName"), "some-")?;
    }
    holds("names differ", meta(&first, "name") != meta(&second, "name"))
}

/// A second object of the same name is refused, and says so.
async fn twice(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let answer = ctx.post(&ctx.apps("deployments"), &deployment("a")).await?;
    let refused = answer.refused(409, "AlreadyExists", "deployments.apps \"a\" already exists")?;
    same(
        "details",
        &refused["details"],
        &json!({"name": "a", "group": "apps", "kind": "deployments"}),
    )?;
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let answer = ctx.post(&ctx.core("configmaps"), &config_map("a")).await?;
    let refused = answer.refused(409, "AlreadyExists", "configmaps \"a\" already exists")?;
    same(
        "details",
        &refused["details"],
        &json!({"name": "a", "kind": "configmaps"}),
    )
}

/// An object that cannot be is refused with every cause and its field.
async fn invalid(ctx: &Ctx) -> Outcome {
    let name = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let message = format!("ConfigMap \"Not_Valid\" is invalid: metadata.name: Invalid value: \"Not_Valid\": {name}");
    let answer = ctx.post(&ctx.core("configmaps"), &config_map("Not_Valid")).await?;
    let refused = answer.refused(422, "Invalid", &message)?;
    includes(
        &refused["details"],
        &json!({"name": "Not_Valid", "kind": "ConfigMap", "causes": [{"reason": "FieldValueInvalid", "field": "metadata.name"}]}),
    )?;

    let nameless = ctx.post(&ctx.core("configmaps"), &json!({"metadata": {}})).await?;
    let message = "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required";
    nameless.refused(422, "Invalid", message)?;

    let mut wrong = deployment("a");
    wrong["spec"]["replicas"] = json!(-1);
    wrong["spec"]["selector"]["matchLabels"]["app"] = json!("other");
    let refused = ctx.post(&ctx.apps("deployments"), &wrong).await?.json(422)?;
    let causes = json!([
        {"reason": "FieldValueInvalid", "field": "spec.replicas", "message": "Invalid value: -1: must be greater than or equal to 0"},
        {"reason": "FieldValueInvalid", "field": "spec.template.metadata.labels",
            "message": "Invalid value: {\"app\":\"a\"}: `selector` does not match template `labels`"}]);
    includes(
        &refused["details"],
        &json!({"name": "a", "group": "apps", "kind": "Deployment", "causes": causes}),
    )?;

    let mut imageless = pod("a");
    imageless["spec"]["containers"] = json!([{"name": "main"}]);
    let message = "Pod \"a\" is invalid: spec.containers[0].image: Required value";
    ctx.post(&ctx.core("pods"), &imageless)
        .await?
        .refused(422, "Invalid", message)?;
    Ok(())
}

/// An object that says it belongs elsewhere, or into a namespace that is not there, is refused.
async fn misplaced(ctx: &Ctx) -> Outcome {
    let mut body = config_map("a");
    body["metadata"]["namespace"] = json!("elsewhere");
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    ctx.post(&ctx.core("configmaps"), &body)
        .await?
        .refused(400, "BadRequest", message)?;
    let mut body = config_map("a");
    body["kind"] = json!("Secret");
    let answer = ctx.post(&ctx.core("configmaps"), &body).await?;
    includes(&answer.json(400)?, &json!({"kind": "Status", "reason": "BadRequest"}))?;
    let answer = ctx
        .post("/api/v1/namespaces/contract-not-there/configmaps", &config_map("a"))
        .await?;
    let refused = answer.refused(404, "NotFound", "namespaces \"contract-not-there\" not found")?;
    same(
        "details",
        &refused["details"],
        &json!({"name": "contract-not-there", "kind": "namespaces"}),
    )?;
    let list = ctx.read("/api/v1/namespaces/contract-not-there/pods").await?;
    same("a list there is empty", names(&list).len(), 0)
}

/// A dry run answers as if, checks as if, and leaves no trace.
async fn create_dry_run(ctx: &Ctx) -> Outcome {
    let path = ctx.apps("deployments?dryRun=All");
    let made = ctx.create(&path, &deployment("a")).await?;
    includes(
        &made,
        &json!({"metadata": {"name": "a", "generation": 1}, "spec": {"progressDeadlineSeconds": 600}}),
    )?;
    ctx.get(&ctx.apps("deployments/a"))
        .await?
        .refused(404, "NotFound", "deployments.apps \"a\" not found")?;
    let mut wrong = deployment("a");
    wrong["spec"]["replicas"] = json!(-1);
    ctx.post(&path, &wrong).await?.json(422)?;
    let refused = ctx
        .post(&ctx.apps("deployments?dryRun=Some"), &deployment("a"))
        .await?
        .json(422)?;
    let cause = json!({"reason": "FieldValueNotSupported", "field": "dryRun"});
    includes(&refused, &json!({"reason": "Invalid", "details": {"causes": [cause]}}))
}

/// What a Deployment and its pods do not say, the server says for them.
async fn defaults(ctx: &Ctx) -> Outcome {
    let mut body = deployment("a");
    body["spec"].as_object_mut().map(|spec| spec.remove("replicas"));
    let made = ctx.create(&ctx.apps("deployments?dryRun=All"), &body).await?;
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}});
    let container = json!({"name": "main", "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "imagePullPolicy": "IfNotPresent", "resources": {}});
    let template = json!({"spec": {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
        "securityContext": {}, "schedulerName": "default-scheduler"}});
    includes(
        &made["spec"],
        &json!({"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600, "strategy": rolling, "template": template}),
    )?;
    includes(&made["spec"]["template"]["spec"]["containers"][0], &container)?;
    let made = ctx.create(&ctx.core("pods?dryRun=All"), &pod("a")).await?;
    includes(
        &made,
        &json!({"spec": {"restartPolicy": "Always", "terminationGracePeriodSeconds": 30}, "status": {"phase": "Pending", "qosClass": "BestEffort"}}),
    )
}

/// With `fieldValidation=Strict`, as `kubectl` asks, a field that is not known is refused.
async fn strict(ctx: &Ctx) -> Outcome {
    let mut body = deployment("a");
    body["spec"]["replcas"] = json!(1);
    let answer = ctx.post(&ctx.apps("deployments?fieldValidation=Strict"), &body).await?;
    let message = "Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.replcas\"";
    answer.refused(400, "BadRequest", message)?;
    let made = ctx
        .create(&ctx.apps("deployments?fieldValidation=Ignore"), &body)
        .await?;
    same("dropped", &made["spec"]["replcas"], &Value::Null)
}

/// A replacement keeps the identity, takes the rest, and rests on the revision that was read.
async fn replace(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let mut body = made.clone();
    body["data"] = json!({"three": "3"});
    let dry = ctx.put(&format!("{path}?dryRun=All"), &body).await?.json(200)?;
    same("dry", &dry["data"], &json!({"three": "3"}))?;
    same("untouched", ctx.read(&path).await?, made.clone())?;
    let replaced = ctx.put(&path, &body).await?.json(200)?;
    same("data", &replaced["data"], &json!({"three": "3"}))?;
    same("uid", meta(&replaced, "uid"), meta(&made, "uid"))?;
    holds(
        "a new revision",
        meta(&replaced, "resourceVersion") != meta(&made, "resourceVersion"),
    )?;
    // Without a revision it rests on nothing.
    let blind = ctx.put(&path, &config_map("a")).await?.json(200)?;
    same("data", &blind["data"], &json!({"one": "1", "two": "2"}))
}

/// A replacement of something else than was read is refused.
async fn replace_refused(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    ctx.patch(Patch::Merge, &path, &json!({"data": {"one": "changed"}}))
        .await?
        .json(200)?;
    let stale = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the latest version and try again";
    for query in ["", "?dryRun=All"] {
        let refused = ctx
            .put(&format!("{path}{query}"), &made)
            .await?
            .refused(409, "Conflict", stale)?;
        same(
            "details",
            &refused["details"],
            &json!({"name": "a", "kind": "configmaps"}),
        )?;
    }
    let mut other = config_map("a");
    other["metadata"]["uid"] = json!("00000000-0000-4000-8000-000000000000");
    let refused = ctx.put(&path, &other).await?.json(409)?;
    includes(
        &refused,
        &json!({"reason": "Conflict", "details": {"name": "a", "kind": "configmaps"}}),
    )?;
    let message = "the name of the object (b) does not match the name on the URL (a)";
    ctx.put(&path, &config_map("b"))
        .await?
        .refused(400, "BadRequest", message)?;
    ctx.put(&ctx.core("configmaps/none"), &config_map("none"))
        .await?
        .refused(404, "NotFound", "configmaps \"none\" not found")?;
    Ok(())
}

/// A write that changes nothing keeps the revision and tells no watcher.
async fn replace_nothing(ctx: &Ctx) -> Outcome {
    let path = ctx.core("configmaps/a");
    let made = ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let again = ctx.put(&path, &made).await?.json(200)?;
    same(
        "revision after a replacement",
        meta(&again, "resourceVersion"),
        meta(&made, "resourceVersion"),
    )?;
    for (kind, body) in [
        (Patch::Merge, json!({"data": {"one": "1"}})),
        (Patch::Strategic, json!({"data": {"one": "1"}})),
        (
            Patch::Json,
            json!([{"op": "replace", "path": "/data/one", "value": "1"}]),
        ),
        (Patch::Merge, json!({})),
    ] {
        let again = ctx.patch(kind, &path, &body).await?.json(200)?;
        same(
            "revision after a patch",
            meta(&again, "resourceVersion"),
            meta(&made, "resourceVersion"),
        )?;
    }
    Ok(())
}

/// The generation counts changes of what is wanted, and nothing else.
async fn generation(ctx: &Ctx) -> Outcome {
    let path = ctx.apps("deployments/a");
    ctx.create(&ctx.apps("deployments"), &deployment("a")).await?;
    let container =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "example/app:2"}]}}}});
    for (patch, expected) in [
        (json!({"metadata": {"labels": {"more": "yes"}}}), 1),
        (json!({"spec": {"replicas": 0}}), 1),
        (json!({"spec": {"minReadySeconds": 5}}), 2),
        (container.clone(), 3),
        (container, 3),
        (json!({"spec": {"paused": true}}), 4),
        (json!({"status": {"replicas": 9}}), 4),
        // Of a Deployment, and of nothing else, annotations count too.
        (json!({"metadata": {"annotations": {"more": "yes"}}}), 5),
    ] {
        let changed = ctx.patch(Patch::Strategic, &path, &patch).await?.json(200)?;
        includes(&changed, &json!({"metadata": {"generation": expected}}))
            .map_err(|error| format!("{patch}: {error}"))?;
    }
    let mut set = deployment("a");
    set["kind"] = json!("ReplicaSet");
    ctx.create(&ctx.apps("replicasets"), &set).await?;
    let patch = json!({"metadata": {"annotations": {"more": "yes"}, "labels": {"more": "yes"}}});
    let changed = ctx
        .patch(Patch::Merge, &ctx.apps("replicasets/a"), &patch)
        .await?
        .json(200)?;
    includes(&changed, &json!({"metadata": {"generation": 1}}))?;
    let changed = ctx
        .patch(
            Patch::Merge,
            &ctx.apps("replicasets/a"),
            &json!({"spec": {"minReadySeconds": 1}}),
        )
        .await?
        .json(200)?;
    includes(&changed, &json!({"metadata": {"generation": 2}}))
}

/// The object's path ignores `status`, and `/status` ignores `spec`.
async fn status_apart(ctx: &Ctx) -> Outcome {
    let (path, status) = (ctx.core("pods/a"), ctx.core("pods/a/status"));
    ctx.create(&ctx.core("pods"), &pod("a")).await?;
    let changed = ctx
        .patch(Patch::Merge, &path, &json!({"status": {"phase": "Failed"}}))
        .await?
        .json(200)?;
    same("phase", &changed["status"]["phase"], &json!("Pending"))?;
    let both = json!({"spec": {"priority": 5}, "status": {"phase": "Running", "podIP": "192.0.2.7"}});
    let changed = ctx.patch(Patch::Merge, &status, &both).await?.json(200)?;
    includes(&changed, &json!({"status": {"phase": "Running", "podIP": "192.0.2.7"}}))?;
    holds("spec is as it was", changed["spec"]["priority"] != json!(5))?;
    let mut read = ctx.read(&status).await?;
    same("kind", &read["kind"], &json!("Pod"))?;
    read["status"]["message"] = json!("said by a test");
    let replaced = ctx.put(&status, &read).await?.json(200)?;
    same("message", &replaced["status"]["message"], &json!("said by a test"))
}

/// A body in no known format, and a patch of no known kind, are refused.
async fn wrong_content_type(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let admin = super::frame::User::Admin;
    for (method, path, format) in [
        (http::Method::POST, "configmaps", "text/plain"),
        (http::Method::PUT, "configmaps/a", "text/plain"),
        (http::Method::PATCH, "configmaps/a", "application/json"),
        (http::Method::PATCH, "configmaps/a", "text/plain"),
    ] {
        let headers = [("content-type", format)];
        let answer = ctx
            .send(admin, method, &ctx.core(path), &headers, config_map("a").to_string())
            .await?;
        includes(
            &answer.json(415)?,
            &json!({"kind": "Status", "reason": "UnsupportedMediaType", "code": 415}),
        )?;
    }
    let headers = [("accept", "application/nothing")];
    let answer = ctx
        .send(admin, http::Method::GET, &ctx.core("configmaps"), &headers, "")
        .await?;
    includes(
        &answer.json(406)?,
        &json!({"kind": "Status", "reason": "NotAcceptable", "code": 406}),
    )
}
