//! What a person should know before a Deployment's release: what may undo it, what keeps instances from being replaced
//! without a loss, what they need that may not be there.

use serde_json::Value;

/// A reason to look twice; none keeps a release from being begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Another tool owns the object, and may put its own version back.
    Owned(&'static str),
    /// An autoscaler, by its name: during a hold it counts the new instances as well.
    Autoscaled(String),
    /// A container without a readiness probe is ready as soon as it runs.
    NoReadiness(String),
    /// A container that asks for neither CPU nor memory.
    NoRequests(String),
    SingleReplica,
    /// A volume claim that all instances share: one that only one node may use keeps others waiting.
    SharedClaim(String),
    /// The strategy is made `RollingUpdate` for the hold.
    Recreate,
    /// The image's registry does not have it, or does not show it.
    NoSuchImage(String),
    /// Whether there is such an image is not known: which, and why.
    ImageUnasked(String, String),
}

impl Warning {
    /// The registry of an image could not be asked.
    pub fn unasked(image: &str, why: &str) -> Self {
        Self::ImageUnasked(image.to_owned(), why.to_owned())
    }

    pub fn words(&self) -> String {
        match self {
            Self::Owned(tool) => format!("{tool} owns it and may put its own version back: release there, or stop it"),
            Self::Autoscaled(name) => format!(
                "autoscaler {name} counts new and old instances: its target may move while both run (up to 1.8 times as many)"
            ),
            Self::NoReadiness(container) => {
                format!("{container} has no readiness probe: it counts as ready as soon as it runs")
            }
            Self::NoRequests(container) => {
                format!("{container} asks for no CPU and no memory: whether it fits cannot be told")
            }
            Self::SingleReplica => "it has a single instance".into(),
            Self::SharedClaim(claim) => {
                format!(
                    "all instances share the volume claim {claim}: one that only one node may use keeps new ones waiting"
                )
            }
            Self::NoSuchImage(image) => {
                format!("no such image in the registry: {image}; a node that does not have it already cannot pull it")
            }
            Self::ImageUnasked(image, why) => {
                format!("the registry could not be asked for {image}: {why}")
            }
            Self::Recreate => "its strategy is Recreate: while gray, two versions run beside each other".into(),
        }
    }
}

/// Labels and annotations by which tools mark what they own, and the managers that their writes carry.
const OWNERS: [(&str, &str, &[&str]); 3] = [
    (
        "Argo CD",
        "argocd.argoproj.io/",
        &["argocd-controller", "argocd-application-controller"],
    ),
    (
        "Flux",
        "kustomize.toolkit.fluxcd.io/",
        &["kustomize-controller", "helm-controller"],
    ),
    ("Helm", "meta.helm.sh/", &["helm"]),
];

/// What there is to know of a Deployment; `autoscalers` are those of its namespace.
pub fn of(deployment: &Value, autoscalers: &[Value]) -> Vec<Warning> {
    let mut found: Vec<Warning> = owner(deployment).map(Warning::Owned).into_iter().collect();
    let name = deployment.pointer("/metadata/name").and_then(Value::as_str);
    let is_target = |hpa: &&Value| {
        let target = |field: &str| {
            hpa.pointer(&format!("/spec/scaleTargetRef/{field}"))
                .and_then(Value::as_str)
        };
        target("kind") == Some("Deployment") && target("name") == name
    };
    let named = |value: &Value| {
        value
            .pointer("/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    found.extend(
        autoscalers
            .iter()
            .filter(is_target)
            .map(|hpa| Warning::Autoscaled(named(hpa))),
    );
    let list = |path: &str| {
        deployment
            .pointer(path)
            .and_then(Value::as_array)
            .map_or(&[][..], Vec::as_slice)
    };
    for container in list("/spec/template/spec/containers") {
        let name = container
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned();
        if container.get("readinessProbe").is_none_or(Value::is_null) {
            found.push(Warning::NoReadiness(name.clone()));
        }
        let requests = container.pointer("/resources/requests").and_then(Value::as_object);
        if requests.is_none_or(serde_json::Map::is_empty) {
            found.push(Warning::NoRequests(name));
        }
    }
    let claim = |volume: &Value| {
        volume
            .pointer("/persistentVolumeClaim/claimName")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let claims = list("/spec/template/spec/volumes").iter().filter_map(claim);
    found.extend(claims.map(Warning::SharedClaim));
    if deployment.pointer("/spec/replicas").and_then(Value::as_i64) == Some(1) {
        found.push(Warning::SingleReplica);
    }
    if deployment.pointer("/spec/strategy/type").and_then(Value::as_str) == Some("Recreate") {
        found.push(Warning::Recreate);
    }
    found
}

/// The tool that would put its own version back.
fn owner(deployment: &Value) -> Option<&'static str> {
    let has_key = |prefix: &str| {
        let maps = ["/metadata/labels", "/metadata/annotations"].into_iter();
        let mut maps = maps.filter_map(|path| deployment.pointer(path)?.as_object());
        maps.any(|map| map.keys().any(|key| key.starts_with(prefix)))
    };
    let managers = deployment.pointer("/metadata/managedFields").and_then(Value::as_array);
    let is_managed = |by: &[&str]| {
        let mut managers = managers
            .into_iter()
            .flatten()
            .filter_map(|field| field.get("manager")?.as_str());
        managers.any(|manager| by.contains(&manager))
    };
    let managed_by_helm = || {
        let label = deployment
            .pointer("/metadata/labels")
            .and_then(|labels| labels.get("app.kubernetes.io/managed-by"));
        label.and_then(Value::as_str) == Some("Helm")
    };
    let mut owners = OWNERS.iter();
    let found = owners.find(|(_, prefix, by)| has_key(prefix) || is_managed(by));
    found
        .map(|(tool, ..)| *tool)
        .or_else(|| managed_by_helm().then_some("Helm"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment() -> Value {
        json!({
            "metadata": {"name": "live", "labels": {}},
            "spec": {"replicas": 3, "template": {"spec": {"containers": [
                {"name": "live", "readinessProbe": {}, "resources": {"requests": {"cpu": "1"}}}]}}},
        })
    }

    #[test]
    fn each_reason_is_found_and_nothing_else() {
        assert_eq!(of(&deployment(), &[]), []);
        let cases: [(&str, Value, Warning); 8] = [
            (
                "/metadata/labels",
                json!({"argocd.argoproj.io/instance": "x"}),
                Warning::Owned("Argo CD"),
            ),
            (
                "/metadata/labels",
                json!({"app.kubernetes.io/managed-by": "Helm"}),
                Warning::Owned("Helm"),
            ),
            (
                "/metadata/managedFields",
                json!([{"manager": "kustomize-controller"}]),
                Warning::Owned("Flux"),
            ),
            (
                "/spec/template/spec/containers/0/readinessProbe",
                Value::Null,
                Warning::NoReadiness("live".into()),
            ),
            (
                "/spec/template/spec/containers/0/resources",
                json!({}),
                Warning::NoRequests("live".into()),
            ),
            ("/spec/replicas", json!(1), Warning::SingleReplica),
            ("/spec/strategy", json!({"type": "Recreate"}), Warning::Recreate),
            (
                "/spec/template/spec/volumes",
                json!([{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]),
                Warning::SharedClaim("data".into()),
            ),
        ];
        for (path, value, warning) in cases {
            let mut deployment = deployment();
            let (parent, key) = path.rsplit_once('/').unwrap();
            deployment.pointer_mut(parent).unwrap()[key] = value;
            assert_eq!(of(&deployment, &[]), [warning], "{path}");
        }
    }

    #[test]
    fn an_autoscaler_warns_of_its_own_target_only() {
        let hpa = |name: &str| json!({"metadata": {"name": "h"}, "spec": {"scaleTargetRef": {"kind": "Deployment", "name": name}}});
        assert_eq!(of(&deployment(), &[hpa("live")]), [Warning::Autoscaled("h".into())]);
        assert_eq!(of(&deployment(), &[hpa("other")]), []);
    }
}
