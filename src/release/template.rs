//! Pod templates: which are the same, and a template with another image and the facts of its version.

use serde_json::{Map, Value};

use super::config::copy::with_originals;
use super::config::hash::sha256;

/// Labels that tell the pods of one revision from those of another; they are no part of a version.
const HASHES: [&str; 2] = ["pod-template-hash", "rollouts-pod-template-hash"];

/// What `kubectl rollout restart` writes on the template.
pub(super) const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// What a version carries on its template, so that its revision, its pods and a rollback carry it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub commit: Option<String>,
    pub repo: Option<String>,
    pub reference: Option<String>,
    pub build: Option<String>,
    pub image_digest: Option<String>,
}

impl Facts {
    fn annotations(&self) -> [(&'static str, Option<&String>); 5] {
        [
            ("pilothouse.dev/commit", self.commit.as_ref()),
            ("pilothouse.dev/repo", self.repo.as_ref()),
            ("pilothouse.dev/ref", self.reference.as_ref()),
            ("pilothouse.dev/build", self.build.as_ref()),
            ("pilothouse.dev/image-digest", self.image_digest.as_ref()),
        ]
    }
}

/// Why a template cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    #[error("it has no container '{0}'; it has {1}")]
    NoContainer(String, String),
    #[error("it has several containers ({0}): say which gets the image")]
    WhichContainer(String),
    #[error("its template has no containers")]
    NoContainers,
}

/// Whether two templates are the same but for the hash of their revision.
pub fn same(a: &Value, b: &Value) -> bool {
    without_hash(a) == without_hash(b)
}

/// Whether two templates are the same version: a restart makes no other one, nor does a copy of what it runs with.
pub fn same_version(a: &Value, b: &Value) -> bool {
    bare(a) == bare(b)
}

/// Which version a template is, as short as it can be told from others: the same for all that are the same version.
pub fn identity(template: &Value) -> String {
    let mut hash = sha256(bare(template).to_string().as_bytes());
    hash.truncate(16);
    hash
}

/// A template without what makes no other version of it.
fn bare(template: &Value) -> Value {
    let mut template = without_hash(&with_originals(template));
    if let Some(Value::Object(metadata)) = template.pointer_mut("/metadata")
        && let Some(Value::Object(annotations)) = metadata.get_mut("annotations")
    {
        annotations.remove(RESTARTED);
        if annotations.is_empty() {
            metadata.remove("annotations");
        }
    }
    if template.get("metadata") == Some(&Value::Object(Map::new()))
        && let Some(fields) = template.as_object_mut()
    {
        fields.remove("metadata");
    }
    template
}

/// A template without the hash of its revision, as a Deployment may have it.
#[must_use]
pub fn without_hash(template: &Value) -> Value {
    let mut template = template.clone();
    if let Some(Value::Object(labels)) = template.pointer_mut("/metadata/labels") {
        for hash in HASHES {
            labels.remove(hash);
        }
    }
    // The API server writes it into the templates of revisions, and never anything else.
    if let Some(Value::Object(metadata)) = template.pointer_mut("/metadata")
        && metadata.get("creationTimestamp") == Some(&Value::Null)
    {
        metadata.remove("creationTimestamp");
    }
    template
}

/// The template with another image in one container, and with what is known of its version in place of what was
/// known of the one before. Without a name there must be but one container.
///
/// # Errors
/// No such container, or it is not told which.
pub fn with_image(
    template: &Value,
    container: Option<&str>,
    image: &str,
    facts: &Facts,
) -> Result<Value, TemplateError> {
    let mut made = without_hash(template);
    let containers = made.pointer_mut("/spec/containers").and_then(Value::as_array_mut);
    let containers = containers
        .filter(|all| !all.is_empty())
        .ok_or(TemplateError::NoContainers)?;
    let names: Vec<String> = containers
        .iter()
        .map(|c| c.get("name").and_then(Value::as_str).unwrap_or_default().to_owned())
        .collect();
    let place = match container {
        Some(name) => names
            .iter()
            .position(|known| known == name)
            .ok_or_else(|| TemplateError::NoContainer(name.to_owned(), names.join(", ")))?,
        None if names.len() == 1 => 0,
        None => return Err(TemplateError::WhichContainer(names.join(", "))),
    };
    if let Some(Value::Object(container)) = containers.get_mut(place) {
        container.insert("image".into(), image.into());
    }
    annotate(&mut made, facts);
    Ok(made)
}

fn annotate(template: &mut Value, facts: &Facts) {
    let says_nothing = facts.annotations().iter().all(|(_, value)| value.is_none());
    let has_none = template.pointer("/metadata/annotations").is_none_or(Value::is_null);
    if says_nothing && has_none {
        // An empty map would make it another template than the same one without.
        return;
    }
    let Value::Object(template) = template else { return };
    let object = |parent: &mut Map<String, Value>, key: &str| {
        if !parent.get(key).is_some_and(Value::is_object) {
            parent.insert(key.into(), Value::Object(Map::new()));
        }
    };
    object(template, "metadata");
    let Some(Value::Object(metadata)) = template.get_mut("metadata") else {
        return;
    };
    object(metadata, "annotations");
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        for (key, value) in facts.annotations() {
            match value {
                Some(value) => drop(annotations.insert(key.into(), value.as_str().into())),
                // What the version before was says nothing of this one.
                None => drop(annotations.remove(key)),
            }
        }
    }
}

/// Whether a template says of an image that it is on the nodes already.
pub(super) fn is_never_pulled(template: &Value, image: &str) -> bool {
    let containers = ["containers", "initContainers"].into_iter();
    let mut containers = containers
        .filter_map(|list| template.pointer(&format!("/spec/{list}"))?.as_array())
        .flatten()
        .filter(|container| container.get("image").and_then(Value::as_str) == Some(image))
        .peekable();
    let is_never = |container: &Value| container.get("imagePullPolicy").and_then(Value::as_str) == Some("Never");
    containers.peek().is_some() && containers.all(is_never)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn template() -> Value {
        json!({
            "metadata": {
                "labels": {"app": "live", "pod-template-hash": "6c5"},
                "annotations": {"pilothouse.dev/commit": "old", "pilothouse.dev/build": "7", "other": "stays"},
            },
            "spec": {"containers": [{"name": "live", "image": "live:v1"}, {"name": "proxy", "image": "proxy:3"}]},
        })
    }

    #[test]
    fn templates_are_the_same_but_for_the_hash() {
        let mut bare = template();
        bare["metadata"]["labels"]
            .as_object_mut()
            .unwrap()
            .remove("pod-template-hash");
        assert!(same(&template(), &bare));
        assert_eq!(without_hash(&template()), bare);
        let mut other = bare.clone();
        other["metadata"]["labels"]["app"] = json!("else");
        assert!(!same(&bare, &other) && !same_version(&bare, &other));
        let mut other = bare.clone();
        other["metadata"]["annotations"][RESTARTED] = json!("2026-01-01T00:00:00Z");
        assert!(!same(&bare, &other) && same_version(&bare, &other));
        let mut other = bare.clone();
        other["spec"]["containers"][0]["image"] = json!("live:v2");
        assert!(!same(&bare, &other));
    }

    #[test]
    fn an_image_comes_with_the_facts_of_its_version() {
        let facts = Facts {
            commit: Some("c04d21b".into()),
            ..Facts::default()
        };
        let made = with_image(&template(), Some("live"), "live@sha256:12", &facts).unwrap();
        assert_eq!(
            made,
            json!({
                "metadata": {"labels": {"app": "live"}, "annotations": {"pilothouse.dev/commit": "c04d21b", "other": "stays"}},
                "spec": {"containers": [{"name": "live", "image": "live@sha256:12"}, {"name": "proxy", "image": "proxy:3"}]},
            })
        );
        let error = with_image(&template(), None, "x", &facts).unwrap_err();
        assert_eq!(
            error.to_string(),
            "it has several containers (live, proxy): say which gets the image"
        );
        let error = with_image(&template(), Some("web"), "x", &facts).unwrap_err();
        assert_eq!(error.to_string(), "it has no container 'web'; it has live, proxy");
        let one = json!({"spec": {"containers": [{"name": "a", "image": "a:1"}]}});
        let made = with_image(&one, None, "a:2", &facts).unwrap();
        assert_eq!(made.pointer("/spec/containers/0/image"), Some(&json!("a:2")));
        assert_eq!(
            made.pointer("/metadata/annotations/pilothouse.dev~1commit"),
            Some(&json!("c04d21b"))
        );
        let plain = with_image(&one, None, "a:1", &Facts::default()).unwrap();
        assert_eq!(plain, one, "nothing to say makes no other template");
        assert_eq!(
            with_image(&json!({}), None, "x", &facts),
            Err(TemplateError::NoContainers)
        );
    }
}
