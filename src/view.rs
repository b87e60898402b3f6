//! Drawing: reads the model, writes the frame; only scroll offsets are kept, in [`Viewports`].

mod building;
mod charts;
mod confirm;
mod empty;
mod footer;
mod header;
mod help;
mod how_many;
mod log;
mod logs;
mod pending;
mod picker;
mod pieces;
mod style;
mod table;
mod title;
mod toast;

use std::collections::BTreeMap;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::listing::{Cell, ColumnId};
use crate::message::{Action, Mode};
use crate::model::{LEAST, Model};
use crate::overlays::Overlay;
use crate::screens::{ScreenKind, facts};
use crate::theme::{Glyphs, Role, Theme};
use crate::widgets::line;
use toast::Toast;

/// What is only known when drawing: how far each list on the way is scrolled, how wide its columns became.
#[derive(Debug, Default)]
pub struct Viewports {
    tops: Vec<usize>,
    widths: Option<(ScreenKind, Widths)>,
}

/// Lines of words above charts.
const FACTS_OVER_CHARTS: usize = 2;

/// What the columns of a list need at most, as far as its rows were seen.
type Widths = BTreeMap<ColumnId, u16>;

impl Viewports {
    /// The widths of the list on screen; they only grow while one looks at it, so that scrolling moves no column.
    /// The second is whether it has just come.
    fn widths(&mut self, kind: &ScreenKind) -> (&mut Widths, bool) {
        let is_new = self.widths.as_ref().is_none_or(|(of, _)| of != kind);
        if is_new {
            self.widths = None;
        }
        let (_, widths) = self.widths.get_or_insert_with(|| (kind.clone(), Widths::new()));
        (widths, is_new)
    }

    /// The first row to draw so that the cursor is in sight, as near as possible to where it was.
    fn top(&mut self, depth: usize, place: usize, rows: usize, total: usize) -> usize {
        self.tops.resize(self.tops.len().max(depth + 1), 0);
        let Some(top) = self.tops.get_mut(depth) else {
            return 0;
        };
        let rows = rows.max(1);
        *top = (*top)
            .min(place)
            .max((place + 1).saturating_sub(rows))
            .min(total.saturating_sub(rows));
        *top
    }
}

/// Draws everything.
pub fn view(model: &Model, theme: &Theme, viewports: &mut Viewports, frame: &mut Frame<'_>) {
    let area = frame.area();
    draw(model, theme, viewports, frame.buffer_mut(), area);
}

/// Draws everything into a buffer: also what pictures are made from.
pub fn draw(model: &Model, theme: &Theme, viewports: &mut Viewports, buffer: &mut Buffer, area: Rect) {
    buffer.set_style(area, theme.style(Role::Text));
    if area.width < LEAST.0 || area.height < LEAST.1 {
        too_small(model, theme, buffer, area);
    } else {
        let line = |y: u16| Rect::new(area.x, area.y + y, area.width, 1);
        header::draw(model, theme, buffer, line(0));
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 2);
        draw_body(model, theme, viewports, buffer, body);
        footer::draw(model, theme, buffer, line(area.height - 1));
        match model.overlays.last() {
            Some(Overlay::Picker(shown)) => picker::draw(shown, theme, buffer, body),
            Some(Overlay::Help { scroll }) => help::draw(model, *scroll, theme, buffer, body),
            Some(Overlay::LogLine(opened)) => logs::opened::draw(model, opened, theme, buffer, body),
            Some(Overlay::HowMany(asked)) => how_many::draw(asked, theme, buffer, body),
            Some(Overlay::Confirm(shown)) => confirm::draw(model, shown, theme, buffer, body),
            Some(Overlay::Building(shown)) => building::draw(model, shown, theme, buffer, body),
            Some(Overlay::Filter { .. } | Overlay::LogField { .. }) | None => {}
        }
        pending::draw(model, theme, buffer, body);
    }
    if theme.glyphs == Glyphs::Ascii {
        style::to_ascii(buffer, area);
    }
}

fn too_small(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let quit = model.keys_of(Mode::Screen, Action::Quit).unwrap_or("ctrl-c");
    let lines = [
        "pilothouse needs more room".to_owned(),
        format!("{} × {} at least", LEAST.0, LEAST.1),
        format!("{} × {} here", area.width, area.height),
        format!("{quit} quits"),
    ];
    let y = area.y + area.height.saturating_sub(lines.len() as u16) / 2;
    for (text, y) in lines.iter().zip(y..area.bottom()) {
        let x = area.x + area.width.saturating_sub(line::width(text)) / 2;
        line::draw(
            buffer,
            (x, y),
            area.right(),
            [(text.as_str(), theme.style(Role::Warning))],
        );
    }
}

fn draw_body(model: &Model, theme: &Theme, viewports: &mut Viewports, buffer: &mut Buffer, body: Rect) {
    let screen = model.screen();
    let toast = Toast::of(model, body.width);
    let told = toast.as_ref().map_or(0, Toast::height);
    if let Some(logs) = model.logs() {
        let cursor = logs::draw(model, logs, theme, buffer, body);
        // Lines scroll as they come: what is told stands over their title, and at the other end where the cursor is, or
        // what a person types.
        if let Some(toast) = toast {
            let is_under = cursor.is_some_and(|y| y < body.y + told) || model.mode() == Mode::Prompt;
            let y = if is_under { body.bottom() - told } else { body.y };
            toast.draw(theme, buffer, Rect::new(body.x, y, body.width, told));
        }
        return;
    }
    // What is told takes lines from the list and covers none of its rows.
    let bottom = body.bottom() - told;
    let below = |y: u16| Rect::new(body.x, y, body.width, bottom.saturating_sub(y));
    if let Some(toast) = toast {
        toast.draw(theme, buffer, Rect::new(body.x, bottom, body.width, told));
    }
    let mut y = title::notes(model, theme, buffer, body, body.y + 1);
    let scope = model.scope_here();
    let mut facts = facts::facts(&screen.kind, &model.context(&scope));
    if screen.shows_charts() {
        facts.truncate(FACTS_OVER_CHARTS);
    }
    if !facts.is_empty() {
        y = draw_facts(model, theme, buffer, body, y, &facts) + 1;
    }
    let drawn = if charts::draw(model, theme, buffer, below(y)) {
        table::Drawn::default()
    } else if screen.kind == ScreenKind::Log {
        log::draw(theme, buffer, below(y));
        table::Drawn::default()
    } else {
        table::draw(model, theme, viewports, buffer, below(y))
    };
    title::draw(model, theme, buffer, body, drawn);
}

/// Draws the lines above the list, scrolled where they do not fit; gives the line after.
fn draw_facts(model: &Model, theme: &Theme, buffer: &mut Buffer, body: Rect, y: u16, facts: &[Cell]) -> u16 {
    let most = facts::in_sight(body.height);
    let is_scrolled = facts.len() > most;
    let shown = if is_scrolled {
        most.saturating_sub(1)
    } else {
        facts.len()
    };
    let top = model.screen().facts_top.min(facts.len() - shown);
    let mut y = y;
    for fact in facts.iter().skip(top).take(shown) {
        let area = Rect::new(body.x + 2, y, body.width - 3, 1);
        style::cell(buffer, theme, area, fact, style::Look::default());
        y += 1;
    }
    if is_scrolled {
        let keys = [Action::FactsUp, Action::FactsDown].map(|a| model.keys_of(Mode::Screen, a).unwrap_or("–"));
        let [up, down] = keys;
        let text = pieces::out_of_sight((top, up), (facts.len() - top - shown, down));
        let pieces = [(text.as_str(), theme.style(Role::Muted))];
        line::draw(buffer, (body.x + 2, y), body.right(), pieces);
        y += 1;
    }
    y
}
