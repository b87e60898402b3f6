//! Help: every key of the live keymap, by group.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::message::{Action, Group, Mode};
use crate::model::Model;
use crate::overlays::help::{self, Layout};
use crate::theme::{Role, Theme};
use crate::widgets::line;

type Line = Vec<(String, Style)>;

pub(super) fn draw(model: &Model, scroll: usize, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let layout = Layout::of((body.width, body.height));
    let (width, height) = layout.frame;
    let area = Rect::new(body.x + (body.width - width) / 2, body.y, width, height);
    let inside = super::picker::frame(theme, buffer, area, "keys");
    let lines = lines(model, theme);
    let column_width = inside.width / layout.columns;
    let top = scroll.min(layout.most());
    for column in 0..layout.columns {
        let x = inside.x + 1 + column * column_width;
        let start = usize::from(column) * layout.lines_a_column + top;
        let in_column = (layout.lines_a_column - top).min(layout.height);
        let shown = lines.iter().skip(start).take(in_column);
        for (pieces, y) in shown.zip(inside.y..inside.bottom()) {
            let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
            line::draw(buffer, (x, y), x + column_width - 2, pieces);
        }
    }
}

fn lines(model: &Model, theme: &Theme) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for group in Group::ALL {
        lines.push(vec![(group.name().to_owned(), theme.style(Role::Title))]);
        lines.extend(help::actions(group).map(|action| entry(model, theme, group, action)));
        lines.push(Line::new());
    }
    lines.extend(filter_lines(theme));
    lines
}

fn entry(model: &Model, theme: &Theme, group: Group, action: Action) -> Line {
    let mode = match group {
        Group::Typing => Mode::Picker,
        Group::Logs => Mode::Logs,
        _ => Mode::Screen,
    };
    let bound: Vec<&str> = model
        .settings
        .bindings
        .iter()
        .filter(|b| b.action == action && b.mode == mode)
        .map(|b| b.keys.as_str())
        .collect();
    let keys = if bound.is_empty() {
        "not bound".to_owned()
    } else {
        bound.join("  ")
    };
    let key_style = if bound.is_empty() { Role::Muted } else { Role::Accent };
    let padding = 18_usize.saturating_sub(usize::from(line::width(&keys))).max(1);
    let mut pieces = vec![
        (format!("  {}", line::cut(&keys, 18)), theme.style(key_style)),
        (" ".repeat(padding), Style::new()),
        (action.help().to_owned(), theme.style(Role::Text)),
    ];
    let matters = mode == Mode::Screen && !bound.is_empty();
    if let Some(reason) = model.refusal(action).filter(|_| matters) {
        pieces.push((format!("  not now: {reason}"), theme.style(Role::Muted)));
    }
    pieces
}

fn filter_lines(theme: &Theme) -> Vec<Line> {
    let mut lines = vec![vec![("filter".to_owned(), theme.style(Role::Title))]];
    lines.extend(help::FILTERS.map(|(text, meaning)| {
        vec![
            (format!("  {text:<18}"), theme.style(Role::Accent)),
            (meaning.to_owned(), theme.style(Role::Text)),
        ]
    }));
    lines
}
