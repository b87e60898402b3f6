//! Saving logs: one thing at a time, told as it goes and how it ended.

use crate::domain::Clean;
use crate::logs::save::{Outcome, Save, Saving};
use crate::message::{Action, Effect, Severity, Trouble};
use crate::model::Model;

const SAVE: &str = "save logs";

/// Saves what is shown, or whole logs; pressed again for whole logs while something is saved, stops it.
pub(super) fn save(model: &mut Model, action: Action) -> Option<Effect> {
    if model.saving.is_some() {
        if action == Action::LogSaveWhole {
            return Some(Effect::StopSaving);
        }
        model.tell(Trouble::info("something is being saved already"));
        return None;
    }
    let (now, east) = (model.now, model.log_clock());
    let logs = model.logs.as_ref()?;
    let save = if action == Action::LogSave {
        Some(logs.save_shown(now, east))
    } else {
        logs.save_whole(model.world.pods(), now, east)
    };
    let title = logs.follow.title.clone();
    let Some(save) = save else {
        model.tell(Trouble::info("no container here has a log to save"));
        return None;
    };
    Some(begin(model, title, save))
}

fn begin(model: &mut Model, title: Clean, save: Save) -> Effect {
    model.record(SAVE, title.clone());
    model.saving = Some((title, save.progress()));
    Effect::SaveLogs(Box::new(save))
}

/// Who leaves while logs are saved is told once what that leaves behind, and leaves with the next key.
pub(in crate::update) fn warn_of_part(model: &mut Model, effects: &mut Vec<Effect>) {
    let is_leaving = effects.contains(&Effect::Quit);
    if !is_leaving || model.saving.is_none() || model.is_loss_told {
        return;
    }
    effects.retain(|effect| *effect != Effect::Quit);
    model.is_loss_told = true;
    model.tell(Trouble {
        severity: Severity::Warning,
        text: "logs are being saved: the file that ends in .part would not be whole".into(),
        hint: Some("the same key again leaves all the same".into()),
    });
}

/// What is told of what is being saved.
pub(in crate::update) fn told(model: &mut Model, news: Saving) -> Vec<Effect> {
    let Some((title, progress)) = &mut model.saving else {
        return Vec::new();
    };
    match news {
        Saving::Going(now) => {
            *progress = now;
            model.touch();
        }
        Saving::Ended(outcome) => {
            let title = title.clone();
            model.saving = None;
            model.is_loss_told = false;
            let trouble = in_words(&outcome);
            model.conclude(SAVE, &title, (trouble.severity, trouble.text.clone()));
            model.tell(trouble);
        }
    }
    Vec::new()
}

fn in_words(outcome: &Outcome) -> Trouble {
    let Outcome {
        progress,
        place,
        problems,
        is_stopped,
    } = outcome;
    let interruptions = progress.interruptions();
    let written = if progress.files > 1 {
        let whole = progress.files.saturating_sub(problems.len());
        format!("{whole} of {} logs, {}", progress.files, progress.size())
    } else {
        progress.size()
    };
    let partial = "a file that ends in .part is not whole";
    let (severity, text, hint) = match (problems.split_first(), *is_stopped) {
        (None, false) => (
            Severity::Info,
            format!("saved {written} in {place}{interruptions}"),
            None,
        ),
        (None, true) if place.is_empty() => (Severity::Info, "stopped before anything was saved".to_owned(), None),
        (None, true) => (
            Severity::Warning,
            format!("stopped: {} are in {place}", progress.size()),
            Some(partial.to_owned()),
        ),
        (Some((first, others)), _) => {
            let more = if others.is_empty() {
                String::new()
            } else {
                format!(" (and {} more)", others.len())
            };
            let left = if place.is_empty() {
                "nothing was saved".to_owned()
            } else {
                format!("{written} in {place}; {partial}")
            };
            (Severity::Error, format!("not saved: {first}{more}"), Some(left))
        }
    };
    Trouble {
        severity,
        text: text.into(),
        hint: hint.map(Clean::from),
    }
}
