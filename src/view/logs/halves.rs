//! Logs divided: old and new beside each other, or one below the other where it is narrow, each with its version,
//! its instances, and how many lines and errors a minute it writes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::{Pieces, Shown, draw_lines};
use crate::domain::quantity::thousands;
use crate::domain::{ClusterId, Pod, Version};
use crate::logs::Stamp;
use crate::logs::pace::{Count, MINUTES};
use crate::model::logs::{Half, Logs, Side};
use crate::model::{BESIDE, Model};
use crate::screens::releases::percent;
use crate::theme::{Role, Theme};
use crate::widgets::{line, spark};
use crate::world::release::Readiness;

type Minutes = [Option<Count>; MINUTES];

/// Draws both halves, the old one first; gives where the line under the cursor is.
pub(super) fn draw(
    model: &Model,
    logs: &Logs,
    (side, other): (Side, &Half),
    theme: &Theme,
    buffer: &mut Buffer,
    body: Rect,
) -> Option<u16> {
    let other = Shown {
        pane: &other.pane,
        look: &other.look,
        bookmarks: &other.bookmarks,
    };
    let (old, new) = match side {
        Side::Old => (Shown::of(logs), other),
        Side::New => (other, Shown::of(logs)),
    };
    let now = Stamp::from(model.now);
    let minutes = [Side::Old, Side::New].map(|side| logs.minutes(side, now));
    // Of many instances and of few: what share of their lines are errors, both to one scale.
    let most = minutes.iter().flatten().flatten().filter_map(share).fold(0.0, f64::max);
    let areas = areas(body);
    let told = told(model, logs, side, &minutes);
    let words = words_for(
        &told,
        theme,
        areas.map(|area| area.width).into_iter().min().unwrap_or(0),
    );
    let mut cursor = None;
    for (((half, of), area), told) in [(old, Side::Old), (new, Side::New)].into_iter().zip(areas).zip(&told) {
        let title = Rect { height: 1, ..area };
        let lines = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        draw_title((told.minutes, most), &pieces(told, words, theme), theme, buffer, title);
        let place = draw_lines(model, logs, half, theme, buffer, lines);
        cursor = cursor.or(place.filter(|_| of == side));
    }
    if let [first, second] = areas
        && first.y == second.y
    {
        let style = theme.style(Role::Muted);
        for y in body.y..body.bottom() {
            if let Some(cell) = buffer.cell_mut((first.right(), y)) {
                cell.set_symbol("│").set_style(style);
            }
        }
    }
    cursor
}

fn told<'a>(model: &Model, logs: &'a Logs, current: Side, minutes: &'a [Minutes; 2]) -> [Told<'a>; 2] {
    let divided = logs.follow.divided.as_ref();
    let standing = divided.map(|divided| {
        let is_new = |cluster: &ClusterId, pod: &Pod| divided.is_new(cluster, pod);
        let [old, new] = model.world().readiness_of(&divided.app, is_new);
        [(&divided.old, old), (&divided.new, new)]
    });
    let [old, new] = standing.map_or([None, None], |sides| sides.map(Some));
    let [of_old, of_new] = minutes;
    let told = |name, side, of, minutes| Told {
        name,
        is_rest: side == Side::Old,
        is_current: side == current,
        of,
        part: logs.part(Some(side)),
        minutes,
    };
    [told("old", Side::Old, old, of_old), told("new", Side::New, new, of_new)]
}

/// What share of the lines are errors; of no lines there is none.
fn share(count: &Count) -> Option<f64> {
    (count.lines > 0).then(|| count.errors as f64 / count.lines as f64)
}

fn thousandths(part: u64, all: u64) -> i64 {
    i64::try_from(part.saturating_mul(1000) / all.max(1)).unwrap_or(i64::MAX)
}

/// The rooms of both; beside each other with a column between them.
const fn areas(body: Rect) -> [Rect; 2] {
    if body.width >= BESIDE {
        let width = (body.width - 1) / 2;
        let x = body.x + width + 1;
        [
            Rect { width, ..body },
            Rect {
                x,
                width: body.width - width - 1,
                ..body
            },
        ]
    } else {
        let height = body.height / 2;
        [
            Rect { height, ..body },
            Rect {
                y: body.y + height,
                height: body.height - height,
                ..body
            },
        ]
    }
}

/// How much of its words a title has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    All,
    Short,
    /// Without the number of lines.
    Share,
    /// Without the share of errors.
    Fewest,
}

/// What is told of one half.
struct Told<'a> {
    name: &'static str,
    /// It shows the instances of all versions but the new one.
    is_rest: bool,
    is_current: bool,
    /// The version it shows, and how its instances stand.
    of: Option<(&'a Version, Readiness)>,
    /// Logs that are read, and those that there are, where these are more.
    part: Option<(usize, usize)>,
    minutes: &'a Minutes,
}

/// The most words with which both titles leave room for their sparks; else for the share of errors.
fn words_for(told: &[Told<'_>; 2], theme: &Theme, width: u16) -> Words {
    let fits = |words: Words, sparks: usize| {
        let room = usize::from(width).saturating_sub(sparks);
        let used = |told: &Told<'_>| {
            pieces(told, words, theme)
                .iter()
                .map(|(text, _)| text.width())
                .sum::<usize>()
        };
        told.iter().all(|told| used(told) <= room)
    };
    match () {
        () if fits(Words::All, MINUTES) => Words::All,
        () if fits(Words::Short, 0) => Words::Short,
        () if fits(Words::Share, MINUTES / 2) => Words::Share,
        () => Words::Fewest,
    }
}

fn pieces(told: &Told<'_>, words: Words, theme: &Theme) -> Pieces {
    let muted = theme.style(Role::Muted);
    let is_all = words == Words::All;
    let (sign, style) = if told.is_current {
        ("▸", theme.style(Role::Title))
    } else {
        (" ", theme.style(Role::Strong))
    };
    let mut pieces: Pieces = vec![(format!("{sign} {}", told.name), style)];
    let mut obstacle = None;
    if let Some((version, standing)) = &told.of {
        // The old half is that of whatever is not new.
        let is_mixed = told.is_rest && standing.versions.iter().any(|of| of != *version);
        let others = if is_mixed { " and others" } else { "" };
        pieces.push((format!(" {}{others}", version.short()), style));
        let word = if is_all { " ready" } else { "" };
        pieces.push((format!("  {}/{}{word}", standing.ready, standing.all), muted));
        obstacle = standing.obstacle();
    }
    if let Some((read, all)) = told.part {
        let of = if is_all { " of " } else { "/" };
        pieces.push((format!("  {read}{of}{all} logs"), theme.style(Role::Warning)));
    }
    let bad = |errors: u64| theme.style(if errors > 0 { Role::Bad } else { Role::Muted });
    let last = told.minutes.last().copied().flatten();
    match (last.filter(|count| count.lines > 0), obstacle) {
        // Who writes nothing because nothing of it runs has no share of errors now.
        (None, Some(obstacle)) => pieces.push((format!("  waiting: {obstacle}"), theme.style(Role::Warning))),
        (None, None) if last.is_none() => pieces.push(("  the last minute is not all read yet".to_owned(), muted)),
        (count, _) => {
            let Count { lines, errors } = count.unwrap_or_default();
            let rate = if is_all { "/min" } else { "" };
            if words != Words::Share {
                pieces.push((format!("  {} lines{rate}", thousands(lines as i64)), muted));
            }
            pieces.push((format!("  {} errors/min", thousands(errors as i64)), bad(errors)));
        }
    }
    let known: Vec<Count> = told.minutes.iter().flatten().copied().collect();
    let (errors, lines) = known.iter().fold((0, 0), |(errors, lines), count| {
        (errors + count.errors, lines + count.lines)
    });
    if lines > 0 && words != Words::Fewest {
        let share = percent(thousandths(errors, lines));
        let of = if obstacle.is_some() { " errors" } else { "" };
        pieces.push((format!(", {share}{of} in {} min", known.len()), bad(errors)));
    }
    pieces.push((" ".to_owned(), muted));
    pieces
}

fn draw_title((minutes, most): (&Minutes, f64), pieces: &Pieces, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let used: u16 = pieces.iter().map(|(text, _)| line::width(text)).sum();
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, (area.x, area.y), area.right(), pieces);
    let errors = minutes.map(|count| count.as_ref().and_then(share));
    let left = area.right().saturating_sub(area.x + used);
    let shown = usize::from(left).min(MINUTES);
    let values = errors.get(MINUTES - shown..).unwrap_or_default();
    let room = Rect::new(area.x + used, area.y, shown as u16, 1);
    let styles = (theme.style(Role::Bad), theme.style(Role::Muted));
    spark::draw(buffer, room, values, Some(most), styles);
}
