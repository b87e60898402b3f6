//! The resources a simulated cluster serves: a table of built-in ones, and those a `CustomResourceDefinition` adds.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use super::json;

mod custom;

pub use custom::{Column, Custom};

/// One kind of object as request paths name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: Cow<'static, str>,
    pub version: Cow<'static, str>,
    pub plural: Cow<'static, str>,
    pub singular: Cow<'static, str>,
    pub kind: Cow<'static, str>,
    /// Short names of `kubectl`, separated by commas.
    pub short_names: Cow<'static, str>,
    pub namespaced: bool,
    pub traits: Traits,
    pub custom: Option<Arc<Custom>>,
}

/// What a resource has beside its objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an independent fact of a resource, as discovery lists them"
)]
pub struct Traits {
    /// A change of `spec` raises `metadata.generation`.
    pub generation: bool,
    /// There is a `/status` subresource, and the main one ignores `status`.
    pub status: bool,
    /// There is a `/scale` subresource.
    pub scale: bool,
    /// `kubectl get all` shows it.
    pub all: bool,
    /// It came from a `CustomResourceDefinition`.
    pub custom: bool,
}

pub(crate) const PLAIN: Traits = Traits {
    generation: false,
    status: false,
    scale: false,
    all: false,
    custom: false,
};
const STATUS: Traits = Traits { status: true, ..PLAIN };
const SPEC: Traits = Traits {
    generation: true,
    status: true,
    ..PLAIN
};
const WORKLOAD: Traits = Traits {
    generation: true,
    status: true,
    scale: true,
    all: true,
    custom: false,
};

impl Resource {
    pub(crate) const fn built_in(
        group_version: (&'static str, &'static str),
        names: [&'static str; 4],
        namespaced: bool,
        traits: Traits,
    ) -> Self {
        let [plural, singular, short_names, kind] = names;
        Self {
            group: Cow::Borrowed(group_version.0),
            version: Cow::Borrowed(group_version.1),
            plural: Cow::Borrowed(plural),
            singular: Cow::Borrowed(singular),
            kind: Cow::Borrowed(kind),
            short_names: Cow::Borrowed(short_names),
            namespaced,
            traits,
            custom: None,
        }
    }

    /// The `apiVersion` of its objects.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_string()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `deployments.apps`, or `pods` in the core group: how error messages name it.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_string()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// `Deployment.apps`, or `Pod` in the core group: how messages about invalid objects name it.
    pub fn qualified_kind(&self) -> String {
        if self.group.is_empty() {
            self.kind.to_string()
        } else {
            format!("{}.{}", self.kind, self.group)
        }
    }

    /// Whether both name the same stored objects; the version does not matter.
    pub fn same(&self, other: &Self) -> bool {
        self.plural == other.plural && self.group == other.group
    }

    /// The resource a `CustomResourceDefinition` adds, at its first served version; none if it is not complete.
    pub fn from_definition(definition: &Value) -> Option<Self> {
        let text = |path: &str| json::text(definition, path).map(|text| Cow::Owned(text.to_owned()));
        let versions = definition.pointer("/spec/versions")?.as_array()?;
        let version = versions
            .iter()
            .find(|version| version.get("served") == Some(&Value::Bool(true)))?;
        let short_names = definition.pointer("/spec/names/shortNames").and_then(Value::as_array);
        let short_names: Vec<&str> = short_names.into_iter().flatten().filter_map(Value::as_str).collect();
        let kind = text("/spec/names/kind")?;
        let has = |name: &str| version.pointer(&format!("/subresources/{name}")).is_some();
        Some(Self {
            group: text("/spec/group")?,
            version: Cow::Owned(json::text(version, "/name")?.to_owned()),
            plural: text("/spec/names/plural")?,
            singular: text("/spec/names/singular").unwrap_or_else(|| Cow::Owned(kind.to_lowercase())),
            kind,
            short_names: Cow::Owned(short_names.join(",")),
            namespaced: json::text(definition, "/spec/scope") != Some("Cluster"),
            traits: Traits {
                generation: true,
                status: has("status"),
                scale: has("scale"),
                all: false,
                custom: true,
            },
            custom: Some(Arc::new(Custom::of(version))),
        })
    }
}

const CORE: (&str, &str) = ("", "v1");
const APPS: (&str, &str) = ("apps", "v1");
const RBAC: (&str, &str) = ("rbac.authorization.k8s.io", "v1");

pub static NAMESPACES: Resource =
    Resource::built_in(CORE, ["namespaces", "namespace", "ns", "Namespace"], false, STATUS);
pub static NODES: Resource = Resource::built_in(CORE, ["nodes", "node", "no", "Node"], false, STATUS);
pub static PODS: Resource = Resource::built_in(
    CORE,
    ["pods", "pod", "po", "Pod"],
    true,
    Traits {
        scale: false,
        ..WORKLOAD
    },
);
pub static EVENTS: Resource = Resource::built_in(CORE, ["events", "event", "ev", "Event"], true, PLAIN);
pub static SERVICES: Resource = Resource::built_in(
    CORE,
    ["services", "service", "svc", "Service"],
    true,
    Traits { all: true, ..STATUS },
);
pub static CONFIG_MAPS: Resource =
    Resource::built_in(CORE, ["configmaps", "configmap", "cm", "ConfigMap"], true, PLAIN);
pub static SECRETS: Resource = Resource::built_in(CORE, ["secrets", "secret", "", "Secret"], true, PLAIN);
pub static SERVICE_ACCOUNTS: Resource = Resource::built_in(
    CORE,
    ["serviceaccounts", "serviceaccount", "sa", "ServiceAccount"],
    true,
    PLAIN,
);
pub static ENDPOINTS: Resource = Resource::built_in(CORE, ["endpoints", "endpoints", "ep", "Endpoints"], true, PLAIN);
pub static RESOURCE_QUOTAS: Resource = Resource::built_in(
    CORE,
    ["resourcequotas", "resourcequota", "quota", "ResourceQuota"],
    true,
    STATUS,
);
pub static LIMIT_RANGES: Resource =
    Resource::built_in(CORE, ["limitranges", "limitrange", "limits", "LimitRange"], true, PLAIN);
pub static PERSISTENT_VOLUMES: Resource = Resource::built_in(
    CORE,
    ["persistentvolumes", "persistentvolume", "pv", "PersistentVolume"],
    false,
    STATUS,
);
pub static PERSISTENT_VOLUME_CLAIMS: Resource = Resource::built_in(
    CORE,
    [
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        "pvc",
        "PersistentVolumeClaim",
    ],
    true,
    STATUS,
);
pub static POD_TEMPLATES: Resource =
    Resource::built_in(CORE, ["podtemplates", "podtemplate", "", "PodTemplate"], true, PLAIN);
pub static REPLICATION_CONTROLLERS: Resource = Resource::built_in(
    CORE,
    [
        "replicationcontrollers",
        "replicationcontroller",
        "rc",
        "ReplicationController",
    ],
    true,
    WORKLOAD,
);
pub static DEPLOYMENTS: Resource = Resource::built_in(
    APPS,
    ["deployments", "deployment", "deploy", "Deployment"],
    true,
    WORKLOAD,
);
pub static REPLICA_SETS: Resource =
    Resource::built_in(APPS, ["replicasets", "replicaset", "rs", "ReplicaSet"], true, WORKLOAD);
pub static STATEFUL_SETS: Resource = Resource::built_in(
    APPS,
    ["statefulsets", "statefulset", "sts", "StatefulSet"],
    true,
    WORKLOAD,
);
pub static DAEMON_SETS: Resource = Resource::built_in(
    APPS,
    ["daemonsets", "daemonset", "ds", "DaemonSet"],
    true,
    Traits {
        scale: false,
        ..WORKLOAD
    },
);
pub static CONTROLLER_REVISIONS: Resource = Resource::built_in(
    APPS,
    ["controllerrevisions", "controllerrevision", "", "ControllerRevision"],
    true,
    PLAIN,
);
pub static JOBS: Resource = Resource::built_in(
    ("batch", "v1"),
    ["jobs", "job", "", "Job"],
    true,
    Traits {
        scale: false,
        ..WORKLOAD
    },
);
pub static CRON_JOBS: Resource = Resource::built_in(
    ("batch", "v1"),
    ["cronjobs", "cronjob", "cj", "CronJob"],
    true,
    Traits {
        scale: false,
        ..WORKLOAD
    },
);
pub static HORIZONTAL_POD_AUTOSCALERS: Resource = Resource::built_in(
    ("autoscaling", "v2"),
    [
        "horizontalpodautoscalers",
        "horizontalpodautoscaler",
        "hpa",
        "HorizontalPodAutoscaler",
    ],
    true,
    Traits { all: true, ..STATUS },
);
pub static POD_DISRUPTION_BUDGETS: Resource = Resource::built_in(
    ("policy", "v1"),
    [
        "poddisruptionbudgets",
        "poddisruptionbudget",
        "pdb",
        "PodDisruptionBudget",
    ],
    true,
    SPEC,
);
pub static LEASES: Resource = Resource::built_in(
    ("coordination.k8s.io", "v1"),
    ["leases", "lease", "", "Lease"],
    true,
    PLAIN,
);
pub static ENDPOINT_SLICES: Resource = Resource::built_in(
    ("discovery.k8s.io", "v1"),
    ["endpointslices", "endpointslice", "", "EndpointSlice"],
    true,
    Traits {
        generation: true,
        ..PLAIN
    },
);
pub static INGRESSES: Resource = Resource::built_in(
    ("networking.k8s.io", "v1"),
    ["ingresses", "ingress", "ing", "Ingress"],
    true,
    SPEC,
);
pub static NETWORK_POLICIES: Resource = Resource::built_in(
    ("networking.k8s.io", "v1"),
    ["networkpolicies", "networkpolicy", "netpol", "NetworkPolicy"],
    true,
    Traits {
        generation: true,
        ..PLAIN
    },
);
pub static ROLES: Resource = Resource::built_in(RBAC, ["roles", "role", "", "Role"], true, PLAIN);
pub static ROLE_BINDINGS: Resource =
    Resource::built_in(RBAC, ["rolebindings", "rolebinding", "", "RoleBinding"], true, PLAIN);
pub static CLUSTER_ROLES: Resource =
    Resource::built_in(RBAC, ["clusterroles", "clusterrole", "", "ClusterRole"], false, PLAIN);
pub static CLUSTER_ROLE_BINDINGS: Resource = Resource::built_in(
    RBAC,
    ["clusterrolebindings", "clusterrolebinding", "", "ClusterRoleBinding"],
    false,
    PLAIN,
);
pub static PRIORITY_CLASSES: Resource = Resource::built_in(
    ("scheduling.k8s.io", "v1"),
    ["priorityclasses", "priorityclass", "pc", "PriorityClass"],
    false,
    Traits {
        generation: true,
        ..PLAIN
    },
);
pub static STORAGE_CLASSES: Resource = Resource::built_in(
    ("storage.k8s.io", "v1"),
    ["storageclasses", "storageclass", "sc", "StorageClass"],
    false,
    PLAIN,
);
pub static CUSTOM_RESOURCE_DEFINITIONS: Resource = Resource::built_in(
    ("apiextensions.k8s.io", "v1"),
    [
        "customresourcedefinitions",
        "customresourcedefinition",
        "crd,crds",
        "CustomResourceDefinition",
    ],
    false,
    SPEC,
);

/// Every built-in resource whose objects are kept, core group first.
pub static BUILT_IN: [&Resource; 35] = [
    &CONFIG_MAPS,
    &ENDPOINTS,
    &EVENTS,
    &LIMIT_RANGES,
    &NAMESPACES,
    &NODES,
    &PERSISTENT_VOLUME_CLAIMS,
    &PERSISTENT_VOLUMES,
    &PODS,
    &POD_TEMPLATES,
    &REPLICATION_CONTROLLERS,
    &RESOURCE_QUOTAS,
    &SECRETS,
    &SERVICE_ACCOUNTS,
    &SERVICES,
    &CUSTOM_RESOURCE_DEFINITIONS,
    &CONTROLLER_REVISIONS,
    &DAEMON_SETS,
    &DEPLOYMENTS,
    &REPLICA_SETS,
    &STATEFUL_SETS,
    &HORIZONTAL_POD_AUTOSCALERS,
    &CRON_JOBS,
    &JOBS,
    &LEASES,
    &ENDPOINT_SLICES,
    &INGRESSES,
    &NETWORK_POLICIES,
    &POD_DISRUPTION_BUDGETS,
    &CLUSTER_ROLE_BINDINGS,
    &CLUSTER_ROLES,
    &ROLE_BINDINGS,
    &ROLES,
    &PRIORITY_CLASSES,
    &STORAGE_CLASSES,
];
