//! The list: columns that fit, and the rows in sight; no other row is looked at.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Viewports;
use super::style::{self, Look};
use crate::domain::{Feed, Link};
use crate::listing::{Align, Column, List, Source};
use crate::model::Model;
use crate::screens::ScreenKind;
use crate::theme::{Role, Theme};
use crate::widgets::{columns, line};

/// Columns left of the first one: the cursor and the mark.
const GUTTER: u16 = 2;

struct Placed {
    column: Column,
    x: u16,
    width: u16,
}

pub(super) fn draw(model: &Model, theme: &Theme, viewports: &mut Viewports, buffer: &mut Buffer, area: Rect) {
    if area.height < 2 {
        return;
    }
    let scope = model.scope_here();
    let screen = model.screen();
    let source = screen.rows.source(model.context(&scope));
    let list = &screen.list;
    if list.rows().is_empty() {
        empty(model, theme, buffer, area);
        return;
    }
    let placed = place(&*source, area, model.wide, model.shift);
    titles(theme, buffer, area, &placed, list);
    let height = usize::from(area.height - 1);
    let depth = model.trail.way().len();
    let top = viewports.top(depth, list.place(), height, list.rows().len());
    let rows = list.rows().iter().enumerate().skip(top).take(height);
    for ((place, &row), y) in rows.zip(area.y + 1..area.bottom()) {
        let line = Rect::new(area.x, y, area.width, 1);
        let is_cursor = place == list.place();
        draw_row(theme, buffer, line, &placed, (&*source, list, row), is_cursor);
    }
    scroll_mark(theme, buffer, area, (top, height, list.rows().len()));
}

/// The columns that fit, with where they begin.
fn place(source: &dyn Source, area: Rect, wide: bool, shift: usize) -> Vec<Placed> {
    let gap = if area.width >= 100 { 2 } else { 1 };
    let mut shown: Vec<Column> = source
        .columns()
        .iter()
        .copied()
        .filter(|c| source.shows(c.id))
        .collect();
    let after_first = shown.len().saturating_sub(2);
    shown.drain(1.min(shown.len())..=shift.min(after_first));
    let wishes: Vec<columns::Wish> = shown
        .iter()
        .map(|column| columns::Wish {
            min: column.width.0,
            max: column.width.1,
            // More columns asked for: those of the wide view come before others.
            priority: if wide && column.wide { 1 } else { column.priority },
            spare: column.wide && !wide,
        })
        .collect();
    let mut x = area.x + GUTTER;
    columns::fit(&wishes, area.width.saturating_sub(GUTTER + 1), gap)
        .into_iter()
        .filter_map(|(index, width)| {
            let placed = Placed {
                column: *shown.get(index)?,
                x,
                width,
            };
            x += width + gap;
            Some(placed)
        })
        .collect()
}

fn titles(theme: &Theme, buffer: &mut Buffer, area: Rect, placed: &[Placed], list: &List) {
    for Placed { column, x, width } in placed {
        let sorted = list.sort().filter(|sort| sort.column == column.id);
        let arrow = sorted.map_or("", |sort| if sort.descending { "↓" } else { "↑" });
        let style = theme.style(if sorted.is_some() {
            Role::SortedColumn
        } else {
            Role::Column
        });
        let text = line::cut(&format!("{}{arrow}", column.title), *width);
        let start = match column.align {
            Align::Left => *x,
            Align::Right => x + width.saturating_sub(line::width(&text)),
        };
        line::draw(buffer, (start, area.y), area.right(), [(text.as_str(), style)]);
    }
}

fn draw_row(
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    placed: &[Placed],
    (source, list, row): (&dyn Source, &List, u32),
    is_cursor: bool,
) {
    let marked = !list.marks().is_empty() && source.key(row).is_some_and(|key| list.marks().contains(&key));
    let look = Look {
        align: None,
        stale: source.is_stale(row),
        marked,
    };
    if marked {
        line::draw(
            buffer,
            (area.x + 1, area.y),
            area.right(),
            [("◆", theme.style(Role::Marked))],
        );
    }
    for Placed { column, x, width } in placed {
        let room = (*width).min(area.right().saturating_sub(*x));
        let cell = source.cell(row, column.id);
        let look = Look {
            align: Some(column.align),
            ..look
        };
        style::cell(buffer, theme, Rect::new(*x, area.y, room, 1), &cell, look);
    }
    if is_cursor {
        line::draw(
            buffer,
            (area.x, area.y),
            area.right(),
            [("▌", theme.style(Role::Accent))],
        );
        select(theme, buffer, area);
    }
}

/// Lays the cursor's style over a row; bars keep their track.
fn select(theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let style = theme.style(Role::Selected);
    let track = theme.style(Role::BarEmpty).fg;
    for x in area.left()..area.right() {
        if let Some(cell) = buffer.cell_mut((x, area.y)) {
            let is_track = track.is_some() && Some(cell.bg) == track;
            cell.set_style(if is_track { ratatui::style::Style::new() } else { style });
        }
    }
}

/// Where in the list one is, at the right edge, when not all of it is in sight.
fn scroll_mark(theme: &Theme, buffer: &mut Buffer, area: Rect, (top, height, total): (usize, usize, usize)) {
    if total <= height {
        return;
    }
    let size = (height * height / total).max(1);
    let start = top * (height - size) / (total - height).max(1);
    for row in start..start + size {
        let y = area.y + 1 + u16::try_from(row).unwrap_or(0);
        if let Some(cell) = buffer.cell_mut((area.right() - 1, y)) {
            cell.set_symbol("│").set_style(theme.style(Role::Border));
        }
    }
}

/// Why there is nothing to see, and what to do about it.
fn empty(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let (text, hint) = reason(model);
    let y = area.y + area.height / 3;
    for ((text, role), y) in [(text, Role::Text), (hint, Role::Muted)]
        .into_iter()
        .zip(y..area.bottom())
    {
        let x = area.x + area.width.saturating_sub(line::width(&text)) / 2;
        line::draw(buffer, (x, y), area.right(), [(text.as_str(), theme.style(role))]);
    }
}

fn reason(model: &Model) -> (String, String) {
    use crate::message::{Action, Mode};
    let screen = model.screen();
    let scope = model.scope_here();
    let keys = |action| model.keys_of(Mode::Screen, action).unwrap_or("?").to_owned();
    let many = screen.kind.noun().1;
    if screen.list.total() > 0 {
        return (
            format!("no {many} match '{}'", screen.list.filter().text()),
            format!("{} clears the filter", keys(Action::ClearFilter)),
        );
    }
    if screen.kind == ScreenKind::Activity {
        return (
            "nothing was asked of a cluster yet".to_owned(),
            "what this program is told to do is listed here with what came of it".to_owned(),
        );
    }
    let clusters: Vec<_> = model.world.clusters_in(&scope).collect();
    for cluster in &clusters {
        match &cluster.link {
            Link::Denied { reason, hint } => return (format!("✖ {}: {reason}", cluster.id), hint.to_string()),
            Link::Connecting => {
                return (
                    format!("… connecting to {}", cluster.id),
                    cluster.identity.server.to_string(),
                );
            }
            Link::Stale { reason, .. } => return (format!("◌ {}: {reason}", cluster.id), "trying again".to_owned()),
            Link::Live | Link::Unstable { .. } => {}
        }
    }
    let feeds = screen.kind.feeds();
    for (cluster, kind) in clusters.iter().flat_map(|c| feeds.iter().map(move |kind| (c, *kind))) {
        match cluster.feed(kind) {
            Some(Feed::Listing { .. } | Feed::Waiting) => {
                return (format!("… listing {}", kind.plural()), String::new());
            }
            Some(Feed::NoAccess { right }) => {
                return (
                    format!("✖ no access: {right}"),
                    "limit the view to a namespace you may see".to_owned(),
                );
            }
            Some(Feed::Live | Feed::Stale { .. } | Feed::Absent) | None => {}
        }
    }
    let wider = if scope.is_everything() {
        String::new()
    } else {
        format!("{} shows everything again", keys(Action::ScopeAll))
    };
    (format!("no {many} here"), wider)
}
