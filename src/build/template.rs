//! Templates of build Jobs: files of YAML with variables. What is wrong in one is found when it is read, before anybody
//! builds with it.
//!
//! Variables are put into the strings of the document, never into its text, so that no value makes another document of
//! it. `$${NAME}` stands for `${NAME}` itself.

use serde_json::{Map, Value, json};

use super::asked::{Asked, VARIABLES};
use crate::domain::build::{BUILD_OF, BUILDER, BY, COMMIT, IMAGE, REF, REPO};

/// The templates that ship with the program, the one that is used first.
pub const SHIPPED: [(&str, &str); 2] = [
    ("buildkit", include_str!("templates/buildkit.yaml")),
    ("buildah", include_str!("templates/buildah.yaml")),
];

/// What is wrong in a template, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {what}")]
pub struct TemplateError {
    /// `FILE` or `FILE, line N`.
    pub place: String,
    pub what: String,
    pub hint: String,
}

/// A template whose variables are known to exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    name: String,
    document: Value,
}

impl Template {
    /// One that ships with the program.
    pub fn shipped(name: &str) -> Option<Self> {
        let (_, text) = SHIPPED.iter().find(|(shipped, _)| *shipped == name)?;
        Self::parse(name, name, text).ok()
    }

    /// Reads one; `file` is named in what is wrong.
    ///
    /// # Errors
    /// It is no YAML, no Job that runs once, or has a variable that there is not.
    pub fn parse(name: &str, file: &str, text: &str) -> Result<Self, TemplateError> {
        let wrong = |line: Option<usize>, what: String, hint: &str| TemplateError {
            place: line.map_or_else(|| file.to_owned(), |line| format!("{file}, line {line}")),
            what,
            hint: hint.to_owned(),
        };
        for (number, line) in text.lines().enumerate() {
            let line_number = Some(number + 1);
            let code = line.split(" #").next().unwrap_or(line);
            if code.trim_start().starts_with('#') {
                continue;
            }
            if let Some(unknown) = variables(code).find(|name| !VARIABLES.contains(name)) {
                let hint = format!("there are {}; $${{{unknown}}} stands for itself", VARIABLES.join(", "));
                return Err(wrong(line_number, format!("there is no variable {unknown}"), &hint));
            }
        }
        let document: Value = serde_yaml_ng::from_str(text).map_err(|error| {
            let line = error.location().map(|place| place.line());
            wrong(
                line,
                format!("it is no YAML: {error}"),
                "write a Job as Kubernetes has it",
            )
        })?;
        let template = Self {
            name: name.to_owned(),
            document,
        };
        match template.unfit() {
            Some((what, hint)) => Err(wrong(None, what.to_owned(), hint)),
            None => Ok(template),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Why it makes no build, and what to do.
    fn unfit(&self) -> Option<(&'static str, &'static str)> {
        let text = |path: &str| self.document.pointer(path).and_then(Value::as_str);
        let is_job = text("/kind") == Some("Job") && text("/apiVersion") == Some("batch/v1");
        let main = self
            .document
            .pointer("/spec/template/spec/containers")
            .and_then(Value::as_array);
        let number = |path: &str| self.document.pointer(path).and_then(Value::as_i64);
        if !is_job {
            return Some(("it is no Job of batch/v1", "a template is one document of kind Job"));
        }
        if main.is_none_or(Vec::is_empty) {
            return Some(("it has no containers", "the last stage is the first of its containers"));
        }
        if text("/spec/template/spec/restartPolicy") != Some("Never") || number("/spec/backoffLimit") != Some(0) {
            return Some((
                "it would run a stage that failed again",
                "set restartPolicy: Never and backoffLimit: 0: a build is tried again as another one",
            ));
        }
        if number("/spec/parallelism").unwrap_or(1) != 1 || number("/spec/completions").unwrap_or(1) != 1 {
            return Some(("it would run several pods", "leave parallelism and completions away"));
        }
        let labels = self.document.pointer("/spec/template/metadata/labels");
        let is_of_app = |value: &Value| {
            value
                .as_str()
                .is_some_and(|text| variables(text).any(|name| name == "APP"))
        };
        labels.and_then(Value::as_object)?.values().any(is_of_app).then_some((
            "its pods would have a label of the app's",
            "take the label away: who has the app's labels gets its traffic and counts as its instance",
        ))
    }

    /// The Job that builds what is asked.
    ///
    /// # Errors
    /// A value has characters that mean something to Kubernetes or a terminal.
    pub fn job(&self, asked: &Asked, attempt: u32) -> Result<Value, TemplateError> {
        for variable in VARIABLES {
            let value = asked.variable(variable, attempt).unwrap_or_default();
            if value.chars().any(char::is_control) || value.contains("$(") {
                return Err(TemplateError {
                    place: self.name.clone(),
                    what: format!(
                        "{variable} has characters that no {} has",
                        variable.to_ascii_lowercase()
                    ),
                    hint: "look where it comes from: the annotations of the workload, or the command line".into(),
                });
            }
        }
        let mut job = self.document.clone();
        fill(&mut job, &|variable| asked.variable(variable, attempt));
        let labels = json!({
            "app.kubernetes.io/managed-by": "pilothouse", BUILD_OF: asked.app.name.as_str(), COMMIT: asked.commit,
        });
        let reference = Some(asked.reference.as_str()).filter(|reference| !reference.is_empty());
        let annotations = json!({
            REPO: asked.repo, IMAGE: asked.tagged(), BY: asked.by, BUILDER: self.name, REF: reference,
        });
        mark(&mut job, &labels, &annotations);
        if let Some(template) = job.pointer_mut("/spec/template") {
            mark(template, &labels, &annotations);
        }
        if let Some(metadata) = field(&mut job, "metadata") {
            metadata.insert("name".into(), asked.name(attempt).into());
            metadata.insert("namespace".into(), asked.app.namespace.as_str().into());
        }
        Ok(job)
    }
}

/// The map in a field of an object, made where it is not.
fn field<'a>(object: &'a mut Value, key: &str) -> Option<&'a mut Map<String, Value>> {
    let value = object.as_object_mut()?.entry(key).or_insert(Value::Null);
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut()
}

/// Adds labels and annotations to an object's; one that is null is none.
fn mark(object: &mut Value, labels: &Value, annotations: &Value) {
    for (key, more) in [("labels", labels), ("annotations", annotations)] {
        let own = object.pointer(&format!("/metadata/{key}")).and_then(Value::as_object);
        let mut all: Map<String, Value> = own.cloned().unwrap_or_default();
        let more = more
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(_, value)| !value.is_null());
        all.extend(more.map(|(name, value)| (name.clone(), value.clone())));
        if let Some(metadata) = field(object, "metadata") {
            metadata.insert(key.into(), Value::Object(all));
        }
    }
}

/// The variables of a text: `${NAME}` without another `$` before.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.match_indices("${").filter_map(move |(at, _)| {
        let is_escaped = text.get(..at).is_some_and(|before| before.ends_with('$'));
        let name = text.get(at + 2..)?.split_once('}')?.0;
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        (is_name && !is_escaped).then_some(name)
    })
}

fn fill(value: &mut Value, of: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => *text = filled(text, of),
        Value::Array(all) => all.iter_mut().for_each(|one| fill(one, of)),
        Value::Object(map) => map.values_mut().for_each(|one| fill(one, of)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn filled(text: &str, of: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let value = after.split_once('}').and_then(|(name, tail)| Some((of(name)?, tail)));
        match (before.strip_suffix('$'), value) {
            // What is written twice stands for itself.
            (Some(before), _) => {
                out.push_str(before);
                out.push_str("${");
                rest = after;
            }
            (None, Some((value, tail))) => {
                out.push_str(before);
                out.push_str(&value);
                rest = tail;
            }
            (None, None) => {
                out.push_str(before);
                out.push_str("${");
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
