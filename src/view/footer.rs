//! The line of keys: what works here and now, and which right is missing for what else would.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::pieces::{Pieces, put, width};
use crate::message::{Action, Mode};
use crate::model::Model;
use crate::overlays::Overlay;
use crate::overlays::building::Stage as BuildStage;
use crate::overlays::confirm::{Blank, Confirm, Stage};
use crate::release::config::Source;
use crate::theme::{Role, Theme};

pub(super) fn draw(model: &Model, theme: &Theme, buffer: &mut Buffer, area: Rect) {
    buffer.set_style(area, theme.style(Role::Footer));
    let offers = offers(model);
    let mut x = area.x + 1;
    if let Some((keys, _)) = &model.pending {
        x = put(
            buffer,
            (x, area.y),
            area.right(),
            &vec![(format!("{keys} …  "), theme.style(Role::Key))],
        );
    }
    // Help stays in sight: where the rest does not fit is told there.
    let (last, others) = match offers.split_last() {
        Some((last, others)) if last.1 == "help" => (Some(last), others),
        _ => (None, offers.as_slice()),
    };
    let last = last.map(|offer| pieces(theme, offer));
    let reserved = last.as_ref().map_or(0, |p| width(p) + 1);
    let end = area.right().saturating_sub(reserved + 2);
    for offer in others {
        let pieces = pieces(theme, offer);
        if x + width(&pieces) > end {
            continue;
        }
        x = put(buffer, (x, area.y), end, &pieces) + 2;
    }
    if let Some(last) = last {
        put(
            buffer,
            (area.right().saturating_sub(reserved), area.y),
            area.right(),
            &last,
        );
    }
}

/// Keys, what they do, and why they do not.
type Offer = (String, String, Option<String>);

fn pieces(theme: &Theme, (keys, label, refusal): &Offer) -> Pieces {
    match refusal {
        None => vec![
            (keys.clone(), theme.style(Role::Key)),
            (format!(" {label}"), theme.style(Role::Footer)),
        ],
        Some(reason) => vec![(format!("{keys} {label} ({reason})"), theme.style(Role::KeyOff))],
    }
}

fn offers(model: &Model) -> Vec<Offer> {
    if let Some((_, next)) = &model.pending {
        if super::pending::is_listed(model) {
            return Vec::new();
        }
        let shown = next.iter();
        return shown
            .map(|(keys, action)| (keys.clone(), action.label().to_owned(), None))
            .collect();
    }
    let mode = model.mode();
    offered(model)
        .into_iter()
        .filter_map(|(action, label)| {
            let keys = model.keys_of(mode, action)?.to_owned();
            let refusal = match mode {
                Mode::Screen | Mode::Logs => model.refusal(action),
                _ => None,
            };
            Some((keys, label.to_owned(), refusal))
        })
        .collect()
}

/// What keys do here, each with its word.
fn offered(model: &Model) -> Vec<(Action, &'static str)> {
    match model.overlays.last() {
        Some(Overlay::Filter { .. } | Overlay::LogField { .. }) => vec![
            (Action::Accept, "keep"),
            (Action::Cancel, "leave"),
            (Action::EraseAll, "clear"),
        ],
        Some(Overlay::Picker(picker)) if picker.purpose.is_multiple() => {
            vec![
                (Action::Mark, "choose several"),
                (Action::Accept, "take"),
                (Action::Cancel, "leave"),
            ]
        }
        Some(Overlay::Picker(_)) => vec![(Action::Accept, "take"), (Action::Cancel, "leave")],
        Some(Overlay::HowMany(asked)) => {
            let way = asked.draft.has_methods().then_some((Action::CursorDown, "another way"));
            let keys = [
                (Action::Accept, "go on"),
                (Action::Cancel, "leave"),
                (Action::EraseAll, "clear"),
            ];
            keys.into_iter().chain(way).collect()
        }
        Some(Overlay::Confirm(confirm)) => confirm_keys(confirm),
        Some(Overlay::Building(building)) => match building.stage() {
            BuildStage::Ready { .. } => vec![(Action::Write, "yes, build it"), (Action::Cancel, "no")],
            BuildStage::Asking | BuildStage::Writing | BuildStage::Failed(_) => vec![(Action::Cancel, "leave")],
        },
        Some(Overlay::LogLine(_)) => vec![
            (Action::CursorDown, "down"),
            (Action::CursorUp, "up"),
            (Action::CopyName, "copy the value"),
            (Action::CopyRow, "copy the line"),
            (Action::Cancel, "close"),
        ],
        Some(Overlay::Help { .. }) => vec![
            (Action::CursorDown, "down"),
            (Action::CursorUp, "up"),
            (Action::Cancel, "close"),
        ],
        None => model
            .offered()
            .into_iter()
            .filter(|action| model.is_worth_telling(*action))
            .map(|action| match action {
                Action::Open if model.folds_on_open() => (action, Action::Expand.label()),
                Action::Back if !model.screen().list.filter().text().is_empty() => {
                    (action, Action::ClearFilter.label())
                }
                Action::LogPause if model.logs().is_some_and(|logs| logs.look.still.is_some()) => (action, "go on"),
                _ => (action, action.label()),
            })
            .collect(),
    }
}

/// The key for the way back that is not the one that is shown.
fn other_way(confirm: &Confirm) -> Option<(Action, &'static str)> {
    let label = if confirm.is_gray()? { "at once" } else { "through gray" };
    Some((Action::SwitchGray, label))
}

/// The key for the configuration that is not the one that is shown.
fn other_config(confirm: &Confirm) -> Option<(Action, &'static str)> {
    let Stage::Ready { prepared, .. } = confirm.stage() else {
        return None;
    };
    let label = match prepared.config.choice? {
        Source::Recorded => "today's config",
        Source::Current => "its noted config",
    };
    Some((Action::SwitchConfig, label))
}

fn confirm_keys(confirm: &Confirm) -> Vec<(Action, &'static str)> {
    let mut keys = Vec::new();
    match confirm.stage() {
        _ if confirm.is_typing() => {
            let is_last = confirm.blank() == Some(Blank::Name);
            keys.extend([
                (Action::Accept, if is_last { "write" } else { "go on" }),
                (Action::Cancel, "no"),
                (Action::ShowDifferences, "what changes"),
            ]);
            keys.extend(other_way(confirm));
            keys.extend(other_config(confirm));
        }
        Stage::Ready { .. } => {
            keys.extend([
                (Action::Write, "yes, write it"),
                (Action::Cancel, "no"),
                (Action::ShowDifferences, "what changes"),
                (Action::GiveReason, "say why"),
            ]);
            keys.extend(other_way(confirm));
            keys.extend(other_config(confirm));
        }
        Stage::Asking | Stage::Writing | Stage::Following { .. } | Stage::Failed(_) => {
            keys.push((Action::Cancel, "leave"));
            keys.extend(other_way(confirm));
        }
    }
    if confirm.job().is_some() {
        keys.push((Action::JobLog, "the job's log"));
    }
    keys
}
