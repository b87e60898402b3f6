//! Label selectors as kubectl takes them: `app=x,tier!=y,zone in (a,b),env notin (c),gpu,!spot`.

use std::collections::BTreeMap;

use crate::domain::Clean;

/// What labels must be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    /// Also fulfilled where the label is absent.
    NotIn(String, Vec<String>),
    Present(String),
    Absent(String),
}

impl Selector {
    /// # Errors
    /// What is not a selector, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut requirements = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = end_of_requirement(rest);
            let (one, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
            requirements.push(requirement(one.trim()).ok_or_else(|| format!("'{one}' is not a label selector"))?);
            rest = after.strip_prefix(',').unwrap_or(after).trim();
        }
        Ok(Self(requirements))
    }

    pub fn matches(&self, labels: &BTreeMap<Clean, Clean>) -> bool {
        self.0.iter().all(|requirement| {
            let value = |key: &String| labels.get(key.as_str()).map(Clean::as_str);
            match requirement {
                Requirement::In(key, values) => value(key).is_some_and(|v| values.iter().any(|wanted| wanted == v)),
                Requirement::NotIn(key, values) => {
                    value(key).is_none_or(|v| values.iter().all(|unwanted| unwanted != v))
                }
                Requirement::Present(key) => value(key).is_some(),
                Requirement::Absent(key) => value(key).is_none(),
            }
        })
    }
}

/// The first comma outside parentheses.
fn end_of_requirement(text: &str) -> usize {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}

fn requirement(text: &str) -> Option<Requirement> {
    let key = |text: &str| {
        let text = text.trim();
        let is_key = !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'));
        is_key.then(|| text.to_owned())
    };
    let list = |text: &str| {
        let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
        Some(
            inner
                .split(',')
                .map(|value| value.trim().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    if let Some((name, values)) = text.split_once(" notin ") {
        return Some(Requirement::NotIn(key(name)?, list(values)?));
    }
    if let Some((name, values)) = text.split_once(" in ") {
        return Some(Requirement::In(key(name)?, list(values)?));
    }
    if let Some((name, value)) = text.split_once("!=") {
        return Some(Requirement::NotIn(key(name)?, vec![value.trim().to_owned()]));
    }
    if let Some((name, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Requirement::In(key(name)?, vec![value.trim().to_owned()]));
    }
    match text.strip_prefix('!') {
        Some(name) => Some(Requirement::Absent(key(name)?)),
        None => Some(Requirement::Present(key(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_select_as_kubectl_does() {
        let labels = BTreeMap::from([("app".into(), "x".into()), ("zone".into(), "a".into())]);
        for (text, expected) in [
            ("", true),
            ("app=x", true),
            ("app==x, zone=a", true),
            ("app!=x", false),
            ("tier!=web", true),
            ("zone in (a, b),app", true),
            ("zone notin (a,b)", false),
            ("env notin (prod)", true),
            ("!env,app=x", true),
            ("!app", false),
            ("env", false),
        ] {
            assert_eq!(
                Selector::parse(text).map(|s| s.matches(&labels)),
                Ok(expected),
                "{text}"
            );
        }
        for text in ["=x", "app in a", "a b", ",,"] {
            assert!(Selector::parse(text).is_err(), "{text}");
        }
    }
}
