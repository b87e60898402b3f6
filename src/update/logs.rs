//! Logs: opened over whatever is selected, kept to the instances there are, moved over by keys.

use crate::domain::{ClusterId, Pod};
use crate::logs::plan::Choice;
use crate::logs::{News, Pattern, pane::PANE_BYTES};
use crate::message::{Action, Effect, Trouble};
use crate::model::Model;
use crate::overlays::{Field, LogField, Overlay};
use crate::screens::logs::{Follow, From, Logs, SIFT};
use crate::screens::{Screen, ScreenKind};
use crate::world::World;

/// Lets what is read follow the screen on top: opened with it, given up when it is left.
pub(super) fn accompany(model: &mut Model) -> Vec<Effect> {
    let wanted = match &model.screen().kind {
        ScreenKind::Logs(follow) => Some(follow),
        _ => None,
    };
    if model.logs.as_ref().map(|logs| &logs.follow) == wanted {
        return Vec::new();
    }
    let now = model.now;
    let opened = wanted.cloned().map(|follow| Logs::new(follow, PANE_BYTES, now));
    let mut effects = std::mem::replace(&mut model.logs, opened).map_or_else(Vec::new, Logs::close);
    effects.extend(tick(model));
    effects
}

/// New instances join, those that are gone leave; a filter goes on deciding.
pub(super) fn tick(model: &mut Model) -> Vec<Effect> {
    let Some(logs) = &mut model.logs else {
        return Vec::new();
    };
    let before = (logs.tally(), logs.pane.counts());
    let mut effects = logs.replan(pods(&model.world));
    let is_sifted = logs.pane.matches().is_complete || logs.pane.sift(SIFT);
    effects.extend(logs.make_room());
    if !is_sifted || before != (logs.tally(), logs.pane.counts()) {
        model.touch();
    }
    effects
}

fn pods(world: &World) -> impl Iterator<Item = (&ClusterId, &Pod)> + Clone {
    let clusters = world.clusters().iter();
    clusters.flat_map(|cluster| cluster.pods.values().map(move |pod| (&cluster.id, &**pod)))
}

/// What came of reading a log.
pub(super) fn arrived(model: &mut Model, news: &News) -> Vec<Effect> {
    let Some(logs) = &mut model.logs else {
        return Vec::new();
    };
    let is_of = |(cluster, pod): &(&ClusterId, &Pod)| **cluster == news.slot.cluster && pod.uid == news.slot.uid;
    let is_end = matches!(news.what, crate::logs::What::Ended { .. });
    let pod = if is_end { pods(&model.world).find(is_of) } else { None };
    let effects = logs.take(news, pod.map(|(_, pod)| pod));
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

/// Reads the same from elsewhere, or other runs of it, in place of what is on screen.
fn reopen(model: &mut Model, follow: Follow) {
    if model.logs.as_ref().is_some_and(|logs| logs.follow != follow) {
        model.trail.pop();
        model.trail.push(Screen::new(ScreenKind::Logs(follow)));
        model.derive();
    }
}

/// Where an action says that logs are to begin.
const fn from(action: Action) -> Option<From> {
    Some(match action {
        Action::LogTail => From::Tail,
        Action::LogHead => From::Head,
        Action::LogMinute => From::Minutes(1),
        Action::LogFiveMinutes => From::Minutes(5),
        Action::LogQuarter => From::Minutes(15),
        Action::LogHalfHour => From::Minutes(30),
        Action::LogHour => From::Minutes(60),
        _ => return None,
    })
}

/// Does what concerns the lines alone; `None` if it is not that.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let height = model.log_height();
    let page = isize::try_from(height).unwrap_or(1).max(1);
    let logs = model.logs.as_mut()?;
    if let Some(from) = from(action) {
        let follow = Follow {
            from,
            ..logs.follow.clone()
        };
        reopen(model, follow);
        return Some(Vec::new());
    }
    let mut effects = Vec::new();
    match action {
        Action::CursorUp => logs.step(-1, height),
        Action::CursorDown => logs.step(1, height),
        Action::PageUp => logs.step(-page, height),
        Action::PageDown => logs.step(page, height),
        Action::HalfPageUp => logs.step(-(page / 2).max(1), height),
        Action::HalfPageDown => logs.step((page / 2).max(1), height),
        Action::Top => logs.go_first(height),
        Action::Bottom => logs.follow_newest(),
        Action::ColumnsLeft => logs.look.shift = logs.look.shift.saturating_sub(20),
        Action::ColumnsRight => logs.look.shift += 20,
        Action::LogPause => logs.toggle_pause(height),
        Action::LogWrap => logs.look.wrap = !logs.look.wrap,
        Action::LogNames => logs.look.names = !logs.look.names,
        Action::LogTimes => logs.look.times = logs.look.times.next(),
        Action::LogNext | Action::LogPrevious if !logs.find(action == Action::LogNext, height) => {
            model.tell(Trouble::info("nothing found"));
        }
        Action::LogNext | Action::LogPrevious => {}
        Action::LogLevel => {
            logs.next_level();
            logs.pane.sift(SIFT);
        }
        Action::LogClear => {
            logs.pane.set_filter(crate::logs::Filter::default());
            logs.pane.set_search(None);
            logs.pane.sift(SIFT);
        }
        Action::LogMark | Action::Mark => logs.toggle_mark(),
        Action::LogNextMark => {
            if !logs.next_mark(height) {
                model.tell(Trouble::info("no line is marked"));
            }
        }
        Action::LogCopy | Action::CopyRow | Action::CopyName => {
            if let Some(text) = logs.current_text() {
                effects.push(Effect::Copy(text.to_string()));
            }
        }
        Action::LogSearch | Action::Filter => ask(model, LogField::Search),
        Action::LogInclude => ask(model, LogField::Include),
        Action::LogExclude => ask(model, LogField::Exclude),
        _ => return None,
    }
    let room = model.logs.as_mut().and_then(Logs::make_room);
    effects.extend(room);
    model.touch();
    Some(effects)
}

fn ask(model: &mut Model, of: LogField) {
    let logs = model.logs.as_ref();
    let known = logs.and_then(|logs| logs.pane.search()).map_or("", Pattern::text);
    let field = Field::new(if of == LogField::Search { known } else { "" });
    model.overlays.push(Overlay::LogField {
        of,
        field,
        problem: None,
    });
}

/// Keys while an expression is typed.
pub(super) fn type_pattern(model: &mut Model, action: Action) -> Vec<Effect> {
    if super::overlay::typing(model, action) {
        return Vec::new();
    }
    match action {
        Action::Accept => accept(model),
        Action::Cancel | Action::Back => drop(model.overlays.pop()),
        Action::Quit => return vec![Effect::Quit],
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        _ => {}
    }
    model.touch();
    Vec::new()
}

/// Takes the expression that was typed; one that means nothing stays, with what is wrong with it.
fn accept(model: &mut Model) {
    let height = model.log_height();
    let Some(Overlay::LogField { of, field, problem }) = model.overlays.last_mut() else {
        return;
    };
    let (of, text) = (*of, field.text());
    let pattern = match Pattern::new(&text) {
        Ok(pattern) => Some(pattern).filter(|_| !text.is_empty()),
        Err(error) => {
            *problem = Some(error.to_string());
            return;
        }
    };
    model.overlays.pop();
    let Some(logs) = &mut model.logs else { return };
    let mut filter = logs.pane.filter().clone();
    match (of, pattern) {
        (LogField::Search, pattern) => {
            let is_search = pattern.is_some();
            logs.pane.set_search(pattern);
            logs.pane.sift(SIFT);
            if is_search && !logs.find(false, height) {
                model.tell(Trouble::info(format!("{text}: not found so far")));
            }
            return;
        }
        (LogField::Include, Some(pattern)) => filter.include.push(pattern),
        (LogField::Exclude, Some(pattern)) => filter.exclude.push(pattern),
        (_, None) => return,
    }
    logs.pane.set_filter(filter);
    logs.pane.sift(SIFT);
}
