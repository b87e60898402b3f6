//! The part of `PromQL` that questions about containers need: selectors, `rate`, `irate`, `sum` and `max`, `/`, `>` and `or`.

use super::super::super::super::load::Seconds;
use super::eval::SCRAPE;

/// A question.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Expr {
    Select(Selector),
    /// Increase a second over so many seconds.
    Rate(Selector, Seconds),
    /// The labels that stay, and what is put together.
    Sum(Vec<String>, Box<Expr>),
    Max(Vec<String>, Box<Expr>),
    Divide(Box<Expr>, Box<Expr>),
    Above(Box<Expr>, f64),
    Or(Box<Expr>, Box<Expr>),
}

/// A family, and what its labels have to be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Selector {
    pub(super) family: String,
    pub(super) matchers: Vec<Matcher>,
}

/// What a label has to be: one of these, or none of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matcher {
    pub(super) label: String,
    pub(super) any_of: Vec<String>,
    pub(super) equal: bool,
}

impl Matcher {
    pub(super) fn holds(&self, value: &str) -> bool {
        self.any_of.iter().any(|one| one == value) == self.equal
    }
}

/// Reads a question.
pub(super) fn parse(text: &str) -> Result<Expr, String> {
    if text.trim().is_empty() {
        return Err("unknown position: parse error: no expression found in input".into());
    }
    let mut parser = Parser { text, at: 0 };
    let expr = parser.or()?;
    if parser.rest().is_empty() {
        Ok(expr)
    } else {
        Err(parser.unexpected())
    }
}

/// Reads a duration such as `5m` or `1h30m`, in seconds.
pub(super) fn duration(text: &str) -> Option<Seconds> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, unit) = rest.split_at_checked(digits)?;
        let end = unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len());
        let (unit, after) = unit.split_at_checked(end)?;
        let factor = match unit {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        total += number.parse::<f64>().ok()? * factor;
        rest = after;
    }
    (total > 0.0).then_some(total)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    /// What is left, without leading blanks.
    fn rest(&mut self) -> &'a str {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn unexpected(&mut self) -> String {
        let what = match self.rest().chars().next() {
            Some(c) => format!("character: '{c}'"),
            None => "end of input".into(),
        };
        format!("1:{}: parse error: unexpected {what}", self.at + 1)
    }

    fn take(&mut self, token: &str) -> bool {
        let found = self.rest().starts_with(token);
        if found {
            self.at += token.len();
        }
        found
    }

    fn need(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) {
            Ok(())
        } else {
            Err(self.unexpected())
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
        let word = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        self.at += word.len();
        word
    }

    fn or(&mut self) -> Result<Expr, String> {
        let mut left = self.above()?;
        while self.take("or ") || self.take("or(") {
            if self.text.get(..self.at).is_some_and(|read| read.ends_with('(')) {
                self.at -= 1;
            }
            left = Expr::Or(Box::new(left), Box::new(self.above()?));
        }
        Ok(left)
    }

    fn above(&mut self) -> Result<Expr, String> {
        let left = self.divide()?;
        if !self.take(">") {
            return Ok(left);
        }
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_ascii_digit() || c == '.'))
            .unwrap_or(rest.len());
        let number = rest.get(..end).and_then(|text| text.parse().ok());
        let number = number.ok_or_else(|| self.unexpected())?;
        self.at += end;
        Ok(Expr::Above(Box::new(left), number))
    }

    fn divide(&mut self) -> Result<Expr, String> {
        let mut left = self.one()?;
        while self.take("/") {
            left = Expr::Divide(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Expr, String> {
        if self.take("(") {
            let inner = self.or()?;
            self.need(")")?;
            return Ok(inner);
        }
        let begins = self.at;
        match self.word() {
            "sum" => self.put_together(Expr::Sum),
            "max" => self.put_together(Expr::Max),
            name @ ("rate" | "irate") => {
                self.need("(")?;
                let family = self.word().to_owned();
                let selector = self.selector(family)?;
                self.need("[")?;
                let word = self.word();
                let window = duration(word).ok_or_else(|| self.unexpected())?;
                self.need("]")?;
                self.need(")")?;
                let between_two = name == "irate" && window >= SCRAPE;
                Ok(Expr::Rate(selector, if between_two { SCRAPE } else { window }))
            }
            "" => Err(self.unexpected()),
            word if self.rest().starts_with('(') => Err(format!(
                "1:{}: parse error: unknown function with name \"{word}\"",
                begins + 1
            )),
            family => {
                let selector = self.selector(family.to_owned())?;
                Ok(Expr::Select(selector))
            }
        }
    }

    fn put_together(&mut self, make: fn(Vec<String>, Box<Expr>) -> Expr) -> Result<Expr, String> {
        let mut by = Vec::new();
        let before = self.take("by");
        if before {
            by = self.labels()?;
        }
        self.need("(")?;
        let inner = self.or()?;
        self.need(")")?;
        if !before && self.take("by") {
            by = self.labels()?;
        }
        Ok(make(by, Box::new(inner)))
    }

    fn labels(&mut self) -> Result<Vec<String>, String> {
        self.need("(")?;
        let mut labels = Vec::new();
        while !self.take(")") {
            let label = self.word();
            if label.is_empty() {
                return Err(self.unexpected());
            }
            labels.push(label.to_owned());
            self.take(",");
        }
        Ok(labels)
    }

    fn selector(&mut self, family: String) -> Result<Selector, String> {
        let mut matchers = Vec::new();
        if self.take("{") {
            while !self.take("}") {
                let label = self.word().to_owned();
                let (equal, pattern) = if self.take("=~") {
                    (true, true)
                } else if self.take("!~") {
                    (false, true)
                } else if self.take("!=") {
                    (false, false)
                } else if self.take("=") {
                    (true, false)
                } else {
                    return Err(self.unexpected());
                };
                let text = self.string()?;
                let any_of = if pattern { alternatives(&text)? } else { vec![text] };
                matchers.push(Matcher { label, any_of, equal });
                self.take(",");
            }
        }
        Ok(Selector { family, matchers })
    }

    fn string(&mut self) -> Result<String, String> {
        self.need("\"")?;
        let mut value = String::new();
        let mut escaped = false;
        for c in self.text.get(self.at..).unwrap_or_default().chars() {
            self.at += c.len_utf8();
            match (c, escaped) {
                ('n', true) => value.push('\n'),
                ('\\', false) => {
                    escaped = true;
                    continue;
                }
                ('"', false) => return Ok(value),
                _ => value.push(c),
            }
            escaped = false;
        }
        Err(format!("1:{}: parse error: unterminated quoted string", self.at + 1))
    }
}

/// The texts that a pattern of texts and `|` stands for; other patterns are beyond this Prometheus.
fn alternatives(pattern: &str) -> Result<Vec<String>, String> {
    let mut all = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let Some(last) = all.last_mut() else { break };
        match c {
            '\\' => last.extend(chars.next()),
            '|' => all.push(String::new()),
            '.' | '+' | '*' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '^' | '$' => {
                return Err(format!(
                    "parse error: the simulated Prometheus knows no pattern like \"{pattern}\""
                ));
            }
            c => last.push(c),
        }
    }
    Ok(all)
}
