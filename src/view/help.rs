//! Help: every key of the live keymap, by group.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::message::{Action, Group, Mode};
use crate::model::Model;
use crate::theme::{Role, Theme};
use crate::widgets::line;

type Line = Vec<(String, Style)>;

pub(super) fn draw(model: &Model, scroll: usize, theme: &Theme, buffer: &mut Buffer, body: Rect) {
    let width = body.width.saturating_sub(4).min(160);
    let area = Rect::new(body.x + (body.width - width) / 2, body.y, width, body.height);
    let inside = super::picker::frame(theme, buffer, area, "keys");
    let lines = lines(model, theme);
    let columns: u16 = if inside.width >= 90 { 2 } else { 1 };
    let column_width = inside.width / columns;
    let per_column = lines.len().div_ceil(usize::from(columns));
    let height = usize::from(inside.height);
    let top = scroll.min(per_column.saturating_sub(height));
    for column in 0..columns {
        let x = inside.x + 1 + column * column_width;
        let start = usize::from(column) * per_column + top;
        let in_column = per_column.saturating_sub(top).min(height);
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
        let actions: Vec<Action> = Action::ALL.iter().copied().filter(|a| a.group() == group).collect();
        if !lines.is_empty() {
            lines.push(Line::new());
        }
        lines.push(vec![(group.name().to_owned(), theme.style(Role::Title))]);
        for action in actions {
            lines.push(entry(model, theme, group, action));
        }
    }
    lines.push(Line::new());
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
    let examples = [
        ("live gift", "rows that have both texts"),
        ("!kube", "rows that do not have it"),
        ("~lvgft", "these letters in this order"),
        ("-l app=live,!spot", "labels, as kubectl takes them"),
        ("cpu>500m", "a column compared: < > <= >= = !="),
        ("age<2h", "younger than two hours"),
        ("ready<desired", "one column with another"),
        ("status=Crash", "a column that has this text"),
    ];
    let mut lines = vec![vec![("filter".to_owned(), theme.style(Role::Title))]];
    lines.extend(examples.map(|(text, meaning)| {
        vec![
            (format!("  {text:<18}"), theme.style(Role::Accent)),
            (meaning.to_owned(), theme.style(Role::Text)),
        ]
    }));
    lines
}
