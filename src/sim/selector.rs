//! Selectors: which objects a list, a watch or a controller means, by labels or by fields.

use serde_json::Value;

use super::json;
use super::resource::Resource;
use super::status::Status;

/// Conditions on labels, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Operator {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Above(i64),
    Below(i64),
}

impl LabelSelector {
    /// Reads a selector as query parameters and `kubectl -l` spell it.
    ///
    /// # Errors
    /// 400 with the parser's words.
    pub fn parse(text: &str) -> Result<Self, Status> {
        let mut requirements = Vec::new();
        for term in split_terms(text) {
            if !term.is_empty() {
                requirements.push(parse_term(term)?);
            }
        }
        Ok(Self(requirements))
    }

    /// Reads `matchLabels` and `matchExpressions` of an object's selector.
    pub fn from_object(selector: &Value) -> Self {
        let mut requirements = Vec::new();
        for (key, value) in selector
            .get("matchLabels")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let values = vec![value.as_str().unwrap_or_default().to_owned()];
            requirements.push(Requirement {
                key: key.clone(),
                operator: Operator::In(values),
            });
        }
        for expression in json::array(selector, "/matchExpressions") {
            let values = || {
                let values = json::array(expression, "/values").iter().filter_map(Value::as_str);
                values.map(str::to_owned).collect()
            };
            let operator = match json::text(expression, "/operator") {
                Some("In") => Operator::In(values()),
                Some("NotIn") => Operator::NotIn(values()),
                Some("DoesNotExist") => Operator::Absent,
                _ => Operator::Exists,
            };
            let key = json::text(expression, "/key").unwrap_or_default().to_owned();
            requirements.push(Requirement { key, operator });
        }
        Self(requirements)
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the labels, a JSON object or nothing, meet every condition.
    pub fn matches(&self, labels: Option<&Value>) -> bool {
        self.0.iter().all(|requirement| {
            let value = labels
                .and_then(|labels| labels.get(&requirement.key))
                .and_then(Value::as_str);
            let number = || value.and_then(|value| value.parse::<i64>().ok());
            match &requirement.operator {
                Operator::In(values) => value.is_some_and(|value| values.iter().any(|one| one == value)),
                Operator::NotIn(values) => value.is_none_or(|value| values.iter().all(|one| one != value)),
                Operator::Exists => value.is_some(),
                Operator::Absent => value.is_none(),
                Operator::Above(bound) => number().is_some_and(|number| number > *bound),
                Operator::Below(bound) => number().is_some_and(|number| number < *bound),
            }
        })
    }
}

/// Splits at commas outside parentheses.
fn split_terms(text: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    text.split(move |character| {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
    .map(str::trim)
}

fn parse_term(term: &str) -> Result<Requirement, Status> {
    let refuse = |what: &str| Status::bad_request(format!("unable to parse requirement: {what}"));
    let requirement = |key: &str, operator| {
        let key = key.trim().to_owned();
        if key.is_empty() || key.contains([' ', '=', '!', '(', ')']) {
            return Err(refuse(&format!("found '{key}', expected: identifier")));
        }
        Ok(Requirement { key, operator })
    };
    if let Some((head, tail)) = term.split_once('(') {
        let Some(list) = tail.strip_suffix(')') else {
            return Err(refuse("found '', expected: ',' or ')'"));
        };
        let values = list.split(',').map(|value| value.trim().to_owned()).collect();
        return match head.trim().rsplit_once(' ') {
            Some((key, "in")) => requirement(key, Operator::In(values)),
            Some((key, "notin")) => requirement(key, Operator::NotIn(values)),
            _ => Err(refuse(&format!("found '{}', expected: in, notin", head.trim()))),
        };
    }
    let value = |value: &str| {
        let value = value.trim();
        if value.starts_with('=') {
            return Err(refuse("found '=', expected: identifier"));
        }
        Ok(vec![value.to_owned()])
    };
    let number = |text: &str| {
        let text = text.trim();
        text.parse()
            .map_err(|_| refuse(&format!("values: Invalid value: \"{text}\": must be an integer")))
    };
    if let Some((key, right)) = term.split_once("!=") {
        requirement(key, Operator::NotIn(value(right)?))
    } else if let Some((key, right)) = term.split_once("==") {
        requirement(key, Operator::In(value(right)?))
    } else if let Some((key, right)) = term.split_once('=') {
        requirement(key, Operator::In(value(right)?))
    } else if let Some((key, right)) = term.split_once('>') {
        requirement(key, Operator::Above(number(right)?))
    } else if let Some((key, right)) = term.split_once('<') {
        requirement(key, Operator::Below(number(right)?))
    } else if let Some(key) = term.strip_prefix('!') {
        requirement(key, Operator::Absent)
    } else {
        requirement(term, Operator::Exists)
    }
}

/// Conditions on the few fields a resource allows.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FieldSelector(Vec<FieldRequirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct FieldRequirement {
    pointer: String,
    value: String,
    equal: bool,
}

impl FieldSelector {
    /// Reads a selector as `kubectl --field-selector` spells it.
    ///
    /// # Errors
    /// 400 for a field the resource does not select by.
    pub fn parse(resource: &Resource, text: &str) -> Result<Self, Status> {
        let mut requirements = Vec::new();
        for term in text.split(',').filter(|term| !term.is_empty()) {
            let (field, value, equal) = if let Some((field, value)) = term.split_once("!=") {
                (field, value, false)
            } else if let Some((field, value)) = term.split_once("==") {
                (field, value, true)
            } else if let Some((field, value)) = term.split_once('=') {
                (field, value, true)
            } else {
                let message = format!("invalid selector: '{term}'; can't understand '{term}'");
                return Err(Status::bad_request(message));
            };
            if !selects_by(resource, field) {
                return Err(Status::bad_request(format!("field label not supported: {field}")));
            }
            let field = if field == "source" { "source.component" } else { field };
            let pointer = format!("/{}", field.replace('.', "/"));
            requirements.push(FieldRequirement {
                pointer,
                value: value.to_owned(),
                equal,
            });
        }
        Ok(Self(requirements))
    }

    /// Only the object with this name.
    pub fn named(name: &str) -> Self {
        Self(vec![FieldRequirement {
            pointer: "/metadata/name".into(),
            value: name.to_owned(),
            equal: true,
        }])
    }

    /// Both conditions.
    #[must_use]
    pub fn and(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the object meets every condition; an absent field is empty, `false` or 0.
    pub fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|requirement| {
            let equal = match object.pointer(&requirement.pointer) {
                None | Some(Value::Null) => matches!(requirement.value.as_str(), "" | "false" | "0"),
                Some(Value::String(text)) => *text == requirement.value,
                Some(other) => other.to_string() == requirement.value,
            };
            equal == requirement.equal
        })
    }
}

fn selects_by(resource: &Resource, field: &str) -> bool {
    let own: &[&str] = match (resource.group.as_ref(), resource.plural.as_ref()) {
        ("", "pods") => &[
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "nodes") => &["spec.unschedulable"],
        ("", "namespaces") => &["status.phase"],
        ("", "secrets") => &["type"],
        ("", "services") => &["spec.clusterIP", "spec.type"],
        ("apps", "replicasets") | ("", "replicationcontrollers") => &["status.replicas"],
        ("batch", "jobs") => &["status.successful"],
        _ => &[],
    };
    field == "metadata.name" || (field == "metadata.namespace" && resource.namespaced) || own.contains(&field)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::resource::{NODES, PODS};
    use super::*;

    #[test]
    fn labels_select() {
        let labels = json!({"app": "web", "tier": "front", "cores": "8"});
        for (selector, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier!=back", true),
            ("app=db", false),
            ("app in (web, db)", true),
            ("app notin (web, db)", false),
            ("none notin (x)", true),
            ("tier", true),
            ("!tier", false),
            ("!none,app in (web),tier", true),
            ("cores>4", true),
            ("cores<4", false),
            ("none!=x", true),
            ("none=x", false),
        ] {
            assert_eq!(
                LabelSelector::parse(selector).unwrap().matches(Some(&labels)),
                expected,
                "{selector}"
            );
        }
        for broken in ["a===b", "a in (b", "=b", "a b (c)", "cores>x"] {
            assert_eq!(LabelSelector::parse(broken).unwrap_err().code, 400, "{broken}");
        }
    }

    #[test]
    fn objects_select_by_labels_and_expressions() {
        let selector = LabelSelector::from_object(&json!({
            "matchLabels": {"app": "web"},
            "matchExpressions": [{"key": "tier", "operator": "In", "values": ["front"]}, {"key": "old", "operator": "DoesNotExist"}]
        }));
        assert!(selector.matches(Some(&json!({"app": "web", "tier": "front"}))));
        assert!(!selector.matches(Some(&json!({"app": "web", "tier": "front", "old": "1"}))));
        assert!(!selector.matches(None));
    }

    #[test]
    fn fields_select_where_the_resource_allows() {
        let pod = json!({"metadata": {"name": "a"}, "spec": {"nodeName": "n1"}, "status": {"phase": "Running"}});
        for (selector, expected) in [
            ("spec.nodeName=n1", true),
            ("spec.nodeName!=n1", false),
            ("status.phase!=Failed,metadata.name=a", true),
            ("spec.hostNetwork=false", true),
        ] {
            assert_eq!(
                FieldSelector::parse(&PODS, selector).unwrap().matches(&pod),
                expected,
                "{selector}"
            );
        }
        let refused = FieldSelector::parse(&NODES, "spec.nodeName=x").unwrap_err();
        assert_eq!(refused.message, "field label not supported: spec.nodeName");
    }
}
