//! Keymap files: a table a mode, `"keys" = "action"` in it; what is wrong is reported with its line, the rest counts.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::key::Sequence;
use super::spelling::{self, MODES};
use crate::config::problem::{Problem, line_of};
use crate::domain::near::closest;
use crate::message::{Action, Mode};

/// One line of a keymap file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub mode: Mode,
    pub keys: Sequence,
    /// `None` takes the binding of a lower layer away.
    pub action: Option<Action>,
    pub line: usize,
}

/// Reads a keymap file's `text`; `file` is named in problems.
pub fn parse(file: &Path, text: &str) -> (Vec<Entry>, Vec<Problem>) {
    let mut reader = Reader {
        file,
        text,
        entries: Vec::new(),
        problems: Vec::new(),
    };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        let line = error.span().map(|span| line_of(text, span.start));
        reader.problems.push(Problem::new(
            file,
            line,
            error.message(),
            "keymap files are TOML: \"ctrl-d\" = \"half-page-down\" under [screen]",
        ));
    }
    for (name, value) in table.get_ref() {
        reader.mode(name, value);
    }
    reader.entries.sort_by_key(|entry| entry.line);
    reader.drop_conflicts();
    (reader.entries, reader.problems)
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn report(&mut self, line: usize, what: impl Into<String>, hint: impl Into<String>) {
        self.problems.push(Problem::new(self.file, Some(line), what, hint));
    }

    fn mode(&mut self, name: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>) {
        let line = line_of(self.text, name.span().start);
        let names = || MODES.into_iter().map(spelling::mode_name);
        let Some(mode) = MODES
            .into_iter()
            .find(|mode| spelling::mode_name(*mode) == name.get_ref())
        else {
            let hint = closest(name.get_ref(), names()).map_or_else(
                || format!("tables are {}", names().collect::<Vec<_>>().join(", ")),
                |near| format!("did you mean '[{near}]'?"),
            );
            return self.report(line, format!("'{}' is not a table of a keymap", name.get_ref()), hint);
        };
        let DeValue::Table(bindings) = value.get_ref() else {
            let hint = format!("write [{0}] and the keys below it", spelling::mode_name(mode));
            return self.report(line, format!("'{}' is not a table", name.get_ref()), hint);
        };
        for (keys, action) in bindings {
            self.binding(mode, keys, action);
        }
    }

    fn binding(&mut self, mode: Mode, keys: &Spanned<std::borrow::Cow<'_, str>>, action: &Spanned<DeValue<'_>>) {
        let line = line_of(self.text, keys.span().start);
        let keys = match Sequence::parse(keys.get_ref()) {
            Ok(keys) => keys,
            Err(error) => return self.report(line, error.what, error.hint),
        };
        let DeValue::String(name) = action.get_ref() else {
            return self.report(
                line,
                format!("'{keys}' is bound to something that is not text"),
                "write the action in quotes",
            );
        };
        let action = match (name.as_ref(), Action::find(name)) {
            ("none", _) => None,
            (_, Some(action)) => Some(action),
            (wrong, None) => {
                let names = Action::ALL.iter().map(|action| action.name());
                let hint = closest(wrong, names).map_or_else(
                    || "`:` lists every action; 'none' unbinds".into(),
                    |near| format!("did you mean '{near}'?"),
                );
                return self.report(line, format!("'{wrong}' is not an action"), hint);
            }
        };
        if spelling::is_typing(mode) && keys.0.first().and_then(|key| key.typed()).is_some() {
            return self.report(
                line,
                format!(
                    "'{keys}' can never be reached in [{}]: it is typed as text",
                    spelling::mode_name(mode)
                ),
                "use a key with ctrl or alt, or a named key",
            );
        }
        self.entries.push(Entry {
            mode,
            keys,
            action,
            line,
        });
    }

    /// Within one file the first binding of a key stands, and a sequence may not begin with a bound key.
    fn drop_conflicts(&mut self) {
        let mut kept: Vec<Entry> = Vec::with_capacity(self.entries.len());
        for entry in std::mem::take(&mut self.entries) {
            let clash = kept.iter().find(|other| clashes(other, &entry)).cloned();
            let Some(other) = clash else {
                kept.push(entry);
                continue;
            };
            let hint = format!("take away this line or line {}", other.line);
            let what = if other.keys == entry.keys {
                format!("'{}' is bound twice, first in line {}", entry.keys, other.line)
            } else if other.keys.0.len() < entry.keys.0.len() {
                format!(
                    "'{}' can never be reached: '{}' is bound in line {}",
                    entry.keys, other.keys, other.line
                )
            } else {
                format!("'{}' would hide '{}' of line {}", entry.keys, other.keys, other.line)
            };
            self.report(entry.line, what, hint);
        }
        self.entries = kept;
    }
}

fn clashes(a: &Entry, b: &Entry) -> bool {
    if a.mode != b.mode {
        return false;
    }
    let both_bound = a.action.is_some() && b.action.is_some();
    a.keys == b.keys || (both_bound && (a.keys.0.starts_with(&b.keys.0) || b.keys.0.starts_with(&a.keys.0)))
}
