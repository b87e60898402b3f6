//! The list: columns that fit, and the rows in sight; no other row is looked at.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::style::{self, Look};
use super::{Viewports, Widths, empty};
use crate::domain::quantity::thousands;
use crate::listing::{Align, Cell, Column, ColumnId, List, Source, Unit};
use crate::model::Model;
use crate::theme::{Role, Theme};
use crate::widgets::{columns, line};

/// Columns left of the first one: the cursor and the mark.
const GUTTER: u16 = 2;

struct Placed {
    column: Column,
    /// Among the cells of a row.
    index: usize,
    x: u16,
    width: u16,
}

/// A row in sight with what it says in every column.
struct Row {
    number: u32,
    is_cursor: bool,
    cells: Vec<Cell>,
}

/// Rows that are looked at when a list comes on screen, spread over all of it, to find how wide columns are.
const SAMPLE: usize = 100;

/// What the title says of the columns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drawn {
    /// Columns that are there and have no room.
    pub(super) hidden: usize,
    /// The column of what still fits is in sight: its unit is to be told.
    pub(super) has_room: bool,
    /// A column of what grew is in sight: over which time is to be told.
    pub(super) has_growth: bool,
}

pub(super) fn draw(model: &Model, theme: &Theme, viewports: &mut Viewports, buffer: &mut Buffer, area: Rect) -> Drawn {
    if area.height < 2 {
        return Drawn::default();
    }
    let scope = model.scope_here();
    let screen = model.screen();
    let source = screen.rows.source(model.context(&scope));
    let list = &screen.list;
    if list.rows().is_empty() {
        empty::draw(model, theme, buffer, area);
        return Drawn::default();
    }
    let sections = list.sections(&*source);
    let (top, height) = window(model, viewports, (&*source, &sections), area);
    let columns = columns_here(&*source, model.shift);
    let in_sight = list.rows().iter().enumerate().skip(top).take(height);
    let rows: Vec<Row> = in_sight
        .map(|(place, &number)| Row {
            number,
            is_cursor: place == list.place(),
            cells: columns.iter().map(|column| source.cell(number, column.id)).collect(),
        })
        .collect();
    let (widths, is_new) = viewports.widths(&screen.kind);
    if is_new {
        let step = (list.rows().len() / SAMPLE).max(1);
        for &row in list.rows().iter().step_by(step).take(SAMPLE) {
            widen(widths, &columns, |column| source.cell(row, column.id));
        }
    }
    for row in &rows {
        let mut cells = row.cells.iter().cloned();
        widen(widths, &columns, |_| cells.next().unwrap_or_default());
    }
    let wishes: Vec<columns::Wish> = columns
        .iter()
        .map(|c| {
            let cells = widths.get(&c.id).copied().unwrap_or_default();
            wish(c, cells, (model.wide, area.width), list.sort().map(|sort| sort.column))
        })
        .collect();
    let placed = place(&columns, &wishes, area);
    titles(theme, buffer, area, &placed, list);
    draw_rows(theme, buffer, area, (&placed, &sections), (&*source, list, &rows));
    scroll_mark(theme, buffer, area, (top, height, list.rows().len()));
    let offered = columns.iter().filter(|c| model.wide || !c.wide).count();
    let in_sight = placed.iter().filter(|p| model.wide || !p.column.wide).count();
    Drawn {
        hidden: offered - in_sight,
        has_room: placed.iter().any(|p| p.column.id == ColumnId::Headroom),
        has_growth: placed.iter().any(|p| p.column.id == ColumnId::Growth),
    }
}

/// Draws the rows, each part of the list below its name.
fn draw_rows(
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
    (placed, sections): (&[Placed], &[Section]),
    (source, list, rows): (&dyn Source, &List, &[Row]),
) {
    let mut lines = (area.y + 1..area.bottom()).map(|y| Rect::new(area.x, y, area.width, 1));
    let mut section = None;
    for row in rows {
        let here = source.section(row.number).filter(|_| !sections.is_empty());
        if let Some(name) = here.filter(|_| here != section) {
            let Some(line) = lines.next() else { break };
            draw_section(theme, buffer, line, sections, name);
            section = here;
        }
        let Some(line) = lines.next() else { break };
        draw_row(theme, buffer, line, placed, (source, list, row));
    }
}

/// The line over a part of the list: its name, and how many rows of it there are.
fn draw_section(theme: &Theme, buffer: &mut Buffer, area: Rect, sections: &[Section], name: &str) {
    let count = sections
        .iter()
        .find(|(section, _)| *section == name)
        .map_or(0, |(_, count)| *count);
    let text = format!("{} {name} ", thousands(count as i64));
    let end = area.right().saturating_sub(1);
    let x = line::draw(
        buffer,
        (area.x + 2, area.y),
        end,
        [(text.as_str(), theme.style(Role::Title))],
    );
    let rest = "─".repeat(usize::from(end.saturating_sub(x)));
    line::draw(buffer, (x, area.y), end, [(rest.as_str(), theme.style(Role::Border))]);
}

/// A part of the list and how many rows of it are shown.
type Section = (&'static str, usize);

/// The first row that is drawn, and how many of them: each part in sight has a line that names it.
fn window(
    model: &Model,
    viewports: &mut Viewports,
    (source, sections): (&dyn Source, &[Section]),
    area: Rect,
) -> (usize, usize) {
    let list = &model.screen().list;
    let (depth, rows) = (model.trail.way().len(), list.rows());
    let lines = usize::from(area.height - 1);
    let mut height = lines.saturating_sub(sections.len().min(1));
    loop {
        let top = viewports.top(depth, list.place(), height, rows.len());
        let in_sight = rows.iter().skip(top).take(height).map(|&row| source.section(row));
        let mut parts: Vec<Option<&str>> = in_sight.filter(|_| !sections.is_empty()).collect();
        parts.dedup();
        let room = lines.saturating_sub(parts.len());
        if room >= height {
            return (top, height);
        }
        height = room;
    }
}

/// Makes the columns as wide as a row needs.
fn widen(widths: &mut Widths, columns: &[Column], mut cell: impl FnMut(&Column) -> Cell) {
    for column in columns {
        let needed = style::width(&cell(column));
        let width = widths.entry(column.id).or_default();
        *width = needed.max(*width);
    }
}

/// The columns that say something here; those scrolled past are left out, names stay.
fn columns_here(source: &dyn Source, shift: usize) -> Vec<Column> {
    let mut shown = source.all_columns();
    shown.retain(|c| source.shows(c.id));
    let mut left = shift.min(shown.iter().filter(|c| !c.stays()).count().saturating_sub(1));
    shown.retain(|column| {
        let is_past = left > 0 && !column.stays();
        left -= usize::from(is_past);
        !is_past
    });
    shown
}

/// The columns that fit, with where they begin.
fn place(columns: &[Column], wishes: &[columns::Wish], area: Rect) -> Vec<Placed> {
    let gap = if area.width >= 100 { 2 } else { 1 };
    let mut x = area.x + GUTTER;
    columns::fit(wishes, area.width.saturating_sub(GUTTER + 1), gap)
        .into_iter()
        .filter_map(|(index, width)| {
            let placed = Placed {
                column: *columns.get(index)?,
                index,
                x,
                width,
            };
            x += width + gap;
            Some(placed)
        })
        .collect()
}

/// From so many columns on what numbers were lately is drawn beside them, in so many columns at least and most.
const LINES_FROM: u16 = 110;
const LINE: (u16, u16) = (8, 15);

/// What a column asks for whose cells are so wide, in a list so wide; `wide`: all columns were asked for.
fn wish(column: &Column, cells: u16, (wide, room): (bool, u16), sort: Option<ColumnId>) -> columns::Wish {
    let lines = room >= LINES_FROM;
    let (min, max) = column.width;
    let is_sorted = sort == Some(column.id);
    // What grew says little without its share and its cause.
    let is_brought = is_sorted
        || (sort == Some(ColumnId::Growth) && matches!(column.id, ColumnId::GrowthShare | ColumnId::GrowthCause));
    let priority = match column.id {
        _ if is_brought => 0,
        // Where one asks by what apps grew, that is read before how they are.
        ColumnId::State if sort == Some(ColumnId::Growth) => 1,
        _ => column.priority,
    };
    if column.align == Align::Line {
        let heading = if is_sorted { line::width(column.title) + 2 } else { 0 };
        let number = cells.max(min).max(heading);
        let (least, most) = if lines {
            (number + 1 + LINE.0, number + 1 + LINE.1)
        } else {
            (number, number)
        };
        return columns::Wish {
            least: number,
            min: least,
            max: most,
            priority,
            spare: column.wide && !wide && !is_brought,
            patient: true,
        };
    }
    let is_bar = column.align == Align::Left && column.unit == Unit::Share;
    // Two more for the arrow of the sorted column.
    let title = line::width(column.title) + 2 * u16::from(is_sorted);
    let steady = if column.steady { min } else { 0 };
    let natural = cells.max(title).max(steady);
    // A column of less weight gives way before names are cut.
    let readable = if priority == 0 {
        26.max(room / 4)
    } else {
        17.max(room / 6)
    };
    columns::Wish {
        least: min.min(natural),
        min: if is_bar {
            min
        } else {
            natural.min(max).min(min.max(readable))
        },
        max: if is_bar { max } else { max.max(min).min(natural) },
        priority,
        spare: column.wide && !wide && !is_brought,
        patient: is_bar,
    }
}

fn titles(theme: &Theme, buffer: &mut Buffer, area: Rect, placed: &[Placed], list: &List) {
    for Placed { column, x, width, .. } in placed {
        let sorted = list.sort().filter(|sort| sort.column == column.id);
        let arrow = sorted.map_or("", |sort| if sort.descending { " ↓" } else { " ↑" });
        let style = theme.style(if sorted.is_some() {
            Role::SortedColumn
        } else {
            Role::Column
        });
        let text = line::cut(&format!("{}{arrow}", column.title), *width);
        let start = match column.align {
            // Over its number, not over what that was.
            Align::Line => x + column.width.0.min(*width).saturating_sub(line::width(&text)),
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
    (source, list, row): (&dyn Source, &List, &Row),
) {
    let number = row.number;
    let marked = !list.marks().is_empty() && source.key(number).is_some_and(|key| list.marks().contains(&key));
    let look = Look {
        stale: source.is_stale(number),
        marked,
        ..Look::default()
    };
    if marked {
        line::draw(
            buffer,
            (area.x + 1, area.y),
            area.right(),
            [("◆", theme.style(Role::Marked))],
        );
    }
    for Placed {
        column,
        index,
        x,
        width,
    } in placed
    {
        let room = (*width).min(area.right().saturating_sub(*x));
        let Some(cell) = row.cells.get(*index) else { continue };
        let look = Look {
            align: Some(column.align),
            cut: column.cut,
            ..look
        };
        style::cell(buffer, theme, Rect::new(*x, area.y, room, 1), cell, look);
    }
    if row.is_cursor {
        line::draw(
            buffer,
            (area.x, area.y),
            area.right(),
            [("▌", theme.style(Role::Accent))],
        );
        buffer.set_style(area, theme.style(Role::Selected));
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
