//! What a build's pod needs of its namespace: a Pod Security level, and Secrets.

use serde_json::Value;

use crate::domain::Clean;

/// A level of the Pod Security Standards (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>), the
/// strictest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Restricted,
    Baseline,
    Privileged,
}

/// Label of a namespace: pods beyond this level are refused.
pub const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

/// Capabilities that the baseline lets a container add.
const OF_BASELINE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Restricted => "restricted",
            Self::Baseline => "baseline",
            Self::Privileged => "privileged",
        }
    }

    /// What a namespace enforces; one without the label lets everything through.
    pub fn enforced(namespace: &Value) -> Self {
        let label = namespace
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get(ENFORCE)?.as_str());
        match label {
            Some("restricted") => Self::Restricted,
            Some("baseline") => Self::Baseline,
            _ => Self::Privileged,
        }
    }

    /// The level that a Job's pod needs. What only the strictest level refuses is told by its dry run.
    pub fn needed(job: &Value) -> Self {
        let Some(spec) = job.pointer("/spec/template/spec") else {
            return Self::Baseline;
        };
        let is_true = |value: &Value, key: &str| value.get(key) == Some(&Value::Bool(true));
        let of_host = ["hostNetwork", "hostPID", "hostIPC"]
            .iter()
            .any(|key| is_true(spec, key));
        let volumes = spec.get("volumes").and_then(Value::as_array);
        let host_path = volumes
            .into_iter()
            .flatten()
            .any(|volume| volume.get("hostPath").is_some());
        let is_unconfined = |context: &Value| {
            let kind = |path: &str| context.pointer(path).and_then(Value::as_str);
            kind("/seccompProfile/type") == Some("Unconfined") || kind("/appArmorProfile/type") == Some("Unconfined")
        };
        let mut contexts = containers(spec).filter_map(|container| container.get("securityContext"));
        let beyond = contexts.any(|context| {
            let added = context.pointer("/capabilities/add").and_then(Value::as_array);
            let adds = added
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .any(|name| !OF_BASELINE.contains(&name));
            is_true(context, "privileged") || is_unconfined(context) || adds
        });
        if of_host || host_path || beyond || spec.get("securityContext").is_some_and(is_unconfined) {
            Self::Privileged
        } else {
            Self::Baseline
        }
    }
}

fn containers(spec: &Value) -> impl Iterator<Item = &Value> {
    let lists = ["initContainers", "containers"].into_iter();
    lists.filter_map(|list| spec.get(list)?.as_array()).flatten()
}

/// A Secret that a build's pod names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub name: Clean,
    /// The pod starts without it.
    pub optional: bool,
}

/// The Secrets that a Job's pod names, each once.
pub fn secrets(job: &Value) -> Vec<Named> {
    let Some(spec) = job.pointer("/spec/template/spec") else {
        return Vec::new();
    };
    let named = |reference: &Value, key: &str| {
        Some(Named {
            name: Clean::new(reference.get(key)?.as_str()?),
            optional: reference.get("optional") == Some(&Value::Bool(true)),
        })
    };
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut found: Vec<Named> = Vec::new();
    for volume in list(spec, "volumes") {
        found.extend(volume.get("secret").and_then(|secret| named(secret, "secretName")));
    }
    for secret in list(spec, "imagePullSecrets") {
        // The kubelet goes on without one that is not there.
        found.extend(named(&secret, "name").map(|own| Named { optional: true, ..own }));
    }
    for container in containers(spec) {
        for variable in list(container, "env") {
            let reference = variable.pointer("/valueFrom/secretKeyRef");
            found.extend(reference.and_then(|reference| named(reference, "name")));
        }
        for from in list(container, "envFrom") {
            found.extend(from.get("secretRef").and_then(|reference| named(reference, "name")));
        }
    }
    found.sort();
    // One that some container cannot do without sorts first.
    found.dedup_by(|other, one| other.name == one.name);
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn job(spec: &Value) -> Value {
        json!({"spec": {"template": {"spec": spec}}})
    }

    #[test]
    fn the_level_follows_from_what_the_pod_asks_for() {
        for (spec, level) in [
            (json!({"containers": [{"name": "a"}]}), Level::Baseline),
            (
                json!({"containers": [{"securityContext": {"capabilities": {"add": ["SETUID", "SETGID"]}}}]}),
                Level::Baseline,
            ),
            (
                json!({"containers": [{"securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]}),
                Level::Privileged,
            ),
            (
                json!({"initContainers": [{"securityContext": {"privileged": true}}]}),
                Level::Privileged,
            ),
            (
                json!({"containers": [{"securityContext": {"seccompProfile": {"type": "Unconfined"}}}]}),
                Level::Privileged,
            ),
            (
                json!({"volumes": [{"name": "h", "hostPath": {"path": "/"}}]}),
                Level::Privileged,
            ),
            (json!({"hostNetwork": true}), Level::Privileged),
        ] {
            assert_eq!(Level::needed(&job(&spec)), level, "{spec}");
        }
        let namespace = |level: &str| json!({"metadata": {"labels": {ENFORCE: level}}});
        assert_eq!(Level::enforced(&namespace("baseline")), Level::Baseline);
        assert_eq!(Level::enforced(&json!({"metadata": {}})), Level::Privileged);
        assert!(Level::needed(&job(&json!({"hostPID": true}))) > Level::enforced(&namespace("baseline")));
    }

    #[test]
    fn secrets_are_told_with_whether_it_goes_without_them() {
        let spec = json!({
            "volumes": [{"secret": {"secretName": "git", "optional": true}}, {"emptyDir": {}}],
            "imagePullSecrets": [{"name": "pull"}],
            "containers": [{"env": [{"valueFrom": {"secretKeyRef": {"name": "token", "key": "t"}}}],
                "envFrom": [{"secretRef": {"name": "git"}}]}],
        });
        let found = secrets(&job(&spec));
        let told: Vec<(&str, bool)> = found
            .iter()
            .map(|named| (named.name.as_str(), named.optional))
            .collect();
        assert_eq!(told, [("git", false), ("pull", true), ("token", false)]);
    }
}
