//! Who may do what, who one is, and what is not there for anybody.

use http::Method;
use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, same};
use super::frame::{Case, Ctx, User, case};

pub(crate) const CASES: &[Case] = &[
    case("access-review", |ctx| Box::pin(access_review(ctx))),
    case("access-who-am-i", |ctx| Box::pin(who_am_i(ctx))),
    case("access-forbidden", |ctx| Box::pin(forbidden(ctx))),
    case("access-by-role", |ctx| Box::pin(by_role(ctx))),
    case("unknown-resources", |ctx| Box::pin(unknown_resources(ctx))),
];

const JSON: &[(&str, &str)] = &[("content-type", "application/json"), ("accept", "application/json")];

/// Asks whether a user may do something; null attributes ask nothing.
async fn review(ctx: &Ctx, user: User, attributes: &Value) -> Outcome<Value> {
    let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": attributes});
    let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    ctx.send(user, Method::POST, path, JSON, body.to_string())
        .await?
        .json(201)
}

/// Anybody may ask what they may do.
async fn access_review(ctx: &Ctx) -> Outcome {
    for (user, allowed) in [(User::Admin, true), (User::Nobody, false)] {
        for attributes in [
            json!({"verb": "list", "resource": "pods", "namespace": ctx.namespace}),
            json!({"verb": "patch", "group": "apps", "resource": "deployments", "subresource": "scale", "namespace": ctx.namespace, "name": "a"}),
            json!({"verb": "get", "resource": "nodes"}),
            json!({"verb": "*", "group": "*", "resource": "*"}),
        ] {
            let answer = review(ctx, user, &json!({"resourceAttributes": attributes})).await?;
            let expected = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": {"resourceAttributes": attributes},
                "status": {"allowed": allowed}});
            includes(&answer, &expected)?;
        }
    }
    let version = json!({"nonResourceAttributes": {"verb": "get", "path": "/version"}});
    let answer = review(ctx, User::Nobody, &version).await?;
    includes(&answer, &json!({"status": {"allowed": true}}))
}

/// The server says whom it takes one for.
async fn who_am_i(ctx: &Ctx) -> Outcome {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}).to_string();
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let answer = ctx
        .send(User::Nobody, Method::POST, path, JSON, body.clone())
        .await?
        .json(201)?;
    let expected = json!({"username": "nobody", "groups": ["system:authenticated"]});
    includes(
        &answer,
        &json!({"kind": "SelfSubjectReview", "status": {"userInfo": expected}}),
    )?;
    let answer = ctx.send(User::Admin, Method::POST, path, JSON, body).await?.json(201)?;
    holds(
        "a name",
        !answer["status"]["userInfo"]["username"]
            .as_str()
            .unwrap_or_default()
            .is_empty(),
    )
}

/// A refusal says who may not do what, where.
async fn forbidden(ctx: &Ctx) -> Outcome {
    let space = &ctx.namespace;
    let within = format!("in the namespace \"{space}\"");
    for (method, path, message) in [
        (Method::GET, ctx.core("pods"), format!("pods is forbidden: User \"nobody\" cannot list resource \"pods\" in API group \"\" {within}")),
        (Method::GET, ctx.core("pods/a"), format!("pods \"a\" is forbidden: User \"nobody\" cannot get resource \"pods\" in API group \"\" {within}")),
        (Method::GET, "/api/v1/pods".into(), "pods is forbidden: User \"nobody\" cannot list resource \"pods\" in API group \"\" at the cluster scope".into()),
        (Method::GET, "/api/v1/nodes?watch=true".into(), "nodes is forbidden: User \"nobody\" cannot watch resource \"nodes\" in API group \"\" at the cluster scope".into()),
        (Method::DELETE, ctx.apps("deployments"), format!("deployments.apps is forbidden: User \"nobody\" cannot deletecollection resource \"deployments\" in API group \"apps\" {within}")),
        (Method::DELETE, ctx.apps("deployments/a"), format!("deployments.apps \"a\" is forbidden: User \"nobody\" cannot delete resource \"deployments\" in API group \"apps\" {within}")),
        (Method::PATCH, ctx.apps("deployments/a/scale"), format!("deployments.apps \"a\" is forbidden: User \"nobody\" cannot patch resource \"deployments/scale\" in API group \"apps\" {within}")),
        (Method::POST, ctx.apps("deployments"), format!("deployments.apps is forbidden: User \"nobody\" cannot create resource \"deployments\" in API group \"apps\" {within}")),
        (Method::PUT, ctx.apps("deployments/a/status"), format!("deployments.apps \"a\" is forbidden: User \"nobody\" cannot update resource \"deployments/status\" in API group \"apps\" {within}")),
    ] {
        let answer = ctx.send(User::Nobody, method, &path, JSON, "{}").await?;
        let refused = answer.refused(403, "Forbidden", &message)?;
        holds("details name the kind", refused["details"]["kind"].is_string())?;
    }
    Ok(())
}

/// What a role in a namespace gives is given there and nowhere else.
async fn by_role(ctx: &Ctx) -> Outcome {
    let path = format!("/apis/rbac.authorization.k8s.io/v1/namespaces/{}", ctx.namespace);
    let rule = json!({"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list"]});
    let role = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"}, "rules": [rule]});
    ctx.create(&format!("{path}/roles"), &role).await?;
    let subject = json!({"kind": "User", "name": "nobody", "apiGroup": "rbac.authorization.k8s.io"});
    let reference = json!({"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"});
    let binding = json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "reader"}, "subjects": [subject], "roleRef": reference});
    ctx.create(&format!("{path}/rolebindings"), &binding).await?;
    ctx.until("the role is in force", async || {
        let answer = ctx.send(User::Nobody, Method::GET, &ctx.core("pods"), JSON, "").await?;
        Ok((answer.status == 200).then_some(()))
    })
    .await?;
    for (path, status) in [
        (ctx.core("pods/a"), 404),
        (ctx.core("secrets"), 403),
        ("/api/v1/pods".into(), 403),
        ("/api/v1/namespaces/default/pods".into(), 403),
    ] {
        same(
            &path,
            ctx.send(User::Nobody, Method::GET, &path, JSON, "").await?.status,
            status,
        )?;
    }
    let asked = json!({"resourceAttributes": {"verb": "list", "resource": "pods", "namespace": ctx.namespace}});
    includes(
        &review(ctx, User::Nobody, &asked).await?,
        &json!({"status": {"allowed": true}}),
    )
}

/// What no group serves is not found, in words that say so.
async fn unknown_resources(ctx: &Ctx) -> Outcome {
    let message = "the server could not find the requested resource";
    for path in [
        "/api/v1/things".to_owned(),
        ctx.core("things/a"),
        "/apis/apps/v1/things".into(),
        "/apis/apps/v0/deployments".into(),
    ] {
        let refused = ctx.get(&path).await?.refused(404, "NotFound", message)?;
        same("details", &refused["details"], &json!({}))?;
    }
    for path in ["/apis/none.example.com/v1/things", "/nowhere"] {
        let answer = ctx.get(path).await?;
        same(path, (answer.status, answer.text().trim()), (404, "404 page not found"))?;
    }
    Ok(())
}
