//! The line at the top: where one is, how each cluster's link is, the time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pieces::{Pieces, put, width};
use super::style::role;
use crate::domain::{ClusterId, Link};
use crate::listing::Tone;
use crate::model::Model;
use crate::screens::words;
use crate::theme::{Role, Theme};
use crate::widgets::line;

pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let ground = theme.style(Role::Header);
    buffer.set_style(area, ground);
    let right = marks_and_clock(model, theme);
    let right_width = width(&right);
    let right_x = area.right().saturating_sub(right_width + 1);
    put(buffer, (right_x, area.y), area.right(), &right);
    let crumbs = crumbs(model, theme, area.width / 2);
    let crumbs_end = put(buffer, (area.x + 1, area.y), right_x.saturating_sub(1), &crumbs);
    let room = right_x.saturating_sub(crumbs_end + 4);
    let links = links(model, theme, room);
    let x = right_x.saturating_sub(width(&links) + 3);
    if x > crumbs_end {
        put(buffer, (x, area.y), right_x, &links);
    }
}

/// The way here; crumbs in the middle give way first.
fn crumbs(model: &Model, theme: &Theme, most: u16) -> Pieces {
    let mut names: Vec<String> = model.trail.way().iter().map(crate::screens::Screen::crumb).collect();
    let total = |names: &[String]| -> u16 { names.iter().map(|n| line::width(n) + 3).fold(0, u16::saturating_add) };
    while names.len() > 2 && total(&names) > most.max(30) {
        let middle = if names.get(1).is_some_and(|name| name == "…") {
            2
        } else {
            1
        };
        if middle + 1 >= names.len() {
            break;
        }
        names.remove(middle);
        if middle == 1 {
            names.insert(1, "…".to_owned());
        }
    }
    let last = names.len().saturating_sub(1);
    let ground = theme.style(Role::Header);
    let mut pieces = Vec::new();
    for (place, name) in names.into_iter().enumerate() {
        if place > 0 {
            pieces.push((" › ".to_owned(), ground.patch(theme.style(Role::Muted))));
        }
        let style = if place == last {
            theme.style(Role::Crumb)
        } else {
            ground
        };
        pieces.push((name, style));
    }
    // Where one looks into a single cluster, its tag stands by.
    let scope = model.scope_here();
    let mut inside = model.world.clusters_in(&scope);
    if let (Some(cluster), None) = (inside.next(), inside.next())
        && let Some(tag) = &cluster.tag
    {
        pieces.push((format!("   {tag}"), ground.patch(theme.style(role(words::tag(tag))))));
    }
    pieces
}

/// Every link by name where there is room, with reasons if they fit too, else how many are in which state.
fn links(model: &Model, theme: &Theme, room: u16) -> Pieces {
    [true, false]
        .into_iter()
        .map(|with_reasons| named(model, theme, with_reasons))
        .find(|each| width(each) <= room)
        .unwrap_or_else(|| counted(model, theme))
}

/// Every link by name, and why a server that answers is of no use yet: that may last, and looks like progress.
fn named(model: &Model, theme: &Theme, with_reasons: bool) -> Pieces {
    let ground = theme.style(Role::Header);
    let mut each: Pieces = Vec::new();
    for cluster in model.world.clusters() {
        let (text, tone) = words::link(&cluster.link, model.moment);
        let (glyph, word) = text.split_once(' ').unwrap_or((&text, ""));
        let gap = if each.is_empty() { "" } else { "   " };
        let style = ground.patch(theme.style(role(tone)));
        each.push((format!("{gap}{glyph} "), style));
        each.push((cluster.id.to_string(), ground));
        if let Some(tag) = &cluster.tag {
            each.push((format!(" {tag}"), ground.patch(theme.style(role(words::tag(tag))))));
        }
        each.push((format!(" {word}"), style));
        if let (Link::Connecting { reason: Some(reason) }, true) = (&cluster.link, with_reasons) {
            each.push((format!(": {reason}"), style));
        }
    }
    each
}

fn counted(model: &Model, theme: &Theme) -> Pieces {
    let clusters = model.world.clusters();
    let count = |wanted: fn(&Link) -> bool| clusters.iter().filter(|c| wanted(&c.link)).count();
    let oldest = clusters
        .iter()
        .filter_map(|c| match &c.link {
            Link::Stale { since, .. } => Some(model.moment.seconds_since(*since)),
            Link::Connecting { .. }
            | Link::Unreachable { .. }
            | Link::Live
            | Link::Unstable { .. }
            | Link::Denied { .. } => None,
        })
        .max();
    let stale_word = match oldest {
        Some(seconds @ 5..) => format!("stale {}", words::exact_span(seconds)),
        _ => "stale".to_owned(),
    };
    let parts = [
        (count(Link::is_live), "● ", "live".to_owned(), Tone::Good),
        (
            count(|l| matches!(l, Link::Stale { .. })),
            "◌ ",
            stale_word,
            Tone::Warning,
        ),
        (
            count(|l| matches!(l, Link::Unreachable { .. })),
            "✖ ",
            "unreachable".to_owned(),
            Tone::Bad,
        ),
        (
            count(|l| matches!(l, Link::Denied { .. })),
            "✖ ",
            "denied".to_owned(),
            Tone::Bad,
        ),
        (
            count(|l| matches!(l, Link::Connecting { .. })),
            "… ",
            "connecting".to_owned(),
            Tone::Busy,
        ),
    ];
    let ground = theme.style(Role::Header);
    let mut pieces = Pieces::new();
    for (count, glyph, word, tone) in parts.into_iter().filter(|(count, ..)| *count > 0) {
        let gap = if pieces.is_empty() { "" } else { " · " };
        pieces.push((gap.to_owned(), ground));
        pieces.push((format!("{glyph}{count} {word}"), ground.patch(theme.style(role(tone)))));
    }
    pieces
}

/// Which clusters nothing is written to.
fn readonly_mark(model: &Model) -> Option<String> {
    let clusters = model.world.clusters();
    let readonly: Vec<&ClusterId> = clusters.iter().filter(|c| c.readonly).map(|c| &c.id).collect();
    match readonly.as_slice() {
        [] => None,
        all if all.len() == clusters.len() => Some("read-only".to_owned()),
        [one] => Some(format!("{one} read-only")),
        several => Some(format!("{} read-only", several.len())),
    }
}

fn marks_and_clock(model: &Model, theme: &Theme) -> Pieces {
    let ground = theme.style(Role::Header);
    let mut pieces = Pieces::new();
    let insecure: Vec<&ClusterId> = model
        .world
        .clusters()
        .iter()
        .filter(|c| c.identity.insecure)
        .map(|c| &c.id)
        .collect();
    match insecure.as_slice() {
        [] => {}
        [_] if model.world.clusters().len() == 1 => {
            pieces.push((" no TLS checks ".to_owned(), theme.style(Role::Danger)));
        }
        [one] => pieces.push((format!(" {one} without TLS checks "), theme.style(Role::Danger))),
        several => pieces.push((
            format!(" {} without TLS checks ", several.len()),
            theme.style(Role::Danger),
        )),
    }
    if !pieces.is_empty() {
        pieces.push(("  ".to_owned(), ground));
    }
    if let Some(mark) = readonly_mark(model) {
        pieces.push((format!("{mark}   "), ground.patch(theme.style(Role::Warning))));
    }
    if model.settings.demo {
        pieces.push(("demo   ".to_owned(), ground.patch(theme.style(Role::Accent))));
    }
    let local = model.now + chrono::TimeDelta::minutes(i64::from(model.settings.clock_offset_minutes));
    pieces.push((local.format("%H:%M").to_string(), ground));
    pieces
}
