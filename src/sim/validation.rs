//! What an API server refuses with 422, in its own words. Start at [`new`] and [`change`].

use serde_json::Value;

use super::json;
use super::resource::Resource;
use super::selector::LabelSelector;
use super::status::{Cause, Status};

mod names;
mod pod;

use names::{check_labels, check_name};

const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// Checks a new object.
pub(super) fn new(resource: &Resource, object: &Value) -> Result<(), Status> {
    let mut causes = Vec::new();
    if !json::meta(object, "name").is_empty() {
        check_name(resource, "metadata.name", json::meta(object, "name"), &mut causes);
    }
    spec(resource, object, &mut causes);
    refuse(resource, object, &causes)
}

/// Checks a changed object.
pub(super) fn change(resource: &Resource, old: &Value, object: &Value) -> Result<(), Status> {
    let mut causes = Vec::new();
    spec(resource, object, &mut causes);
    let immutable = |field: &str| old.pointer(field) != object.pointer(field);
    let workload = resource.group == "apps";
    if workload && immutable("/spec/selector") {
        let value = object.pointer("/spec/selector").cloned().unwrap_or_default();
        // A new selector that does not match the template is reported once, as the real server does.
        causes.retain(|cause| cause.field != "spec.template.metadata.labels");
        causes.push(Cause::invalid("spec.selector", value, "field is immutable"));
    }
    if resource.plural == "pods" && resource.group.is_empty() && pod::changed_too_much(old, object) {
        causes.push(Cause::forbidden("spec", pod::IMMUTABLE));
    }
    refuse(resource, object, &causes)
}

fn refuse(resource: &Resource, object: &Value, causes: &[Cause]) -> Result<(), Status> {
    if causes.is_empty() {
        Ok(())
    } else {
        Err(Status::invalid(resource, json::meta(object, "name"), causes))
    }
}

/// The 422 of the `/scale` subresource.
pub(super) fn invalid_scale(name: &str, cause: &Cause) -> Status {
    let message = format!(
        "Scale.autoscaling \"{name}\" is invalid: {}: {}",
        cause.field, cause.message
    );
    let mut status = Status::new(422, "Invalid", message);
    let causes = serde_json::json!([{"reason": cause.reason, "message": cause.message, "field": cause.field}]);
    status.details = Some(serde_json::json!({"name": name, "group": "autoscaling", "kind": "Scale", "causes": causes}));
    status
}

fn spec(resource: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    check_labels("metadata.labels", object.pointer("/metadata/labels"), causes);
    match (resource.group.as_ref(), resource.plural.as_ref()) {
        ("apps", "deployments") => {
            workload(resource, object, causes);
            deployment(object, causes);
        }
        ("apps", "replicasets" | "statefulsets" | "daemonsets") => workload(resource, object, causes),
        ("", "pods") => {
            pod::check("spec", object.get("spec"), causes);
        }
        _ => {}
    }
}

fn not_negative(object: &Value, field: &str, causes: &mut Vec<Cause>) {
    let number = json::number(object, &format!("/{}", field.replace('.', "/")));
    if let Some(number) = number.filter(|number| *number < 0) {
        causes.push(Cause::invalid(field, number, NOT_NEGATIVE));
    }
}

fn workload(resource: &Resource, object: &Value, causes: &mut Vec<Cause>) {
    not_negative(object, "spec.replicas", causes);
    let selector = object.pointer("/spec/selector").filter(|selector| !selector.is_null());
    let parsed = selector.map(LabelSelector::from_object).unwrap_or_default();
    match selector {
        None => causes.push(Cause::required("spec.selector", "")),
        Some(_) if parsed.is_empty() => {
            let detail = format!("empty selector is invalid for {}", resource.singular);
            causes.push(Cause::invalid("spec.selector", "{}", &detail));
        }
        Some(_) => {}
    }
    let labels = object.pointer("/spec/template/metadata/labels");
    check_labels("spec.template.metadata.labels", labels, causes);
    let empty = selector.is_some() && parsed.is_empty();
    if !empty && (selector.is_none() || !parsed.matches(labels)) {
        let labels = labels.cloned().unwrap_or(Value::Null);
        let detail = "`selector` does not match template `labels`";
        causes.push(Cause::invalid("spec.template.metadata.labels", labels, detail));
    }
    pod::check("spec.template.spec", object.pointer("/spec/template/spec"), causes);
    let policy = json::text(object, "/spec/template/spec/restartPolicy").unwrap_or("Always");
    if policy != "Always" {
        causes.push(Cause::unsupported(
            "spec.template.spec.restartPolicy",
            policy,
            &["Always"],
        ));
    }
    not_negative(object, "spec.minReadySeconds", causes);
    not_negative(object, "spec.revisionHistoryLimit", causes);
}

fn deployment(object: &Value, causes: &mut Vec<Cause>) {
    let rolling = object.pointer("/spec/strategy/rollingUpdate");
    match json::text(object, "/spec/strategy/type").unwrap_or_default() {
        "Recreate" if rolling.is_some_and(|rolling| !rolling.is_null()) => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            causes.push(Cause::forbidden("spec.strategy.rollingUpdate", detail));
        }
        "Recreate" => {}
        "RollingUpdate" => rolling_update(rolling.unwrap_or(&Value::Null), causes),
        other => {
            let message = format!(
                "Unsupported value: {{\"Type\":\"{other}\",\"RollingUpdate\":null}}: supported values: \"Recreate\", \"RollingUpdate\""
            );
            causes.push(Cause {
                reason: "FieldValueNotSupported",
                field: "spec.strategy".into(),
                message,
            });
        }
    }
    let deadline = json::number(object, "/spec/progressDeadlineSeconds");
    let ready = json::number(object, "/spec/minReadySeconds").unwrap_or(0);
    not_negative(object, "spec.progressDeadlineSeconds", causes);
    if let Some(deadline) = deadline.filter(|deadline| *deadline <= ready) {
        let detail = "must be greater than minReadySeconds";
        causes.push(Cause::invalid("spec.progressDeadlineSeconds", deadline, detail));
    }
}

/// A number or percentage, and whether it is zero; what is wrong with it otherwise.
fn amount(value: &Value, percent_limit: bool) -> Result<bool, String> {
    const BAD: &str = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or \
                       '93%', regex used for validation is '[0-9]+%')";
    match value {
        Value::Number(number) => match number.as_i64() {
            Some(number) if number >= 0 => Ok(number == 0),
            _ => Err(NOT_NEGATIVE.into()),
        },
        Value::String(text) => match text.strip_suffix('%').and_then(|percent| percent.parse::<u32>().ok()) {
            Some(percent) if percent > 100 && percent_limit => Err("must not be greater than 100%".into()),
            Some(percent) => Ok(percent == 0),
            None => Err(BAD.into()),
        },
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Ok(true),
    }
}

fn rolling_update(rolling: &Value, causes: &mut Vec<Cause>) {
    let mut zeros = 0;
    for (name, limit) in [("maxUnavailable", true), ("maxSurge", false)] {
        let value = rolling.get(name).unwrap_or(&Value::Null);
        let field = format!("spec.strategy.rollingUpdate.{name}");
        match amount(value, limit) {
            Ok(zero) => zeros += usize::from(zero),
            Err(detail) => causes.push(Cause::invalid(field, value, &detail)),
        }
    }
    if zeros == 2 {
        let value = rolling.get("maxUnavailable").cloned().unwrap_or_else(|| 0.into());
        let field = "spec.strategy.rollingUpdate.maxUnavailable";
        causes.push(Cause::invalid(field, value, "may not be 0 when `maxSurge` is 0"));
    }
}

#[cfg(test)]
mod tests;
