//! Cells of what carries apps, and of what guards and scales them.

use serde_json::Value;

use super::super::super::json;
use super::super::super::store::Timestamp;
use super::cells::{age, labels, name, number, since, text_or};
use super::{Column, INTEGER, STRING};

pub(super) const DEPLOYMENT: &[Column] = &[
    ("Name", STRING, false),
    ("Ready", STRING, false),
    ("Up-to-date", STRING, false),
    ("Available", STRING, false),
    ("Age", STRING, false),
    ("Containers", STRING, true),
    ("Images", STRING, true),
    ("Selector", STRING, true),
];
pub(super) const REPLICA_SET: &[Column] = &[
    ("Name", STRING, false),
    ("Desired", INTEGER, false),
    ("Current", INTEGER, false),
    ("Ready", INTEGER, false),
    ("Age", STRING, false),
    ("Containers", STRING, true),
    ("Images", STRING, true),
    ("Selector", STRING, true),
];
pub(super) const STATEFUL_SET: &[Column] = &[
    ("Name", STRING, false),
    ("Ready", STRING, false),
    ("Age", STRING, false),
    ("Containers", STRING, true),
    ("Images", STRING, true),
];
pub(super) const DAEMON_SET: &[Column] = &[
    ("Name", STRING, false),
    ("Desired", INTEGER, false),
    ("Current", INTEGER, false),
    ("Ready", INTEGER, false),
    ("Up-to-date", INTEGER, false),
    ("Available", INTEGER, false),
    ("Node Selector", STRING, false),
    ("Age", STRING, false),
    ("Containers", STRING, true),
    ("Images", STRING, true),
    ("Selector", STRING, true),
];
pub(super) const REVISION: &[Column] = &[
    ("Name", STRING, false),
    ("Controller", STRING, false),
    ("Revision", STRING, false),
    ("Age", STRING, false),
];
pub(super) const JOB: &[Column] = &[
    ("Name", STRING, false),
    ("Status", STRING, false),
    ("Completions", STRING, false),
    ("Duration", STRING, false),
    ("Age", STRING, false),
    ("Containers", STRING, true),
    ("Images", STRING, true),
    ("Selector", STRING, true),
];
pub(super) const SCALER: &[Column] = &[
    ("Name", STRING, false),
    ("Reference", STRING, false),
    ("Targets", STRING, false),
    ("MinPods", STRING, false),
    ("MaxPods", STRING, false),
    ("Replicas", STRING, false),
    ("Age", STRING, false),
];
pub(super) const BUDGET: &[Column] = &[
    ("Name", STRING, false),
    ("Min Available", STRING, false),
    ("Max Unavailable", STRING, false),
    ("Allowed Disruptions", INTEGER, false),
    ("Age", STRING, false),
];

fn ratio(object: &Value, part: &str, whole: &str) -> Value {
    let count = |pointer: &str| json::number(object, pointer).unwrap_or(0);
    format!("{}/{}", count(part), count(whole)).into()
}

/// Containers and images of the pod template.
fn containers(object: &Value) -> [Value; 2] {
    let join = |field: &str| {
        let containers = json::array(object, "/spec/template/spec/containers").iter();
        let texts: Vec<&str> = containers.filter_map(|one| json::text(one, field)).collect();
        Value::from(texts.join(","))
    };
    [join("/name"), join("/image")]
}

/// A label selector as text.
fn selector(object: &Value) -> Value {
    let Some(selector) = object.pointer("/spec/selector") else {
        return "<none>".into();
    };
    let mut terms: Vec<String> = Vec::new();
    let matched = selector.get("matchLabels");
    if matched
        .and_then(Value::as_object)
        .is_some_and(|labels| !labels.is_empty())
    {
        terms.extend(labels(matched).as_str().map(str::to_owned));
    }
    for expression in json::array(selector, "/matchExpressions") {
        let key = json::text(expression, "/key").unwrap_or_default();
        let values = json::array(expression, "/values").iter().filter_map(Value::as_str);
        let values = values.collect::<Vec<_>>().join(",");
        terms.push(match json::text(expression, "/operator") {
            Some("In") => format!("{key} in ({values})"),
            Some("NotIn") => format!("{key} notin ({values})"),
            Some("DoesNotExist") => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    if terms.is_empty() {
        "<none>".into()
    } else {
        terms.join(",").into()
    }
}

pub(super) fn deployment(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        ratio(object, "/status/readyReplicas", "/spec/replicas"),
        number(object, "/status/updatedReplicas"),
        number(object, "/status/availableReplicas"),
        age(object, now),
        names,
        images,
        selector(object),
    ]
}

pub(super) fn replica_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        number(object, "/spec/replicas"),
        number(object, "/status/replicas"),
        number(object, "/status/readyReplicas"),
        age(object, now),
        names,
        images,
        selector(object),
    ]
}

pub(super) fn stateful_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        ratio(object, "/status/readyReplicas", "/spec/replicas"),
        age(object, now),
        names,
        images,
    ]
}

pub(super) fn daemon_set(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    vec![
        name(object),
        number(object, "/status/desiredNumberScheduled"),
        number(object, "/status/currentNumberScheduled"),
        number(object, "/status/numberReady"),
        number(object, "/status/updatedNumberScheduled"),
        number(object, "/status/numberAvailable"),
        labels(object.pointer("/spec/template/spec/nodeSelector")),
        age(object, now),
        names,
        images,
        selector(object),
    ]
}

pub(super) fn revision(object: &Value, now: Timestamp) -> Vec<Value> {
    let owner = json::array(object, "/metadata/ownerReferences").first();
    let owner = owner.map(|owner| {
        let (kind, name) = (json::text(owner, "/kind"), json::text(owner, "/name"));
        let version = json::text(owner, "/apiVersion").unwrap_or_default();
        let group = version
            .split_once('/')
            .map(|(group, _)| format!(".{group}"))
            .unwrap_or_default();
        format!(
            "{}{group}/{}",
            kind.unwrap_or_default().to_lowercase(),
            name.unwrap_or_default()
        )
    });
    vec![
        name(object),
        owner.unwrap_or_else(|| "<none>".into()).into(),
        number(object, "/revision"),
        age(object, now),
    ]
}

pub(super) fn job(object: &Value, now: Timestamp) -> Vec<Value> {
    let [names, images] = containers(object);
    let holds = |kind: &str| {
        let mut conditions = json::array(object, "/status/conditions").iter();
        conditions.any(|one| json::text(one, "/type") == Some(kind) && json::text(one, "/status") == Some("True"))
    };
    let status = if holds("Complete") {
        "Complete"
    } else if holds("Failed") {
        "Failed"
    } else if holds("Suspended") {
        "Suspended"
    } else {
        "Running"
    };
    let end = json::text(object, "/status/completionTime")
        .and_then(|end| end.parse().ok())
        .unwrap_or(now);
    let duration = json::text(object, "/status/startTime")
        .map(|start| since(start, end))
        .unwrap_or_default();
    vec![
        name(object),
        status.into(),
        ratio(object, "/status/succeeded", "/spec/completions"),
        duration.into(),
        age(object, now),
        names,
        images,
        selector(object),
    ]
}

pub(super) fn scaler(object: &Value, now: Timestamp) -> Vec<Value> {
    let text = |pointer: &str| json::text(object, pointer).unwrap_or_default();
    let targets: Vec<String> = json::array(object, "/spec/metrics")
        .iter()
        .map(|metric| {
            let resource = json::text(metric, "/resource/name").unwrap_or_default();
            let current = json::array(object, "/status/currentMetrics").iter();
            let mut current = current.filter(|one| json::text(one, "/resource/name") == Some(resource));
            let now = current
                .next()
                .and_then(|one| json::number(one, "/resource/current/averageUtilization"));
            let now = now.map_or_else(|| "<unknown>".to_owned(), |now| format!("{now}%"));
            let target = json::number(metric, "/resource/target/averageUtilization").unwrap_or(0);
            format!("{resource}: {now}/{target}%")
        })
        .collect();
    vec![
        name(object),
        format!(
            "{}/{}",
            text("/spec/scaleTargetRef/kind"),
            text("/spec/scaleTargetRef/name")
        )
        .into(),
        if targets.is_empty() {
            "<none>".into()
        } else {
            targets.join(", ").into()
        },
        json::number(object, "/spec/minReplicas")
            .map_or_else(|| "<unset>".to_owned(), |min| min.to_string())
            .into(),
        number(object, "/spec/maxReplicas"),
        number(object, "/status/currentReplicas"),
        age(object, now),
    ]
}

pub(super) fn budget(object: &Value, now: Timestamp) -> Vec<Value> {
    let either = |pointer: &str| match object.pointer(pointer) {
        Some(Value::Number(number)) => number.to_string().into(),
        _ => text_or(object, pointer, "N/A"),
    };
    vec![
        name(object),
        either("/spec/minAvailable"),
        either("/spec/maxUnavailable"),
        number(object, "/status/disruptionsAllowed"),
        age(object, now),
    ]
}
