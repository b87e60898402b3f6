//! The line above the lines of logs: what is followed and shown, or a pattern that is being typed.

use chrono::{FixedOffset, Offset as _, Utc};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::Pieces;
use crate::domain::Clean;
use crate::domain::container::ContainerRole;
use crate::domain::quantity::thousands;
use crate::logs::plan::{Choice, FIRST_LINES, FOLLOW_LIMIT};
use crate::logs::stamp::SECOND;
use crate::logs::when::{self, Span};
use crate::logs::{Pattern, Stamp};
use crate::message::{Action, Mode};
use crate::model::Model;
use crate::model::logs::Logs;
use crate::overlays::{Field, LogField};
use crate::screens::logs::From;
use crate::theme::{Role, Theme};
use crate::widgets::line;

/// Draws what is followed, how much came, and which lines are shown.
pub(super) fn draw(model: &Model, logs: &Logs, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    let muted = theme.style(Role::Muted);
    let warning = theme.style(Role::Warning);
    let (tally, counts, east) = (logs.tally(), logs.pane.counts(), model.log_clock());
    let previous = if logs.follow.choice.previous {
        "previous logs of"
    } else {
        "logs of"
    };
    let mut pieces: Pieces = vec![(format!("{previous} {}", logs.follow.title), theme.style(Role::Title))];
    let mut add = |text: String, style: Style| pieces.push((format!("   {text}"), style));
    // First what decides over which lines are in sight: a narrow terminal has no room for all.
    let deciding = choice_words(&logs.follow.choice).into_iter().chain(saving_words(model));
    for text in deciding.chain(filter_words(logs)).chain(search_words(logs)) {
        add(text, theme.style(Role::Accent));
    }
    if counts.evicted > 0 {
        add(format!("{} let go", thousands(counts.evicted as i64)), muted);
    }
    if logs.is_full() {
        add("full: the servers wait".to_owned(), warning);
    }
    if let Some(still) = logs.look.still {
        let behind = logs.pane.behind(still.cursor);
        let seconds = behind.nanos / SECOND;
        let rows = lines(behind.rows as u64);
        add(format!("‖ paused, {rows} and {seconds} s behind"), warning);
    }
    let queued = match logs.limit() {
        limit if limit < FOLLOW_LIMIT => format!("queued ({limit} a cluster: open files are few)"),
        _ => "queued".to_owned(),
    };
    if tally.queued > 0 {
        add(format!("{} {queued}", tally.queued), warning);
    }
    let noun = if tally.open == 1 { "stream" } else { "streams" };
    add(format!("{} {noun}", tally.open), muted);
    add(lines(logs.received()), muted);
    if let Some(text) = start_words(logs.follow.from, east) {
        add(text, muted);
    }
    let without = if logs.follow.choice.previous {
        "without a run before"
    } else {
        "not started"
    };
    let ended = tally.ended.saturating_sub(tally.refused);
    for (count, word, style) in [
        (tally.refused, "refused", warning),
        (tally.waiting, without, muted),
        (ended, "ended", muted),
    ] {
        if count > 0 {
            add(format!("{count} {word}"), style);
        }
    }
    let pieces = pieces.iter().map(|(text, style)| (text.as_str(), *style));
    line::draw(buffer, (area.x + 2, area.y), area.right(), pieces);
}

/// From where was read, if a person said so.
fn start_words(from: From, east: i32) -> Option<String> {
    Some(match from {
        From::Tail(FIRST_LINES) => return None,
        From::Tail(1) => "the last line".to_owned(),
        From::Tail(many) => format!("the last {}", lines(many)),
        From::Head => "from the first line".to_owned(),
        From::Ago(seconds) => format!("from {} before", length(seconds)),
        From::At(at) => format!("from {}", moment(at, east)),
    })
}

/// Which containers were chosen: by name, by what they are for.
fn choice_words(choice: &Choice) -> Vec<String> {
    let names: Vec<&str> = choice.containers.iter().map(Clean::as_str).collect();
    let roles = ContainerRole::ALL
        .into_iter()
        .filter(|role| !choice.without.contains(role));
    let roles: Vec<&str> = roles.map(ContainerRole::name).collect();
    let by_name = (!names.is_empty()).then(|| format!("containers {}", names.join(", ")));
    let by_role = (!choice.without.is_empty()).then(|| format!("{} containers", roles.join(", ")));
    by_name.into_iter().chain(by_role).collect()
}

/// How far a save is, and how to end it.
fn saving_words(model: &Model) -> Option<String> {
    let (_, progress) = model.saving.as_ref()?;
    let stop = model.keys_of(Mode::Logs, Action::LogSaveWhole)?;
    let size = format!("{}{}", progress.size(), progress.interruptions());
    Some(match progress.files {
        1 => format!("saving, {size} ({stop} stops it)"),
        files => format!("saving {} of {files} logs, {size} ({stop} stops it)", progress.done),
    })
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
    if !words.is_empty() && filter.around > 0 {
        words.push(format!("±{}", filter.around));
    }
    let shown = thousands(logs.pane.counts().shown as i64);
    (!words.is_empty()).then(|| format!("{} ({shown} shown{})", words.join(" "), part_words(logs)))
}

/// In how many of the logs, where not all are read.
fn part_words(logs: &Logs) -> String {
    let part = logs.part(None);
    part.map_or_else(String::new, |(read, all)| format!(" in {read} of {all} logs"))
}

/// What is looked for, how often it was found, and what had been let go before.
fn search_words(logs: &Logs) -> Option<String> {
    let search = logs.pane.search()?;
    let found = logs.pane.matches();
    let all = thousands((found.held as u64 + found.evicted) as i64);
    let more = if found.is_complete { "" } else { " so far" };
    let unseen = match found.unseen {
        0 => String::new(),
        unseen => format!(", {} let go before", thousands(unseen as i64)),
    };
    let part = part_words(logs);
    Some(format!("/{} {all} found{part}{more}{unseen}", search.text()))
}

/// `1 line`, `1,000 lines`.
pub(super) fn lines(count: u64) -> String {
    let noun = if count == 1 { "line" } else { "lines" };
    format!("{} {noun}", thousands(count as i64))
}

/// A length of time in the largest unit that tells it exactly.
fn length(seconds: i64) -> String {
    let units = [(86_400, "d"), (3_600, "h"), (60, "min")];
    let unit = units
        .into_iter()
        .find(|(unit, _)| seconds >= *unit && seconds % unit == 0);
    unit.map_or_else(
        || format!("{seconds} s"),
        |(unit, name)| format!("{} {name}", seconds / unit),
    )
}

/// A time on a clock so many minutes east of Greenwich.
fn moment(at: Stamp, east: i32) -> String {
    let zone = FixedOffset::east_opt(east * 60).unwrap_or_else(|| Utc.fix());
    let sign = if east == 0 { "Z" } else { "" };
    format!("{}{sign}", at.time().with_timezone(&zone).format("%Y-%m-%d %H:%M:%S"))
}

/// What a text that is typed would do, or what it may be.
pub(super) fn meaning(model: &Model, of: LogField, text: &str) -> Result<String, String> {
    let (now, east) = (model.now, model.log_clock());
    let rule = |rule: &str| {
        if text.is_empty() {
            Ok(rule.to_owned())
        } else {
            Err(rule.to_owned())
        }
    };
    match of {
        LogField::Search | LogField::Include | LogField::Exclude if text.is_empty() => {
            Ok("a regular expression; up: the ones before".to_owned())
        }
        LogField::Search | LogField::Include | LogField::Exclude => Ok("a regular expression".to_owned()),
        LogField::Time => match when::time(text, now, east) {
            Ok(at) => Ok(moment(at, east)),
            Err(why) => rule(why),
        },
        LogField::Since => match when::span(text, now, east) {
            Ok(Span::Lines(lines)) => Ok(format!("the last {} lines of each container", thousands(lines as i64))),
            Ok(Span::Ago(seconds)) => {
                let at = Stamp(Stamp::from(now).0.saturating_sub(seconds * SECOND));
                Ok(format!("since {}", moment(at, east)))
            }
            Ok(Span::At(at)) => Ok(format!("since {}", moment(at, east))),
            Err(why) => rule(why),
        },
    }
}

/// Draws the field that something is typed in, with what it means or what is wrong with it.
pub(super) fn draw_field(
    of: LogField,
    field: &Field,
    told: Result<String, String>,
    theme: &Theme,
    buffer: &mut Buffer,
    area: Rect,
) {
    let label = match of {
        LogField::Search => "/ ",
        LogField::Include => "only lines with ",
        LogField::Exclude => "no lines with ",
        LogField::Time => "to ",
        LogField::Since => "from ",
    };
    let (before, after) = field.parts();
    let style = theme.style(Role::Field);
    let mut rest = after.chars();
    let under = rest.next().map_or_else(|| " ".to_owned(), String::from);
    let told = match told {
        Err(problem) => (format!("   ▲ {problem}"), theme.style(Role::Warning)),
        Ok(meaning) => (format!("   {meaning}"), theme.style(Role::Muted)),
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
