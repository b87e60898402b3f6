//! How facts are put into words and numbers: ages, shares, states; the same on every screen.

use super::context::Context;
use crate::domain::cluster::is_production;
use crate::domain::container::{ContainerState, Exit};
use crate::domain::headroom::Limit;
use crate::domain::pod::Health;
use crate::domain::{Feed, Kind, Link, Moment, Pod, Resources, Timestamp, Version};
use crate::listing::{Cell, ColumnId, Tone, Value};
use crate::message::Severity;
use crate::world::ClusterView;
use crate::world::ledgers::Beginning;

/// Whether a column says what is taken or still fits, which nobody knows without all pods.
pub fn rests_on_pods(column: ColumnId) -> bool {
    matches!(
        column,
        ColumnId::Cpu | ColumnId::Memory | ColumnId::Headroom | ColumnId::Slots
    )
}

/// A span of time in two units at most: `<1m`, `5m`, `3h12m`, `4d6h`, `40d`.
pub fn span(seconds: i64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        ..60 => "<1m".into(),
        60..3600 => format!("{minutes}m"),
        3600..86_400 if minutes % 60 == 0 => format!("{hours}h"),
        3600..86_400 => format!("{hours}h{}m", minutes % 60),
        86_400..864_000 if hours % 24 != 0 => format!("{days}d{}h", hours % 24),
        _ => format!("{days}d"),
    }
}

/// A span of time to the second, for what a person waits for: `12 s`, `3 m 20 s`.
pub fn exact_span(seconds: i64) -> String {
    match seconds.max(0) {
        s @ ..60 => format!("{s} s"),
        s @ 60..600 => format!("{} m {} s", s / 60, s % 60),
        s => span(s),
    }
}

/// Seconds since a moment; `None` if it is not known. Never negative: clocks differ.
pub fn seconds_since(at: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    at.map(|at| (now - at).num_seconds().max(0))
}

pub fn age(at: Option<Timestamp>, now: Timestamp) -> Cell {
    seconds_since(at, now).map_or_else(Cell::unknown, |seconds| Cell::muted(span(seconds)))
}

/// Thousandths of `whole` that `part` is; `None` of nothing.
pub fn share(part: i64, whole: i64) -> Option<i64> {
    (whole > 0).then(|| ((i128::from(part) * 1000) / i128::from(whole)) as i64)
}

/// A bar with its percentage: what is requested of what there is.
pub fn share_bar(part: i64, whole: i64) -> Cell {
    let Some(thousandths) = share(part, whole) else {
        return Cell::unknown();
    };
    let tone = match thousandths {
        ..700 => Tone::Accent,
        700..900 => Tone::Warning,
        _ => Tone::Bad,
    };
    let text_tone = if thousandths >= 900 { Tone::Strong } else { Tone::Plain };
    Cell::empty()
        .and_bar(thousandths as f64 / 1000.0, tone)
        .and(format!(" {:>3} %", (thousandths + 5) / 10), text_tone)
}

/// `ready/all`, worth a look when some are missing.
pub fn of_all(some: i64, all: i64) -> Cell {
    let tone = if some < all { Tone::Warning } else { Tone::Plain };
    Cell::new(format!("{some}/{all}"), tone)
}

/// Most columns that a version takes.
const VERSION: usize = 12;

/// A version, the same wherever it is told: seven characters of a hash (a commit's or a digest's), as `git` tells
/// commits apart; a tag as it is, and of one longer than twelve its beginning and its end. The whole of it is copied,
/// filtered by and printed for scripts.
pub fn version(version: &Version) -> String {
    let short = version.short();
    let count = short.chars().count();
    if count <= VERSION {
        return short.to_owned();
    }
    let head: String = short.chars().take(VERSION / 2).collect();
    let tail: String = short.chars().skip(count - (VERSION - VERSION / 2 - 1)).collect();
    format!("{head}…{tail}")
}

/// Instances of two versions side by side, the same wherever a release is counted: `42 + 3/4` is 42 old ones that are
/// ready, and of the 4 new ones that are wanted 3.
pub fn beside(old: i64, new: i64, wanted: i64) -> Cell {
    let tone = if new < wanted { Tone::Warning } else { Tone::Accent };
    Cell::plain(old.max(0).to_string())
        .and(" + ", Tone::Muted)
        .and(format!("{new}/{wanted}"), tone)
}

/// A cluster's link as glyph, word and tone.
pub fn link(link: &Link, now: Moment) -> (String, Tone) {
    match link {
        Link::Connecting { .. } => ("… connecting".into(), Tone::Busy),
        Link::Live => ("● live".into(), Tone::Good),
        Link::Unstable { cuts } => (format!("◍ live, cut {cuts}×"), Tone::Warning),
        Link::Stale { since, .. } => {
            let text = match now.seconds_since(*since) {
                seconds @ 5.. => format!("◌ stale {}", exact_span(seconds)),
                _ => "◌ stale".to_owned(),
            };
            (text, Tone::Warning)
        }
        Link::Unreachable { .. } => ("✖ unreachable".into(), Tone::Bad),
        Link::Denied { .. } => ("✖ denied".into(), Tone::Bad),
    }
}

/// What a watch that is not live says for itself, with its tone; `None` when all is well.
pub fn feed(kind: Kind, feed: &Feed) -> Option<(String, Tone)> {
    let plural = kind.plural();
    match feed {
        Feed::Live | Feed::Absent => None,
        Feed::Waiting => Some((format!("… {plural}: waiting for the cluster"), Tone::Busy)),
        Feed::Listing { rows, total } => {
            let rows = crate::domain::quantity::thousands(*rows as i64);
            Some(match total {
                Some(total) => (
                    format!(
                        "… listing {rows} of {} {plural}",
                        crate::domain::quantity::thousands(*total as i64)
                    ),
                    Tone::Busy,
                ),
                None => (format!("… listing {plural}: {rows} so far"), Tone::Busy),
            })
        }
        Feed::Stale { reason, .. } => Some((format!("◌ {plural} may be old: {reason}"), Tone::Warning)),
        Feed::NoAccess { right } => Some((format!("✖ no access: {right}"), Tone::Bad)),
    }
}

/// Glyph and tone of what a person is told.
pub const fn severity(severity: Severity) -> (&'static str, Tone) {
    match severity {
        Severity::Info => ("·", Tone::Plain),
        Severity::Warning => ("▲", Tone::Warning),
        Severity::Error => ("✖", Tone::Bad),
    }
}

/// How a cluster's tag is told: one that stands for production wants a look before anything is done.
pub fn tag(tag: &str) -> Tone {
    if is_production(tag) {
        Tone::Warning
    } else {
        Tone::Accent
    }
}

/// A number of things whose name takes an `s` where they are several.
pub fn counted(number: usize, one: &str) -> String {
    let many = if number == 1 { "" } else { "s" };
    format!("{number} {one}{many}")
}

/// Glyph and tone of a state of health.
pub const fn mark(health: Health) -> (&'static str, Tone) {
    match health {
        Health::Ready => ("●", Tone::Good),
        Health::Completed => ("○", Tone::Muted),
        Health::Terminating | Health::Starting => ("◌", Tone::Busy),
        Health::Unknown => ("?", Tone::Unknown),
        Health::Unschedulable => ("▲", Tone::Warning),
        Health::Failing => ("✖", Tone::Bad),
    }
}

/// Seconds of a day.
const A_DAY: i64 = 86_400;

/// An instance's state: a glyph, the word Kubernetes has for it, and the exit code if it crashed. `now` is by
/// our own clock.
pub fn instance_state(cluster: &ClusterView, pod: &Pod, now: Timestamp) -> Cell {
    let health = cluster.health(pod);
    let (glyph, tone) = mark(health);
    let text = match health {
        Health::Ready => format!("ready{}", out_of_memory(cluster, pod, now)),
        Health::Completed => "completed".to_owned(),
        Health::Terminating => match seconds_since(pod.deleting, cluster.time(now)) {
            Some(late) if late >= 60 => return Cell::new(format!("▲ terminating, {} late", span(late)), Tone::Warning),
            _ => "terminating".to_owned(),
        },
        Health::Starting => format!("{}{}", pod.status(), out_of_memory(cluster, pod, now)),
        Health::Unknown => "unknown: node lost".to_owned(),
        Health::Unschedulable => "unschedulable".to_owned(),
        Health::Failing => failing_words(pod),
    };
    Cell::new(format!("{glyph} {text}"), tone)
}

/// `, OOMKilled 3m ago`; of what runs that was killed so within the last day.
fn out_of_memory(cluster: &ClusterView, pod: &Pod, now: Timestamp) -> String {
    let Some(exit) = pod.out_of_memory() else {
        return String::new();
    };
    match seconds_since(exit.at, cluster.time(now)) {
        Some(seconds) if seconds >= A_DAY => String::new(),
        Some(seconds) => format!(", {} {} ago", exit.reason, span(seconds)),
        None => format!(", {}", exit.reason),
    }
}

fn failing_words(pod: &Pod) -> String {
    let exit = pod
        .containers
        .iter()
        .filter(|c| c.is_failing())
        .find_map(|c| match &c.state {
            ContainerState::Terminated(exit) => Some(exit),
            _ => c.last_exit.as_ref(),
        });
    match exit {
        Some(exit) if exit.is_out_of_memory() && pod.status() != exit.reason => {
            format!("{} {}", pod.status(), exit.reason)
        }
        Some(exit) if exit.code != 0 => format!("{} exit {}", pod.status(), exit.code),
        _ => pod.status().to_string(),
    }
}

/// How a run ended: `exit 137 OOMKilled`.
pub fn exit_words(exit: &Exit) -> String {
    let mut text = format!("exit {}", exit.code);
    if let Some(signal) = exit.signal {
        text.push_str(" signal ");
        text.push_str(&signal.to_string());
    }
    if !exit.reason.is_empty() && exit.reason != "Error" {
        text.push(' ');
        text.push_str(&exit.reason);
    }
    text
}

/// An instance's state for sorting (worst last) and filtering. `now` is by our own clock.
pub fn instance_value(cluster: &ClusterView, pod: &Pod, now: Timestamp) -> Value<'static> {
    let health = cluster.health(pod);
    let rank = health as i64;
    match health {
        Health::Ready => match out_of_memory(cluster, pod, now) {
            killed if killed.is_empty() => Value::Ranked(rank, "ready Running".into()),
            killed => Value::Ranked(rank, format!("ready Running{killed}").into()),
        },
        Health::Starting => {
            let killed = out_of_memory(cluster, pod, now);
            Value::Ranked(rank, format!("{}{killed}", pod.status()).into())
        }
        Health::Failing => Value::Ranked(rank, failing_words(pod).into()),
        Health::Unknown => Value::Ranked(rank, format!("unknown node lost {}", pod.status()).into()),
        Health::Completed | Health::Terminating | Health::Unschedulable => {
            Value::Ranked(rank, pod.status().to_string().into())
        }
    }
}

/// How many more fit in a place; where none does, and not because it is full, the reason.
pub fn room(count: i64, limit: Option<Limit>) -> Cell {
    match limit {
        _ if count > 0 => Cell::count(count),
        Some(limit @ Limit::Refused(_)) => Cell::new(limit.name().trim_start_matches("node "), Tone::Warning),
        _ => Cell::new("full", Tone::Bad),
    }
}

/// Requested CPU or memory as a cell; nothing requested is said so.
pub fn requested(resources: Resources) -> (Cell, Cell) {
    let cell = |amount: i64, text: String| {
        if amount == 0 {
            Cell::muted("none")
        } else {
            Cell::plain(text)
        }
    };
    (
        cell(resources.cpu.0, resources.cpu.to_string()),
        cell(resources.memory.0, resources.memory.to_string()),
    )
}

/// Limits of CPU and memory as cells; none is said so.
pub fn limits((cpu, memory): (Option<i64>, Option<i64>)) -> (Cell, Cell) {
    let cell = |text: Option<String>| text.map_or_else(|| Cell::muted("none"), Cell::plain);
    (
        cell(cpu.map(|m| crate::domain::Cpu(m).to_string())),
        cell(memory.map(|b| crate::domain::Memory(b).to_string())),
    )
}

/// `by oncall since 14:32`
pub(crate) fn begun(began: &Beginning, ctx: &Context<'_>) -> String {
    format!("by {} since {}", began.by, ctx.wall(began.at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_two_units_at_most() {
        for (seconds, text) in [
            (0, "<1m"),
            (59, "<1m"),
            (60, "1m"),
            (3600, "1h"),
            (3661, "1h1m"),
            (86_399, "23h59m"),
            (86_400, "1d"),
            (360_000, "4d4h"),
            (864_000, "10d"),
            (3_456_000, "40d"),
        ] {
            assert_eq!(span(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn old_and_new_instances_are_counted_in_one_way() {
        assert_eq!(beside(42, 4, 4).text(), "42 + 4/4");
        assert_eq!(beside(60, 0, 2).text(), "60 + 0/2");
    }

    #[test]
    fn versions_take_no_more_than_twelve_columns() {
        for (told, short) in [
            (Version::Unknown, "–"),
            (Version::Commit("c04d21b9f31c2a77ab0e".into()), "c04d21b"),
            (Version::Digest("sha256:0123456789abcdef".into()), "0123456"),
            (Version::Tag("v1.27.3".into()), "v1.27.3"),
            (Version::Tag("release-1.2-20261123".into()), "releas…61123"),
        ] {
            assert_eq!(version(&told), short);
        }
    }

    #[test]
    fn where_nothing_fits_the_reason_is_told() {
        use crate::domain::headroom::Refusal;
        for (count, limit, told) in [
            (3, Limit::Cpu, "3"),
            (0, Limit::Cpu, "full"),
            (0, Limit::Slots, "full"),
            (0, Limit::Refused(Refusal::Taint), "taint"),
            (0, Limit::Refused(Refusal::Cordoned), "cordoned"),
            (0, Limit::Refused(Refusal::NotReady), "not ready"),
        ] {
            assert_eq!(room(count, Some(limit)).text(), told);
        }
        assert_eq!(room(0, None).text(), "full");
    }

    #[test]
    fn a_share_of_nothing_is_not_known() {
        assert_eq!(share_bar(10, 0), Cell::unknown());
        assert_eq!(share_bar(39, 50).text(), "78 %");
    }
}
