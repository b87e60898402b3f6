//! Notices, at the bottom right over the list: what happened, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::style::role;
use crate::listing::Tone;
use crate::model::Model;
use crate::screens::words;
use crate::theme::{Role, Theme};
use crate::widgets::line;

pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let mut y = body.bottom();
    let notices: Vec<_> = model.notices.iter().collect();
    for notice in notices.into_iter().rev() {
        let trouble = &notice.trouble;
        let (glyph, role) = match words::severity(trouble.severity) {
            (glyph, Tone::Plain) => (glyph, Role::Accent),
            (glyph, tone) => (glyph, role(tone)),
        };
        let most = body.width.saturating_sub(6);
        let mut lines = vec![(line::cut(&format!("{glyph} {}", trouble.text), most), role)];
        if let Some(hint) = &trouble.hint {
            lines.push((line::cut(&format!("  {hint}"), most), Role::Muted));
        }
        let width = lines.iter().map(|(text, _)| line::width(text)).max().unwrap_or(0) + 2;
        let height = lines.len() as u16;
        if y < body.y + height + 4 {
            break;
        }
        y -= height;
        let x = body.right().saturating_sub(width + 1);
        for (offset, (text, role)) in lines.iter().enumerate() {
            let line_y = y + offset as u16;
            let ground = theme.style(Role::Header);
            let blank = " ".repeat(usize::from(width));
            line::draw(buffer, (x, line_y), body.right(), [(blank.as_str(), ground)]);
            line::draw(
                buffer,
                (x + 1, line_y),
                body.right(),
                [(text.as_str(), ground.patch(theme.style(*role)))],
            );
        }
    }
}
