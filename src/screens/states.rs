//! How an app or one of its workloads stands, in words: its trouble first, then what is under way.

use super::words;
use crate::domain::Timestamp;
use crate::domain::pod::Health;
use crate::listing::{Cell, Tone, Value};
use crate::release::{Author, Phase, Release};
use crate::world::AppSummary;
use crate::world::census::Census;

/// How urgent, in which words, of which tone.
type Part = (i64, String, Tone);

/// What an app is about: its trouble first, then what is under way, else that it is stable.
pub fn app_state(app: &AppSummary, now: Timestamp) -> Cell {
    told(app_parts(app, now))
}

/// The same for sorting and filtering: by urgency; among those that are as urgent what concerns more instances, then
/// what lasts longest, and of stable apps what changed last.
pub fn app_value(app: &AppSummary, now: Timestamp) -> Value<'static> {
    let parts = app_parts(app, now);
    let rank = parts.first().map_or(0, |(rank, ..)| *rank);
    let seconds = words::seconds_since(app.since, now).unwrap_or(0).min(LONGEST);
    let weight = match rank {
        0 if app.since.is_none() => 0,
        0 => LONGEST - seconds,
        5.. => app.health.iter().map(|(_, count)| i64::from(*count)).sum(),
        _ => seconds,
    };
    let words: Vec<String> = parts.into_iter().map(|(_, text, _)| text).collect();
    Value::Ranked((rank << 40) + weight, words.join(" ").into())
}

/// Seconds: longer is told apart no more.
const LONGEST: i64 = (1 << 40) - 1;

/// What one workload is about: its release, of `desired` instances `ready` that are ready on nodes that are heard
/// of and `stuck` on lost nodes. The controller's own counts may still trust these. Where the pods are not known,
/// only the controller can tell.
pub fn workload_state(release: &Release, (ready, desired): (i64, i64), stuck: u32, now: Timestamp) -> Cell {
    let phase = release.at(now);
    let mut parts: Vec<Part> = held_fast(stuck).into_iter().collect();
    parts.extend(under_way(
        &phase,
        release.since,
        now,
        (ready, desired),
        parts.is_empty(),
    ));
    parts.sort_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
    if parts.is_empty() {
        parts.push(match desired {
            0 => (0, "○ no instances".into(), Tone::Muted),
            _ if ready < desired => (3, ready_of(ready, desired), Tone::Busy),
            _ => stable(release.since, now),
        });
    }
    told(parts)
}

/// The phase of a release in a word or two, where its counts, its time and its reason stand beside it.
pub fn release_word(phase: &Phase) -> Cell {
    let (text, tone) = match phase {
        Phase::Gray { .. } if phase.waits() => ("◐ gray · your turn", Tone::Warning),
        Phase::Gray { .. } => ("◐ gray", Tone::Busy),
        Phase::GrayFailed { .. } => ("✖ gray fails", Tone::Bad),
        Phase::Full { .. } => ("◐ full · your turn", Tone::Warning),
        Phase::Rolling { .. } => ("◐ rolling", Tone::Busy),
        Phase::Offlining { .. } => ("◐ offlining", Tone::Busy),
        Phase::Aborting { .. } => ("◐ aborting", Tone::Busy),
        Phase::Aborted { .. } => ("▲ aborted · your turn", Tone::Warning),
        Phase::OrphanHold => ("✖ hold without end", Tone::Bad),
        Phase::ForeignChange => ("▲ template changed", Tone::Warning),
        Phase::Stuck { .. } => ("✖ rollout stuck", Tone::Bad),
        Phase::Paused => ("‖ paused · your turn", Tone::Warning),
        Phase::Unseen => ("◌ change not seen", Tone::Busy),
        Phase::Scaling { .. } => ("◐ scaling", Tone::Busy),
        Phase::Stable => ("● stable", Tone::Good),
    };
    Cell::new(text, tone)
}

/// Why a release does not go on; `None` where it does, or only waits.
pub fn why(phase: &Phase) -> Option<(String, Tone)> {
    Some(match phase {
        Phase::GrayFailed { cause, .. } => (cause.words(), Tone::Bad),
        Phase::OrphanHold => (
            "new instances never count as available: somebody undid or edited it in the middle of a gray release"
                .into(),
            Tone::Bad,
        ),
        Phase::ForeignChange => (
            "the template is neither what was released nor what was left".into(),
            Tone::Warning,
        ),
        Phase::Stuck { message, .. } | Phase::Aborted { message } => (message.to_string(), Tone::Bad),
        _ => return None,
    })
}

/// The same with who changed it, where somebody did in the middle of a release, and how long ago that is.
pub fn why_and_who(phase: &Phase, who: Option<&Author>, now: Timestamp) -> Option<(String, Tone)> {
    let (why, tone) = why(phase)?;
    let Some(author) = who.filter(|_| phase.is_foreign()) else {
        return Some((why, tone));
    };
    let ago = words::seconds_since(author.at, now).map(words::span);
    let ago = ago.map_or_else(String::new, |span| format!(" {span} ago"));
    Some((format!("{} changed it{ago}: {why}", author.manager), tone))
}

/// What is wrong with an app's instances in one cluster; empty where nothing is.
pub fn census_trouble(census: &Census) -> Cell {
    let count = |wanted: Health| census.health_counts().find(|(h, _)| *h == wanted).map_or(0, |(_, n)| n);
    let status = census.failing_as.iter().max_by_key(|(_, count)| *count);
    let status = status.map(|(status, _)| status.as_str());
    let mut parts = unwell(count(Health::Failing), status, count(Health::Unschedulable));
    parts.extend(on_lost_nodes(census.counts.stuck));
    told(parts)
}

/// Instances on nodes that are not heard of, where the rows below tell why.
pub fn stuck(count: u32) -> Cell {
    told(held_fast(count).into_iter().collect())
}

fn told(parts: Vec<Part>) -> Cell {
    let mut cell = Cell::empty();
    for (place, (_, text, tone)) in parts.into_iter().enumerate() {
        if place > 0 {
            cell = cell.and(" · ", Tone::Muted);
        }
        cell = cell.and(text, tone);
    }
    cell
}

/// Most urgent first, never empty.
fn app_parts(app: &AppSummary, now: Timestamp) -> Vec<Part> {
    let count = |wanted: Health| app.health.iter().find(|(h, _)| *h == wanted).map_or(0, |(_, n)| *n);
    let (failing, unschedulable) = (count(Health::Failing), count(Health::Unschedulable));
    let phase = app.phase.clone().at(app.since.max(app.came), now, app.deadline);
    let release_fails = matches!(phase, Phase::GrayFailed { .. });
    let status = app.trouble.as_ref().map(|(status, _)| status.as_str());
    let mut parts = if release_fails {
        Vec::new()
    } else {
        unwell(failing, status, unschedulable)
    };
    parts.extend(on_lost_nodes(app.stuck));
    let counts = match &phase {
        Phase::Scaling { instances, desired } if !app.pods_known => (*instances, *desired),
        // The sums over all clusters, as the column of ready instances has them.
        Phase::Scaling { desired, .. } => (i64::from(app.ready), app.desired.unwrap_or(*desired)),
        _ => (0, 0),
    };
    // How many are wanted is said of the whole app, not of a location.
    let is_said_here = app.is_whole || !matches!(phase, Phase::Scaling { .. });
    parts.extend(under_way(&phase, app.since, now, counts, parts.is_empty()).filter(|_| is_said_here));
    parts.sort_by_key(|(rank, ..)| std::cmp::Reverse(*rank));
    if parts.is_empty() {
        parts.push(match (app.desired, app.instances) {
            (Some(0) | None, 0) => (0, "○ no instances".into(), Tone::Muted),
            (_, instances) if app.ready < instances => (1, format!("◌ starting {}", instances - app.ready), Tone::Busy),
            _ => stable(app.since, now),
        });
    }
    parts
}

/// Instances that fail, mostly with this status, and those that no node takes.
fn unwell(failing: u32, status: Option<&str>, unschedulable: u32) -> Vec<Part> {
    let mut parts = Vec::new();
    if failing > 0 {
        let word = status.filter(|status| *status != "Unschedulable").unwrap_or("failing");
        parts.push((6, format!("✖ {word} {failing}"), Tone::Bad));
    }
    if unschedulable > 0 {
        parts.push((5, format!("▲ {unschedulable} unschedulable"), Tone::Warning));
    }
    parts
}

fn stable(since: Option<Timestamp>, now: Timestamp) -> Part {
    let lasts = words::seconds_since(since, now).map_or_else(String::new, |s| format!(" {}", words::span(s)));
    (0, format!("● stable{lasts}"), Tone::Good)
}

fn on_lost_nodes(count: u32) -> Option<Part> {
    (count > 0).then(|| (5, format!("▲ {count} stuck on lost nodes"), Tone::Warning))
}

fn held_fast(count: u32) -> Option<Part> {
    (count > 0).then(|| (5, format!("▲ {count} stuck"), Tone::Warning))
}

/// What is under way; that instances are missing goes without saying where a trouble says why.
fn under_way(
    phase: &Phase,
    since: Option<Timestamp>,
    now: Timestamp,
    (ready, desired): (i64, i64),
    is_well: bool,
) -> Option<Part> {
    let lasts = words::seconds_since(since, now).map_or_else(String::new, |s| format!(" · {}", words::span(s)));
    let turn = if phase.waits() { " · your turn" } else { "" };
    Some(match phase {
        Phase::Stuck { reason, .. } => {
            let words = match reason.as_str() {
                "ProgressDeadlineExceeded" => "rollout stuck: deadline passed",
                "FailedCreate" | "ReplicaSetCreateError" => "cannot create instances",
                other => other,
            };
            (6, format!("✖ {words}"), Tone::Bad)
        }
        Phase::GrayFailed { cause, .. } => (6, format!("✖ gray fails: {}", cause.brief()), Tone::Bad),
        Phase::OrphanHold => (6, "✖ hold without end: repair it".into(), Tone::Bad),
        Phase::ForeignChange => (5, "▲ template changed in a gray release".into(), Tone::Warning),
        Phase::Aborted { .. } => (5, "▲ aborted · your turn".into(), Tone::Warning),
        Phase::Gray { wanted: 0, old, .. } => (4, format!("◐ gray 0 of {old}{turn}"), Tone::Warning),
        Phase::Gray { ready, wanted, .. } => {
            let how = if ready < wanted { " ready" } else { turn };
            let tone = if phase.waits() { Tone::Warning } else { Tone::Busy };
            let rank = if phase.waits() { 4 } else { 3 };
            (rank, format!("◐ gray {ready}/{wanted}{how}{lasts}"), tone)
        }
        Phase::Full { new, old } => (4, format!("◐ full {new} · {old} old{turn}{lasts}"), Tone::Warning),
        Phase::Rolling { updated, desired, old } if updated >= desired && *old > 0 => {
            (3, format!("◐ rolling {updated}/{desired} · {old} old"), Tone::Busy)
        }
        Phase::Rolling { updated, desired, .. } => (3, format!("◐ rolling {updated}/{desired}"), Tone::Busy),
        Phase::Offlining { old } => (3, format!("◐ offlining · {old} old left"), Tone::Busy),
        Phase::Aborting { left } => (3, format!("◐ aborting · {left} left"), Tone::Busy),
        Phase::Scaling { .. } if is_well => (3, ready_of(ready, desired), Tone::Busy),
        Phase::Unseen => (2, "◌ change not seen yet".into(), Tone::Busy),
        Phase::Paused => (4, "‖ paused".into(), Tone::Warning),
        Phase::Stable | Phase::Scaling { .. } => return None,
    })
}

fn ready_of(ready: i64, desired: i64) -> String {
    format!("◐ ready {ready}/{desired}")
}
