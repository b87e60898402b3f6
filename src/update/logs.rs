//! Logs: opened over whatever is selected, kept to the instances there are, moved over by keys.

mod chosen;
mod reader;
mod saving;
mod typing;

use std::sync::Arc;

use crate::domain::AppKey;
use crate::logs::columns::Columns;
use crate::logs::plan::{Choice, FIRST_LINES, FOLLOW_LIMIT, Intent, Target};
use crate::logs::{News, pane::PANE_BYTES};
use crate::message::{Action, Effect, Mode, Trouble};
use crate::model::Model;
use crate::model::logs::{Logs, SIFT};
use crate::overlays::{LogField, Overlay, Purpose};
use crate::screens::logs::{Divided, Follow, From};
use crate::screens::{Screen, ScreenKind};

pub(super) use chosen::{choose_containers, containers};
pub(super) use reader::read_line;
pub(super) use saving::{told as saving_told, warn_of_part};
use typing::ask;
pub(super) use typing::type_field;

/// Lets what is read follow the screen on top: opened with it, given up when it is left.
pub(super) fn accompany(model: &mut Model) -> Vec<Effect> {
    let wanted = match &model.screen().kind {
        ScreenKind::Logs(follow) => Some(follow.clone()),
        _ => None,
    };
    if model.logs.as_ref().map(|logs| &logs.follow) == wanted.as_ref() {
        return Vec::new();
    }
    let now = model.now;
    let limit = model.settings.follow_limit.unwrap_or(FOLLOW_LIMIT);
    let before = model.logs.take();
    let number = before.as_ref().map_or(model.log_requests, Logs::number);
    model.log_requests = number;
    let mut opened = wanted.map(|follow| Logs::new(follow, PANE_BYTES, limit, now, number));
    if let (Some(before), Some(opened)) = (&before, &mut opened)
        && before.follow.intents == opened.follow.intents
    {
        opened.look_as(before);
    }
    model.logs = opened;
    let mut effects = before.map_or_else(Vec::new, Logs::close);
    effects.extend(tick(model));
    effects
}

/// New instances join, those that are gone leave; a filter goes on deciding.
pub(super) fn tick(model: &mut Model) -> Vec<Effect> {
    let Some(logs) = &mut model.logs else {
        return Vec::new();
    };
    let (world, divided) = (&model.world, logs.follow.divided.clone());
    let is_new = |target: &Target| {
        let cluster = world.cluster(&target.slot.cluster);
        let pod = cluster.and_then(|cluster| cluster.pod(&target.pod));
        let is_new = |divided: &Arc<Divided>| pod.is_some_and(|pod| divided.is_new(&target.slot.cluster, pod));
        divided.as_ref().is_some_and(is_new)
    };
    let before = (logs.tally(), logs.pane.counts());
    let mut effects = logs.replan(world.pods(), is_new);
    let now = model.now.into();
    logs.pane.pass_time(now);
    logs.on_other(|logs| logs.pane.pass_time(now));
    let sift = |logs: &mut Logs| logs.pane.matches().is_complete || logs.pane.sift(SIFT);
    let is_sifted = sift(logs) & logs.on_other(sift).unwrap_or(true);
    effects.extend(logs.make_room());
    logs.learn_columns();
    logs.on_other(Logs::learn_columns);
    // What is a minute's moves on with the time.
    if !is_sifted || logs.is_divided() || before != (logs.tally(), logs.pane.counts()) {
        model.touch();
    }
    effects
}

/// What came of reading a log.
pub(super) fn arrived(model: &mut Model, news: &News) -> Vec<Effect> {
    let Some(logs) = &mut model.logs else {
        return Vec::new();
    };
    let cluster = model.world.cluster(&news.slot.cluster);
    let is_end = matches!(news.what, crate::logs::What::Ended { .. });
    let name = logs.instance_of(&news.slot).filter(|_| is_end);
    let pod = name.and_then(|name| cluster?.pod(name));
    let effects = logs.take(news, pod.map(|pod| &**pod));
    let is_asked_for = !matches!(logs.follow.from, From::Tail(_));
    if is_asked_for && !logs.is_loss_told && logs.has_let_go() {
        logs.is_loss_told = true;
        model.tell(Trouble {
            hint: model
                .keys_of(Mode::Logs, Action::LogSaveWhole)
                .map(|keys| format!("{keys} saves whole logs; a filter does not keep more").into()),
            ..Trouble::info(format!(
                "more than {} MiB: the oldest lines are let go",
                PANE_BYTES >> 20
            ))
        });
    }
    model.touch();
    effects
}

/// Opens the logs of what is selected.
pub(super) fn open(model: &mut Model, previous: bool) {
    if let Some(logs) = &model.logs {
        // The runs before, of what is being followed; and back.
        let mut follow = logs.follow.clone();
        follow.choice.previous = previous && !follow.choice.previous;
        reopen(model, follow);
    } else if let Some(mut follow) = model.log_follow() {
        follow.choice = Choice {
            previous,
            ..Choice::default()
        };
        model.trail.push(Screen::new(ScreenKind::Logs(follow)));
    }
    model.shift = 0;
    model.derive();
}

/// How far back logs that are divided begin, so that the minutes before can be told of both sides.
const DIVIDED_SECONDS: i64 = 15 * 60;

/// Opens the logs of what is selected with the newest version's instances apart, or divides those that are open, or
/// no longer.
pub(super) fn divide(model: &mut Model) {
    let open = model.logs.as_ref().map(|logs| logs.follow.clone());
    let Some(mut follow) = open.clone().or_else(|| model.log_follow()) else {
        return;
    };
    if follow.divided.take().is_none() {
        let Some(app) = app_of(model, &follow.intents) else {
            model.tell(Trouble::info(
                "old and new are told apart in the logs of one app or workload",
            ));
            return;
        };
        let (old, new) = model.world.sides_of(&app);
        if old.instances == 0 || new.instances == 0 {
            model.tell(Trouble::info(format!("all instances of {app} run one version")));
            return;
        }
        follow.divided = Some(Arc::new(Divided {
            revisions: model.world.newest_of(&app),
            old: old.version,
            new: new.version,
            app,
        }));
        if matches!(follow.from, From::Tail(_)) {
            follow.from = From::Ago(DIVIDED_SECONDS);
        }
    }
    if open.is_some() {
        reopen(model, follow);
    } else {
        model.trail.push(Screen::new(ScreenKind::Logs(follow)));
        model.derive();
    }
}

/// The app whose instances they are, if it is one.
fn app_of(model: &Model, intents: &[Intent]) -> Option<AppKey> {
    match intents {
        [Intent::App(app)] => Some(app.clone()),
        [Intent::Workload { cluster, kind, key }] => {
            let workload = model.world.cluster(cluster)?.workload(*kind, key)?;
            Some(crate::world::release::app_of(workload))
        }
        _ => None,
    }
}

/// Reads the same from elsewhere, or other runs of it, in place of what is on screen.
fn reopen(model: &mut Model, follow: Follow) {
    if model.logs.as_ref().is_some_and(|logs| logs.follow != follow) {
        model.trail.pop();
        model.trail.push(Screen::new(ScreenKind::Logs(follow)));
        model.derive();
    }
}

/// Reads the same from elsewhere.
fn read_from(model: &mut Model, from: From) {
    if let Some(logs) = &model.logs {
        let follow = logs.follow.clone();
        reopen(
            model,
            Follow {
                from,
                goal: None,
                ..follow
            },
        );
    }
}

/// Where an action says that logs are to begin.
const fn from(action: Action) -> Option<From> {
    Some(match action {
        Action::LogTail => From::Tail(FIRST_LINES),
        Action::LogHead => From::Head,
        Action::LogMinute => From::Ago(60),
        Action::LogFiveMinutes => From::Ago(5 * 60),
        Action::LogQuarter => From::Ago(15 * 60),
        Action::LogHalfHour => From::Ago(30 * 60),
        Action::LogHour => From::Ago(60 * 60),
        _ => return None,
    })
}

/// Does what concerns the lines alone; `None` if it is not that.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let height = model.log_height();
    let logs = model.logs.as_mut()?;
    if let Some(from) = from(action) {
        read_from(model, from);
        return Some(Vec::new());
    }
    let mut effects = Vec::new();
    if !move_over(logs, action, height) && !look_at(logs, action, height) {
        match action {
            Action::LogNext | Action::LogPrevious if !logs.find(action == Action::LogNext, height) => {
                model.tell(Trouble::info("nothing found"));
            }
            Action::LogNext | Action::LogPrevious => {}
            Action::LogNextMark => {
                if !logs.next_mark(height) {
                    let why = if logs.bookmarks.is_empty() {
                        "no line is marked"
                    } else {
                        "the lines that were marked are let go"
                    };
                    model.tell(Trouble::info(why));
                }
            }
            Action::LogContainers => {
                let picker = super::overlay::picker(model, Purpose::Containers);
                model.overlays.push(picker);
            }
            Action::LogOther if logs.is_divided() => logs.change_sides(),
            Action::LogOther => model.tell(Trouble::info("there is one half: the logs are not divided")),
            Action::LogSave | Action::LogSaveWhole => effects.extend(saving::save(model, action)),
            Action::LogFields => show_columns(model),
            Action::LogContext => surround(model),
            Action::LogOpen => open_line(model, height),
            Action::LogCopy | Action::CopyRow | Action::CopyName => {
                let text = logs.current_text();
                effects.extend(text.map(|text| Effect::Copy(text.to_string())));
            }
            Action::LogSearch | Action::Filter => ask(model, LogField::Search),
            Action::LogInclude => ask(model, LogField::Include),
            Action::LogExclude => ask(model, LogField::Exclude),
            Action::LogGoto => ask(model, LogField::Time),
            Action::LogSince => ask(model, LogField::Since),
            _ => return None,
        }
    }
    if let Some(logs) = &mut model.logs {
        logs.learn_columns();
        logs.look_at_both(height);
        logs.on_other(Logs::learn_columns);
        effects.extend(logs.make_room());
    }
    model.touch();
    Some(effects)
}

/// Moves over the lines; says whether that is what was asked for.
fn move_over(logs: &mut Logs, action: Action, height: usize) -> bool {
    let page = isize::try_from(height).unwrap_or(1).max(1);
    match action {
        Action::CursorUp => logs.step(-1, height),
        Action::CursorDown => logs.step(1, height),
        Action::PageUp => logs.step(-page, height),
        Action::PageDown => logs.step(page, height),
        Action::HalfPageUp => logs.step(-(page / 2).max(1), height),
        Action::HalfPageDown => logs.step((page / 2).max(1), height),
        Action::Top => logs.go_first(height),
        Action::Bottom => logs.follow_newest(),
        Action::LogPause => logs.toggle_pause(height),
        Action::LogMark | Action::Mark => logs.toggle_mark(),
        _ => return false,
    }
    true
}

/// Looks at the lines in another way; says whether that is what was asked for.
fn look_at(logs: &mut Logs, action: Action, height: usize) -> bool {
    match action {
        Action::ColumnsLeft => logs.look.shift = logs.look.shift.saturating_sub(20),
        Action::ColumnsRight => logs.look.shift += 20,
        Action::LogWrap => logs.look.wrap = !logs.look.wrap,
        Action::LogNames => logs.look.names = !logs.look.names,
        Action::LogTimes => logs.look.times = logs.look.times.next(),
        Action::LogLevel => {
            logs.next_level();
            logs.pane.sift(SIFT);
            logs.stay_near(height);
        }
        Action::LogClear => {
            logs.pane.set_filter(crate::logs::Filter::default());
            logs.pane.set_search(None);
            logs.pane.sift(SIFT);
            logs.stay_near(height);
        }
        _ => return false,
    }
    true
}

/// Shows JSON and logfmt lines as columns, or as they are again.
fn show_columns(model: &mut Model) {
    let Some(logs) = &mut model.logs else { return };
    logs.look.columns = logs.look.columns.is_none().then(Columns::default);
    logs.learn_columns();
    if logs.look.columns.as_ref().is_some_and(Columns::is_empty) {
        logs.look.columns = None;
        model.tell(Trouble::info("none of these lines is JSON or logfmt"));
    }
}

/// Shows 3 lines around those that the filter shows, 10, or none.
fn surround(model: &mut Model) {
    let Some(logs) = &mut model.logs else { return };
    let mut filter = logs.pane.filter().clone();
    filter.around = match filter.around {
        0 => 3,
        1..=3 => 10,
        _ => 0,
    };
    if filter.is_empty() && filter.around > 0 {
        let told = format!("{} lines around what a filter shows, once there is one", filter.around);
        model.tell(Trouble::info(told));
    }
    let height = model.log_height();
    let Some(logs) = &mut model.logs else { return };
    logs.pane.set_filter(filter);
    logs.pane.sift(SIFT);
    logs.stay_near(height);
}

/// Opens the current line; the view stands at it, so that leaving comes back to it wherever the log has gone.
fn open_line(model: &mut Model, height: usize) {
    let Some(logs) = &mut model.logs else { return };
    if let (Some(opened), Some(here)) = (logs.open(), logs.current()) {
        logs.go(here, height);
        model.overlays.push(Overlay::LogLine(opened));
    }
}
