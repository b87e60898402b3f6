//! A line of a log, opened over the others.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::model::Model;
use crate::overlays::Opened;
use crate::theme::{Role, Theme};
use crate::widgets::line;

pub(in crate::view) fn draw(model: &Model, opened: &Opened, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let inside = super::super::picker::frame(theme, buffer, body, &opened.title);
    let (lines, cursor) = opened.in_sight(model.log_line_room());
    for ((place, shown), y) in lines.iter().enumerate().zip(inside.y..inside.bottom()) {
        let key = shown
            .key
            .map_or_else(String::new, |key| format!("{}{key}", " ".repeat(shown.key_at)));
        let key = line::cut(&key, shown.text_at.saturating_sub(1) as u16);
        let pad = shown.text_at.saturating_sub(usize::from(line::width(&key)));
        let pieces = [
            (key.as_str(), theme.style(Role::Accent)),
            (&*" ".repeat(pad), Style::new()),
            (shown.text, theme.style(Role::Text)),
        ];
        line::draw(buffer, (inside.x + 1, y), inside.right(), pieces);
        if place == cursor {
            buffer.set_style(Rect::new(inside.x, y, inside.width, 1), theme.style(Role::Selected));
        }
    }
}
