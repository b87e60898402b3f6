//! The line above the lines of logs: what is followed and shown, or a pattern that is being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Pieces;
use crate::domain::quantity::thousands;
use crate::logs::Pattern;
use crate::overlays::{Field, LogField};
use crate::screens::logs::{From, Logs};
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// Draws what is followed, how much came, and which lines are shown.
pub(super) fn draw(logs: &Logs, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let muted = theme.style(Role::Muted);
    let warning = theme.style(Role::Warning);
    let (tally, counts) = (logs.tally(), logs.pane.counts());
    let previous = if logs.follow.choice.previous {
        "previous logs of"
    } else {
        "logs of"
    };
    let mut pieces: Pieces = vec![(format!("{previous} {}", logs.follow.title), theme.style(Role::Title))];
    let mut add = |text: String, style: Style| pieces.push((format!("   {text}"), style));
    let noun = if tally.open == 1 { "stream" } else { "streams" };
    match logs.follow.from {
        From::Tail => {}
        From::Head => add("from the first line".to_owned(), muted),
        From::Minutes(minutes) => add(format!("from {minutes} min before"), muted),
    }
    add(format!("{} {noun}", tally.open), muted);
    for (count, word, style) in [
        (tally.queued, "queued", warning),
        (tally.waiting, "not started", muted),
        (tally.ended, "ended", muted),
    ] {
        if count > 0 {
            add(format!("{count} {word}"), style);
        }
    }
    if let Some(still) = logs.look.still {
        let behind = logs.pane.behind(still.cursor);
        let seconds = behind.nanos / crate::logs::stamp::SECOND;
        let rows = thousands(behind.rows as i64);
        add(format!("‖ paused, {rows} lines and {seconds} s behind"), warning);
    }
    if logs.is_full() {
        add("full: the servers wait".to_owned(), warning);
    }
    add(format!("{} lines", thousands(counts.received as i64)), muted);
    if counts.evicted > 0 {
        add(format!("{} let go", thousands(counts.evicted as i64)), muted);
    }
    for text in filter_words(logs).into_iter().chain(search_words(logs)) {
        add(text, theme.style(Role::Accent));
    }
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, (area.x + 2, area.y), area.right(), pieces);
}

/// Which lines are shown, and how many; `None`: all.
fn filter_words(logs: &Logs) -> Option<String> {
    let filter = logs.pane.filter();
    let typed = |sign: &'static str, patterns: &[Pattern]| {
        let words = patterns.iter().map(|pattern| format!("{sign}{}", pattern.text()));
        words.collect::<Vec<_>>()
    };
    let mut words = typed("+", &filter.include);
    words.extend(typed("−", &filter.exclude));
    words.extend(filter.level.map(|level| format!("{} and worse", level.name())));
    let shown = thousands(logs.pane.counts().shown as i64);
    (!words.is_empty()).then(|| format!("{} ({shown} shown)", words.join(" ")))
}

/// What is looked for, and how often it was found.
fn search_words(logs: &Logs) -> Option<String> {
    let search = logs.pane.search()?;
    let found = logs.pane.matches();
    let all = thousands((found.held as u64 + found.evicted) as i64);
    let more = if found.is_complete { "" } else { " so far" };
    Some(format!("/{} {all} found{more}", search.text()))
}

/// Draws the field that a pattern is typed in.
pub(super) fn draw_field(
    of: LogField,
    field: &Field,
    problem: Option<&str>,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let label = match of {
        LogField::Search => "/ ",
        LogField::Include => "only lines with ",
        LogField::Exclude => "no lines with ",
    };
    let (before, after) = field.parts();
    let style = theme.style(Role::Field);
    let mut rest = after.chars();
    let under = rest.next().map_or_else(|| " ".to_owned(), String::from);
    let told = match problem {
        Some(problem) => (format!("   ▲ {problem}"), theme.style(Role::Warning)),
        None => ("   a regular expression".to_owned(), theme.style(Role::Muted)),
    };
    let pieces = [
        (label, theme.style(Role::Title)),
        (before, style),
        (under.as_str(), style.add_modifier(Modifier::REVERSED)),
        (rest.as_str(), style),
        (told.0.as_str(), told.1),
    ];
    line::draw(buffer, (area.x + 2, area.y), area.right(), pieces);
}
