//! Reading a theme file: every mistake is reported with its line and a hint, none stops the program.

use std::collections::BTreeMap;

use ratatui::style::{Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use super::{Role, SHIPPED, Theme, colour};

/// What is wrong in a theme file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line in the file, from 1.
    pub line: usize,
    pub what: String,
    pub hint: Option<String>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    inherits: Option<Spanned<String>>,
    #[serde(default)]
    roles: BTreeMap<Spanned<String>, Spanned<toml::Table>>,
    #[serde(flatten)]
    rest: BTreeMap<String, toml::Value>,
}

struct Reader<'a> {
    text: &'a str,
    problems: Vec<Problem>,
}

pub(super) fn parse(text: &str) -> (Theme, Vec<Problem>) {
    let mut reader = Reader {
        text,
        problems: Vec::new(),
    };
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(error) => {
            let start = error.span().map_or(0, |span| span.start);
            reader.report(start, error.message().to_owned(), None);
            let theme = if text == SHIPPED.first().map_or("", |(_, dark)| dark) {
                Theme::blank()
            } else {
                Theme::shipped("dark")
            };
            return (theme, reader.problems);
        }
    };
    let mut theme = match &file.inherits {
        None => Theme::blank(),
        Some(parent) => reader.parent(parent),
    };
    theme.name = file.name.unwrap_or_default();
    for name in file.rest.keys() {
        let start = text.find(name.as_str()).unwrap_or_default();
        let known = "a theme has name, inherits and [roles]";
        reader.report(start, format!("'{name}' is not known"), Some(known.into()));
    }
    for (name, table) in &file.roles {
        let Some(&role) = Role::ALL.iter().find(|role| role.name() == name.get_ref()) else {
            let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
            let what = format!("no role '{}'", name.get_ref());
            reader.report(name.span().start, what, Some(format!("roles: {}", known.join(" "))));
            continue;
        };
        let style = reader.style(theme.style(role), table);
        theme.set(role, style);
    }
    (theme, reader.problems)
}

impl Reader<'_> {
    fn report(&mut self, start: usize, what: String, hint: Option<String>) {
        let before = self.text.get(..start).unwrap_or(self.text);
        self.problems.push(Problem {
            line: before.matches('\n').count() + 1,
            what,
            hint,
        });
    }

    fn parent(&mut self, parent: &Spanned<String>) -> Theme {
        let found = SHIPPED.iter().find(|(name, _)| name == parent.get_ref());
        // A shipped theme that named itself would never end.
        if let Some((name, _)) = found.filter(|(_, text)| *text != self.text) {
            return Theme::shipped(name);
        }
        let names: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        let what = format!("no theme '{}' to inherit", parent.get_ref());
        self.report(parent.span().start, what, Some(format!("shipped: {}", names.join(" "))));
        Theme::blank()
    }

    fn style(&mut self, mut style: Style, table: &Spanned<toml::Table>) -> Style {
        let start = table.span().start;
        for (key, value) in table.get_ref() {
            match (key.as_str(), value) {
                ("fg" | "bg", toml::Value::String(name)) => match colour::parse(name) {
                    Some(colour) if key == "fg" => style.fg = Some(colour),
                    Some(colour) => style.bg = Some(colour),
                    None => {
                        let names: Vec<&str> = colour::names().collect();
                        let hint = format!("#rrggbb, 0 to 255, default, {}", names.join(" "));
                        self.report(start, format!("no colour '{name}'"), Some(hint));
                    }
                },
                ("modifiers", toml::Value::Array(names)) => {
                    style.add_modifier = Modifier::empty();
                    for name in names {
                        style = self.modify(style, name, start);
                    }
                }
                ("fg" | "bg", _) => self.report(start, format!("'{key}' wants text, such as \"#88c0d0\""), None),
                ("modifiers", _) => self.report(start, "'modifiers' wants a list, such as [\"bold\"]".into(), None),
                _ => {
                    let hint = "a style has fg, bg and modifiers".to_owned();
                    self.report(start, format!("'{key}' is not known"), Some(hint));
                }
            }
        }
        style
    }

    fn modify(&mut self, style: Style, name: &toml::Value, start: usize) -> Style {
        let modifier = match name.as_str() {
            Some("bold") => Modifier::BOLD,
            Some("dim") => Modifier::DIM,
            Some("italic") => Modifier::ITALIC,
            Some("underlined") => Modifier::UNDERLINED,
            Some("reversed") => Modifier::REVERSED,
            Some("crossed-out") => Modifier::CROSSED_OUT,
            other => {
                let what = format!("no modifier '{}'", other.unwrap_or("?"));
                let hint = "bold dim italic underlined reversed crossed-out".to_owned();
                self.report(start, what, Some(hint));
                return style;
            }
        };
        style.add_modifier(modifier)
    }
}
