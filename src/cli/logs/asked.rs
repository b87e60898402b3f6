//! What logs the command line asks for, found in what is known of the clusters.

use std::collections::BTreeSet;

use chrono::Local;

use super::few;
use crate::cli::Failure;
use crate::cli::args::Logs;
use crate::domain::near::closest;
use crate::domain::resource::AppKey;
use crate::domain::selector::Selector;
use crate::domain::{Clean, ClusterId, Kind, ObjectKey, Pod, Timestamp};
use crate::logs::plan::{Choice, FIRST_LINES, Intent, covers};
use crate::logs::when;
use crate::logs::{Filter, Pattern, Stamp, Start};
use crate::world::World;

/// Which lines are printed.
pub(super) fn filter(logs: &Logs) -> Result<Filter, Failure> {
    let patterns = |texts: &[String]| {
        let patterns = texts.iter().map(|text| Pattern::new(text));
        patterns
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| Failure::usage(error.to_string(), error.hint))
    };
    Ok(Filter {
        include: patterns(&logs.include)?,
        exclude: patterns(&logs.exclude)?,
        ..Filter::default()
    })
}

/// Where to begin.
pub(super) fn start(logs: &Logs, now: Timestamp) -> Result<Start, Failure> {
    let ago = logs.since.and_then(|since| chrono::TimeDelta::from_std(since).ok());
    let since = ago.and_then(|ago| now.checked_sub_signed(ago)).map(Stamp::from);
    let east = now.with_timezone(&Local).offset().local_minus_utc() / 60;
    let at = logs.since_time.as_deref().map(|text| {
        when::time(text, now, east).map_err(|rule| Failure::usage(format!("--since-time {text}: {rule}"), ""))
    });
    let since = since.map_or_else(|| at.transpose(), |since| Ok(Some(since)))?;
    Ok(match (since, logs.tail) {
        (Some(since), _) => Start::Since(since),
        (None, Some(lines)) => u64::try_from(lines).map_or(Start::Everything, Start::Tail),
        (None, None) if logs.no_follow || logs.previous => Start::Everything,
        (None, None) => Start::Tail(FIRST_LINES),
    })
}

/// Which containers, and which of their runs.
///
/// # Errors
/// A name that no container has of what is asked for, with those there are.
pub(super) fn choice(world: &World, intents: &[Intent], logs: &Logs) -> Result<Choice, Failure> {
    let all = Choice {
        previous: logs.previous,
        ..Choice::default()
    };
    let asked = world
        .pods()
        .filter(|(cluster, pod)| covers(intents, &all, cluster, pod));
    let names: BTreeSet<&Clean> = asked
        .flat_map(|(_, pod)| pod.containers.iter().map(|container| &container.name))
        .collect();
    if let Some(unknown) = logs
        .container
        .iter()
        .find(|name| !names.iter().any(|of| of.as_str() == name.as_str()))
    {
        let names = names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Failure::failed(
            format!("no container here is called '{unknown}'"),
            format!("there are: {names}"),
        ));
    }
    Ok(Choice {
        containers: logs.container.iter().map(|name| Clean::new(name)).collect(),
        ..all
    })
}

/// Everything that was named or has the labels.
///
/// # Errors
/// A name that nothing has, with the nearest that there is.
pub(super) fn intents(world: &World, what: &[String], selector: Option<&Selector>) -> Result<Vec<Intent>, Failure> {
    let mut intents = Vec::new();
    for text in what {
        intents.extend(named(world, text)?);
    }
    if let Some(selector) = selector {
        let is_like = |(_, pod): &(&ClusterId, &Pod)| {
            let label = |key: &str| crate::domain::pod::label(&pod.labels, key).map(Clean::as_str);
            selector.holds(label)
        };
        if !world.pods().any(|pod| is_like(&pod)) {
            return Err(Failure::failed(
                "no instance has these labels",
                "`pilothouse get instances -l SELECTOR` tells which have",
            ));
        }
        intents.extend(world.clusters().iter().map(|cluster| Intent::Labels {
            cluster: cluster.id.clone(),
            namespace: None,
            selector: selector.clone(),
        }));
    }
    Ok(intents)
}

/// What is meant by `app`, `namespace/app`, `cluster/namespace/app` or `kind/name`.
fn named(world: &World, text: &str) -> Result<Vec<Intent>, Failure> {
    let parts: Vec<&str> = text.split('/').collect();
    match *parts.as_slice() {
        [kind, name] if kind_of(kind).is_some() => {
            let found = kind_of(kind).map_or_else(Vec::new, |kind| objects(world, kind, name));
            if found.is_empty() {
                let kind = kind_of(kind);
                let names = world.pods().filter_map(|(_, pod)| name_in(pod, kind?));
                return Err(missing(text, name, names));
            }
            Ok(found)
        }
        [.., name] => {
            let namespace = parts.iter().rev().nth(1).copied();
            let cluster = parts.iter().rev().nth(2).copied();
            let is_meant = |(id, pod): &(&ClusterId, &Pod)| {
                pod.app == name
                    && namespace.is_none_or(|namespace| pod.key.namespace == namespace)
                    && cluster.is_none_or(|cluster| id.as_str() == cluster)
                    && parts.len() <= 3
            };
            let found: BTreeSet<AppKey> = world
                .pods()
                .filter(is_meant)
                .map(|(_, pod)| AppKey {
                    namespace: pod.key.namespace.clone(),
                    name: pod.app.clone(),
                })
                .collect();
            if found.is_empty() {
                if let Some(hint) = namespace.and_then(without_pods) {
                    return Err(Failure::failed(format!("'{text}' has no logs of its own"), hint));
                }
                return Err(missing(text, name, world.pods().map(|(_, pod)| &pod.app)));
            }
            Ok(found.into_iter().map(Intent::App).collect())
        }
        [] => Ok(Vec::new()),
    }
}

/// What to do about a kind that has no pods of its own.
fn without_pods(kind: &str) -> Option<&'static str> {
    Some(match kind.to_ascii_lowercase().as_str() {
        "cronjob" | "cronjobs" | "cj" => "its jobs have: name one as job/NAME",
        "service" | "services" | "svc" => "name what it leads to: an app, or -l with the labels it selects",
        "node" | "nodes" | "no" => "`pilothouse get instances` tells what runs on it",
        "namespace" | "namespaces" | "ns" => "name an app of it: NAMESPACE/APP",
        "configmap" | "configmaps" | "cm" | "secret" | "secrets" | "ingress" | "ingresses" | "ing" | "pvc" | "hpa"
        | "pdb" | "endpoints" | "ep" | "serviceaccount" | "serviceaccounts" | "sa" => {
            "an app has, and: deploy, sts, ds, rs, job, rollout, cloneset, pod"
        }
        _ => return None,
    })
}

fn missing<'a>(text: &str, name: &str, names: impl Iterator<Item = &'a Clean>) -> Failure {
    let names: BTreeSet<&Clean> = names.collect();
    let within = |of: &&&Clean| of.contains(name);
    let hint = match closest(name, names.iter().map(|name| name.as_str())) {
        Some(near) => format!("did you mean '{near}'?"),
        None if !name.is_empty() && names.iter().any(|of| within(&of)) => {
            let names: Vec<Clean> = names.iter().filter(within).map(|name| (*name).clone()).collect();
            format!("there is {}", few(&names))
        }
        None => "`pilothouse get apps -o name` and `pilothouse get instances -o name` list what there is".to_owned(),
    };
    Failure::failed(format!("no instance belongs to '{text}'"), hint)
}

/// What instances are found by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Pod,
    ReplicaSet,
    Workload(Kind),
}

/// The kinds as kubectl spells them, long and short.
fn kind_of(word: &str) -> Option<Owner> {
    Some(match word.to_ascii_lowercase().as_str() {
        "pod" | "pods" | "po" | "instance" | "instances" => Owner::Pod,
        "rs" | "replicaset" | "replicasets" => Owner::ReplicaSet,
        "deploy" | "deployment" | "deployments" => Owner::Workload(Kind::Deployment),
        "sts" | "statefulset" | "statefulsets" => Owner::Workload(Kind::StatefulSet),
        "ds" | "daemonset" | "daemonsets" => Owner::Workload(Kind::DaemonSet),
        "job" | "jobs" => Owner::Workload(Kind::Job),
        "rollout" | "rollouts" | "ro" => Owner::Workload(Kind::Rollout),
        "cloneset" | "clonesets" => Owner::Workload(Kind::CloneSet),
        _ => return None,
    })
}

/// The name by which an instance is found, of itself or of what it belongs to.
fn name_in(pod: &Pod, kind: Owner) -> Option<&Clean> {
    match kind {
        Owner::Pod => Some(&pod.key.name),
        Owner::ReplicaSet => pod
            .owner
            .as_ref()
            .filter(|(kind, _)| kind == "ReplicaSet")
            .map(|(_, name)| name),
        Owner::Workload(of) => pod
            .workload
            .as_ref()
            .filter(|(kind, _)| *kind == of)
            .map(|(_, name)| name),
    }
}

/// The objects of a kind that have a name, in every cluster and namespace.
fn objects(world: &World, kind: Owner, name: &str) -> Vec<Intent> {
    let mut intents: Vec<Intent> = Vec::new();
    let is_meant = |(_, pod): &(&ClusterId, &Pod)| name_in(pod, kind).is_some_and(|of| of == name);
    for (cluster, pod) in world.pods().filter(is_meant) {
        let intent = intent(cluster, pod, kind);
        if !intents.contains(&intent) {
            intents.push(intent);
        }
    }
    intents
}

fn intent(cluster: &ClusterId, pod: &Pod, kind: Owner) -> Intent {
    let cluster = cluster.clone();
    let key = |name: &Clean| ObjectKey::new(pod.key.namespace.clone(), name.clone());
    match (kind, &pod.workload, &pod.revision) {
        (Owner::Workload(kind), Some((_, name)), _) => Intent::Workload {
            cluster,
            kind,
            key: key(name),
        },
        // Those of a ReplicaSet are the instances of a revision.
        (Owner::ReplicaSet, Some((kind, name)), Some(revision)) => Intent::Revision {
            cluster,
            kind: *kind,
            key: key(name),
            revision: revision.clone(),
        },
        _ => Intent::Instance {
            cluster,
            uid: pod.uid.clone(),
        },
    }
}

/// Whether what is asked for comes to an end by itself: instances and jobs do, what keeps itself running does not.
pub(super) fn is_finite(intents: &[Intent]) -> bool {
    intents.iter().all(|intent| match intent {
        Intent::Instance { .. } | Intent::Container { .. } => true,
        Intent::Workload { kind, .. } => *kind == Kind::Job,
        Intent::App(_) | Intent::Revision { .. } | Intent::Labels { .. } => false,
    })
}
