//! Watches: which changes come, in which order, and how a watch ends.

use serde_json::{Value, json};

use super::answer::{Outcome, Watch, holds, includes, meta, same};
use super::frame::{Case, Ctx, Patch, User, case};
use super::objects::{definition, secret, secrets};

pub(crate) const CASES: &[Case] = &[
    case("watch-later-changes", |ctx| Box::pin(later_changes(ctx))),
    case("watch-resumes", |ctx| Box::pin(resumes(ctx))),
    case("watch-from-now", |ctx| Box::pin(from_now(ctx))),
    case("watch-ends-in-time", |ctx| Box::pin(ends_in_time(ctx))),
    case("watch-bookmarks", |ctx| Box::pin(bookmarks(ctx))),
    case("watch-initial-events", |ctx| Box::pin(initial_events(ctx))),
    case("watch-label-selector", |ctx| Box::pin(label_selector(ctx))),
    case("watch-one-object", |ctx| Box::pin(one_object(ctx))),
    case("watch-expired", |ctx| Box::pin(expired(ctx))),
    case("watch-refused", |ctx| Box::pin(refused(ctx))),
];

/// The path of a watch of the case's Secrets.
fn path(ctx: &Ctx, query: &str) -> String {
    ctx.core(&format!("secrets?watch=true&{query}"))
}

/// The revision a watcher goes on from after a list.
async fn now(ctx: &Ctx) -> Outcome<String> {
    let list = ctx.read(&ctx.core("secrets")).await?;
    Ok(meta(&list, "resourceVersion").into())
}

/// Checks the next changes, each `TYPE name`.
async fn changes(watch: &mut Watch<'_>, expected: &[&str]) -> Outcome {
    for wanted in expected {
        same("change", watch.change().await?, (*wanted).to_owned())?;
    }
    Ok(())
}

/// From a list's revision a watch gives exactly what came later, in order, and each object as it was then.
async fn later_changes(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["before"], &json!({})).await?;
    let mut watch = ctx
        .watch(&path(ctx, &format!("resourceVersion={}", now(ctx).await?)))
        .await?;
    secrets(ctx, &["a", "b"], &json!({})).await?;
    ctx.patch(Patch::Merge, &ctx.core("secrets/a"), &json!({"data": {"word": "dHdv"}}))
        .await?
        .json(200)?;
    ctx.delete(&ctx.core("secrets/a"), &Value::Null).await?.json(200)?;
    ctx.delete(&ctx.core("secrets/before"), &Value::Null).await?.json(200)?;
    let mut last = 0;
    for (kind, name, word) in [
        ("ADDED", "a", "b25l"),
        ("ADDED", "b", "b25l"),
        ("MODIFIED", "a", "dHdv"),
        ("DELETED", "a", "dHdv"),
        ("DELETED", "before", "b25l"),
    ] {
        let event = watch.event().await?;
        let object = json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name}, "data": {"word": word}});
        includes(&event, &json!({"type": kind, "object": object}))?;
        let revision = meta(&event["object"], "resourceVersion").parse()?;
        holds("revisions rise", revision > last)?;
        last = revision;
    }
    Ok(())
}

/// A watch from the revision of any event gives what came after it.
async fn resumes(ctx: &Ctx) -> Outcome {
    let start = now(ctx).await?;
    secrets(ctx, &["a", "b", "c"], &json!({})).await?;
    let mut first = ctx.watch(&path(ctx, &format!("resourceVersion={start}"))).await?;
    let event = first.event().await?;
    same("first", meta(&event["object"], "name"), "a")?;
    let from = meta(&event["object"], "resourceVersion");
    let mut second = ctx.watch(&path(ctx, &format!("resourceVersion={from}"))).await?;
    secrets(ctx, &["d"], &json!({})).await?;
    changes(&mut second, &["ADDED b", "ADDED c", "ADDED d"]).await?;
    changes(&mut first, &["ADDED b", "ADDED c", "ADDED d"]).await
}

/// Without a revision, or from 0, a watch begins with what is there as ADDED.
async fn from_now(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a", "b"], &json!({})).await?;
    for query in ["timeoutSeconds=30", "resourceVersion=0&timeoutSeconds=30"] {
        let mut watch = ctx.watch(&path(ctx, query)).await?;
        let mut there = [watch.change().await?, watch.change().await?];
        there.sort();
        same(query, there, ["ADDED a".to_owned(), "ADDED b".to_owned()])?;
    }
    Ok(())
}

/// `timeoutSeconds` ends a watch between two events, without an error.
async fn ends_in_time(ctx: &Ctx) -> Outcome {
    let from = now(ctx).await?;
    let mut watch = ctx
        .watch(&path(ctx, &format!("resourceVersion={from}&timeoutSeconds=2")))
        .await?;
    secrets(ctx, &["a"], &json!({})).await?;
    let rest = watch.rest().await?;
    same("events", rest.len(), 1)?;
    includes(
        &rest[0],
        &json!({"type": "ADDED", "object": {"metadata": {"name": "a"}}}),
    )
}

/// Bookmarks come only to those who allow them, and carry a kind and a revision, nothing else.
async fn bookmarks(ctx: &Ctx) -> Outcome {
    let from = now(ctx).await?;
    let mut without = ctx
        .watch(&path(ctx, &format!("resourceVersion={from}&timeoutSeconds=6")))
        .await?;
    let query = format!("resourceVersion={from}&timeoutSeconds=6&allowWatchBookmarks=true");
    let mut with = ctx.watch(&path(ctx, &query)).await?;
    secrets(ctx, &["a"], &json!({})).await?;
    let events = with.rest().await?;
    let bookmarks: Vec<&Value> = events.iter().filter(|event| event["type"] == "BOOKMARK").collect();
    holds("a bookmark comes before the watch ends", !bookmarks.is_empty())?;
    includes(
        bookmarks[0],
        &json!({"object": {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": null, "uid": null}}}),
    )?;
    let made = ctx.read(&ctx.core("secrets/a")).await?;
    let at: u64 = meta(&bookmarks[0]["object"], "resourceVersion").parse()?;
    holds(
        "it is not older than what came before it",
        at >= meta(&made, "resourceVersion").parse()?,
    )?;
    let mut on = ctx
        .watch(&path(ctx, &format!("resourceVersion={at}&timeoutSeconds=30")))
        .await?;
    secrets(ctx, &["b"], &json!({})).await?;
    changes(&mut on, &["ADDED b"]).await?;
    let plain = without.rest().await?;
    holds(
        "none came unasked",
        plain.iter().all(|event| event["type"] != "BOOKMARK"),
    )
}

/// `sendInitialEvents` gives what is there, then a marked bookmark, then changes; older servers refuse it.
async fn initial_events(ctx: &Ctx) -> Outcome {
    secrets(ctx, &["a"], &json!({})).await?;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    if !ctx.is_real() {
        let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
        let message = format!("ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: {why}");
        ctx.get(&path(ctx, query)).await?.refused(422, "Invalid", &message)?;
        return Ok(());
    }
    let mut watch = ctx.watch(&path(ctx, query)).await?;
    includes(
        &watch.event().await?,
        &json!({"type": "ADDED", "object": {"metadata": {"name": "a"}}}),
    )?;
    let mark = json!({"metadata": {"annotations": {"k8s.io/initial-events-end": "true"}}});
    includes(&watch.event().await?, &json!({"type": "BOOKMARK", "object": mark}))?;
    secrets(ctx, &["b"], &json!({})).await?;
    changes(&mut watch, &["ADDED b"]).await
}

/// To a watch with a selector an object that leaves it is deleted, and one that enters is added.
async fn label_selector(ctx: &Ctx) -> Outcome {
    let query = format!("resourceVersion={}&labelSelector=tier=web", now(ctx).await?);
    let mut watch = ctx.watch(&path(ctx, &query)).await?;
    for (name, tier) in [("a", "web"), ("b", "db")] {
        ctx.create(&ctx.core("secrets"), &secret(name, &json!({"tier": tier})))
            .await?;
    }
    for (name, labels) in [
        ("a", json!({"tier": "db"})),
        ("b", json!({"tier": "web"})),
        ("b", json!({"more": "yes"})),
    ] {
        let patch = json!({"metadata": {"labels": labels}});
        ctx.patch(Patch::Merge, &ctx.core(&format!("secrets/{name}")), &patch)
            .await?
            .json(200)?;
    }
    ctx.delete(&ctx.core("secrets/a"), &Value::Null).await?.json(200)?;
    ctx.delete(&ctx.core("secrets/b"), &Value::Null).await?.json(200)?;
    changes(
        &mut watch,
        &["ADDED a", "DELETED a", "ADDED b", "MODIFIED b", "DELETED b"],
    )
    .await
}

/// A watch can be of one object, by its name as a field.
async fn one_object(ctx: &Ctx) -> Outcome {
    let query = format!("resourceVersion={}&fieldSelector=metadata.name=b", now(ctx).await?);
    let mut watch = ctx.watch(&path(ctx, &query)).await?;
    secrets(ctx, &["a", "b", "c"], &json!({})).await?;
    ctx.delete(&ctx.core("secrets/b"), &Value::Null).await?.json(200)?;
    changes(&mut watch, &["ADDED b", "DELETED b"]).await
}

/// A watch from a forgotten revision is answered 200, with an ERROR event that says 410, and ends.
async fn expired(ctx: &Ctx) -> Outcome {
    // A real server has just begun to remember a kind it has just heard of; a simulated one is made to forget.
    let group = "expired.contract.pilothouse.dev";
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    let own = format!("{definitions}/things.{group}");
    ctx.delete(&own, &Value::Null).await?;
    let list = format!("/apis/{group}/v1alpha1/namespaces/{}/things", ctx.namespace);
    let body = definition(group, "things", "Thing");
    ctx.until("the definition is made", async || {
        Ok((ctx.post(definitions, &body).await?.status == 201).then_some(()))
    })
    .await?;
    ctx.until("the kind is served", async || {
        Ok((ctx.get(&list).await?.status == 200).then_some(()))
    })
    .await?;
    if !ctx.is_real() {
        ctx.compact().await?;
    }
    let mut watch = ctx
        .watch(&format!("{list}?watch=true&resourceVersion=1&timeoutSeconds=30"))
        .await?;
    let events = watch.rest().await?;
    ctx.delete(&own, &Value::Null).await?.json(200)?;
    same("events", events.len(), 1)?;
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "Expired", "code": 410});
    includes(&events[0], &json!({"type": "ERROR", "object": status}))?;
    let message = events[0]["object"]["message"].as_str().unwrap_or_default();
    holds(
        "the message says the version is too old",
        message.starts_with("too old resource version: 1 ("),
    )
}

/// What cannot be watched is refused before a stream begins.
async fn refused(ctx: &Ctx) -> Outcome {
    let invalid =
        |why: &str| format!("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: {why}");
    for (query, message) in [
        (
            "resourceVersion=1&resourceVersionMatch=NotOlderThan",
            invalid("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
        ),
        (
            "sendInitialEvents=true",
            invalid("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ),
    ] {
        ctx.get(&path(ctx, query)).await?.refused(422, "Invalid", &message)?;
    }
    let answer = ctx.get(&path(ctx, "resourceVersion=abc")).await?;
    holds("a revision is a number", answer.status >= 400)?;
    let answer = ctx
        .send(
            User::Nobody,
            http::Method::GET,
            &path(ctx, "resourceVersion=0"),
            &[],
            "",
        )
        .await?;
    let message = format!(
        "secrets is forbidden: User \"nobody\" cannot watch resource \"secrets\" in API group \"\" in the namespace \"{}\"",
        ctx.namespace
    );
    answer.refused(403, "Forbidden", &message)?;
    Ok(())
}
