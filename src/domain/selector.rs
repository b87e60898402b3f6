//! Label selectors as kubectl takes them: `app=x,tier!=y,zone in (a,b),env notin (c),gpu,!spot`.

use std::collections::BTreeMap;

use super::text::Clean;

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
        self.holds(|key| labels.get(key).map(Clean::as_str))
    }

    /// Whether labels that are looked up by key are as asked for.
    pub fn holds<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| {
            let value = |key: &String| label(key);
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

/// Takes the selector that a text begins with apart from what follows it: `zone in (a, b) live` is
/// `zone in (a, b)` and `live`. What cannot be a selector goes to the first part, to be refused.
pub fn split_selector(text: &str) -> (&str, &str) {
    let mut rest = text;
    loop {
        rest = after_requirement(rest.trim_start());
        match rest.trim_start().strip_prefix(',') {
            Some(next) if !next.trim_start().is_empty() => rest = next,
            Some(next) => return text.split_at_checked(text.len() - next.len()).unwrap_or((text, "")),
            None => break,
        }
    }
    let (selector, rest) = text.split_at_checked(text.len() - rest.len()).unwrap_or((text, ""));
    (selector.trim(), rest)
}

/// What follows the first requirement of a selector.
fn after_requirement(text: &str) -> &str {
    let (_, after) = word(text);
    let (operator, operand) = word(after.trim_start());
    match operator {
        "=" | "==" | "!=" => word(operand.trim_start()).1,
        _ if set_operator(after).is_some() => operand_in_parentheses(after),
        "in" | "notin" => word(operand.trim_start()).1,
        _ => after,
    }
}

fn operand_in_parentheses(text: &str) -> &str {
    text.split_once(')').map_or("", |(_, after)| after)
}

/// `in` or `notin` before a parenthesis: whether it excludes, and the parenthesis with what follows.
fn set_operator(text: &str) -> Option<(bool, &str)> {
    let text = text.trim_start();
    [("in", false), ("notin", true)]
        .into_iter()
        .find_map(|(name, excludes)| {
            let operand = text.strip_prefix(name)?.trim_start();
            operand.starts_with('(').then_some((excludes, operand))
        })
}

/// Takes a text apart where its first word ends.
fn word(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
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
    let (name, after) = word(text);
    if let Some((excludes, values)) = set_operator(after) {
        let (key, values) = (key(name)?, list(values)?);
        return Some(if excludes {
            Requirement::NotIn(key, values)
        } else {
            Requirement::In(key, values)
        });
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
    fn a_selector_ends_where_its_last_requirement_does() {
        for (text, selector, rest) in [
            ("app=x live", "app=x", " live"),
            ("app=x,tier!=y cpu>1", "app=x,tier!=y", " cpu>1"),
            ("app=x, tier!=y z", "app=x, tier!=y", " z"),
            ("zone in (a, b) live", "zone in (a, b)", " live"),
            ("zone notin (a),!spot live", "zone notin (a),!spot", " live"),
            ("!spot", "!spot", ""),
            ("app = x live", "app = x", " live"),
            ("zone in(a,b) live", "zone in(a,b)", " live"),
            ("zone in (a", "zone in (a", ""),
            ("zone in a live", "zone in a", " live"),
            ("", "", ""),
            ("app=x,", "app=x,", ""),
        ] {
            assert_eq!(split_selector(text), (selector, rest), "{text}");
        }
    }

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
            ("zone in(a,b)", true),
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
