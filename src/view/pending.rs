//! What may follow the keys pressed so far, where that is too much for the line of keys, with the reason of what cannot be
//! done now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::picker::frame;
use crate::model::Model;
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// So many have room in the line of keys.
const IN_A_LINE: usize = 6;
/// Columns that keys and their words take.
const KEYS: u16 = 6;
const LABEL: u16 = 16;

/// Whether a list shows what may follow.
pub(super) fn is_listed(model: &Model) -> bool {
    model.pending.as_ref().is_some_and(|(_, next)| next.len() > IN_A_LINE)
}

pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let Some((keys, next)) = model.pending.as_ref().filter(|_| is_listed(model)) else {
        return;
    };
    let height = (next.len() as u16 + 2).min(body.height);
    let area = Rect::new(body.x, body.bottom() - height, body.width, height);
    let inside = frame(theme, buffer, area, &format!("{keys} …"));
    for ((keys, action), y) in next.iter().zip(inside.y..inside.bottom()) {
        let refusal = model.refusal(*action);
        let (key, label) = match refusal {
            None => (Role::Key, Role::Strong),
            Some(_) => (Role::KeyOff, Role::KeyOff),
        };
        let x = inside.x + 1;
        let end = inside.right().saturating_sub(1);
        line::draw(buffer, (x, y), end, [(keys.as_str(), theme.style(key))]);
        line::draw(buffer, (x + KEYS, y), end, [(action.label(), theme.style(label))]);
        let told = refusal.map_or_else(|| action.help().to_owned(), |reason| format!("not now: {reason}"));
        let at = (x + KEYS + LABEL, y);
        line::draw(buffer, at, end, [(told.as_str(), theme.style(Role::Muted))]);
    }
}
