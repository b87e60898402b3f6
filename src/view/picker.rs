//! A picker over the list: what is typed, what matches, what is chosen.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pieces::{field, put};
use crate::overlays::{Picker, Purpose};
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// Clears a place and draws a frame with a title around it; gives the inside.
pub(super) fn frame(theme: &Theme, buffer: &mut Buffer, area: Rect, title: &str) -> Rect {
    use ratatui::widgets::{Block, Clear, Widget};
    Clear.render(area, buffer);
    buffer.set_style(area, theme.style(Role::Text));
    let block = Block::bordered()
        .border_style(theme.style(Role::Border))
        .title(format!(" {title} "))
        .title_style(theme.style(Role::Title));
    let inside = block.inner(area);
    block.render(area, buffer);
    inside
}

pub(super) fn draw(picker: &Picker, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let width = (body.width * 4 / 5).clamp(50.min(body.width), 96);
    let height = (body.height * 4 / 5).clamp(8, 26).min(body.height);
    let area = Rect::new(
        body.x + (body.width - width) / 2,
        body.y + (body.height - height) / 3,
        width,
        height,
    );
    let count = format!(
        "{} · {} of {}",
        picker.purpose.title(),
        picker.matching().len(),
        picker.len()
    );
    let inside = frame(theme, buffer, area, &count);
    let start = (inside.x + 1, inside.y);
    put(buffer, start, inside.right(), &field(theme, "› ", picker.field.parts()));
    let list = Rect::new(inside.x, inside.y + 1, inside.width, inside.height.saturating_sub(1));
    let more = more(rows(picker, theme, buffer, list), picker.matching().len());
    let place = area.right().saturating_sub(line::width(&more) + 2);
    line::draw(
        buffer,
        (place, area.bottom().saturating_sub(1)),
        area.right(),
        [(more.as_str(), theme.style(Role::Muted))],
    );
}

/// How many items are above and below those in sight: ` ↑ 2  ↓ 12 more `; empty where all are in sight.
fn more(shown: Range<usize>, total: usize) -> String {
    let sides = [("↑", shown.start), ("↓", total.saturating_sub(shown.end))];
    let told = sides.into_iter().filter(|(_, count)| *count > 0);
    let told: Vec<String> = told.map(|(sign, count)| format!("{sign} {count}")).collect();
    match told.as_slice() {
        [] => String::new(),
        told => format!(" {} more ", told.join("  ")),
    }
}

/// Draws the items that have room, the one under the cursor among them; gives which those are.
fn rows(picker: &Picker, theme: &Theme, buffer: &mut Buffer, area: Rect) -> Range<usize> {
    if picker.matching().len() == 0 {
        line::draw(
            buffer,
            (area.x + 1, area.y),
            area.right(),
            [(nothing(picker), theme.style(Role::Muted))],
        );
        return 0..0;
    }
    let height = usize::from(area.height).max(1);
    let top = (picker.cursor() + 1).saturating_sub(height);
    // Figures have short names and much to say of each.
    let widest = match picker.purpose {
        Purpose::Figure => 18,
        Purpose::Commit => 9,
        _ => 38,
    };
    let label_width = (area.width / 2).min(widest);
    let shown = picker.matching().enumerate().skip(top).take(height);
    for ((place, (item, checked)), y) in shown.zip(area.y..area.bottom()) {
        let end = area.right().saturating_sub(1);
        let mut x = area.x + 1;
        if picker.purpose.is_multiple() {
            let sign = if checked { "✓ " } else { "  " };
            x = line::draw(buffer, (x, y), end, [(sign, theme.style(Role::Marked))]);
        } else if checked {
            line::draw(buffer, (area.x, y), end, [("•", theme.style(Role::Marked))]);
        }
        let label = line::cut(&picker.label(item), label_width.saturating_sub(1));
        line::draw(buffer, (x, y), end, [(label.as_str(), theme.style(Role::Strong))]);
        let keys_width = line::width(&item.keys);
        let detail_end = end.saturating_sub(if keys_width > 0 { keys_width + 2 } else { 0 });
        line::draw(
            buffer,
            (x + label_width, y),
            detail_end,
            [(item.detail.as_str(), theme.style(Role::Muted))],
        );
        let keys_x = end.saturating_sub(keys_width);
        line::draw(
            buffer,
            (keys_x, y),
            end,
            [(item.keys.as_str(), theme.style(Role::Accent))],
        );
        if place == picker.cursor() {
            buffer.set_style(Rect::new(area.x, y, area.width, 1), theme.style(Role::Selected));
        }
    }
    top..(top + height).min(picker.matching().len())
}

/// What stands where there is no item.
fn nothing(picker: &Picker) -> &'static str {
    match picker.purpose {
        Purpose::Commit if picker.is_empty() => "its repository is being read, 30 s at most",
        Purpose::Repository => "such as git.corp/team/app, ssh://git@git.corp/team/app or git@git.corp:team/app",
        _ => "nothing matches",
    }
}

#[cfg(test)]
mod tests {
    use super::more;

    #[test]
    fn what_is_out_of_sight_is_counted() {
        for (shown, total, told) in [
            (0..5, 5, ""),
            (0..5, 17, " ↓ 12 more "),
            (2..7, 17, " ↑ 2  ↓ 10 more "),
            (12..17, 17, " ↑ 12 more "),
            (0..0, 0, ""),
        ] {
            assert_eq!(more(shown, total), told);
        }
    }
}
