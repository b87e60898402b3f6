//! JSON and logfmt lines as keys and values in their order, and a JSON line opened.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::Clean;

/// How deep a line is opened; what lies deeper is shown as it was written.
const DEEPEST: usize = 32;

/// A line's keys and values, in the order in which they were written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    pairs: Vec<(Clean, Clean)>,
}

/// A row of a line opened: how deep it lies, its key where it has one, its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub depth: usize,
    pub key: Option<Clean>,
    pub value: Clean,
}

impl Fields {
    /// Reads a line. `None` if it is neither a JSON object nor logfmt, or was cut.
    pub fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let pairs = if line.starts_with('{') {
            json(line)?
        } else {
            logfmt(line)?
        };
        Some(Self { pairs })
    }

    pub fn get(&self, key: &str) -> Option<&Clean> {
        self.pairs.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Clean, &Clean)> {
        self.pairs.iter().map(|(key, value)| (key, value))
    }
}

/// Opens a line: one row a value, objects and lists in depth, text with line breaks over several rows.
///
/// `None` if the line is neither JSON nor logfmt.
pub fn open(line: &str) -> Option<Vec<Row>> {
    let mut rows = Vec::new();
    if line.trim_start().starts_with('{') {
        let mut path = vec![(0, None, serde_json::from_str::<&RawValue>(line).ok()?)];
        while let Some((depth, key, value)) = path.pop() {
            let inner = if depth < DEEPEST {
                members(value.get())
            } else {
                Vec::new()
            };
            let is_root = depth == 0 && key.is_none();
            if inner.is_empty() {
                push_text(&mut rows, depth, key, &plain(value));
            } else if !is_root {
                rows.push(Row {
                    depth,
                    key,
                    value: Clean::default(),
                });
            }
            let below = if is_root { 0 } else { depth + 1 };
            path.extend(
                inner
                    .into_iter()
                    .rev()
                    .map(|(key, value)| (below, Some(Clean::from(key)), value)),
            );
        }
        return Some(rows);
    }
    for (key, value) in logfmt_pairs(line)? {
        push_text(&mut rows, 0, Some(Clean::from(key)), &value);
    }
    Some(rows)
}

fn push_text(rows: &mut Vec<Row>, depth: usize, mut key: Option<Clean>, text: &str) {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    rows.push(Row {
        depth,
        key: key.take(),
        value: expanded(first),
    });
    rows.extend(lines.map(|line| Row {
        depth: depth + 1,
        key: None,
        value: expanded(line),
    }));
}

/// Frames of a stack trace within a string begin with tabs.
fn expanded(line: &str) -> Clean {
    Clean::from(line.replace('\t', "    "))
}

fn json(line: &str) -> Option<Vec<(Clean, Clean)>> {
    serde_json::from_str::<&RawValue>(line).ok()?;
    let pairs = members(line).into_iter();
    Some(
        pairs
            .map(|(key, value)| (Clean::from(key), Clean::from(plain(value))))
            .collect(),
    )
}

/// A string's text, anything else as it was written.
fn plain(value: &RawValue) -> String {
    serde_json::from_str::<String>(value.get()).unwrap_or_else(|_| value.get().to_owned())
}

/// The members of a JSON object or list (by place), in their order; none of anything else.
fn members(json: &str) -> Vec<(String, &RawValue)> {
    if json.starts_with('[') {
        let items = serde_json::from_str::<Vec<&RawValue>>(json).unwrap_or_default();
        return items
            .into_iter()
            .enumerate()
            .map(|(place, item)| (place.to_string(), item))
            .collect();
    }
    if !json.starts_with('{') {
        return Vec::new();
    }
    serde_json::Deserializer::from_str(json)
        .deserialize_map(Members)
        .unwrap_or_default()
}

/// Collects an object's members; a map would lose their order.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(pair) = map.next_entry()? {
            found.push(pair);
        }
        Ok(found)
    }
}

fn logfmt(line: &str) -> Option<Vec<(Clean, Clean)>> {
    let pairs = logfmt_pairs(line)?.into_iter();
    Some(
        pairs
            .map(|(key, value)| (Clean::from(key), Clean::from(value)))
            .collect(),
    )
}

/// A line of `key=value` words, of which there must be two at least and the first word one; a word without
/// `=` is a key without a value.
fn logfmt_pairs(line: &str) -> Option<Vec<(&str, String)>> {
    let mut found = Vec::new();
    let mut rest = line.trim();
    let mut pairs = 0;
    while !rest.is_empty() {
        let end = rest.find([' ', '=', '"']).unwrap_or(rest.len());
        let (key, after) = rest.split_at_checked(end)?;
        if key.is_empty() {
            return None;
        }
        let value = after.strip_prefix('=');
        pairs += usize::from(value.is_some());
        let (value, after) = match value {
            Some(value) if value.starts_with('"') => quoted(value)?,
            Some(value) => bare(value)?,
            None => (String::new(), after),
        };
        if pairs == 0 || !(after.is_empty() || after.starts_with(' ')) {
            return None;
        }
        found.push((key, value));
        rest = after.trim_start();
    }
    (pairs >= 2).then_some(found)
}

/// A value without quotes, and what follows.
fn bare(text: &str) -> Option<(String, &str)> {
    let (value, after) = text.split_at_checked(text.find(' ').unwrap_or(text.len()))?;
    Some((value.to_owned(), after))
}

/// A quoted value with Go's escapes (as `strconv.Quote` writes them; JSON's are a subset), and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut rest = text.strip_prefix('"')?.chars();
    loop {
        match rest.next()? {
            '"' => return Some((out, rest.as_str())),
            '\\' => match rest.next()? {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                'u' => {
                    let (digits, after) = rest.as_str().split_at_checked(4)?;
                    let code = u32::from_str_radix(digits, 16).ok()?;
                    out.push(char::from_u32(code).unwrap_or('\u{fffd}'));
                    rest = after.chars();
                }
                other => out.push(other),
            },
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(line: &str) -> Vec<(String, String)> {
        let fields = Fields::read(line).unwrap_or_default();
        fields.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect()
    }

    fn want(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn json_keeps_its_order_and_its_numbers() {
        let line =
            r#"{"ts":1.10,"id":12345678901234567890123,"msg":"a \"b\"","ok":true,"none":null,"in":{"z":1,"a":[2]}}"#;
        let found = want(&[
            ("ts", "1.10"),
            ("id", "12345678901234567890123"),
            ("msg", "a \"b\""),
            ("ok", "true"),
            ("none", "null"),
            ("in", r#"{"z":1,"a":[2]}"#),
        ]);
        assert_eq!(pairs(line), found);
    }

    #[test]
    fn logfmt_is_read() {
        let line = r#"time=2026-11-22T16:13:07Z level=info msg="hello \"world\"\nnext" n=3 empty= flag"#;
        let found = want(&[
            ("time", "2026-11-22T16:13:07Z"),
            ("level", "info"),
            ("msg", "hello \"world\"␊next"),
            ("n", "3"),
            ("empty", ""),
            ("flag", ""),
        ]);
        assert_eq!(pairs(line), found);
    }

    #[test]
    fn prose_is_neither() {
        for line in [
            "",
            "hello world",
            "x=1",
            "the answer a=1 b=2",
            "{not json}",
            r#"{"a":1"#,
            "a=1 b=\"open",
            "=1 a=2",
        ] {
            assert_eq!(Fields::read(line), None, "{line}");
        }
    }

    #[test]
    fn escapes_within_a_value_do_not_reach_the_terminal() {
        let fields = Fields::read(r#"{"msg":"\u001b]52;c;x\u0007"}"#).unwrap();
        assert_eq!(fields.get("msg").unwrap(), "␛]52;c;x␇");
        assert_eq!(open(r#"{"msg":"\u001b[2J"}"#).unwrap()[0].value, "␛[2J");
        assert_eq!(Fields::read("a=1 b=\"\\u001b[2J\"").unwrap().get("b").unwrap(), "␛[2J");
    }

    #[test]
    fn a_line_opened_shows_its_depth_and_breaks_its_stack() {
        let rows = open(r#"{"msg":"x","err":{"code":7,"stack":"Error: x\n\tat f"},"list":[1,{"a":[]}]}"#).unwrap();
        let rows: Vec<String> = rows
            .iter()
            .map(|r| format!("{}{}={}", " ".repeat(r.depth), r.key.as_deref().unwrap_or("…"), r.value))
            .collect();
        assert_eq!(
            rows,
            [
                "msg=x",
                "err=",
                " code=7",
                " stack=Error: x",
                "  …=    at f",
                "list=",
                " 0=1",
                " 1=",
                "  a=[]"
            ]
        );
    }

    #[test]
    fn deep_nesting_is_not_followed_without_end() {
        let deep = format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000));
        assert_eq!(Fields::read(&deep).unwrap().iter().count(), 1);
        assert_eq!(open(&deep).unwrap().len(), DEEPEST + 1);
    }
}
