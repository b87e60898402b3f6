//! One key press, spelled one way: parsing and printing are inverse, and what a terminal cannot tell apart is one key.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::domain::near::closest;

/// A key with its modifiers, normalised: shift belongs to the letter (`N`, not `shift-n`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub code: Code,
    pub ctrl: bool,
    pub alt: bool,
    pub shift: bool,
}

/// What is printed on the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    Char(char),
    F(u8),
    Enter,
    Esc,
    Tab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// The keys that have a name; `space` is a character like any other.
const NAMED: [(&str, Code); 16] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("space", Code::Char(' ')),
    ("minus", Code::Char('-')),
];

/// Why a spelling is not a key, with what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct KeyError {
    pub what: String,
    pub hint: String,
}

impl Key {
    pub const fn plain(code: Code) -> Self {
        Self {
            code,
            ctrl: false,
            alt: false,
            shift: false,
        }
    }

    /// The key of a terminal event; `None` for what is never bound (media keys, a modifier alone).
    pub fn from_event(event: KeyEvent) -> Option<Self> {
        let mut shift = event.modifiers.contains(KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) => Code::Char(c),
            KeyCode::F(n) => Code::F(n),
            KeyCode::Enter => Code::Enter,
            KeyCode::Esc => Code::Esc,
            KeyCode::Tab => Code::Tab,
            KeyCode::BackTab => {
                shift = true;
                Code::Tab
            }
            KeyCode::Backspace => Code::Backspace,
            KeyCode::Delete => Code::Delete,
            KeyCode::Insert => Code::Insert,
            KeyCode::Up => Code::Up,
            KeyCode::Down => Code::Down,
            KeyCode::Left => Code::Left,
            KeyCode::Right => Code::Right,
            KeyCode::Home => Code::Home,
            KeyCode::End => Code::End,
            KeyCode::PageUp => Code::PageUp,
            KeyCode::PageDown => Code::PageDown,
            _ => return None,
        };
        let key = Self {
            code,
            ctrl: event.modifiers.contains(KeyModifiers::CONTROL),
            alt: event.modifiers.contains(KeyModifiers::ALT),
            shift,
        };
        Some(key.normalised())
    }

    /// Parses `ctrl-d`, `shift-tab`, `f5`, `space`, `N` (or `shift-n`), `?`, `-`.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let mut key = Self::plain(Code::Esc);
        let mut rest = text;
        loop {
            match rest.split_once('-') {
                Some(("ctrl", after)) if !after.is_empty() => (key.ctrl, rest) = (true, after),
                Some(("alt", after)) if !after.is_empty() => (key.alt, rest) = (true, after),
                Some(("shift", after)) if !after.is_empty() => (key.shift, rest) = (true, after),
                _ => break,
            }
        }
        key.code = parse_code(rest).ok_or_else(|| unknown(text, rest))?;
        let key = key.normalised();
        key.check(text)?;
        Ok(key)
    }

    /// The character this key types in a text field.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// One key for what terminals send as the same bytes.
    fn normalised(mut self) -> Self {
        if let Code::Char(c) = self.code {
            if self.shift && c.is_lowercase() && !self.ctrl {
                let mut upper = c.to_uppercase();
                if let (Some(one), None) = (upper.next(), upper.next()) {
                    self.code = Code::Char(one);
                }
            }
            if self.ctrl {
                // Bytes 0x1c to 0x1f: crossterm names them after digits, keyboards after punctuation.
                self.code = Code::Char(match c.to_ascii_lowercase() {
                    '4' => '\\',
                    '5' => ']',
                    '6' => '^',
                    '7' | '/' => '_',
                    '@' | '2' => ' ',
                    other => other,
                });
            }
            self.shift = false;
        }
        self
    }

    /// Refuses what a terminal never sends, or sends as another key.
    fn check(self, text: &str) -> Result<(), KeyError> {
        let instead = match (self.code, self.ctrl) {
            (Code::Char('i'), true) => "tab",
            (Code::Char('m'), true) => "enter",
            (Code::Char('['), true) => "esc",
            (Code::Char(c), true) if !(c.is_ascii_lowercase() || matches!(c, ' ' | '\\' | ']' | '^' | '_')) => {
                return Err(KeyError {
                    what: format!("terminals do not send '{text}'"),
                    hint: "ctrl goes with a letter, space, \\, ], ^ or _".into(),
                });
            }
            _ => return Ok(()),
        };
        Err(KeyError {
            what: format!("'{text}' can never be reached: terminals send it as '{instead}'"),
            hint: format!("bind '{instead}' instead"),
        })
    }
}

fn parse_code(text: &str) -> Option<Code> {
    if let Some(&(_, code)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(code);
    }
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) if !c.is_control() && !c.is_whitespace() => Some(Code::Char(c)),
        (Some('f'), Some(_)) => {
            let number = text.strip_prefix('f')?.parse().ok()?;
            (1..=24).contains(&number).then_some(Code::F(number))
        }
        _ => None,
    }
}

fn unknown(text: &str, rest: &str) -> KeyError {
    let names = NAMED.iter().map(|(name, _)| *name);
    KeyError {
        what: format!("'{text}' is not a key"),
        hint: closest(&rest.to_lowercase(), names).map_or_else(
            || "keys look like j, N, ctrl-d, shift-tab, f5, space, enter, esc; a sequence has spaces between".into(),
            |name| format!("did you mean '{}'?", text.replace(rest, name)),
        ),
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        match self.code {
            Code::Char('-') => f.write_str("-"),
            Code::F(n) => write!(f, "f{n}"),
            code => match NAMED.iter().find(|(_, named)| *named == code) {
                Some((name, _)) => f.write_str(name),
                None => match code {
                    Code::Char(c) => write!(f, "{c}"),
                    _ => Ok(()),
                },
            },
        }
    }
}

/// Keys pressed one after the other, such as `g g`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sequence(pub Vec<Key>);

impl Sequence {
    /// Parses keys with spaces between.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let keys: Vec<Key> = text.split_whitespace().map(Key::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(KeyError {
                what: "an empty key".into(),
                hint: "write the space bar as 'space'".into(),
            });
        }
        Ok(Self(keys))
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str(" ")?;
            }
            fmt::Display::fmt(key, f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_have_one_canonical_form() {
        for (text, printed) in [
            ("j", "j"),
            ("shift-n", "N"),
            ("N", "N"),
            ("ctrl-d", "ctrl-d"),
            ("ctrl-D", "ctrl-d"),
            ("shift-tab", "shift-tab"),
            ("f12", "f12"),
            ("f", "f"),
            ("space", "space"),
            ("ctrl-space", "ctrl-space"),
            ("ctrl-\\", "ctrl-\\"),
            ("-", "-"),
            ("minus", "-"),
            ("ctrl-alt-x", "ctrl-alt-x"),
            ("alt-shift-x", "alt-X"),
            ("shift-pageup", "shift-pageup"),
            ("?", "?"),
            ("[", "["),
        ] {
            assert_eq!(
                Key::parse(text).map(|k| k.to_string()),
                Ok(printed.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_no_terminal_sends_is_refused_with_a_hint() {
        for (text, hint) in [
            ("ctrl-i", "bind 'tab' instead"),
            ("ctrl-m", "bind 'enter' instead"),
            ("ctrl-[", "bind 'esc' instead"),
            ("ctrl-1", "ctrl goes with a letter, space, \\, ], ^ or _"),
            ("ctrl-entr", "did you mean 'ctrl-enter'?"),
            ("escape", "did you mean 'esc'?"),
        ] {
            assert_eq!(Key::parse(text).map_err(|e| e.hint), Err(hint.to_owned()), "{text}");
        }
        for text in ["", "ctrl-", "f25", "hyper-x", "two words"] {
            assert!(Key::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn terminal_events_meet_their_spelling() {
        for (code, modifiers, text) in [
            (KeyCode::Char('N'), KeyModifiers::SHIFT, "shift-n"),
            (KeyCode::Char('4'), KeyModifiers::CONTROL, "ctrl-\\"),
            (KeyCode::Char(' '), KeyModifiers::CONTROL, "ctrl-space"),
            (KeyCode::BackTab, KeyModifiers::SHIFT, "shift-tab"),
            (KeyCode::Char('d'), KeyModifiers::CONTROL, "ctrl-d"),
        ] {
            let event = KeyEvent::new(code, modifiers);
            assert_eq!(Key::from_event(event), Key::parse(text).ok(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn printing_a_parsed_key_and_parsing_it_again_changes_nothing(text in "(ctrl-)?(alt-)?(shift-)?([a-zA-Z0-9!-~]|f[0-9]{1,2}|space|enter|esc|tab|pageup)") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(Key::parse(&key.to_string()), Ok(key));
            }
        }
    }
}
