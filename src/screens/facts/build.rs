//! What is told of a build above its stages, and of the last builds of an app.

use super::{fact, join, named};
use crate::build::{Build, State};
use crate::domain::{AppKey, ClusterId, ObjectKey};
use crate::listing::{Cell, Tone};
use crate::screens::builds;
use crate::screens::context::Context;
use crate::screens::words;

/// So many of the last builds of an app are told.
const TOLD: usize = 5;

pub(super) fn facts(cluster: &ClusterId, key: &ObjectKey, ctx: &Context<'_>) -> Vec<Cell> {
    let found = ctx.world.cluster(cluster).and_then(|view| view.build(key));
    let Some(build) = found else {
        return super::gone("build");
    };
    let now = ctx.clock_in(&build.cluster);
    let mut state = vec![builds::state_word(&build)];
    let usual = usual(&build, ctx);
    let took = build.took(now).filter(|_| build.state != State::Waiting);
    state.extend(took.map(|took| named("took", Cell::plain(words::exact_span(took)))));
    state.extend(usual.map(|usual| named("usually", Cell::plain(words::exact_span(usual)))));
    let ended = words::seconds_since(build.ended, ctx.now_in(&build.cluster));
    state.extend(ended.map(|seconds| Cell::muted(format!("{} ago", words::span(seconds)))));
    let mut lines = vec![fact("state", join(state))];
    if let Some(why) = builds::why(&build) {
        let label = if build.state.is_over() { "why" } else { "waits for" };
        lines.push(fact(label, why));
    }
    let of = Cell::muted(format!("{}/", build.namespace)).and(build.app.as_str(), Tone::Strong);
    lines.push(fact(
        "app",
        join([of, named("in", Cell::plain(build.cluster.as_str()))]),
    ));
    let by_ref = build
        .reference
        .as_ref()
        .map(|name| named("of", Cell::plain(name.as_str())));
    let commit = std::iter::once(Cell::new(build.commit.as_str(), Tone::Accent)).chain(by_ref);
    lines.push(fact("commit", join(commit)));
    lines.push(fact("repository", Cell::plain(build.repo.as_str())));
    lines.push(fact("image", Cell::plain(build.image.as_str())));
    lines.push(fact("digest", Cell::or_unknown(build.digest.as_ref())));
    let by = build.by.as_ref().map(|by| named("by", Cell::plain(by.as_str())));
    let builder = build
        .builder
        .as_ref()
        .map(|name| named("builder", Cell::plain(name.as_str())));
    let object = Cell::muted(format!("{} {}", build.backend.name(), build.name));
    lines.push(fact("built", join(by.into_iter().chain(builder).chain([object]))));
    lines
}

fn usual(build: &Build, ctx: &Context<'_>) -> Option<i64> {
    let all = builds::of_app(ctx.world, &build.app_key());
    builds::usual(&all).get(&build.app_key()).copied()
}

/// The last builds of an app, one a line.
pub(super) fn of_app(app: &AppKey, ctx: &Context<'_>) -> Vec<Cell> {
    let mut all = builds::of_app(ctx.world, app);
    all.retain(|build| ctx.scope.has_cluster(&build.cluster));
    let lines = all.iter().take(TOLD).enumerate();
    let line = |(place, build): (usize, &Build)| fact(if place == 0 { "builds" } else { "" }, told(build, ctx));
    lines.map(line).collect()
}

fn told(build: &Build, ctx: &Context<'_>) -> Cell {
    let mut cell = builds::state_word(build).and(format!("  {}", builds::commit(build)), Tone::Accent);
    if let Some(name) = &build.reference {
        cell = cell.and(format!(" {name}"), Tone::Plain);
    }
    let clock = ctx.clock_in(&build.cluster);
    if !build.state.is_over() {
        cell = cell.and("  ", Tone::Muted);
        cell.spans.extend(builds::stage(build, clock).spans);
    } else if let Some(took) = build.took(clock) {
        cell = cell.and(format!("  in {}", words::exact_span(took)), Tone::Muted);
    }
    let now = ctx.now_in(&build.cluster);
    if let Some(seconds) = words::seconds_since(build.ended.or(build.asked), now) {
        cell = cell.and(format!("  {} ago", words::span(seconds)), Tone::Muted);
    }
    if ctx.world.clusters().len() > 1 {
        cell = cell.and(format!("  {}", build.cluster), Tone::Muted);
    }
    if let Some(why) = builds::why(build) {
        cell = cell.and("  ", Tone::Muted);
        cell.spans.extend(why.spans);
    }
    cell
}
