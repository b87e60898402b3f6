//! What there is to ask for: groups, kinds, custom kinds, and facts about the server.

use http::Method;
use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, same};
use super::frame::{Case, Ctx, Patch, User, case};
use super::objects::definition;

pub(crate) const CASES: &[Case] = &[
    case("discovery-groups", |ctx| Box::pin(groups(ctx))),
    case("discovery-resources", |ctx| Box::pin(resources(ctx))),
    case("discovery-aggregated", |ctx| Box::pin(aggregated(ctx))),
    case("discovery-custom-kind", |ctx| Box::pin(custom_kind(ctx))),
    case("server-facts", |ctx| Box::pin(server_facts(ctx))),
];

/// The groups of kinds, and a group's versions.
async fn groups(ctx: &Ctx) -> Outcome {
    includes(
        &ctx.read("/api").await?,
        &json!({"kind": "APIVersions", "versions": ["v1"]}),
    )?;
    let list = ctx.read("/apis").await?;
    includes(&list, &json!({"kind": "APIGroupList", "apiVersion": "v1"}))?;
    for group in [
        "apps",
        "batch",
        "autoscaling",
        "policy",
        "rbac.authorization.k8s.io",
        "apiextensions.k8s.io",
        "authorization.k8s.io",
        "authentication.k8s.io",
    ] {
        let found = list["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|one| one["name"] == group);
        holds(&format!("there is a group {group}"), found)?;
    }
    let version = json!({"groupVersion": "apps/v1", "version": "v1"});
    let expected = json!({"kind": "APIGroup", "apiVersion": "v1", "name": "apps", "versions": [version], "preferredVersion": version});
    includes(&ctx.read("/apis/apps").await?, &expected)
}

/// One resource of a list of them, by its plural.
fn resource<'a>(list: &'a Value, plural: &str) -> &'a Value {
    let found = list["resources"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|one| one["name"] == plural);
    found.unwrap_or(&Value::Null)
}

/// The kinds of a group with their verbs, short names and subresources.
async fn resources(ctx: &Ctx) -> Outcome {
    let verbs = json!([
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch"
    ]);
    let core = ctx.read("/api/v1").await?;
    includes(&core, &json!({"kind": "APIResourceList", "groupVersion": "v1"}))?;
    let pods = json!({"singularName": "pod", "namespaced": true, "kind": "Pod", "shortNames": ["po"], "categories": ["all"], "verbs": verbs});
    includes(resource(&core, "pods"), &pods)?;
    includes(
        resource(&core, "nodes"),
        &json!({"namespaced": false, "kind": "Node", "shortNames": ["no"]}),
    )?;
    includes(
        resource(&core, "pods/status"),
        &json!({"kind": "Pod", "namespaced": true}),
    )?;
    let apps = ctx.read("/apis/apps/v1").await?;
    includes(
        &apps,
        &json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "apps/v1"}),
    )?;
    includes(
        resource(&apps, "deployments"),
        &json!({"kind": "Deployment", "shortNames": ["deploy"], "verbs": verbs}),
    )?;
    let scale = json!({"kind": "Scale", "group": "autoscaling", "version": "v1", "namespaced": true, "verbs": ["get", "patch", "update"]});
    includes(resource(&apps, "deployments/scale"), &scale)
}

/// All of it in one answer, to those who ask in that form.
async fn aggregated(ctx: &Ctx) -> Outcome {
    let form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    for (path, group, plural) in [("/api", Value::Null, "pods"), ("/apis", json!("apps"), "deployments")] {
        let answer = ctx
            .send(User::Admin, Method::GET, path, &[("accept", form)], "")
            .await?;
        let list = answer.json(200)?;
        let sent = answer
            .headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        holds(
            "the content type says which form it is",
            sent.contains("as=APIGroupDiscoveryList"),
        )?;
        includes(
            &list,
            &json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2"}),
        )?;
        let of_group = |item: &&Value| item["metadata"]["name"] == group;
        let item = list["items"]
            .as_array()
            .into_iter()
            .flatten()
            .find(of_group)
            .cloned()
            .unwrap_or_default();
        includes(&item["versions"][0], &json!({"version": "v1"}))?;
        let mut found = item["versions"][0]["resources"].as_array().into_iter().flatten();
        let one = found.find(|one| one["resource"] == plural).cloned().unwrap_or_default();
        let singular = plural.trim_end_matches('s');
        includes(&one, &json!({"scope": "Namespaced", "singularResource": singular}))?;
        holds(
            "it has a status",
            one["subresources"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|one| one["subresource"] == "status"),
        )?;
    }
    Ok(())
}

/// A kind appears with its definition, is served like any other, and vanishes with it.
async fn custom_kind(ctx: &Ctx) -> Outcome {
    let group = "custom.contract.pilothouse.dev";
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let own = format!("{definitions}/rollouts.{group}");
    ctx.delete(&own, &Value::Null).await?;
    let body = definition(group, "rollouts", "Rollout");
    ctx.until("the definition is made", async || {
        Ok((ctx.post(definitions, &body).await?.status == 201).then_some(()))
    })
    .await?;
    let outcome = custom_objects(ctx, group, &own).await;
    ctx.delete(&own, &Value::Null).await?;
    outcome?;
    let list = format!("/apis/{group}/v1alpha1/namespaces/{}/rollouts", ctx.namespace);
    ctx.until("the kind is gone", async || {
        Ok((ctx.get(&list).await?.status == 404).then_some(()))
    })
    .await
}

#[expect(
    clippy::too_many_lines,
    reason = "one life of a custom kind, from its definition to its end"
)]
async fn custom_objects(ctx: &Ctx, group: &str, definition: &str) -> Outcome {
    let list = format!("/apis/{group}/v1alpha1/namespaces/{}/rollouts", ctx.namespace);
    ctx.until("the definition is in force", async || {
        let conditions = ctx.read(definition).await?["status"]["conditions"].take();
        let mut conditions = conditions.as_array().into_iter().flatten();
        Ok(conditions
            .any(|one| one["type"] == "Established" && one["status"] == "True")
            .then_some(()))
    })
    .await?;
    ctx.until("the kind is served", async || {
        Ok((ctx.get(&list).await?.status == 200).then_some(()))
    })
    .await?;
    ctx.until("the kind is discovered", async || {
        let found = ctx.get(&format!("/apis/{group}/v1alpha1")).await?.value();
        Ok((resource(&found, "rollouts")["kind"] == "Rollout").then_some(()))
    })
    .await?;
    let body = json!({"apiVersion": format!("{group}/v1alpha1"), "kind": "Rollout", "metadata": {"name": "a"}, "spec": {"replicas": 2}, "status": {"phase": "Lost"}});
    let made = ctx.create(&list, &body).await?;
    includes(
        &made,
        &json!({"metadata": {"generation": 1}, "spec": {"replicas": 2}, "status": null}),
    )?;
    let status = json!({"status": {"phase": "Healthy", "HPAReplicas": 1, "selector": "app=a"}});
    let merge = Patch::Merge;
    let changed = ctx
        .patch(merge, &format!("{list}/a/status"), &status)
        .await?
        .json(200)?;
    includes(
        &changed,
        &json!({"metadata": {"generation": 1}, "status": {"phase": "Healthy"}}),
    )?;
    let scale = ctx.read(&format!("{list}/a/scale")).await?;
    includes(
        &scale,
        &json!({"kind": "Scale", "spec": {"replicas": 2}, "status": {"replicas": 1, "selector": "app=a"}}),
    )?;
    let changed = ctx
        .patch(merge, &format!("{list}/a"), &json!({"spec": {"replicas": 3}}))
        .await?
        .json(200)?;
    includes(
        &changed,
        &json!({"metadata": {"generation": 2}, "spec": {"replicas": 3}}),
    )?;
    // Strategic merging needs to know the kind.
    let strategic = ctx
        .patch(
            Patch::Strategic,
            &format!("{list}/a"),
            &json!({"spec": {"replicas": 4}}),
        )
        .await?;
    includes(&strategic.json(415)?, &json!({"reason": "UnsupportedMediaType"}))?;
    let items = ctx.read(&list).await?;
    includes(
        &items,
        &json!({"kind": "RolloutList", "items": [{"kind": "Rollout", "apiVersion": format!("{group}/v1alpha1")}]}),
    )
}

/// The version, the health and the time of the server, open to everybody who has a name.
async fn server_facts(ctx: &Ctx) -> Outcome {
    let answer = ctx.send(User::Nobody, Method::GET, "/version", &[], "").await?;
    let version = answer.json(200)?;
    same("major", &version["major"], &json!("1"))?;
    holds(
        "git version",
        version["gitVersion"]
            .as_str()
            .is_some_and(|text| text.starts_with("v1.")),
    )?;
    for path in ["/readyz", "/livez", "/healthz"] {
        let answer = ctx.send(User::Nobody, Method::GET, path, &[], "").await?;
        same(path, (answer.status, answer.text()), (200, "ok".to_owned()))?;
    }
    let date = answer
        .headers
        .get("date")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    holds(
        "a Date header in the form of HTTP",
        chrono::DateTime::parse_from_rfc2822(date).is_ok() && date.ends_with("GMT"),
    )
}
