//! Tables: lists as `kubectl get` asks for them, and metadata alone.

use http::Method;
use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, meta, names, same};
use super::frame::{Case, Ctx, Patch, User, case};
use super::objects::{config_map, definition, deployment, pod, secrets};

pub(crate) const CASES: &[Case] = &[
    case("table-columns", |ctx| Box::pin(columns(ctx))),
    case("table-custom-columns", |ctx| Box::pin(custom_columns(ctx))),
    case("table-rows", |ctx| Box::pin(rows(ctx))),
    case("table-pod-cells", |ctx| Box::pin(pod_cells(ctx))),
    case("table-deployment-cells", |ctx| Box::pin(deployment_cells(ctx))),
    case("table-objects", |ctx| Box::pin(objects(ctx))),
    case("table-one-object", |ctx| Box::pin(one_object(ctx))),
    case("table-watch", |ctx| Box::pin(watch(ctx))),
    case("metadata-alone", |ctx| Box::pin(metadata_alone(ctx))),
];

/// How `kubectl` asks.
const TABLE: &str =
    "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

async fn table(ctx: &Ctx, path: &str) -> Outcome<Value> {
    let answer = ctx
        .send(User::Admin, Method::GET, path, &[("accept", TABLE)], "")
        .await?;
    let table = answer.json(200)?;
    includes(&table, &json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1"}))?;
    Ok(table)
}

/// The columns as `Name` or, where only wide output shows them, `(Name)`.
fn columns_of(table: &Value) -> String {
    let columns = table["columnDefinitions"].as_array().into_iter().flatten();
    let named = columns.map(|column| {
        let name = column["name"].as_str().unwrap_or_default();
        if column["priority"] == 0 {
            name.to_owned()
        } else {
            format!("({name})")
        }
    });
    named.collect::<Vec<_>>().join(", ")
}

/// The cells of a row by their columns.
fn cells(table: &Value, row: usize) -> Value {
    let columns = table["columnDefinitions"].as_array().into_iter().flatten();
    let cells = table["rows"][row]["cells"].as_array().into_iter().flatten();
    let pairs = columns
        .zip(cells)
        .map(|(column, cell)| (column["name"].as_str().unwrap_or_default().to_owned(), cell.clone()));
    Value::Object(pairs.collect())
}

/// The columns of each kind people look at.
async fn columns(ctx: &Ctx) -> Outcome {
    for (path, expected) in [
        (
            ctx.core("pods"),
            "Name, Ready, Status, Restarts, Age, (IP), (Node), (Nominated Node), (Readiness Gates)",
        ),
        (
            "/api/v1/nodes".into(),
            "Name, Status, Roles, Age, Version, (Internal-IP), (External-IP), (OS-Image), (Kernel-Version), (Container-Runtime)",
        ),
        (
            ctx.apps("deployments"),
            "Name, Ready, Up-to-date, Available, Age, (Containers), (Images), (Selector)",
        ),
        (
            ctx.apps("replicasets"),
            "Name, Desired, Current, Ready, Age, (Containers), (Images), (Selector)",
        ),
        (ctx.apps("statefulsets"), "Name, Ready, Age, (Containers), (Images)"),
        (
            ctx.apps("daemonsets"),
            "Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, (Containers), (Images), (Selector)",
        ),
        ("/api/v1/namespaces".into(), "Name, Status, Age"),
        (
            ctx.core("events"),
            "Last Seen, Type, Reason, Object, (Subobject), (Source), Message, (First Seen), (Count), (Name)",
        ),
        (ctx.core("configmaps"), "Name, Data, Age"),
        (ctx.core("secrets"), "Name, Type, Data, Age"),
        (
            ctx.core("services"),
            "Name, Type, Cluster-IP, External-IP, Port(s), Age, (Selector)",
        ),
        (ctx.core("serviceaccounts"), "Name, Age"),
        (ctx.core("resourcequotas"), "Name, Request, Limit, Age"),
        (
            format!("/apis/batch/v1/namespaces/{}/jobs", ctx.namespace),
            "Name, Status, Completions, Duration, Age, (Containers), (Images), (Selector)",
        ),
        (
            format!("/apis/policy/v1/namespaces/{}/poddisruptionbudgets", ctx.namespace),
            "Name, Min Available, Max Unavailable, Allowed Disruptions, Age",
        ),
        (
            format!(
                "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers",
                ctx.namespace
            ),
            "Name, Reference, Targets, MinPods, MaxPods, Replicas, Age",
        ),
        (
            format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}/roles", ctx.namespace),
            "Name, Created At",
        ),
    ] {
        same(&path, columns_of(&table(ctx, &path).await?), expected.to_owned())?;
    }
    Ok(())
}

/// A custom kind has the columns its definition names.
async fn custom_columns(ctx: &Ctx) -> Outcome {
    let group = "table.contract.pilothouse.dev";
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let own = format!("{definitions}/things.{group}");
    ctx.delete(&own, &Value::Null).await?;
    let body = definition(group, "things", "Thing");
    ctx.until("the definition is made", async || {
        Ok((ctx.post(definitions, &body).await?.status == 201).then_some(()))
    })
    .await?;
    let list = format!("/apis/{group}/v1alpha1/namespaces/{}/things", ctx.namespace);
    ctx.until("the kind is served", async || {
        Ok((ctx.get(&list).await?.status == 200).then_some(()))
    })
    .await?;
    let thing = json!({"apiVersion": format!("{group}/v1alpha1"), "kind": "Thing", "metadata": {"name": "a"}, "spec": {"replicas": 2}});
    ctx.create(&list, &thing).await?;
    let shown = table(ctx, &list).await?;
    ctx.delete(&own, &Value::Null).await?.json(200)?;
    same("columns", columns_of(&shown).as_str(), "Name, Desired")?;
    includes(&cells(&shown, 0), &json!({"Name": "a", "Desired": 2}))
}

/// A table is a list: it has pages, selectors and a revision.
async fn rows(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a", "b", "c"], &json!({"tier": "web"})).await?;
    secrets(ctx, &["d"], &json!({"tier": "db"})).await?;
    let first = table(ctx, &ctx.core("secrets?limit=3")).await?;
    same("rows", first["rows"].as_array().map(Vec::len), Some(3))?;
    includes(&first["metadata"], &json!({"remainingItemCount": 1}))?;
    includes(&cells(&first, 0), &json!({"Name": "a", "Type": "Opaque", "Data": 1}))?;
    let second = table(
        ctx,
        &ctx.core(&format!("secrets?limit=3&continue={}", meta(&first, "continue"))),
    )
    .await?;
    includes(&cells(&second, 0), &json!({"Name": "d"}))?;
    let selected = table(ctx, &ctx.core("secrets?labelSelector=tier=db")).await?;
    same("selected", selected["rows"].as_array().map(Vec::len), Some(1))?;
    holds("a revision", !meta(&selected, "resourceVersion").is_empty())?;
    let nothing = table(ctx, &ctx.core("secrets?labelSelector=tier=none")).await?;
    same("no rows", &nothing["rows"], &json!([]))
}

/// The word for a pod's state is the one people know.
async fn pod_cells(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("pods"), &pod("a")).await?;
    let shown = table(ctx, &ctx.core("pods")).await?;
    includes(
        &cells(&shown, 0),
        &json!({"Name": "a", "Ready": "0/1", "Status": "Pending", "Restarts": "0", "IP": "<none>",
        "Node": "contract-no-such-node", "Nominated Node": "<none>", "Readiness Gates": "<none>"}),
    )?;
    let waiting = json!({"name": "main", "image": "example/app:1", "imageID": "", "ready": false, "restartCount": 4,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}});
    let status = json!({"status": {"phase": "Running", "podIP": "192.0.2.7", "podIPs": [{"ip": "192.0.2.7"}], "containerStatuses": [waiting]}});
    ctx.patch(Patch::Merge, &ctx.core("pods/a/status"), &status)
        .await?
        .json(200)?;
    let shown = table(ctx, &ctx.core("pods")).await?;
    includes(
        &cells(&shown, 0),
        &json!({"Ready": "0/1", "Status": "CrashLoopBackOff", "Restarts": "4", "IP": "192.0.2.7"}),
    )?;
    let running = json!({"name": "main", "image": "example/app:1", "imageID": "", "ready": true, "restartCount": 4, "started": true,
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}});
    let status = json!({"status": {"phase": "Running", "containerStatuses": [running]}});
    ctx.patch(Patch::Merge, &ctx.core("pods/a/status"), &status)
        .await?
        .json(200)?;
    let shown = table(ctx, &ctx.core("pods")).await?;
    includes(&cells(&shown, 0), &json!({"Ready": "1/1", "Status": "Running"}))?;
    ctx.delete(&ctx.core("pods/a"), &Value::Null).await?.json(200)?;
    let shown = table(ctx, &ctx.core("pods")).await?;
    includes(&cells(&shown, 0), &json!({"Status": "Terminating"}))
}

/// A Deployment shows what is ready of what is wanted, its containers, images and selector.
async fn deployment_cells(ctx: &Ctx) -> Outcome {
    let mut body = deployment("a");
    body["spec"]["paused"] = json!(true);
    ctx.create(&ctx.apps("deployments"), &body).await?;
    let shown = table(ctx, &ctx.apps("deployments")).await?;
    includes(
        &cells(&shown, 0),
        &json!({"Name": "a", "Ready": "0/0", "Up-to-date": 0, "Available": 0, "Containers": "main,proxy",
        "Images": "example/app:1,example/proxy:1", "Selector": "app=a"}),
    )
}

/// Rows carry their objects' metadata, all of them, or nothing, as asked.
async fn objects(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a"], &json!({"tier": "web"})).await?;
    let partial = json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a", "labels": {"tier": "web"}}, "data": null});
    let whole = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "a"}, "data": {"word": "b25l"}});
    for (query, expected) in [
        ("", partial.clone()),
        ("?includeObject=Metadata", partial),
        ("?includeObject=Object", whole),
        ("?includeObject=None", Value::Null),
    ] {
        let shown = table(ctx, &ctx.core(&format!("secrets{query}"))).await?;
        includes(&shown["rows"][0]["object"], &expected).map_err(|error| format!("{query}: {error}"))?;
    }
    Ok(())
}

/// One object is a table of one row.
async fn one_object(ctx: &Ctx) -> Outcome {
    ctx.create(&ctx.core("configmaps"), &config_map("a")).await?;
    let shown = table(ctx, &ctx.core("configmaps/a")).await?;
    same("columns", columns_of(&shown).as_str(), "Name, Data, Age")?;
    includes(&cells(&shown, 0), &json!({"Name": "a", "Data": 2}))?;
    let missing = ctx
        .send(
            User::Admin,
            Method::GET,
            &ctx.core("configmaps/none"),
            &[("accept", TABLE)],
            "",
        )
        .await?;
    missing.refused(404, "NotFound", "configmaps \"none\" not found")?;
    Ok(())
}

/// A watch of tables gives one row an event, and the columns with the first only.
async fn watch(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a"], &json!({})).await?;
    let path = ctx.core("secrets?watch=true&timeoutSeconds=2");
    let answer = ctx
        .send(User::Admin, Method::GET, &path, &[("accept", TABLE)], "")
        .await?;
    same("status", answer.status, 200)?;
    let line = answer.text().lines().next().unwrap_or_default().to_owned();
    let event: Value = serde_json::from_str(&line)?;
    includes(
        &event,
        &json!({"type": "ADDED", "object": {"kind": "Table", "apiVersion": "meta.k8s.io/v1"}}),
    )?;
    same(
        "columns",
        columns_of(&event["object"]).as_str(),
        "Name, Type, Data, Age",
    )?;
    includes(&cells(&event["object"], 0), &json!({"Name": "a"}))
}

/// Objects without anything but their metadata, as a list and alone.
async fn metadata_alone(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a", "b"], &json!({"tier": "web"})).await?;
    let form = |kind: &str| format!("application/json;as={kind};v=v1;g=meta.k8s.io");
    let accept = form("PartialObjectMetadataList");
    let list = ctx
        .send(
            User::Admin,
            Method::GET,
            &ctx.core("secrets"),
            &[("accept", &accept)],
            "",
        )
        .await?
        .json(200)?;
    includes(
        &list,
        &json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1"}),
    )?;
    same("names", names(&list), vec!["a", "b"])?;
    includes(
        &list["items"][0],
        &json!({"metadata": {"labels": {"tier": "web"}}, "data": null}),
    )?;
    let accept = form("PartialObjectMetadata");
    let one = ctx
        .send(
            User::Admin,
            Method::GET,
            &ctx.core("secrets/a"),
            &[("accept", &accept)],
            "",
        )
        .await?
        .json(200)?;
    includes(
        &one,
        &json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}, "data": null}),
    )
}
