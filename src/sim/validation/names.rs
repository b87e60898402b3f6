//! Which names and labels are allowed (RFC 1123, and what Kubernetes makes of it).

use serde_json::Value;

use super::super::resource::Resource;
use super::super::status::Cause;

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
                     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for \
                     validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', \
                         and must start and end with an alphanumeric character (e.g. 'example.com', regex used for \
                         validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const QUALIFIED: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with \
                         an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for \
                         validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
                           '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or \
                           'my_value',  or '12345', regex used for validation is \
                           '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

fn is_label(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.bytes().all(|byte| allowed(byte) || byte == b'-')
        && name.bytes().next().is_some_and(allowed)
        && name.bytes().last().is_some_and(allowed)
}

/// Letters, digits, `-`, `_` and `.`, the first and last one a letter or digit.
fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric())
        && text.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric())
}

/// Checks an object's name.
pub(super) fn check_name(resource: &Resource, field: &str, name: &str, causes: &mut Vec<Cause>) {
    let quoted = format!("\"{name}\"");
    let label = matches!(resource.plural.as_ref(), "namespaces" | "services");
    if label && name.contains('.') {
        causes.push(Cause::invalid(field, &quoted, "must not contain dots"));
        return;
    }
    // Names of roles may hold anything a path can.
    if resource.group == "rbac.authorization.k8s.io" {
        if name.contains(['/', '%']) {
            causes.push(Cause::invalid(field, &quoted, "may not contain '/'"));
        }
        return;
    }
    let limit = if label { 63 } else { 253 };
    if name.len() > limit {
        causes.push(Cause::invalid(
            field,
            &quoted,
            &format!("must be no more than {limit} bytes"),
        ));
    }
    if label && !is_label(name) {
        causes.push(Cause::invalid(field, &quoted, LABEL));
    } else if !name.split('.').all(is_label) {
        causes.push(Cause::invalid(field, &quoted, SUBDOMAIN));
    }
}

/// Checks a container's name; empty is reported as missing.
pub(super) fn check_container_name(field: &str, name: &str, causes: &mut Vec<Cause>) {
    if name.is_empty() {
        causes.push(Cause::required(field, ""));
    } else if !is_label(name) {
        causes.push(Cause::invalid(field, format!("\"{name}\""), LABEL));
    }
}

/// Checks labels' keys and values.
pub(super) fn check_labels(field: &str, labels: Option<&Value>, causes: &mut Vec<Cause>) {
    for (key, value) in labels.and_then(Value::as_object).into_iter().flatten() {
        let name = key.split_once('/').map_or(key.as_str(), |(_, name)| name);
        if !is_word(name) || name.len() > 63 {
            causes.push(Cause::invalid(field, format!("\"{key}\""), QUALIFIED));
        }
        let value = value.as_str().unwrap_or_default();
        if value.len() > 63 {
            causes.push(Cause::invalid(
                field,
                format!("\"{value}\""),
                "must be no more than 63 bytes",
            ));
        } else if !value.is_empty() && !is_word(value) {
            causes.push(Cause::invalid(field, format!("\"{value}\""), LABEL_VALUE));
        }
    }
}
