//! The newest notice, in a line or two under the list: what happened, and what to do about it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pieces::put;
use super::style::role;
use crate::domain::text;
use crate::listing::Tone;
use crate::message::{Action, Mode, Severity};
use crate::model::Model;
use crate::screens::words;
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// Most lines that it takes.
const MOST: usize = 2;

/// What is told, laid out for so many columns.
pub(super) struct Toast {
    lines: Vec<Vec<(String, Role)>>,
    /// At the end of the last line: that there is more, and where.
    tail: String,
}

impl Toast {
    /// `None` where nothing is told.
    pub(super) fn of(model: &Model, width: u16) -> Option<Self> {
        let trouble = &model.notices.newest()?.trouble;
        let (glyph, role) = match words::severity(trouble.severity) {
            (glyph, Tone::Plain) => (glyph, Role::Accent),
            (glyph, tone) => (glyph, role(tone)),
        };
        let room = width.saturating_sub(4);
        let text = format!("{glyph} {}", trouble.text);
        let hint = trouble
            .hint
            .as_ref()
            .map_or_else(String::new, |hint| format!("  {hint}"));
        let tail = match model.notices.others() {
            0 => String::new(),
            others => named(model, &format!("+{others} more")),
        };
        let (of_text, of_hint, of_tail) = (line::width(&text), line::width(&hint), line::width(&tail));
        if of_text + of_hint + of_tail <= room {
            return Some(Self {
                lines: vec![vec![(text, role), (hint, Role::Muted)]],
                tail,
            });
        }
        if of_text <= room && of_hint > 0 && of_hint + of_tail <= room {
            return Some(Self {
                lines: vec![vec![(text, role)], vec![(hint, Role::Muted)]],
                tail,
            });
        }
        let whole = text + &hint;
        let is_long = text::folded(&whole, usize::from(room)).len() > MOST;
        let tail = if tail.is_empty() && is_long && trouble.severity > Severity::Info {
            named(model, "all of it")
        } else {
            tail
        };
        let lines = folded(&whole, (room, line::width(&tail))).into_iter();
        Some(Self {
            lines: lines.map(|text| vec![(text, role)]).collect(),
            tail,
        })
    }

    /// Lines that it takes.
    pub(super) fn height(&self) -> u16 {
        self.lines.len() as u16
    }

    /// Draws it in the last lines of an area, or, where these are not to be covered, in the first.
    pub(super) fn draw(&self, theme: &Theme, buffer: &mut Buffer, area: Rect) {
        let ground = theme.style(Role::Header);
        let ends = area.right().saturating_sub(1);
        let blank = " ".repeat(usize::from(area.width));
        for (pieces, y) in self.lines.iter().zip(area.y..area.bottom()) {
            line::draw(buffer, (area.x, y), area.right(), [(blank.as_str(), ground)]);
            let styled = |(text, role): &'_ (String, Role)| (text.clone(), ground.patch(theme.style(*role)));
            put(buffer, (area.x + 2, y), ends, &pieces.iter().map(styled).collect());
        }
        let y = area.y + self.height().saturating_sub(1);
        let x = area.right().saturating_sub(line::width(&self.tail) + 1);
        let style = ground.patch(theme.style(Role::Key));
        line::draw(buffer, (x, y), area.right(), [(self.tail.as_str(), style)]);
    }
}

/// What there is more to read, with the key that shows it.
fn named(model: &Model, what: &str) -> String {
    let mode = if model.mode() == Mode::Logs {
        Mode::Logs
    } else {
        Mode::Screen
    };
    match model.keys_of(mode, Action::ShowActivity) {
        Some(key) => format!("  {what}: {key}"),
        None => format!("  {what}"),
    }
}

/// The text in two lines at most, of which the last leaves room for what follows it.
fn folded(text: &str, (room, tail): (u16, u16)) -> Vec<String> {
    let mut lines = text::folded(text, usize::from(room));
    let surplus = lines.split_off(lines.len().min(MOST));
    if let Some(last) = lines.last_mut() {
        for line in surplus {
            last.push(' ');
            last.push_str(&line);
        }
        *last = line::cut(last, room.saturating_sub(tail));
    }
    lines
}
