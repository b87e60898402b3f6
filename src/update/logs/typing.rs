//! What is typed over logs: expressions, a time to go to, from where to read.

use crate::logs::when::{self, span};
use crate::logs::{Pattern, Stamp};
use crate::message::{Action, Effect, Trouble};
use crate::model::Model;
use crate::model::logs::SIFT;
use crate::overlays::{Field, LogField, Overlay};
use crate::screens::logs::{Follow, From};

/// Texts that are remembered.
const MOST_TYPED: usize = 50;

/// Opens the field for it.
pub(super) fn ask(model: &mut Model, of: LogField) {
    model.overlays.push(Overlay::LogField {
        of,
        field: Field::default(),
        problem: None,
        back: 0,
    });
}

/// Keys while it is typed.
pub(in crate::update) fn type_field(model: &mut Model, action: Action) -> Vec<Effect> {
    if crate::update::overlay::typing(model, action) {
        return Vec::new();
    }
    match action {
        Action::Accept => accept(model),
        Action::CursorUp => recall(model, 1),
        Action::CursorDown => recall(model, -1),
        Action::Cancel | Action::Back => drop(model.overlays.pop()),
        _ => {}
    }
    model.touch();
    Vec::new()
}

/// Puts in what was typed here so many times before, or nothing.
fn recall(model: &mut Model, by: isize) {
    let Some(Overlay::LogField {
        of,
        field,
        problem,
        back,
    }) = model.overlays.last_mut()
    else {
        return;
    };
    // Expressions are looked for and filtered by alike.
    let kind = |of: LogField| matches!(of, LogField::Time | LogField::Since).then_some(of);
    let before: Vec<&String> = model
        .typed
        .iter()
        .filter(|(typed, _)| kind(*typed) == kind(*of))
        .map(|(_, text)| text)
        .collect();
    *back = back.saturating_add_signed(by).min(before.len());
    *problem = None;
    let text = back.checked_sub(1).and_then(|back| before.iter().rev().nth(back));
    *field = Field::new(text.map_or("", |text| text.as_str()));
}

/// Remembers what was typed, once.
fn remember(model: &mut Model, of: LogField, text: String) {
    let same = (of, text);
    model.typed.retain(|typed| *typed != same);
    model.typed.push(same);
    let surplus = model.typed.len().saturating_sub(MOST_TYPED);
    model.typed.drain(..surplus);
}

/// Takes what was typed; what means nothing stays, with what is wrong with it.
fn accept(model: &mut Model) {
    let Some(Overlay::LogField { of, field, .. }) = model.overlays.last() else {
        return;
    };
    let (of, text) = (*of, field.text());
    if text.is_empty() && of != LogField::Search {
        model.overlays.pop();
        return;
    }
    let (now, east) = (model.now, model.log_clock());
    let taken = match of {
        LogField::Time => when::time(&text, now, east).map(|at| go_to(model, at)),
        LogField::Since => span(&text, now, east).map(|span| from(model, span.into())),
        LogField::Search | LogField::Include | LogField::Exclude => {
            let pattern = Pattern::new(&text);
            match pattern {
                Ok(pattern) => {
                    take(model, of, pattern, &text);
                    Ok(())
                }
                Err(error) => return refuse(model, error.to_string()),
            }
        }
    };
    match taken {
        Err(rule) => refuse(model, rule.to_owned()),
        Ok(()) if text.is_empty() => {}
        Ok(()) => remember(model, of, text),
    }
}

fn refuse(model: &mut Model, why: String) {
    if let Some(Overlay::LogField { problem, .. }) = model.overlays.last_mut() {
        *problem = Some(why);
    }
}

fn from(model: &mut Model, from: From) {
    model.overlays.pop();
    super::read_from(model, from);
}

/// Goes to the first line from a time on; reads from then on what is not kept any more, or never was.
fn go_to(model: &mut Model, at: Stamp) {
    model.overlays.pop();
    let Some(logs) = &mut model.logs else { return };
    if logs.has_from(at) || logs.follow.goal == Some(at) {
        logs.go_to_time(at);
        logs.on_other(|logs| logs.go_to_time(at));
        return;
    }
    let follow = Follow {
        from: From::At(at),
        goal: Some(at),
        ..logs.follow.clone()
    };
    super::reopen(model, follow);
    model.tell(Trouble::info("that is before what was read: reading from then on"));
}

/// Takes an expression.
fn take(model: &mut Model, of: LogField, pattern: Pattern, text: &str) {
    let height = model.log_height();
    model.overlays.pop();
    let Some(logs) = &mut model.logs else { return };
    let mut filter = logs.pane.filter().clone();
    match of {
        LogField::Include => filter.include.push(pattern),
        LogField::Exclude => filter.exclude.push(pattern),
        LogField::Search | LogField::Time | LogField::Since => {
            let search = Some(pattern).filter(|_| !text.is_empty());
            let is_search = search.is_some();
            logs.pane.set_search(search);
            logs.pane.sift(SIFT);
            logs.look_at_both(height);
            if is_search && !logs.find(false, height) {
                model.tell(Trouble::info(format!("{text}: not found so far")));
            }
            return;
        }
    }
    logs.pane.set_filter(filter);
    logs.pane.sift(SIFT);
    logs.stay_near(height);
    logs.look_at_both(height);
}
