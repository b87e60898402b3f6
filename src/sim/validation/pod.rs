//! Checks of pods and pod templates.

use serde_json::Value;

use super::super::json;
use super::super::status::Cause;
use super::names::check_container_name;

/// What may change in a pod's spec.
pub(super) const IMMUTABLE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
     `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),\
     `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// Checks a pod's spec at a path.
pub(super) fn check(path: &str, spec: Option<&Value>, causes: &mut Vec<Cause>) {
    let Some(spec) = spec else {
        causes.push(Cause::required(format!("{path}.containers"), ""));
        return;
    };
    let volumes: Vec<&str> = json::array(spec, "/volumes")
        .iter()
        .filter_map(|volume| json::text(volume, "/name"))
        .collect();
    let mut names: Vec<&str> = Vec::new();
    for list in ["initContainers", "containers"] {
        for (index, container) in json::array(spec, &format!("/{list}")).iter().enumerate() {
            let path = format!("{path}.{list}[{index}]");
            check_container(&path, container, &volumes, causes);
            let name = json::text(container, "/name").unwrap_or_default();
            if !name.is_empty() && names.contains(&name) {
                let message = format!("Duplicate value: \"{name}\"");
                causes.push(Cause {
                    reason: "FieldValueDuplicate",
                    field: format!("{path}.name"),
                    message,
                });
            }
            names.push(name);
        }
    }
    if json::array(spec, "/containers").is_empty() {
        causes.push(Cause::required(format!("{path}.containers"), ""));
    }
}

fn check_container(path: &str, container: &Value, volumes: &[&str], causes: &mut Vec<Cause>) {
    check_container_name(
        &format!("{path}.name"),
        json::text(container, "/name").unwrap_or_default(),
        causes,
    );
    if json::text(container, "/image").is_none_or(str::is_empty) {
        causes.push(Cause::required(format!("{path}.image"), ""));
    }
    for (index, port) in json::array(container, "/ports").iter().enumerate() {
        let field = format!("{path}.ports[{index}].containerPort");
        match json::number(port, "/containerPort").unwrap_or(0) {
            0 => causes.push(Cause::required(field, "")),
            1..=65_535 => {}
            other => causes.push(Cause::invalid(field, other, "must be between 1 and 65535, inclusive")),
        }
    }
    for (index, variable) in json::array(container, "/env").iter().enumerate() {
        if json::text(variable, "/name").is_none_or(str::is_empty) {
            causes.push(Cause::required(format!("{path}.env[{index}].name"), ""));
        }
    }
    for (index, mount) in json::array(container, "/volumeMounts").iter().enumerate() {
        let name = json::text(mount, "/name").unwrap_or_default();
        if !volumes.contains(&name) {
            let (field, message) = (
                format!("{path}.volumeMounts[{index}].name"),
                format!("Not found: \"{name}\""),
            );
            causes.push(Cause {
                reason: "FieldValueNotFound",
                field,
                message,
            });
        }
    }
    if let Some(policy) = json::text(container, "/imagePullPolicy")
        && !matches!(policy, "Always" | "IfNotPresent" | "Never")
    {
        let allowed = ["Always", "IfNotPresent", "Never"];
        causes.push(Cause::unsupported(format!("{path}.imagePullPolicy"), policy, &allowed));
    }
}

/// Whether more changed in a pod's spec than may.
pub(super) fn changed_too_much(old: &Value, new: &Value) -> bool {
    let fixed = |pod: &Value| {
        let mut spec = pod.get("spec").cloned().unwrap_or_default();
        for list in ["containers", "initContainers"] {
            for container in spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                json::object_mut(container).remove("image");
                // Images decide the default of this; sizes change in place through another path.
                json::object_mut(container).remove("imagePullPolicy");
            }
        }
        let fields = json::object_mut(&mut spec);
        for field in [
            "activeDeadlineSeconds",
            "tolerations",
            "terminationGracePeriodSeconds",
            "schedulingGates",
        ] {
            fields.remove(field);
        }
        spec
    };
    fixed(old) != fixed(new)
}
