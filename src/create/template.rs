//! Templates of new apps: what ships for a language, and what users keep in a folder each.
//!
//! | file | what it is |
//! |---|---|
//! | `template.toml` | a line that says what it is for, and what it proposes: port, probe, cpu, memory, grace |
//! | `manifest.yaml` | laid over the objects: maps go into each other, lists of named things by their names, `null` takes away |
//! | all others | go into the app's repository: Dockerfile, build.sh, start.sh, stop.sh |
//!
//! `manifest.yaml` may say `${NAME}`, `${NAMESPACE}`, `${IMAGE}` and `${PORT}` in its texts.

use serde::Deserialize;
use serde_json::Value;

use super::answers::{App, Field};

/// What is wrong in a file of a template, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", line.map_or_else(String::new, |line| format!(":{line}")))]
pub struct Wrong {
    /// As it is called in the template.
    pub file: String,
    /// Counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    pub what: String,
    pub hint: String,
}

/// A file that goes into the app's repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub name: String,
    pub text: String,
}

/// What an app is begun from.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    pub name: String,
    /// What it is for, in a line.
    pub summary: String,
    proposals: Proposals,
    pub files: Vec<File>,
    /// Laid over the objects of the same kind.
    over: Vec<Value>,
}

/// What it proposes; what it leaves out is as in `plain`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Proposals {
    summary: String,
    port: u16,
    probe: String,
    cpu: String,
    memory: String,
    grace: i64,
}

impl Default for Proposals {
    fn default() -> Self {
        Self {
            summary: String::new(),
            port: 8080,
            probe: "/healthz".into(),
            cpu: "250m".into(),
            memory: "256Mi".into(),
            grace: 30,
        }
    }
}

/// Says what is proposed.
const PROPOSALS: &str = "template.toml";
/// Is laid over the objects.
const OVER: &str = "manifest.yaml";
/// What may stand in texts of [`OVER`].
const VARIABLES: [&str; 4] = ["NAME", "NAMESPACE", "IMAGE", "PORT"];
/// What objects there are to be laid over.
const KINDS: [&str; 4] = [
    "Deployment",
    "Service",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
];

type Files = &'static [(&'static str, &'static str)];

macro_rules! files {
    ($folder:literal: $($file:literal)+) => {
        &[$(($file, include_str!(concat!("templates/", $folder, "/", $file)))),+]
    };
}

/// What every template has unless it brings its own.
const COMMON: Files = files!("common": "discovery.sh" "stop.sh");

const SHIPPED: &[(&str, Files)] = &[
    (
        "java",
        files!("java": "template.toml" "Dockerfile" "build.sh" "start.sh" "manifest.yaml"),
    ),
    ("php", files!("php": "template.toml" "Dockerfile" "build.sh" "start.sh")),
    (
        "node",
        files!("node": "template.toml" "Dockerfile" "build.sh" "start.sh" "manifest.yaml"),
    ),
    (
        "python",
        files!("python": "template.toml" "Dockerfile" "build.sh" "start.sh"),
    ),
    (
        "tomcat",
        files!("tomcat": "template.toml" "Dockerfile" "build.sh" "start.sh" "manifest.yaml"),
    ),
    (
        "plain",
        files!("plain": "template.toml" "Dockerfile" "build.sh" "start.sh"),
    ),
];

impl Template {
    /// Those that ship, in their order.
    pub fn all_shipped() -> impl Iterator<Item = Self> {
        SHIPPED.iter().filter_map(|(name, _)| Self::shipped(name))
    }

    /// One that ships.
    pub fn shipped(name: &str) -> Option<Self> {
        let (name, files) = SHIPPED.iter().find(|(known, _)| *known == name)?;
        let owned = |(name, text): &(&str, &str)| File {
            name: (*name).to_owned(),
            text: (*text).to_owned(),
        };
        Self::parse(name, files.iter().map(owned)).ok()
    }

    /// A template of these files.
    ///
    /// # Errors
    /// What is wrong in which of them.
    pub fn parse(name: &str, files: impl IntoIterator<Item = File>) -> Result<Self, Wrong> {
        let (mut proposals, mut over, mut own) = (Proposals::default(), Vec::new(), Vec::new());
        for file in files {
            match file.name.as_str() {
                PROPOSALS => proposals = proposed(&file)?,
                OVER => over = laid_over(&file)?,
                _ => own.push(file),
            }
        }
        for (name, text) in COMMON {
            if !own.iter().any(|file| file.name == *name) {
                own.push(File {
                    name: (*name).to_owned(),
                    text: (*text).to_owned(),
                });
            }
        }
        own.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self {
            name: name.to_owned(),
            summary: std::mem::take(&mut proposals.summary),
            proposals,
            files: own,
            over,
        })
    }

    /// The answers that it proposes.
    pub(super) fn proposes(&self) -> [(Field, String); 5] {
        let Proposals {
            port,
            probe,
            cpu,
            memory,
            grace,
            ..
        } = &self.proposals;
        [
            (Field::Port, port.to_string()),
            (Field::Probe, probe.clone()),
            (Field::Cpu, cpu.clone()),
            (Field::Memory, memory.clone()),
            (Field::Grace, grace.to_string()),
        ]
    }

    /// Lays what the template says of an object's kind over it.
    pub(super) fn lay_over(&self, object: &mut Value, app: &App) {
        let same = |over: &&Value| over.get("kind") == object.get("kind");
        let over: Vec<Value> = self.over.iter().filter(same).cloned().collect();
        for mut over in over {
            fill(&mut over, app);
            merge(object, over);
        }
    }
}

fn proposed(file: &File) -> Result<Proposals, Wrong> {
    let proposals: Proposals = toml::from_str(&file.text).map_err(|error| Wrong {
        file: file.name.clone(),
        line: error.span().map(|span| line_of(&file.text, span.start)),
        what: error.message().to_owned(),
        hint: "it knows summary, port, probe, cpu, memory and grace".into(),
    })?;
    Ok(proposals)
}

/// The line, counted from 1, in which byte `offset` stands.
fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}

fn laid_over(file: &File) -> Result<Vec<Value>, Wrong> {
    let wrong = |line: Option<usize>, what: String, hint: String| Wrong {
        file: file.name.clone(),
        line,
        what,
        hint,
    };
    for (number, line) in file.text.lines().enumerate() {
        let mut after = line
            .split("${")
            .skip(1)
            .map(|rest| rest.split('}').next().unwrap_or_default());
        if let Some(unknown) = after.find(|name| !VARIABLES.contains(name)) {
            let what = format!("there is no variable {unknown}");
            return Err(wrong(
                Some(number + 1),
                what,
                format!("there are {}", VARIABLES.join(", ")),
            ));
        }
    }
    let mut found = Vec::new();
    for document in serde_yaml_ng::Deserializer::from_str(&file.text) {
        let value = Value::deserialize(document).map_err(|error| {
            let line = error.location().map(|location| location.line());
            wrong(line, error.to_string(), "it is YAML: objects, --- between them".into())
        })?;
        let kind = value.get("kind").and_then(Value::as_str);
        if !kind.is_some_and(|kind| KINDS.contains(&kind)) {
            let what = format!(
                "{} is no kind that can be laid over",
                kind.unwrap_or("an object without a kind")
            );
            return Err(wrong(None, what, format!("there are {}", KINDS.join(", "))));
        }
        let own = ["/apiVersion", "/metadata/name", "/metadata/namespace", "/spec/selector"];
        if let Some(path) = own.iter().find(|path| value.pointer(path).is_some()) {
            let what = format!("{} cannot be laid over", path.trim_start_matches('/').replace('/', "."));
            return Err(wrong(None, what, "leave it out: it follows from the answers".into()));
        }
        found.push(value);
    }
    Ok(found)
}

/// Puts the answers in place of variables.
fn fill(value: &mut Value, app: &App) {
    match value {
        Value::String(text) => {
            let port = app.port.to_string();
            for (name, answer) in VARIABLES.iter().zip([&app.name, &app.namespace, &app.image, &port]) {
                *text = text.replace(&format!("${{{name}}}"), answer);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, app)),
        Value::Object(fields) => fields.values_mut().for_each(|field| fill(field, app)),
        _ => {}
    }
}

/// Lays one value over another: maps go into each other, lists of named things by their names; `null` takes away.
fn merge(under: &mut Value, over: Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            for (key, value) in over {
                if value.is_null() {
                    under.remove(&key);
                } else {
                    merge(under.entry(key).or_insert(Value::Null), value);
                }
            }
        }
        (Value::Array(under), Value::Array(over)) if are_named(under) && are_named(&over) => {
            for value in over {
                match under.iter_mut().find(|one| one.get("name") == value.get("name")) {
                    Some(one) => merge(one, value),
                    None => under.push(value),
                }
            }
        }
        (under, over) => *under = over,
    }
}

fn are_named(items: &[Value]) -> bool {
    items.iter().all(|item| item.get("name").is_some_and(Value::is_string))
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
