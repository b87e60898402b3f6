//! Where each kind lives on the API server.

use crate::cluster::door::{JSON, PROTOBUF_OR_JSON};
use crate::domain::Kind;
pub(crate) use crate::domain::escape;

/// The order in which kinds are read first: what a person looks at first comes first.
pub(crate) const ORDER: [Kind; 14] = [
    Kind::Node,
    Kind::Pod,
    Kind::Deployment,
    Kind::Namespace,
    Kind::ReplicaSet,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Rollout,
    Kind::CloneSet,
    Kind::Job,
    Kind::HorizontalPodAutoscaler,
    Kind::PodDisruptionBudget,
    Kind::ResourceQuota,
    Kind::Event,
];

/// The version a built-in kind is read in; custom kinds are found by discovery.
pub(crate) const fn version(kind: Kind) -> &'static str {
    match kind {
        Kind::HorizontalPodAutoscaler => "v2",
        _ => "v1",
    }
}

/// Versions of a custom kind that can be read, newest first.
pub(crate) const fn custom_versions(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Rollout | Kind::CloneSet => &["v1", "v1beta1", "v1alpha1"],
        _ => &[],
    }
}

/// What a kind is asked for as.
pub(crate) const fn accept(kind: Kind) -> &'static str {
    if kind.is_custom() { JSON } else { PROTOBUF_OR_JSON }
}

/// The path of a kind's collection; `namespace` empty: in all of them.
pub(crate) fn collection(kind: Kind, version: &str, namespace: &str) -> String {
    let root = if kind.group().is_empty() {
        format!("/api/{version}")
    } else {
        format!("/apis/{}/{version}", kind.group())
    };
    if namespace.is_empty() || !kind.is_namespaced() {
        format!("{root}/{}", kind.plural())
    } else {
        format!("{root}/namespaces/{}/{}", escape(namespace), kind.plural())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_path_and_its_place_in_the_order() {
        for (kind, namespace, path) in [
            (Kind::Pod, "", "/api/v1/pods"),
            (Kind::Pod, "gift", "/api/v1/namespaces/gift/pods"),
            (Kind::Node, "gift", "/api/v1/nodes"),
            (
                Kind::Deployment,
                "a/../b",
                "/apis/apps/v1/namespaces/a%2F..%2Fb/deployments",
            ),
            (
                Kind::HorizontalPodAutoscaler,
                "",
                "/apis/autoscaling/v2/horizontalpodautoscalers",
            ),
        ] {
            assert_eq!(collection(kind, version(kind), namespace), path);
        }
        for kind in Kind::ALL {
            assert!(ORDER.contains(&kind), "{kind}");
        }
    }
}
