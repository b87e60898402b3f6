//! Drawing: reads the model, writes the frame; only scroll offsets are kept, in [`Viewports`].

mod empty;
mod footer;
mod header;
mod help;
mod log;
mod picker;
mod style;
mod table;
mod title;
mod toast;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::model::Model;
use crate::overlays::Overlay;
use crate::screens::{ScreenKind, facts};
use crate::theme::{Glyphs, Role, Theme};
use crate::widgets::line;

/// The least room the program is shown in.
pub const LEAST: (u16, u16) = (60, 15);

/// What is only known when drawing: how far each list on the way is scrolled.
#[derive(Debug, Default)]
pub struct Viewports {
    tops: Vec<usize>,
}

impl Viewports {
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
        too_small(theme, buffer, area);
    } else {
        let line = |y: u16| Rect::new(area.x, area.y + y, area.width, 1);
        header::draw(model, theme, buffer, line(0));
        let body = Rect::new(area.x, area.y + 1, area.width, area.height - 2);
        draw_body(model, theme, viewports, buffer, body);
        footer::draw(model, theme, buffer, line(area.height - 1));
        toast::draw(model, theme, buffer, body);
        match model.overlays.last() {
            Some(Overlay::Picker(shown)) => picker::draw(shown, theme, buffer, body),
            Some(Overlay::Help { scroll }) => help::draw(model, *scroll, theme, buffer, body),
            Some(Overlay::Filter { .. }) | None => {}
        }
    }
    if theme.glyphs == Glyphs::Ascii {
        style::to_ascii(buffer, area);
    }
}

fn too_small(theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let lines = [
        "pilothouse needs more room".to_owned(),
        format!("{} × {} at least", LEAST.0, LEAST.1),
        format!("{} × {} here", area.width, area.height),
    ];
    let y = area.y + area.height.saturating_sub(3) / 2;
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
    let below = |y: u16| Rect::new(body.x, y, body.width, body.bottom().saturating_sub(y));
    let mut y = title::draw(model, theme, buffer, body);
    if screen.kind == ScreenKind::Log {
        log::draw(theme, buffer, below(y));
        return;
    }
    let scope = model.scope_here();
    let ctx = model.context(&scope);
    let facts = facts::facts(&screen.kind, &ctx);
    if !facts.is_empty() {
        // The list keeps a third of the room at least.
        let most = usize::from(body.height.saturating_sub(6)) * 2 / 3;
        let hidden = facts.len().saturating_sub(most);
        let shown = if hidden > 0 {
            most.saturating_sub(1)
        } else {
            facts.len()
        };
        for fact in facts.iter().take(shown) {
            style::cell(
                buffer,
                theme,
                Rect::new(body.x + 2, y, body.width - 3, 1),
                fact,
                style::Look::default(),
            );
            y += 1;
        }
        if hidden > 0 {
            let text = format!("… {} more lines in a taller terminal", facts.len() - shown);
            line::draw(
                buffer,
                (body.x + 2, y),
                body.right(),
                [(text.as_str(), theme.style(Role::Muted))],
            );
            y += 1;
        }
        y += 1;
    }
    table::draw(model, theme, viewports, buffer, below(y));
}
