//! Which keys mean which action in which mode: layers of files merged, looked up key by key.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::{self, Entry};
use super::key::{Key, Sequence};
use super::spelling;
use crate::config::Problem;
use crate::message::{Action, Binding, Mode};

/// The keymaps that ship with the program; all but `default` are layers over it.
pub const SHIPPED: [(&str, &str); 4] = [
    ("default", include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
    ("k9s", include_str!("../../keymaps/k9s.toml")),
];

/// What the keys pressed so far mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Bound(Action),
    /// They begin longer sequences: what may follow, each with its action.
    Pending(Vec<(Sequence, Action)>),
    /// A character for the text field.
    Text(char),
    Unbound,
}

/// Keys by mode; the same key may mean another thing in another mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    bindings: BTreeMap<(Mode, Sequence), Action>,
}

impl Keymap {
    /// The shipped default with the shipped layer `name` over it; `None` if there is no such keymap.
    pub fn shipped(name: &str) -> Option<Self> {
        let mut keymap = Self::default();
        let (_, layer) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        let default = SHIPPED.first().map(|(_, text)| *text).unwrap_or_default();
        // A test reads every shipped file and finds no problem in it.
        keymap.lay(file::parse(Path::new("default.toml"), default).0);
        if name != "default" {
            keymap.lay(file::parse(Path::new(name), layer).0);
        }
        Some(keymap)
    }

    /// Puts a file's bindings over what is there; what is wrong in it is returned and left out.
    pub fn overlay(&mut self, file: &Path, text: &str) -> Vec<Problem> {
        let (entries, problems) = file::parse(file, text);
        self.lay(entries);
        problems
    }

    /// What `pressed` means in `mode`.
    pub fn resolve(&self, mode: Mode, pressed: &[Key]) -> Outcome {
        let mut following = Vec::new();
        // What has no meaning over logs means what it does on any screen.
        let beneath = (mode == Mode::Logs).then_some(Mode::Screen);
        for layer in std::iter::once(mode).chain(beneath) {
            if let Some((_, action)) = self.of(layer).find(|(keys, _)| keys.0 == pressed)
                && following.is_empty()
            {
                return Outcome::Bound(action);
            }
            let longer = self.of(layer).filter_map(|(keys, action)| {
                let rest = keys.0.strip_prefix(pressed).filter(|rest| !rest.is_empty())?;
                Some((Sequence(rest.to_vec()), action))
            });
            following.extend(longer);
        }
        match (pressed, following.is_empty()) {
            (_, false) => Outcome::Pending(following),
            ([key], true) if spelling::is_typing(mode) => key.typed().map_or(Outcome::Unbound, Outcome::Text),
            _ => Outcome::Unbound,
        }
    }

    /// Every binding of a mode.
    pub fn of(&self, mode: Mode) -> impl Iterator<Item = (&Sequence, Action)> {
        self.bindings
            .iter()
            .filter(move |((bound_in, _), _)| *bound_in == mode)
            .map(|((_, keys), action)| (keys, *action))
    }

    /// Every binding as plain values, for help and key hints.
    pub fn table(&self) -> Vec<Binding> {
        let binding = |((mode, keys), action): (&(Mode, Sequence), &Action)| Binding {
            mode: *mode,
            keys: keys.to_string(),
            action: *action,
        };
        self.bindings.iter().map(binding).collect()
    }

    fn lay(&mut self, entries: Vec<Entry>) {
        for Entry { mode, keys, action, .. } in entries {
            // The upper layer wins: what it hides, or would be hidden by, goes.
            self.bindings.retain(|(bound_in, bound), _| {
                *bound_in != mode || !(bound.0.starts_with(&keys.0) || keys.0.starts_with(&bound.0)) || {
                    action.is_none() && *bound != keys
                }
            });
            if let Some(action) = action {
                self.bindings.insert((mode, keys), action);
            }
        }
    }
}

/// The keys pressed so far of a sequence, and what becomes of the next one.
#[derive(Clone, Debug, Default)]
pub struct Pressed {
    keys: Vec<Key>,
    mode: Option<Mode>,
}

impl Pressed {
    /// Takes the next key: its outcome, and the keys it is the outcome of.
    pub fn next(&mut self, keymap: &Keymap, mode: Mode, key: Key) -> (Outcome, Sequence) {
        if self.mode.replace(mode) != Some(mode) {
            self.keys.clear();
        }
        self.keys.push(key);
        let outcome = keymap.resolve(mode, &self.keys);
        let keys = Sequence(self.keys.clone());
        if !matches!(outcome, Outcome::Pending(_)) {
            self.keys.clear();
        }
        (outcome, keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keymap(layers: &[&str]) -> Keymap {
        let mut keymap = Keymap::default();
        for layer in layers {
            assert_eq!(keymap.overlay(Path::new("test.toml"), layer), Vec::new());
        }
        keymap
    }

    fn resolve(keymap: &Keymap, mode: Mode, keys: &str) -> Outcome {
        keymap.resolve(mode, &Sequence::parse(keys).unwrap().0)
    }

    #[test]
    fn a_sequence_is_pending_until_its_last_key() {
        let keymap = keymap(&["[screen]\n\"g g\" = \"top\"\n\"g e\" = \"bottom\"\nj = \"cursor-down\""]);
        let Outcome::Pending(following) = resolve(&keymap, Mode::Screen, "g") else {
            panic!("not pending")
        };
        assert_eq!(following.len(), 2);
        assert_eq!(resolve(&keymap, Mode::Screen, "g g"), Outcome::Bound(Action::Top));
        assert_eq!(resolve(&keymap, Mode::Screen, "g j"), Outcome::Unbound);
        assert_eq!(resolve(&keymap, Mode::Reader, "j"), Outcome::Unbound);
    }

    #[test]
    fn characters_are_text_where_one_types() {
        let keymap = keymap(&["[prompt]\nenter = \"accept\""]);
        assert_eq!(resolve(&keymap, Mode::Prompt, "q"), Outcome::Text('q'));
        assert_eq!(resolve(&keymap, Mode::Prompt, "space"), Outcome::Text(' '));
        assert_eq!(resolve(&keymap, Mode::Prompt, "enter"), Outcome::Bound(Action::Accept));
        assert_eq!(resolve(&keymap, Mode::Prompt, "ctrl-q"), Outcome::Unbound);
    }

    #[test]
    fn an_upper_layer_wins_key_by_key() {
        let lower = "[screen]\nx = \"quit\"\n\"g g\" = \"top\"\nj = \"cursor-down\"";
        let upper = "[screen]\nj = \"none\"\ng = \"bottom\"\n\"x x\" = \"help\"";
        let keymap = keymap(&[lower, upper]);
        assert_eq!(resolve(&keymap, Mode::Screen, "j"), Outcome::Unbound);
        assert_eq!(resolve(&keymap, Mode::Screen, "g"), Outcome::Bound(Action::Bottom));
        assert!(matches!(resolve(&keymap, Mode::Screen, "x"), Outcome::Pending(_)));
        assert_eq!(resolve(&keymap, Mode::Screen, "x x"), Outcome::Bound(Action::Help));
    }

    #[test]
    fn another_mode_forgets_a_begun_sequence() {
        let keymap = keymap(&["[screen]\n\"g g\" = \"top\"\n[reader]\ng = \"top\""]);
        let g = Key::parse("g").unwrap();
        let mut pressed = Pressed::default();
        assert!(matches!(pressed.next(&keymap, Mode::Screen, g).0, Outcome::Pending(_)));
        assert_eq!(pressed.next(&keymap, Mode::Reader, g).0, Outcome::Bound(Action::Top));
    }
}
