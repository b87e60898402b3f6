//! Answers that are not objects: the `Status` a Kubernetes API server gives, with its exact reasons and messages.

use serde_json::{Value, json};

use super::resource::Resource;

/// Why a request was refused. Codes, reasons and messages are those of `k8s.io/apimachinery/pkg/api/errors`.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
    pub details: Option<Value>,
    /// The continue token of a 410 to a list: where to go on with what is there now.
    pub continue_token: Option<String>,
}

/// One thing wrong with an object, as `field.Error` prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, …
    pub reason: &'static str,
    /// Where, as `spec.replicas`.
    pub field: String,
    pub message: String,
}

impl Cause {
    /// A value that is not allowed there; `value` as Go's `%v` would print it, strings quoted.
    pub fn invalid(field: impl Into<String>, value: impl std::fmt::Display, detail: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            message: format!("Invalid value: {value}: {detail}"),
        }
    }

    /// A value that has to be there.
    pub fn required(field: impl Into<String>, detail: &str) -> Self {
        let message = if detail.is_empty() {
            "Required value".into()
        } else {
            format!("Required value: {detail}")
        };
        Self {
            reason: "FieldValueRequired",
            field: field.into(),
            message,
        }
    }

    /// A value that has to be one of some.
    pub fn unsupported(field: impl Into<String>, value: &str, allowed: &[&str]) -> Self {
        let allowed: Vec<String> = allowed.iter().map(|one| format!("\"{one}\"")).collect();
        let message = format!(
            "Unsupported value: \"{value}\": supported values: {}",
            allowed.join(", ")
        );
        Self {
            reason: "FieldValueNotSupported",
            field: field.into(),
            message,
        }
    }

    /// A change that is not allowed.
    pub fn forbidden(field: impl Into<String>, detail: &str) -> Self {
        Self {
            reason: "FieldValueForbidden",
            field: field.into(),
            message: format!("Forbidden: {detail}"),
        }
    }
}

impl Status {
    /// A refusal without details.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: None,
            continue_token: None,
        }
    }

    fn about(mut self, resource: &Resource, name: &str) -> Self {
        self.details = Some(details(resource, name, &resource.plural));
        self
    }

    /// 404 for an object.
    pub fn not_found(resource: &Resource, name: &str) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{name}\" not found", resource.qualified()),
        )
        .about(resource, name)
    }

    /// 404 for a path.
    pub fn no_such_path() -> Self {
        let mut status = Self::new(404, "NotFound", "the server could not find the requested resource");
        status.details = Some(json!({}));
        status
    }

    /// 409 for a create.
    pub fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::new(409, "AlreadyExists", message).about(resource, name)
    }

    /// 409 for a write on top of something else than was read.
    pub fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified()
        );
        Self::new(409, "Conflict", message).about(resource, name)
    }

    /// 409 for a failed precondition of a deletion, which names the kind instead of the resource.
    pub fn conflict_of_kind(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified_kind()
        );
        let mut status = Self::new(409, "Conflict", message);
        status.details = Some(details(resource, name, &resource.kind));
        status
    }

    /// 409 for an outdated `resourceVersion`.
    pub fn modified(resource: &Resource, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(resource, name, why)
    }

    /// 422 with what is wrong.
    pub fn invalid(resource: &Resource, name: &str, causes: &[Cause]) -> Self {
        let errors: Vec<String> = causes
            .iter()
            .map(|cause| format!("{}: {}", cause.field, cause.message))
            .collect();
        let list = match errors.as_slice() {
            [one] => one.clone(),
            many => format!("[{}]", many.join(", ")),
        };
        let message = format!("{} \"{name}\" is invalid: {list}", resource.qualified_kind());
        let mut status = Self::new(422, "Invalid", message);
        let mut details = details(resource, name, &resource.kind);
        let causes: Vec<Value> = causes
            .iter()
            .map(|cause| json!({"reason": cause.reason, "message": cause.message, "field": cause.field}))
            .collect();
        super::json::object_mut(&mut details).insert("causes".into(), causes.into());
        status.details = Some(details);
        status
    }

    /// 422 for a JSON patch that could not be applied.
    pub fn rejected_patch() -> Self {
        let mut status = Self::new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        );
        status.details = Some(json!({}));
        status
    }

    /// 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 422 for a patch whose result is not of its type.
    pub fn unfit_patch(object: &str, why: &str) -> Self {
        let message = format!("Invalid value: {object:?}: {why}");
        let mut status = Self::new(422, "Invalid", format!(" \"\" is invalid: patch: {message}"));
        let cause = json!({"reason": "FieldValueInvalid", "message": message, "field": "patch"});
        status.details = Some(json!({"causes": [cause]}));
        status
    }

    /// 403 by access rules.
    pub fn forbidden(resource: &Resource, name: &str, why: &str) -> Self {
        let named = if name.is_empty() {
            String::new()
        } else {
            format!(" \"{name}\"")
        };
        let message = format!("{}{named} is forbidden: {why}", resource.qualified());
        Self::new(403, "Forbidden", message).about(resource, name)
    }

    /// 405.
    pub fn method_not_allowed() -> Self {
        let mut status = Self::new(
            405,
            "MethodNotAllowed",
            "the server does not allow this method on the requested resource",
        );
        status.details = Some(json!({}));
        status
    }

    /// 422 for a parameter or option.
    pub fn invalid_options(kind: &str, cause: &Cause) -> Self {
        let message = format!("{kind}.meta.k8s.io \"\" is invalid: {}: {}", cause.field, cause.message);
        let mut status = Self::new(422, "Invalid", message);
        let cause = json!({"reason": cause.reason, "message": cause.message, "field": cause.field});
        status.details = Some(json!({"group": "meta.k8s.io", "kind": kind, "causes": [cause]}));
        status
    }

    /// 415.
    pub fn unsupported_media_type() -> Self {
        let message = "the body of the request was in an unknown format - accepted media types include: \
            application/json, application/yaml";
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 415 for an object in protobuf with what only JSON and YAML are read for; `kubectl` sends files as JSON.
    pub fn protobuf(kind: &str) -> Self {
        let message = format!(
            "this simulated server reads this {kind} as JSON and YAML alone, not as protobuf: write it to a file \
             (--dry-run=client -o yaml) and use kubectl apply -f or create -f"
        );
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// 410 for a version that is no longer kept.
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The object a client gets.
    pub fn to_json(&self) -> Value {
        let mut metadata = json!({});
        if let Some(token) = &self.continue_token {
            super::json::object_mut(&mut metadata).insert("continue".into(), token.clone().into());
        }
        let mut status = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if let Some(details) = &self.details {
            super::json::object_mut(&mut status).insert("details".into(), details.clone());
        }
        status
    }
}

fn details(resource: &Resource, name: &str, kind: &str) -> Value {
    let mut details = json!({"kind": kind});
    let map = super::json::object_mut(&mut details);
    if !name.is_empty() {
        map.insert("name".into(), name.into());
    }
    if !resource.group.is_empty() {
        map.insert("group".into(), resource.group.to_string().into());
    }
    details
}
