//! The rights that each part of the program asks a cluster for: the one table that roles are printed from.
//!
//! Who is logged in may ask who they are and what they may do, and may read `/version`, `/readyz` and discovery
//! (`system:basic-user`, `system:discovery`): those are in no role.

use super::access::Verb;
use super::access::Verb::{Create, Delete, Get, List, Patch, Update, Watch};

/// What a person does with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks at everything but logs
    Viewer,
    /// Reads logs too
    Developer,
    /// Releases, scales and deletes instances too
    Operator,
    /// A developer who builds
    Builder,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Developer, Self::Operator, Self::Builder];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Operator => "operator",
            Self::Builder => "builder",
        }
    }

    /// Whether it may all that another may.
    pub const fn includes(self, other: Self) -> bool {
        match self {
            Self::Viewer => matches!(other, Self::Viewer),
            Self::Developer => matches!(other, Self::Viewer | Self::Developer),
            Self::Operator => matches!(other, Self::Viewer | Self::Developer | Self::Operator),
            Self::Builder => matches!(other, Self::Viewer | Self::Developer | Self::Builder),
        }
    }

    /// What it needs.
    pub fn needs(self) -> impl Iterator<Item = &'static Need> {
        NEEDS.iter().filter(move |need| self.includes(need.least))
    }
}

/// Rights that are needed together, and what for.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The least role that has them.
    pub least: Role,
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// With their subresources, as RBAC writes them: `pods/log`.
    pub resources: &'static [&'static str],
    pub verbs: &'static [Verb],
    /// Of objects of these names alone; empty: of all.
    pub names: &'static [&'static str],
    /// Whether they can be given in one namespace.
    pub is_namespaced: bool,
    pub what_for: &'static str,
    /// What they give beside what they are used for: then they are given only to whom they were asked for by name.
    pub excess: Option<&'static str>,
}

const READ: &[Verb] = &[Get, List, Watch];

const fn need(
    least: Role,
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [Verb],
    what_for: &'static str,
) -> Need {
    Need {
        least,
        group,
        resources,
        verbs,
        names: &[],
        is_namespaced: true,
        what_for,
        excess: None,
    }
}

/// Rights that only the whole cluster has.
const fn of_cluster(need: Need) -> Need {
    Need {
        is_namespaced: false,
        ..need
    }
}

/// All of them, the least role's first.
#[rustfmt::skip]
pub static NEEDS: &[Need] = &[
    of_cluster(need(Role::Viewer, "", &["nodes", "namespaces"], READ, "nodes, locations, headroom; which namespaces there are")),
    of_cluster(need(Role::Viewer, "apiextensions.k8s.io", &["customresourcedefinitions"], &[List, Watch], "to notice Argo Rollouts and OpenKruise when they are installed")),
    need(Role::Viewer, "", &["pods", "events", "resourcequotas"], READ, "instances, what happened to them, what may still be asked for"),
    need(Role::Viewer, "apps", &["deployments", "replicasets", "statefulsets", "daemonsets"], READ, "apps, their versions and releases"),
    need(Role::Viewer, "batch", &["jobs"], READ, "jobs, whose pods take room"),
    need(Role::Viewer, "autoscaling", &["horizontalpodautoscalers"], READ, "between how many instances an app is scaled"),
    need(Role::Viewer, "policy", &["poddisruptionbudgets"], READ, "how many instances have to stay"),
    need(Role::Viewer, "argoproj.io", &["rollouts"], READ, "apps that Argo Rollouts releases"),
    need(Role::Viewer, "apps.kruise.io", &["clonesets"], READ, "apps of OpenKruise"),
    need(Role::Viewer, "metrics.k8s.io", &["pods"], &[List], "CPU and memory of instances, from metrics-server"),
    of_cluster(need(Role::Viewer, "metrics.k8s.io", &["nodes"], &[List], "CPU and memory of nodes, from metrics-server")),
    need(Role::Viewer, "", &["services"], &[List], "to find Prometheus"),
    Need { names: PROMETHEUS, ..need(Role::Viewer, "", &["services/proxy"], &[Get], "figures from Prometheus; another name or port has to be added") },
    Need { excess: Some("lets one run commands in every container"), ..of_cluster(need(Role::Viewer, "", &["nodes/proxy"], &[Get], "figures from the kubelets, where there is no Prometheus")) },
    need(Role::Developer, "", &["pods/log"], &[Get], "logs"),
    need(Role::Developer, "", &["serviceaccounts"], &[Get], "which secrets images are pulled with"),
    Need { excess: Some("lets one read every secret"), ..need(Role::Developer, "", &["secrets"], &[Get], "an app's images, where their registry wants a login; whether the Secrets of a version changed") },
    need(Role::Operator, "", &["namespaces"], &[Get], "whether the namespace is frozen"),
    need(Role::Operator, "apps", &["deployments"], &[Create, Patch, Delete], "releases of Deployments; a second one beside, for a gray release elsewhere"),
    need(Role::Operator, "apps", &["statefulsets", "daemonsets"], &[Patch], "releases of StatefulSets and DaemonSets"),
    need(Role::Operator, "apps", &["controllerrevisions"], &[Get, List], "their older versions"),
    need(Role::Operator, "apps", &["deployments/scale", "statefulsets/scale"], &[Get, Patch], "more or fewer instances"),
    need(Role::Operator, "argoproj.io", &["rollouts"], &[Patch, Update], "releases by Argo Rollouts"),
    need(Role::Operator, "argoproj.io", &["rollouts/status"], &[Patch], "promotion and abort by Argo Rollouts"),
    need(Role::Operator, "argoproj.io", &["rollouts/scale"], &[Get, Patch], "more or fewer instances"),
    need(Role::Operator, "apps.kruise.io", &["clonesets"], &[Patch], "releases of CloneSets"),
    need(Role::Operator, "apps.kruise.io", &["clonesets/scale"], &[Get, Patch], "more or fewer instances"),
    need(Role::Operator, "rollouts.kruise.io", &["rollouts"], &[Get, List], "what Kruise Rollouts releases"),
    need(Role::Operator, "rollouts.kruise.io", &["rollouts/status"], &[Patch], "approval of a step of Kruise Rollouts"),
    need(Role::Operator, "flagger.app", &["canaries"], &[Get, List], "what Flagger releases"),
    need(Role::Operator, "autoscaling", &["horizontalpodautoscalers"], &[Patch], "more instances where an autoscaler counts them"),
    need(Role::Operator, "keda.sh", &["scaledobjects"], &[Get, List, Patch], "more instances where KEDA counts them"),
    need(Role::Operator, "", &["pods"], &[Delete], "to delete an instance"),
    need(Role::Operator, "", &["configmaps"], &[Get, Create, Update], "the ledger of an app, and the configuration of its versions"),
    need(Role::Operator, "batch", &["cronjobs"], &[Get], "the template of the job that runs before a release"),
    need(Role::Operator, "batch", &["jobs"], &[Create], "that job"),
    need(Role::Operator, "coordination.k8s.io", &["leases"], &[Get, Create, Update], "to tell others who releases an app"),
    need(Role::Operator, "", &["events"], &[Create], "to note a release where everybody sees it"),
    need(Role::Operator, "", &["persistentvolumeclaims"], &[Get], "to warn of a volume that only one node may use"),
    need(Role::Operator, "", &["services"], &[Get, Create], "the Service of a new app"),
    need(Role::Operator, "policy", &["poddisruptionbudgets"], &[Create], "how many instances of a new app have to stay"),
    need(Role::Operator, "autoscaling", &["horizontalpodautoscalers"], &[Create], "the autoscaler of a new app"),
    need(Role::Builder, "batch", &["jobs"], &[Create, Delete], "builds"),
    need(Role::Builder, "", &["configmaps"], &[Get, Create, Update], "the ledger of an app, where its builds are noted"),
    need(Role::Builder, "", &["events"], &[Create], "to note a build where everybody sees it"),
    need(Role::Builder, "", &["namespaces"], &[Get], "which pods the namespace lets in"),
    need(Role::Builder, "tekton.dev", &["pipelineruns", "taskruns"], &[Get, List, Watch, Create, Patch], "builds by Tekton"),
    need(Role::Builder, "shipwright.io", &["builds"], &[Get, List, Watch], "builds by Shipwright"),
    need(Role::Builder, "shipwright.io", &["buildruns"], &[Get, List, Watch, Create, Patch], "builds by Shipwright"),
];

/// Prometheus as charts and operators call its Service, with the port it listens on unless told otherwise.
const PROMETHEUS: &[&str] = &[
    "prometheus-operated:9090",
    "prometheus-k8s:9090",
    "prometheus-server:9090",
    "prometheus:9090",
    "kube-prometheus-stack-prometheus:9090",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Kind;

    fn has(role: Role, verb: Verb, group: &str, resource: &str) -> bool {
        role.needs()
            .any(|need| need.group == group && need.resources.contains(&resource) && need.verbs.contains(&verb))
    }

    #[test]
    fn every_kind_that_is_watched_may_be_read_by_the_least_role_where_it_lives() {
        for kind in Kind::ALL {
            for verb in [Get, List, Watch] {
                assert!(has(Role::Viewer, verb, kind.group(), kind.plural()), "{kind}");
            }
            let of_kind = |need: &&Need| need.group == kind.group() && need.resources.contains(&kind.plural());
            // Who writes may read a namespace from within it, which is no right of the whole cluster.
            for need in Role::Viewer.needs().filter(of_kind) {
                assert_eq!(need.is_namespaced, kind.is_namespaced(), "{kind}");
            }
        }
    }

    #[test]
    fn who_looks_writes_nothing_and_who_builds_releases_nothing() {
        let writes = |role: Role| -> Vec<&str> {
            let writes = role
                .needs()
                .filter(|need| need.verbs.iter().any(|verb| !READ.contains(verb)));
            writes.flat_map(|need| need.resources).copied().collect()
        };
        assert_eq!(writes(Role::Viewer), Vec::<&str>::new());
        assert_eq!(writes(Role::Developer), Vec::<&str>::new());
        assert_eq!(
            writes(Role::Builder),
            ["jobs", "configmaps", "events", "pipelineruns", "taskruns", "buildruns"]
        );
        assert!(has(Role::Operator, Patch, "apps", "deployments") && has(Role::Operator, Get, "", "pods/log"));
        assert!(!has(Role::Viewer, Get, "", "pods/log") && has(Role::Builder, Get, "", "pods/log"));
    }
}
