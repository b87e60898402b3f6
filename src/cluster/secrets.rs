//! Secrets that images are pulled with, as a workload or its service account names them. Their content stays in memory.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::door::Door;
use super::error::ClusterError;
use super::kinds;
use super::questions::{object_value, read};
use crate::domain::{Clean, Kind, ResourceRef};

/// Most secrets of one workload that are read.
const MOST_SECRETS: usize = 8;

/// Credentials for registries, as docker writes them.
#[derive(Clone, PartialEq, Eq)]
pub struct PullSecret(Vec<u8>);

impl PullSecret {
    /// A docker `config.json`, or its `auths` alone.
    pub(crate) fn text(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for PullSecret {
    /// Says nothing of what it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PullSecret")
    }
}

/// What was found for a workload.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullSecrets {
    pub found: Vec<PullSecret>,
    /// Those that are named and could not be read, with why.
    pub unread: Vec<(Clean, ClusterError)>,
}

/// Reads those of a workload.
pub(crate) async fn of_workload(door: &Door, object: &ResourceRef) -> Result<PullSecrets, ClusterError> {
    let value = object_value(door, object).await?;
    let place = if object.kind == Kind::Pod {
        "/spec"
    } else {
        "/spec/template/spec"
    };
    let namespace = kinds::escape(&object.key.namespace);
    let mut secrets = PullSecrets::default();
    let spec = value.pointer(place).unwrap_or(&Value::Null);
    let mut names = named(spec);
    if names.is_empty() {
        // The API server gives the pods of a service account its secrets where they name none.
        let account = spec
            .get("serviceAccountName")
            .and_then(Value::as_str)
            .unwrap_or("default");
        let path = format!(
            "/api/v1/namespaces/{namespace}/serviceaccounts/{}",
            kinds::escape(account)
        );
        match read(door, &path).await {
            Ok(account) => names = named(&account),
            Err(error) => secrets
                .unread
                .push((format!("service account {account}").into(), error)),
        }
    }
    for name in names.iter().take(MOST_SECRETS) {
        let path = format!("/api/v1/namespaces/{namespace}/secrets/{}", kinds::escape(name));
        match read(door, &path).await {
            Ok(secret) => secrets.found.extend(content(&secret)),
            Err(error) => secrets.unread.push((format!("secret {name}").into(), error)),
        }
    }
    Ok(secrets)
}

/// The names in `imagePullSecrets`.
fn named(owner: &Value) -> Vec<String> {
    let secrets = owner.get("imagePullSecrets").and_then(Value::as_array);
    let names = secrets
        .into_iter()
        .flatten()
        .filter_map(|secret| secret.get("name")?.as_str());
    names.map(str::to_owned).collect()
}

/// What a Secret of one of docker's two types holds.
fn content(secret: &Value) -> Option<PullSecret> {
    let key = match secret.get("type").and_then(Value::as_str)? {
        "kubernetes.io/dockerconfigjson" => ".dockerconfigjson",
        "kubernetes.io/dockercfg" => ".dockercfg",
        _ => return None,
    };
    let encoded = secret.get("data")?.get(key)?.as_str()?;
    STANDARD.decode(encoded).ok().map(PullSecret)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_secrets_of_registries_are_taken_and_none_is_told() {
        let of = |kind: &str, key: &str, text: &str| content(&json!({"type": kind, "data": {key: text}}));
        let text = STANDARD.encode("{\"auths\":{}}");
        let json = of("kubernetes.io/dockerconfigjson", ".dockerconfigjson", &text).unwrap();
        assert_eq!(json.text(), b"{\"auths\":{}}");
        assert!(of("kubernetes.io/dockercfg", ".dockercfg", &text).is_some());
        assert_eq!(of("Opaque", ".dockerconfigjson", &text), None);
        assert_eq!(of("kubernetes.io/dockerconfigjson", ".dockerconfigjson", "%"), None);
        assert_eq!(format!("{json:?}"), "PullSecret");
    }
}
