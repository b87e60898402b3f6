//! What help tells here: the screen's own keys first, what is common to all screens after, moving about last.

use super::Model;
use crate::message::{Action, Group, Mode};
use crate::overlays::help::{Entry, FILTERS, LOGS, Layout};
use crate::screens::ScreenKind;

/// The groups after the screen's own keys.
const COMMON: [Group; 10] = [
    Group::List,
    Group::Release,
    Group::Build,
    Group::Scope,
    Group::Screens,
    Group::Program,
    Group::Logs,
    Group::Typing,
    Group::Confirm,
    Group::Move,
];

impl Model {
    /// How help stands on this terminal.
    pub fn help(&self) -> Layout {
        Layout::of(&self.help_entries(), (self.size.0, self.size.1.saturating_sub(2)))
    }

    fn help_entries(&self) -> Vec<Entry> {
        let own = self.own_actions();
        let mut entries = vec![Entry::Title(format!("here: {}", self.trail.top().crumb()))];
        entries.extend(own.iter().map(|action| self.help_entry(*action)));
        if matches!(self.trail.top().kind, ScreenKind::Logs(_)) {
            entries.extend(explained("words over logs", &LOGS));
        }
        for group in COMMON {
            let others = Action::ALL.iter().copied();
            let mut others = others
                .filter(|action| action.group() == group && !own.contains(action))
                .peekable();
            if others.peek().is_some() {
                let name = if group == Group::Logs {
                    "over logs"
                } else {
                    group.name()
                };
                entries.push(Entry::Title(name.to_owned()));
                entries.extend(others.map(|action| self.help_entry(action)));
            }
            if group == Group::List {
                entries.extend(explained("filter", &FILTERS));
            }
        }
        entries
    }

    /// What the screen on top has beside what every screen has.
    fn own_actions(&self) -> Vec<Action> {
        if matches!(self.trail.top().kind, ScreenKind::Logs(_)) {
            let all = Action::ALL.iter().copied();
            return all.filter(|action| action.group() == Group::Logs).collect();
        }
        let is_own = |action: &Action| match action.group() {
            Group::Move | Group::Screens | Group::Logs | Group::Release | Group::Build => true,
            Group::List => matches!(action, Action::Expand | Action::SortByGrowth),
            Group::Scope | Group::Program | Group::Typing | Group::Confirm => false,
        };
        let mut own: Vec<Action> = self.offered().into_iter().filter(is_own).collect();
        if self.facts_most() > 0 {
            own.extend([Action::FactsUp, Action::FactsDown]);
        }
        own
    }

    fn help_entry(&self, action: Action) -> Entry {
        let mode = match action.group() {
            Group::Typing => Mode::Picker,
            Group::Logs => Mode::Logs,
            Group::Confirm => Mode::Confirm,
            _ => Mode::Screen,
        };
        let bindings = self.settings.bindings.iter();
        let bound = bindings.filter(|b| b.action == action && b.mode == mode);
        let bound: Vec<&str> = bound.map(|b| b.keys.as_str()).collect();
        let does = if action == Action::Open && self.folds_on_open() {
            Action::Expand.help()
        } else {
            action.help()
        };
        Entry::Key {
            keys: if bound.is_empty() {
                "not bound".to_owned()
            } else {
                bound.join("  ")
            },
            does: does.to_owned(),
            refused: self
                .refusal(action)
                .filter(|_| mode == Mode::Screen && !bound.is_empty()),
        }
    }
}

/// Words and what they mean, under a title.
fn explained(title: &str, words: &[(&str, &str)]) -> impl Iterator<Item = Entry> {
    let word = |(text, meaning): &(&str, &str)| Entry::Key {
        keys: (*text).to_owned(),
        does: (*meaning).to_owned(),
        refused: None,
    };
    std::iter::once(Entry::Title(title.to_owned())).chain(words.iter().map(word).collect::<Vec<_>>())
}
