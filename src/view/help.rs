//! Help: every key of the live keymap, the screen's own first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pieces::out_of_sight;
use crate::message::{Action, Mode};
use crate::model::Model;
use crate::overlays::help::Line;
use crate::theme::{Role, Theme};
use crate::widgets::line;

pub(super) fn draw(model: &Model, scroll: usize, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let layout = model.help();
    let (width, height) = layout.frame;
    let area = Rect::new(body.x + (body.width - width) / 2, body.y, width, height);
    let inside = super::picker::frame(theme, buffer, area, "keys");
    let top = scroll.min(layout.most());
    for (lines, place) in layout.columns.iter().zip(0..) {
        let x = inside.x + 1 + place * layout.column_width;
        let end = x + layout.column_width.saturating_sub(2);
        for (line, y) in lines.iter().skip(top).zip(inside.y..inside.bottom()) {
            draw_line(line, theme, buffer, (x, y), end);
        }
    }
    if layout.most() > 0 {
        let [down, up] = [Action::CursorDown, Action::CursorUp].map(|a| model.keys_of(Mode::Reader, a).unwrap_or("–"));
        let told = out_of_sight((top, up), (layout.most() - top, down));
        let text = format!(" {told} ");
        let x = area.right().saturating_sub(line::width(&text) + 2);
        let style = theme.style(Role::Accent);
        line::draw(buffer, (x, area.bottom() - 1), area.right(), [(text.as_str(), style)]);
    }
}

fn draw_line(told: &Line, theme: &Theme, buffer: &mut Buffer, (x, y): (u16, u16), end: u16) {
    match told {
        Line::Blank => {}
        Line::Title(name) => {
            line::draw(buffer, (x, y), end, [(name.as_str(), theme.style(Role::Title))]);
        }
        Line::Text { keys, text, off } => {
            let (key, does) = if *off {
                (Role::Muted, Role::Muted)
            } else {
                (Role::Accent, Role::Text)
            };
            line::draw(buffer, (x + 2, y), end, [(keys.as_str(), theme.style(key))]);
            line::draw(buffer, (x + 21, y), end, [(text.as_str(), theme.style(does))]);
        }
    }
}
