//! Lists: pages, selectors and what resourceVersion means to them.

use serde_json::{Value, json};

use super::answer::{Outcome, holds, includes, meta, names, same};
use super::frame::{Case, Ctx, case};
use super::objects::{pod, secret, secrets};

pub(crate) const CASES: &[Case] = &[
    case("list-shape", |ctx| Box::pin(shape(ctx))),
    case("list-pages", |ctx| Box::pin(pages(ctx))),
    case("list-pages-with-selector", |ctx| Box::pin(pages_with_selector(ctx))),
    case("list-compacted-continue", |ctx| Box::pin(compacted_continue(ctx))),
    case("list-label-selectors", |ctx| Box::pin(label_selectors(ctx))),
    case("list-field-selectors", |ctx| Box::pin(field_selectors(ctx))),
    case("list-pod-fields", |ctx| Box::pin(pod_fields(ctx))),
    case("list-event-fields", |ctx| Box::pin(event_fields(ctx))),
    case("list-revisions", |ctx| Box::pin(revisions(ctx))),
    case("list-bad-parameters", |ctx| Box::pin(bad_parameters(ctx))),
    case("list-all-namespaces", |ctx| Box::pin(all_namespaces(ctx))),
];

/// A list says what it is a list of; its items don't repeat it; they come in the order of their names.
async fn shape(ctx: &Ctx) -> Outcome {
    let empty = ctx.read(&ctx.core("secrets")).await?;
    includes(&empty, &json!({"kind": "SecretList", "apiVersion": "v1", "items": []}))?;
    secrets(ctx, &["b", "c", "a"], &json!({})).await?;
    let list = ctx.read(&ctx.core("secrets")).await?;
    same("order", names(&list), vec!["a", "b", "c"])?;
    includes(
        &list["items"][0],
        &json!({"kind": null, "apiVersion": null, "data": {"word": "b25l"}}),
    )?;
    includes(
        &list["metadata"],
        &json!({"continue": null, "remainingItemCount": null}),
    )?;
    let newest = ctx.read(&ctx.core("secrets/a")).await?;
    holds(
        "the list's revision is not older than its items",
        number(meta(&list, "resourceVersion")) >= number(meta(&newest, "resourceVersion")),
    )
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or_default()
}

/// `limit` cuts a list in pages which together are the list as it was at the first page.
async fn pages(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a", "b", "c", "d", "e"], &json!({})).await?;
    let path = ctx.core("secrets?limit=2");
    let first = ctx.read(&path).await?;
    same("first page", names(&first), vec!["a", "b"])?;
    includes(&first["metadata"], &json!({"remainingItemCount": 3}))?;
    secrets(ctx, &["bb", "f"], &json!({})).await?;
    ctx.delete(&ctx.core("secrets/d"), &json!(null)).await?.json(200)?;
    let second = ctx
        .read(&format!("{path}&continue={}", meta(&first, "continue")))
        .await?;
    same("second page", names(&second), vec!["c", "d"])?;
    includes(&second["metadata"], &json!({"remainingItemCount": 1}))?;
    same(
        "revision",
        meta(&second, "resourceVersion"),
        meta(&first, "resourceVersion"),
    )?;
    let third = ctx
        .read(&format!("{path}&continue={}", meta(&second, "continue")))
        .await?;
    same("third page", names(&third), vec!["e"])?;
    includes(
        &third["metadata"],
        &json!({"remainingItemCount": null, "continue": null}),
    )?;
    same(
        "revision",
        meta(&third, "resourceVersion"),
        meta(&first, "resourceVersion"),
    )?;
    let again = ctx.read(&ctx.core("secrets?limit=500")).await?;
    same("now", names(&again), vec!["a", "b", "bb", "c", "e", "f"])
}

/// With a selector nobody counts what remains, and pages are full of what is selected.
async fn pages_with_selector(ctx: &Ctx) -> Outcome {
    for (name, tier) in [("a", "web"), ("b", "db"), ("c", "db"), ("d", "web"), ("e", "web")] {
        ctx.create(&ctx.core("secrets"), &secret(name, &json!({"tier": tier})))
            .await?;
    }
    let path = ctx.core("secrets?limit=2&labelSelector=tier=web");
    let first = ctx.read(&path).await?;
    same("first page", names(&first), vec!["a", "d"])?;
    includes(&first["metadata"], &json!({"remainingItemCount": null}))?;
    let second = ctx
        .read(&format!("{path}&continue={}", meta(&first, "continue")))
        .await?;
    same("second page", names(&second), vec!["e"])?;
    same("continue", meta(&second, "continue"), "")
}

/// A continue token whose revision is forgotten is answered 410 with a token that goes on with what is there now.
/// Told by events: of other kinds servers from 1.34 on serve the recent past from their own memory, also after etcd
/// has forgotten it.
async fn compacted_continue(ctx: &Ctx) -> Outcome {
    let events = ctx.core("events");
    for name in ["a", "b", "c"] {
        ctx.create(&events, &event(ctx, name, "Pod", "u1", "Normal")).await?;
    }
    let path = format!("{events}?limit=1");
    let first = ctx.read(&path).await?;
    ctx.create(&events, &event(ctx, "bb", "Pod", "u1", "Normal")).await?;
    if !ctx.compact().await? {
        ctx.skip("PILOTHOUSE_TEST_LAB names no lab that can compact");
        return Ok(());
    }
    let next = format!("{path}&continue={}", meta(&first, "continue"));
    let message = "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.";
    let gone = ctx.until("410", async || {
        let answer = ctx.get(&next).await?;
        Ok((answer.status != 200).then_some(answer))
    });
    let gone = gone.await?.json(410)?;
    includes(
        &gone,
        &json!({"kind": "Status", "reason": "Expired", "message": message}),
    )?;
    let rest = ctx
        .read(&format!("{events}?limit=10&continue={}", meta(&gone, "continue")))
        .await?;
    same("the rest", names(&rest), vec!["b", "bb", "c"])
}

/// Equality, sets and presence, alone and together.
async fn label_selectors(ctx: &Ctx) -> Outcome {
    for (name, labels) in [
        ("a", json!({"tier": "web", "env": "prod"})),
        ("b", json!({"tier": "web", "env": "test"})),
        ("c", json!({"tier": "db"})),
        ("d", json!({"env": "prod"})),
    ] {
        ctx.create(&ctx.core("secrets"), &secret(name, &labels)).await?;
    }
    for (selector, expected) in [
        ("tier=web", "a b"),
        ("tier==web", "a b"),
        ("tier!=web", "c d"),
        ("tier%20in%20(web,db)", "a b c"),
        ("tier%20notin%20(web)", "c d"),
        ("tier", "a b c"),
        ("!tier", "d"),
        ("tier=web,env=prod", "a"),
        ("tier,env%20in%20(test)", "b"),
        ("env!=prod,tier", "b c"),
        ("tier=", ""),
        ("tier=none", ""),
    ] {
        let list = ctx
            .read(&ctx.core(&format!("secrets?labelSelector={selector}")))
            .await?;
        same(selector, names(&list).join(" "), expected)?;
    }
    let answer = ctx.get(&ctx.core("secrets?labelSelector=tier%20in%20(web")).await?;
    includes(
        &answer.json(400)?,
        &json!({"kind": "Status", "reason": "BadRequest", "code": 400}),
    )?;
    Ok(())
}

/// The name is a field of every kind; others are refused where they are not known.
async fn field_selectors(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a", "b", "c"], &json!({})).await?;
    let namespace = &ctx.namespace;
    for (selector, expected) in [
        ("metadata.name=b", "b"),
        ("metadata.name==b", "b"),
        ("metadata.name!=b", "a c"),
        (&format!("metadata.name!=b,metadata.namespace={namespace}"), "a c"),
        ("metadata.name!=b,metadata.name!=a", "c"),
        ("metadata.name=none", ""),
    ] {
        let list = ctx
            .read(&ctx.core(&format!("secrets?fieldSelector={selector}")))
            .await?;
        same(selector, names(&list).join(" "), expected)?;
    }
    let answer = ctx.get(&ctx.core("pods?fieldSelector=spec.foo=1")).await?;
    answer.refused(400, "BadRequest", "field label not supported: spec.foo")?;
    Ok(())
}

/// Pods are found by node and by phase.
async fn pod_fields(ctx: &Ctx) -> Outcome {
    let pods = ctx.core("pods");
    for name in ["a", "b"] {
        ctx.create(&pods, &pod(name)).await?;
    }
    let mut elsewhere = pod("c");
    elsewhere["spec"]["nodeName"] = json!("contract-other-node");
    ctx.create(&pods, &elsewhere).await?;
    let status = json!({"status": {"phase": "Running"}});
    ctx.patch(super::frame::Patch::Merge, &ctx.core("pods/b/status"), &status)
        .await?
        .json(200)?;
    for (selector, expected) in [
        ("spec.nodeName=contract-no-such-node", "a b"),
        ("spec.nodeName!=contract-no-such-node", "c"),
        ("status.phase=Running", "b"),
        ("status.phase=Pending", "a c"),
        ("status.phase!=Running,spec.nodeName=contract-no-such-node", "a"),
        ("spec.restartPolicy=Always", "a b c"),
    ] {
        let list = ctx.read(&format!("{pods}?fieldSelector={selector}")).await?;
        same(selector, names(&list).join(" "), expected)?;
    }
    Ok(())
}

/// Events are found by what they are about.
async fn event_fields(ctx: &Ctx) -> Outcome {
    let events = ctx.core("events");
    for (name, kind, uid, severity) in [
        ("a", "Pod", "u1", "Normal"),
        ("b", "Pod", "u2", "Warning"),
        ("c", "Node", "u3", "Warning"),
    ] {
        ctx.create(&events, &event(ctx, name, kind, uid, severity)).await?;
    }
    for (selector, expected) in [
        ("involvedObject.uid=u2", "b"),
        ("involvedObject.kind=Pod", "a b"),
        ("involvedObject.kind=Pod,type=Warning", "b"),
        ("involvedObject.name=x,type!=Warning", "a"),
        ("reason=Tested", "a b c"),
    ] {
        let list = ctx.read(&format!("{events}?fieldSelector={selector}")).await?;
        same(selector, names(&list).join(" "), expected)?;
    }
    Ok(())
}

fn event(ctx: &Ctx, name: &str, kind: &str, uid: &str, severity: &str) -> Value {
    let about = json!({"kind": kind, "name": "x", "uid": uid, "namespace": ctx.namespace});
    json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "involvedObject": about,
        "reason": "Tested", "type": severity, "message": "said by a test"})
}

/// A list can be of any revision there is, of a given one or a newer, or of exactly one.
async fn revisions(ctx: &Ctx) -> Outcome {
    let secrets_path = ctx.core("secrets");
    let first = ctx.create(&secrets_path, &secret("a", &json!({}))).await?;
    let then = meta(&first, "resourceVersion");
    secrets(ctx, &["b"], &json!({})).await?;
    let exact = ctx
        .read(&format!(
            "{secrets_path}?resourceVersion={then}&resourceVersionMatch=Exact"
        ))
        .await?;
    same("exactly then", names(&exact), vec!["a"])?;
    same("its revision", meta(&exact, "resourceVersion"), then)?;
    let newest = ctx.read(&secrets_path).await?;
    let now = meta(&newest, "resourceVersion");
    for query in [
        format!("resourceVersion={now}"),
        format!("resourceVersion={now}&resourceVersionMatch=NotOlderThan"),
    ] {
        let list = ctx.read(&format!("{secrets_path}?{query}")).await?;
        same(&query, names(&list), vec!["a", "b"])?;
    }
    ctx.read(&format!("{secrets_path}?resourceVersion=0")).await?;
    let future = ctx
        .get(&format!(
            "{secrets_path}?resourceVersion=99999999999&resourceVersionMatch=NotOlderThan"
        ))
        .await?;
    let refused = future.json(504)?;
    let causes = json!({"causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}], "retryAfterSeconds": 1});
    includes(&refused, &json!({"reason": "Timeout", "details": causes}))
}

/// Parameters that cannot be are refused with what is wrong.
async fn bad_parameters(ctx: &Ctx) -> Outcome {
    let invalid =
        |why: &str| format!("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: {why}");
    for (query, code, reason, message) in [
        ("resourceVersionMatch=Exact", 422, "Invalid", invalid("resourceVersionMatch is forbidden unless resourceVersion is provided")),
        ("resourceVersion=0&resourceVersionMatch=Exact", 422, "Invalid", invalid("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")),
        ("resourceVersion=abc", 400, "BadRequest", "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax".into()),
    ] {
        ctx.get(&ctx.core(&format!("secrets?{query}"))).await?.refused(code, reason, &message)?;
    }
    for query in ["limit=1&continue=abc", "limit=abc"] {
        let answer = ctx.get(&ctx.core(&format!("secrets?{query}"))).await?;
        includes(
            &answer.json(400)?,
            &json!({"kind": "Status", "reason": "BadRequest", "code": 400}),
        )?;
    }
    Ok(())
}

/// Without a namespace in the path a list is of them all, ordered by namespace.
async fn all_namespaces(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["b", "a"], &json!({"contract": "all-namespaces"})).await?;
    let list = ctx
        .read("/api/v1/secrets?labelSelector=contract=all-namespaces")
        .await?;
    same("names", names(&list), vec!["a", "b"])?;
    same(
        "namespace",
        meta(&list["items"][0], "namespace"),
        ctx.namespace.as_str(),
    )
}
