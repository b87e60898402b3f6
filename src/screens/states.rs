//! How an app or one of its workloads stands, in words: its trouble first, then what is under way.

use crate::domain::pod::Health;
use crate::domain::workload::Workload;
use crate::listing::{Cell, Tone, Value};
use crate::world::{AppSummary, Progress};

/// How urgent, in which words, of which tone.
type Part = (i64, String, Tone);

/// What an app is about: its trouble first, then what is under way, else that it is stable.
pub fn app_state(app: &AppSummary) -> Cell {
    told(app_parts(app))
}

/// The same for sorting and filtering.
pub fn app_value(app: &AppSummary) -> Value<'static> {
    let parts = app_parts(app);
    let rank = parts.first().map_or(0, |(rank, ..)| *rank);
    let words: Vec<String> = parts.into_iter().map(|(_, text, _)| text).collect();
    Value::Ranked(rank, words.join(" ").into())
}

/// What one workload is about. `ready` are its instances that are ready on nodes that are heard of, `stuck`
/// those on lost nodes: the controller's own counts may still trust these. Where the pods are not known, only
/// the controller can tell.
pub fn workload_state(workload: &Workload, ready: Option<u32>, stuck: u32) -> Cell {
    let progress = Progress::of(workload);
    let mut parts: Vec<Part> = gave_up(&progress).into_iter().chain(held_fast(stuck)).collect();
    let ready = ready.map_or(workload.ready, i64::from);
    parts.extend(under_way(&progress, ready, workload.desired, parts.is_empty()));
    if parts.is_empty() {
        parts.push(match workload.desired {
            0 => (0, "○ no instances".into(), Tone::Muted),
            desired if ready < desired => (3, ready_of(ready, desired), Tone::Busy),
            _ => (0, "● stable".into(), Tone::Good),
        });
    }
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
fn app_parts(app: &AppSummary) -> Vec<Part> {
    let count = |wanted: Health| app.health.iter().find(|(h, _)| *h == wanted).map_or(0, |(_, n)| *n);
    let (failing, unschedulable) = (count(Health::Failing), count(Health::Unschedulable));
    let mut parts = Vec::new();
    if failing > 0 {
        let word = app.trouble.as_ref().map_or("failing", |(status, _)| status.as_str());
        let word = if word == "Unschedulable" { "failing" } else { word };
        parts.push((6, format!("✖ {word} {failing}"), Tone::Bad));
    }
    parts.extend(gave_up(&app.progress));
    if unschedulable > 0 {
        parts.push((5, format!("▲ {unschedulable} unschedulable"), Tone::Warning));
    }
    parts.extend(on_lost_nodes(app.stuck));
    let (ready, desired) = match &app.progress {
        Progress::Scaling { instances, desired } if !app.pods_known => (*instances, *desired),
        // The sums over all clusters, as the column of ready instances has them.
        Progress::Scaling { desired, .. } => (i64::from(app.ready), app.desired.unwrap_or(*desired)),
        _ => (0, 0),
    };
    // How many are wanted is said of the whole app, not of a location.
    let is_said_here = app.is_whole || !matches!(app.progress, Progress::Scaling { .. });
    parts.extend(under_way(&app.progress, ready, desired, parts.is_empty()).filter(|_| is_said_here));
    if parts.is_empty() {
        parts.push(match (app.desired, app.instances) {
            (Some(0) | None, 0) => (0, "○ no instances".into(), Tone::Muted),
            (_, instances) if app.ready < instances => (1, format!("◌ starting {}", instances - app.ready), Tone::Busy),
            _ => (0, "● stable".into(), Tone::Good),
        });
    }
    parts
}

fn gave_up(progress: &Progress) -> Option<Part> {
    let Progress::Stuck { reason, .. } = progress else {
        return None;
    };
    let words = match reason.as_str() {
        "ProgressDeadlineExceeded" => "rollout stuck: deadline passed",
        "FailedCreate" | "ReplicaSetCreateError" => "cannot create instances",
        other => other,
    };
    Some((6, format!("✖ {words}"), Tone::Bad))
}

fn on_lost_nodes(count: u32) -> Option<Part> {
    (count > 0).then(|| (5, format!("▲ {count} stuck on lost nodes"), Tone::Warning))
}

fn held_fast(count: u32) -> Option<Part> {
    (count > 0).then(|| (5, format!("▲ {count} stuck"), Tone::Warning))
}

/// What the controller is at; that instances are missing goes without saying where a trouble says why.
fn under_way(progress: &Progress, ready: i64, desired: i64, is_well: bool) -> Option<Part> {
    match progress {
        Progress::Rolling { updated, desired, old } if updated >= desired => {
            Some((3, format!("◐ rolling {updated}/{desired} · {old} old"), Tone::Busy))
        }
        Progress::Rolling { updated, desired, .. } => Some((3, format!("◐ rolling {updated}/{desired}"), Tone::Busy)),
        Progress::Gray { updated, desired } => {
            Some((4, format!("◐ gray {updated}/{desired} · your turn"), Tone::Warning))
        }
        Progress::Scaling { .. } if is_well => Some((3, ready_of(ready, desired), Tone::Busy)),
        Progress::Unseen => Some((2, "◌ change not seen yet".into(), Tone::Busy)),
        Progress::Paused => Some((4, "‖ paused".into(), Tone::Warning)),
        Progress::Steady | Progress::Stuck { .. } | Progress::Scaling { .. } => None,
    }
}

fn ready_of(ready: i64, desired: i64) -> String {
    format!("◐ ready {ready}/{desired}")
}
