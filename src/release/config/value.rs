//! What a key of a `ConfigMap` holds, to be shown: short in one line, or all of it with what is too long cut.

use super::change::Key;
use super::record::Content;

/// Most characters of a value in one line with the other.
const SHORT: usize = 32;
/// Most characters of one that is read by itself.
const LONG: usize = 4_000;

/// What a key holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    Text(String),
    /// Bytes that are no text: how many.
    Bytes(usize),
}

impl Side {
    pub(super) fn of(content: &Content, key: &str) -> Option<Self> {
        let text = content.data.get(key).map(|text| Self::Text(text.clone()));
        text.or_else(|| Some(Self::Bytes(bytes(content.binary_data.get(key)?))))
    }

    /// All of it; of bytes how many.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Bytes(many) => format!("({many} bytes)"),
        }
    }

    /// Its lines, to be read: a long one is cut, with its length.
    pub fn lines(&self) -> Vec<String> {
        let whole = self.text();
        let head: String = whole.chars().take(LONG).collect();
        let all = whole.chars().count();
        let text = if all > LONG {
            format!("{head}… ({all} characters in all)")
        } else {
            head
        };
        if text.is_empty() {
            return vec![EMPTY.to_owned()];
        }
        text.lines().map(str::to_owned).collect()
    }
}

const EMPTY: &str = "\"\"";

/// How many bytes a text in base64 stands for (RFC 4648, section 4).
fn bytes(base64: &str) -> usize {
    let text = base64.trim_end_matches('=');
    text.len() * 3 / 4
}

/// `LOG_LEVEL info → debug`; of texts of several lines the first that differs.
pub(super) fn from_to(key: &Key) -> String {
    let (from, to) = (key.from.as_ref().map(Side::text), key.to.as_ref().map(Side::text));
    if let (Some(from), Some(to)) = (&from, &to)
        && (from.lines().nth(1).is_some() || to.lines().nth(1).is_some())
    {
        let (mut old, mut new) = (from.lines(), to.lines());
        let most = from.lines().count().max(to.lines().count());
        for line in 1..=most {
            let (old, new) = (old.next(), new.next());
            if old != new {
                return format!("{} line {line}: {} → {}", key.name, short(old), short(new));
            }
        }
        return format!("{} is different at its end", key.name);
    }
    format!("{} {} → {}", key.name, short(from.as_deref()), short(to.as_deref()))
}

fn short(side: Option<&str>) -> String {
    let Some(text) = side else { return "–".to_owned() };
    let text = text.trim();
    let line = text.lines().next().unwrap_or_default();
    if line.is_empty() {
        return EMPTY.to_owned();
    }
    let mut head: String = line.chars().take(SHORT).collect();
    if head.len() < text.len() {
        head.push('…');
    }
    head
}
