//! Logs: the title with what is followed, and the lines that are in sight; only those are wrapped.

mod halves;
pub(super) mod opened;
mod table;
mod title;

use chrono::{FixedOffset, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::domain::text::wrapped;
use crate::logs::badge::WIDEST_NAME;
use crate::logs::columns::Column;
use crate::logs::follower::COLOURS;
use crate::logs::{Bookmarks, Content, Level, Pane, Place, Row, Stamp, Which};
use crate::message::{Action, Mode};
use crate::model::Model;
use crate::model::logs::{Logs, Look, Times};
use crate::overlays::Overlay;
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// What the instances' names are drawn in.
const NAMES: [Role; COLOURS] = [
    Role::Accent,
    Role::Busy,
    Role::Good,
    Role::Title,
    Role::Key,
    Role::Strong,
];
/// Texts, each with what it is drawn in.
type Pieces = Vec<(String, Style)>;

/// Draws the title and the lines; gives where the line under the cursor is.
pub(super) fn draw(model: &Model, logs: &Logs, theme: &Theme, buffer: &mut Buffer, body: Rect) -> Option<u16> {
    let title = Rect::new(body.x, body.y, body.width, 1);
    match model.overlays.last() {
        Some(Overlay::LogField { of, field, problem, .. }) => {
            let meaning = title::meaning(model, *of, &field.text());
            let told = problem.clone().map_or(meaning, Err);
            title::draw_field(*of, field, told, theme, buffer, title);
        }
        _ => title::draw(model, logs, theme, buffer, title),
    }
    let rest = Rect::new(body.x, body.y + 1, body.width, body.height.saturating_sub(1));
    match logs.other() {
        None => draw_lines(model, logs, Shown::of(logs), theme, buffer, rest),
        Some((side, other)) => halves::draw(model, logs, (side, other), theme, buffer, rest),
    }
}

/// What of the logs is drawn, and how it is looked at.
#[derive(Clone, Copy)]
struct Shown<'a> {
    pane: &'a Pane,
    look: &'a Look,
    bookmarks: &'a Bookmarks,
}

impl<'a> Shown<'a> {
    const fn of(logs: &'a Logs) -> Self {
        Self {
            pane: &logs.pane,
            look: &logs.look,
            bookmarks: &logs.bookmarks,
        }
    }
}

/// Draws the names of columns, if lines are shown in columns, and the lines; gives where the line under the cursor is.
fn draw_lines(
    model: &Model,
    logs: &Logs,
    shown: Shown<'_>,
    theme: &Theme,
    buffer: &mut Buffer,
    body: Rect,
) -> Option<u16> {
    let names = u16::from(shown.look.columns.is_some());
    let area = Rect::new(body.x, body.y + names, body.width, body.height.saturating_sub(names));
    let page = Page::new(model, logs, shown, theme, area);
    if names > 0 {
        let pieces = page.column_names();
        let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
        line::draw(buffer, (area.x + 1, body.y), area.right(), pieces);
    }
    let rows = page.rows();
    if rows.is_empty() {
        draw_empty(model, logs, shown, theme, buffer, area);
    }
    let mut y = area.y;
    let mut cursor = None;
    for (row, lines) in rows {
        let is_current = shown.look.still.is_some_and(|still| still.cursor == row);
        let mut mark = shown.bookmarks.contains(row).then(|| ("◆", theme.style(Role::Marked)));
        for pieces in lines {
            if y >= area.bottom() {
                return cursor;
            }
            // In the margin: the line stays where it is.
            line::draw(buffer, (area.x, y), area.right(), mark.take());
            let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
            line::draw(buffer, (area.x + 1, y), area.right(), pieces);
            if is_current {
                cursor.get_or_insert(y);
                buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(Role::Selected));
            }
            y += 1;
        }
    }
    cursor
}

/// Says why there is no line yet.
fn draw_empty(model: &Model, logs: &Logs, shown: Shown<'_>, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let muted = theme.style(Role::Muted);
    let tally = logs.tally();
    let kept = shown.pane.count(Which::All);
    let all_lines = model.keys_of(Mode::Logs, Action::LogClear);
    let first = if kept > 0 {
        let all_lines = all_lines.map_or_else(String::new, |keys| format!(": {keys} shows all"));
        format!("{}, all hidden by the filters{all_lines}", title::lines(kept as u64))
    } else if tally.open > 0 {
        "no line yet".to_owned()
    } else if logs.waiting().is_empty() {
        "no instance has a log here now; new ones are followed as they come".to_owned()
    } else {
        "no log yet:".to_owned()
    };
    let waiting = logs.waiting().iter().map(|(pod, why)| format!("{pod}: {why}"));
    let lines = std::iter::once(first).chain(waiting);
    for (text, y) in lines.zip(area.y + 1..area.bottom()) {
        line::draw(buffer, (area.x + 2, y), area.right(), [(text.as_str(), muted)]);
    }
}

/// What lines look like here.
struct Page<'a> {
    logs: &'a Logs,
    shown: Shown<'a>,
    theme: &'a Theme,
    area: Rect,
    /// Columns of the names; 0 without.
    names: u16,
    offset: Option<FixedOffset>,
    /// Of the table that lines are shown as; none without.
    columns: Vec<Column>,
}

impl<'a> Page<'a> {
    fn new(model: &Model, logs: &'a Logs, shown: Shown<'a>, theme: &'a Theme, area: Rect) -> Self {
        let names = if shown.look.names && logs.names().len() > 1 {
            (logs.names().widest().min(WIDEST_NAME) as u16).min(area.width / 4)
        } else {
            0
        };
        let east = match shown.look.times {
            Times::None => None,
            Times::Local => Some(model.settings.clock_offset_minutes),
            Times::Utc => Some(0),
        };
        let mut page = Self {
            logs,
            shown,
            theme,
            area,
            names,
            offset: east.and_then(|minutes| FixedOffset::east_opt(minutes * 60)),
            columns: Vec::new(),
        };
        if let Some(columns) = &shown.look.columns {
            page.columns = columns.within(usize::from(area.width).saturating_sub(page.indent() + 1));
        }
        page
    }

    /// Columns before the text of a line.
    fn indent(&self) -> usize {
        let time = self
            .offset
            .as_ref()
            .map_or(0, |offset| usize::from(line::width(&time(Stamp(0), *offset))) + 1);
        let name = if self.names > 0 { usize::from(self.names) + 1 } else { 0 };
        time + name + 2
    }

    /// The rows in sight, first to last, each with the lines it takes.
    fn rows(&self) -> Vec<(Place, Vec<Pieces>)> {
        let height = usize::from(self.area.height);
        let pane = &self.shown.pane;
        let Some(still) = self.shown.look.still else {
            return self.upwards(pane.newest_first(Which::Shown), height);
        };
        let mut used = 0;
        let mut rows = Vec::new();
        let mut has_cursor = false;
        for row in pane.from(Which::Shown, still.top) {
            if used >= height {
                break;
            }
            has_cursor |= row.place >= still.cursor && used < height;
            let lines = self.lines(&row);
            used += lines.len();
            rows.push((row.place, lines));
        }
        if has_cursor {
            return rows;
        }
        // Wrapped lines before it have pushed the cursor's out of sight.
        self.upwards(pane.before(Which::Shown, still.cursor.behind()), height)
    }

    /// Rows from the last one up, as many as there is room for.
    fn upwards<'b>(&self, rows: impl Iterator<Item = Row<'b>>, height: usize) -> Vec<(Place, Vec<Pieces>)> {
        let mut found: Vec<(Place, Vec<Pieces>)> = Vec::new();
        let mut used = 0;
        for row in rows {
            let mut lines = self.lines(&row);
            let surplus = (used + lines.len()).saturating_sub(height);
            if surplus > 0 && !found.is_empty() {
                lines.drain(..surplus.min(lines.len()));
            }
            used += lines.len();
            found.push((row.place, lines));
            if used >= height {
                break;
            }
        }
        found.reverse();
        found
    }

    /// The lines that a row takes; before the first of those around one that is shown, a line for those left out.
    fn lines(&self, row: &Row<'_>) -> Vec<Pieces> {
        let mut lines = self.lines_of(row);
        if row.is_first {
            let left_out = format!("{}⋯", " ".repeat(self.indent().saturating_sub(2)));
            lines.insert(0, vec![(left_out, self.theme.style(Role::Muted))]);
        }
        lines
    }

    fn lines_of(&self, row: &Row<'_>) -> Vec<Pieces> {
        let head = self.head(row);
        let taken: u16 = head.iter().map(|(text, _)| line::width(text)).sum();
        let room = usize::from(self.area.width.saturating_sub(taken + 1)).max(1);
        if let Some(cells) = self.cells(row) {
            return vec![
                head.into_iter()
                    .chain(table::shifted(cells, self.shown.look.shift))
                    .collect(),
            ];
        }
        let (text, style) = self.text(row);
        if !self.shown.look.wrap {
            let text = table::shifted(self.found(row, &text, style), self.shown.look.shift);
            return vec![head.into_iter().chain(text).collect()];
        }
        let blank = " ".repeat(usize::from(taken));
        let mut lines = Vec::new();
        for piece in wrapped(&text, room, usize::from(self.area.height)) {
            let mut pieces = if lines.is_empty() {
                head.clone()
            } else {
                vec![(blank.clone(), Style::new())]
            };
            pieces.extend(self.found(row, piece, style));
            lines.push(pieces);
        }
        lines
    }

    /// Time, name and level before the text.
    fn head(&self, row: &Row<'_>) -> Pieces {
        let theme = self.theme;
        let mut pieces = Pieces::new();
        if let Some(offset) = &self.offset {
            let at = row.at.unwrap_or(row.place.at);
            pieces.push((format!("{} ", time(at, *offset)), theme.style(Role::Muted)));
        }
        if self.names > 0
            && let Some(name) = self.logs.name_of(row.stream)
        {
            let role = NAMES.get(name.colour).copied().unwrap_or(Role::Accent);
            let short = line::cut_path(&name.short, self.names);
            let pad = usize::from(self.names.saturating_sub(line::width(&short)));
            pieces.push((format!("{short}{} ", " ".repeat(pad)), theme.style(role)));
        }
        let (sign, role) = match row.content {
            Content::Divider(_) => ("─", Role::Accent),
            Content::Line { continues: true, .. } => ("·", Role::Muted),
            Content::Line { level, .. } => sign(level),
        };
        pieces.push((format!("{sign} "), theme.style(role)));
        pieces
    }

    fn text(&self, row: &Row<'_>) -> (String, Style) {
        let role = match row.content {
            Content::Divider(_) => Role::Accent,
            Content::Line { .. } if row.is_near => Role::Muted,
            Content::Line { level, .. } => match level {
                Some(Level::Fatal | Level::Error) => Role::Bad,
                Some(Level::Warn) => Role::Warning,
                Some(Level::Debug | Level::Trace) => Role::Muted,
                Some(Level::Info) | None => Role::Text,
            },
        };
        (row.content.words(), self.theme.style(role))
    }

    /// The text with what the search found in it.
    fn found(&self, row: &Row<'_>, text: &str, style: Style) -> Pieces {
        let mut pieces = Pieces::new();
        let mut end = 0;
        let search = self.shown.pane.search().filter(|_| row.found);
        for range in search.into_iter().flat_map(|search| search.ranges(text)) {
            pieces.push((text.get(end..range.start).unwrap_or_default().to_owned(), style));
            let found = text.get(range.clone()).unwrap_or_default().to_owned();
            pieces.push((found, style.add_modifier(Modifier::REVERSED)));
            end = range.end;
        }
        pieces.push((text.get(end..).unwrap_or_default().to_owned(), style));
        pieces
    }
}

/// A level's letter: not by colour alone.
const fn sign(level: Option<Level>) -> (&'static str, Role) {
    match level {
        Some(Level::Fatal) => ("F", Role::Bad),
        Some(Level::Error) => ("E", Role::Bad),
        Some(Level::Warn) => ("W", Role::Warning),
        Some(Level::Info) => ("I", Role::Muted),
        Some(Level::Debug) => ("D", Role::Muted),
        Some(Level::Trace) => ("T", Role::Muted),
        None => (" ", Role::Muted),
    }
}

fn time(at: Stamp, offset: FixedOffset) -> String {
    let time = at.time().with_timezone(&Utc).with_timezone(&offset);
    let zone = if offset.local_minus_utc() == 0 { "Z" } else { "" };
    format!("{}{zone}", time.format("%m-%d %H:%M:%S%.3f"))
}
