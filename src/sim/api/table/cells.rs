//! Cells of the simple kinds, and what all rows share: ages, names, absent values.

use chrono::DateTime;
use serde_json::{Value, json};

use super::super::super::json;
use super::super::super::store::Timestamp;
use super::{Column, STRING};

pub(super) const GENERIC: &[Column] = &[("Name", STRING, false), ("Age", STRING, false)];
pub(super) const CREATED: &[Column] = &[("Name", STRING, false), ("Created At", "date", false)];
pub(super) const NAMESPACE: &[Column] = &[
    ("Name", STRING, false),
    ("Status", STRING, false),
    ("Age", STRING, false),
];
pub(super) const CONFIG_MAP: &[Column] = &[("Name", STRING, false), ("Data", STRING, false), ("Age", STRING, false)];
pub(super) const LEASE: &[Column] = &[
    ("Name", STRING, false),
    ("Holder", STRING, false),
    ("Age", STRING, false),
];
pub(super) const SECRET: &[Column] = &[
    ("Name", STRING, false),
    ("Type", STRING, false),
    ("Data", STRING, false),
    ("Age", STRING, false),
];
pub(super) const NODE: &[Column] = &[
    ("Name", STRING, false),
    ("Status", STRING, false),
    ("Roles", STRING, false),
    ("Age", STRING, false),
    ("Version", STRING, false),
    ("Internal-IP", STRING, true),
    ("External-IP", STRING, true),
    ("OS-Image", STRING, true),
    ("Kernel-Version", STRING, true),
    ("Container-Runtime", STRING, true),
];
pub(super) const EVENT: &[Column] = &[
    ("Last Seen", STRING, false),
    ("Type", STRING, false),
    ("Reason", STRING, false),
    ("Object", STRING, false),
    ("Subobject", STRING, true),
    ("Source", STRING, true),
    ("Message", STRING, false),
    ("First Seen", STRING, true),
    ("Count", STRING, true),
    ("Name", STRING, true),
];
pub(super) const SERVICE: &[Column] = &[
    ("Name", STRING, false),
    ("Type", STRING, false),
    ("Cluster-IP", STRING, false),
    ("External-IP", STRING, false),
    ("Port(s)", STRING, false),
    ("Age", STRING, false),
    ("Selector", STRING, true),
];

pub(super) fn name(object: &Value) -> Value {
    json::meta(object, "name").into()
}

/// The text at a pointer, or what stands for none.
pub(super) fn text_or(object: &Value, pointer: &str, none: &str) -> Value {
    json::text(object, pointer)
        .filter(|text| !text.is_empty())
        .unwrap_or(none)
        .into()
}

pub(super) fn number(object: &Value, pointer: &str) -> Value {
    json::number(object, pointer).unwrap_or(0).into()
}

/// The object's age.
pub(super) fn age(object: &Value, now: Timestamp) -> Value {
    since(json::meta(object, "creationTimestamp"), now).into()
}

/// The time since a moment in the short form of `kubectl`; `<unknown>` if it is none.
pub(super) fn since(moment: &str, now: Timestamp) -> String {
    match DateTime::parse_from_rfc3339(moment) {
        Ok(then) => human((now - then.to_utc()).num_seconds()),
        Err(_) => "<unknown>".into(),
    }
}

/// A duration as apimachinery's `HumanDuration` writes it.
pub(super) fn human(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let pair = |big: i64, unit: &str, small: i64, small_unit: &str| {
        if small == 0 {
            format!("{big}{unit}")
        } else {
            format!("{big}{unit}{small}{small_unit}")
        }
    };
    match seconds {
        ..-1 => "<invalid>".into(),
        -1..0 => "0s".into(),
        0..120 => format!("{seconds}s"),
        120..600 => pair(minutes, "m", seconds % 60, "s"),
        600..10_800 => format!("{minutes}m"),
        10_800..28_800 => pair(hours, "h", minutes % 60, "m"),
        28_800..172_800 => format!("{hours}h"),
        172_800..691_200 => pair(days, "d", hours % 24, "h"),
        691_200..63_072_000 => format!("{days}d"),
        63_072_000..252_288_000 => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

/// Labels as `a=b,c=d`; `<none>` if there are none.
pub(super) fn labels(labels: Option<&Value>) -> Value {
    let pairs = labels.and_then(Value::as_object).into_iter().flatten();
    let pairs: Vec<String> = pairs
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    if pairs.is_empty() {
        "<none>".into()
    } else {
        pairs.join(",").into()
    }
}

pub(super) fn generic(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), age(object, now)]
}

pub(super) fn created(object: &Value, _: Timestamp) -> Vec<Value> {
    vec![name(object), json::meta(object, "creationTimestamp").into()]
}

pub(super) fn namespace(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![name(object), text_or(object, "/status/phase", ""), age(object, now)]
}

fn entries(object: &Value, field: &str) -> usize {
    object
        .get(field)
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}

pub(super) fn config_map(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(object),
        (entries(object, "data") + entries(object, "binaryData")).into(),
        age(object, now),
    ]
}

pub(super) fn secret(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(object),
        text_or(object, "/type", ""),
        entries(object, "data").into(),
        age(object, now),
    ]
}

pub(super) fn lease(object: &Value, now: Timestamp) -> Vec<Value> {
    vec![
        name(object),
        text_or(object, "/spec/holderIdentity", ""),
        age(object, now),
    ]
}

pub(super) fn node(object: &Value, now: Timestamp) -> Vec<Value> {
    let ready = json::array(object, "/status/conditions")
        .iter()
        .find(|one| json::text(one, "/type") == Some("Ready"));
    let mut status = match ready.and_then(|ready| json::text(ready, "/status")) {
        Some("True") => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }
    .to_owned();
    if object.pointer("/spec/unschedulable") == Some(&Value::Bool(true)) {
        status.push_str(",SchedulingDisabled");
    }
    let labels = object
        .pointer("/metadata/labels")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let roles: Vec<&str> = labels
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    let address = |kind: &str| {
        let mut addresses = json::array(object, "/status/addresses").iter();
        let found = addresses.find(|one| json::text(one, "/type") == Some(kind));
        Value::from(found.and_then(|one| json::text(one, "/address")).unwrap_or("<none>"))
    };
    let info = |field: &str| text_or(object, &format!("/status/nodeInfo/{field}"), "<unknown>");
    vec![
        name(object),
        status.into(),
        if roles.is_empty() {
            "<none>".into()
        } else {
            roles.join(",").into()
        },
        age(object, now),
        text_or(object, "/status/nodeInfo/kubeletVersion", ""),
        address("InternalIP"),
        address("ExternalIP"),
        info("osImage"),
        info("kernelVersion"),
        info("containerRuntimeVersion"),
    ]
}

pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Value> {
    let text = |pointer: &str| json::text(object, pointer).unwrap_or_default();
    let time = |pointers: &[&str]| {
        let found = pointers.iter().find_map(|pointer| json::text(object, pointer));
        since(found.unwrap_or_default(), now)
    };
    let count = json::number(object, "/count")
        .or_else(|| json::number(object, "/series/count"))
        .unwrap_or(1);
    let mut source = [text("/source/component"), text("/source/host")].join(", ");
    if text("/source/component").is_empty() {
        source = [text("/reportingComponent"), text("/reportingInstance")].join(", ");
    }
    let kind = text("/involvedObject/kind").to_lowercase();
    vec![
        time(&[
            "/series/lastObservedTime",
            "/lastTimestamp",
            "/eventTime",
            "/metadata/creationTimestamp",
        ])
        .into(),
        text("/type").into(),
        text("/reason").into(),
        format!("{kind}/{}", text("/involvedObject/name")).into(),
        text("/involvedObject/fieldPath").into(),
        source.trim_end_matches(", ").into(),
        text("/message").trim().into(),
        time(&["/firstTimestamp", "/eventTime", "/metadata/creationTimestamp"]).into(),
        count.into(),
        name(object),
    ]
}

pub(super) fn service(object: &Value, now: Timestamp) -> Vec<Value> {
    let ports = json::array(object, "/spec/ports").iter().map(|port| {
        let (number, node) = (
            json::number(port, "/port").unwrap_or(0),
            json::number(port, "/nodePort").unwrap_or(0),
        );
        let protocol = json::text(port, "/protocol").unwrap_or("TCP");
        if node > 0 {
            format!("{number}:{node}/{protocol}")
        } else {
            format!("{number}/{protocol}")
        }
    });
    let ports: Vec<String> = ports.collect();
    let balanced = json::text(object, "/spec/type") == Some("LoadBalancer");
    let outside = json::array(object, "/status/loadBalancer/ingress")
        .iter()
        .find_map(|one| json::text(one, "/ip"));
    vec![
        name(object),
        text_or(object, "/spec/type", "ClusterIP"),
        text_or(object, "/spec/clusterIP", "<none>"),
        outside.unwrap_or(if balanced { "<pending>" } else { "<none>" }).into(),
        if ports.is_empty() {
            json!("<none>")
        } else {
            ports.join(",").into()
        },
        age(object, now),
        labels(object.pointer("/spec/selector")),
    ]
}

#[cfg(test)]
mod tests {
    use super::human;

    #[test]
    fn durations_read_as_in_kubectl() {
        for (seconds, expected) in [
            (0, "0s"),
            (119, "119s"),
            (120, "2m"),
            (185, "3m5s"),
            (600, "10m"),
            (7200, "120m"),
            (10_800, "3h"),
            (13_000, "3h36m"),
            (90_000, "25h"),
            (180_000, "2d2h"),
            (800_000, "9d"),
            (70_000_000, "2y80d"),
            (-5, "<invalid>"),
        ] {
            assert_eq!(human(seconds), expected, "{seconds}");
        }
    }
}
