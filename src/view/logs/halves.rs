//! Logs divided: old and new beside each other, or one below the other where it is narrow, each with its version,
//! its instances, and how many lines and errors a minute it writes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{Pieces, Shown, draw_lines};
use crate::domain::quantity::thousands;
use crate::domain::{ClusterId, Pod};
use crate::logs::Stamp;
use crate::logs::pace::{Count, MINUTES};
use crate::model::logs::{Half, Logs, Side};
use crate::model::{BESIDE, Model};
use crate::screens::releases::percent;
use crate::theme::{Role, Theme};
use crate::widgets::{line, spark};

/// Columns from which on a title has room for all its words.
const WIDE: u16 = 72;

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
    let mut cursor = None;
    for (((half, of), area), minutes) in [(old, Side::Old), (new, Side::New)].into_iter().zip(areas).zip(minutes) {
        let title = Rect { height: 1, ..area };
        let lines = Rect {
            y: area.y + 1,
            height: area.height.saturating_sub(1),
            ..area
        };
        draw_title(model, logs, (of, of == side), (&minutes, most), theme, buffer, title);
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

fn draw_title(
    model: &Model,
    logs: &Logs,
    (side, is_current): (Side, bool),
    (minutes, most): (&Minutes, f64),
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let is_wide = area.width >= WIDE;
    let muted = theme.style(Role::Muted);
    let name = match side {
        Side::Old => "old",
        Side::New => "new",
    };
    let (sign, style) = if is_current {
        ("▸", theme.style(Role::Title))
    } else {
        (" ", theme.style(Role::Strong))
    };
    let mut pieces: Pieces = vec![(format!("{sign} {name}"), style)];
    if let Some(divided) = &logs.follow.divided {
        let is_new = |cluster: &ClusterId, pod: &Pod| divided.is_new(cluster, pod);
        let [of_old, of_new] = model.world().ready_of(&divided.app, is_new);
        let (version, (ready, all)) = match side {
            Side::Old => (&divided.old, of_old),
            Side::New => (&divided.new, of_new),
        };
        pieces.push((format!(" {}", version.short()), style));
        let word = if is_wide { " ready" } else { "" };
        pieces.push((format!("  {ready}/{all}{word}"), muted));
    }
    match minutes.last().copied().flatten() {
        Some(Count { lines, errors }) => {
            let lines = thousands(lines as i64);
            let rate = if is_wide { "/min" } else { "" };
            pieces.push((format!("  {lines} lines{rate}"), muted));
            let role = if errors > 0 { Role::Bad } else { Role::Muted };
            let errors = thousands(errors as i64);
            pieces.push((format!("  {errors} errors/min"), theme.style(role)));
        }
        None => pieces.push(("  the last minute is not all read yet".to_owned(), muted)),
    }
    if !is_wide {
        pieces.push((" ".to_owned(), muted));
    }
    let known: Vec<Count> = minutes.iter().flatten().copied().collect();
    let (errors, lines) = known.iter().fold((0, 0), |(errors, lines), count| {
        (errors + count.errors, lines + count.lines)
    });
    if lines > 0 && is_wide {
        let role = if errors > 0 { Role::Bad } else { Role::Muted };
        let share = percent(thousandths(errors, lines));
        pieces.push((format!(", {share} in {} min ", known.len()), theme.style(role)));
    }
    let used: u16 = pieces.iter().map(|(text, _)| line::width(text)).sum();
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, (area.x, area.y), area.right(), pieces);
    let errors = minutes.map(|count| count.as_ref().and_then(share));
    let left = area.right().saturating_sub(area.x + used);
    let shown = usize::from(left).min(MINUTES);
    let values = errors.get(MINUTES - shown..).unwrap_or_default();
    let room = Rect::new(area.x + used, area.y, shown as u16, 1);
    spark::draw(buffer, room, values, Some(most), (theme.style(Role::Bad), muted));
}
