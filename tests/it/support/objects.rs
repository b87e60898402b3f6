//! The objects of the small fleet.

use std::sync::Arc;

use pilothouse::domain::container::Exit;
use pilothouse::domain::headroom::PodShape;
use pilothouse::domain::node::{Taint, TaintEffect};
use pilothouse::domain::{
    Autoscaler, Budget, Container, ContainerState, Event, Kind, Node, NodeHealth, Object, ObjectKey, Pod, PodPhase,
    Provider, Resources, Revision, Terms, Uid, Version, Workload,
};

use super::fleet::{App, Story, ago};

const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

fn uid(text: &str) -> Uid {
    Uid::parse(text)
}

pub(crate) fn node(cluster: &str, name: &str, location: &str, i: usize, provider: &Provider) -> Node {
    let dead = cluster == "idc-bj" && i == 2;
    let exclusive = (cluster == "idc-bj" && i == 5).then(|| "search-index".into());
    let taints: Arc<[Taint]> = exclusive
        .iter()
        .map(|app: &pilothouse::domain::Clean| Taint {
            key: "pilothouse.dev/exclusive".into(),
            value: app.clone(),
            effect: TaintEffect::NoSchedule,
        })
        .collect();
    Node {
        name: name.into(),
        uid: uid(name),
        labels: [
            ("kubernetes.io/arch".into(), "amd64".into()),
            ("topology.kubernetes.io/zone".into(), location.into()),
        ]
        .into(),
        location: location.into(),
        group: Some(if i.is_multiple_of(2) { "general" } else { "compute" }.into()),
        exclusive,
        provider: provider.clone(),
        pod_cidrs: [format!("10.244.{}.0/24", i + 1).as_str().into()].into(),
        internal_ip: Some(format!("10.8.0.{}", 10 + i).as_str().into()),
        kubelet_version: "v1.36.3".into(),
        instance_type: Some("c7.16".into()),
        created: ago(90 * DAY),
        health: if dead { NodeHealth::Unknown } else { NodeHealth::Ready },
        ready_since: if dead { ago(7 * 60) } else { ago(60 * DAY) },
        pressures: if cluster == "aliyun" && i == 1 {
            ["DiskPressure".into()].into()
        } else {
            [].into()
        },
        cordoned: cluster == "idc-bj" && i == 6,
        taints,
        allocatable: Resources::new(16_000, 32 << 30),
        pod_slots: 110,
    }
}

fn shape(app: &App) -> Arc<PodShape> {
    Arc::new(PodShape::plain(Resources::new(app.cpu, app.memory_mib << 20)))
}

fn versions(app: &App) -> (Version, Version) {
    let hash = |seed: u64| {
        let mixed = app
            .name
            .bytes()
            .fold(seed, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        Version::Commit(format!("{mixed:016x}{mixed:016x}").as_str().into())
    };
    (hash(0xcbf2_9ce4_8422_2325), hash(0x8422_2325_cbf2_9ce4))
}

pub(crate) fn workload(app: &App) -> Workload {
    let (old, new) = versions(app);
    let (updated, ready) = match app.story {
        Story::Rolling(new) => (i64::from(new), i64::from(app.instances)),
        Story::Crashing(bad) | Story::Unschedulable(bad) => (i64::from(app.instances), i64::from(app.instances - bad)),
        Story::Stable | Story::Empty => (i64::from(app.instances), i64::from(app.instances)),
    };
    Workload {
        kind: Kind::Deployment,
        key: ObjectKey::new(app.namespace, app.name),
        uid: uid(&format!("{}/{}", app.namespace, app.name)),
        app: app.name.into(),
        labels: [("app".into(), app.name.into())].into(),
        created: ago(40 * DAY),
        generation: (4, 4),
        desired: i64::from(app.instances),
        instances: i64::from(app.instances),
        ready,
        updated,
        available: ready,
        rolls_to: i64::from(app.instances),
        paused: false,
        terms: Terms::default(),
        driver: None,
        version: if matches!(app.story, Story::Rolling(_)) {
            new
        } else {
            old
        },
        images: [format!("registry.example/{}:latest", app.name).as_str().into()].into(),
        shape: shape(app),
        owner: Some(format!("{}-team", app.namespace).as_str().into()),
        default_location: (app.name == "live-gift").then(|| "idc-bj-a".into()),
        min_instances: (app.name == "live-gift").then_some(8),
        max_instances: (app.name == "live-gift").then_some(120),
        source: None,
        conditions: [].into(),
        strategy: [
            ("max surge".into(), "25%".into()),
            ("max unavailable".into(), "0".into()),
        ]
        .into(),
    }
}

pub(crate) fn revision(app: &App, hash: &str, number: i64, age: i64) -> Revision {
    let (old, new) = versions(app);
    Revision {
        key: ObjectKey::new(app.namespace, format!("{}-{hash}", app.name)),
        uid: uid(&format!("{}/{}-{hash}", app.namespace, app.name)),
        app: app.name.into(),
        workload: Some((Kind::Deployment, app.name.into())),
        number: Some(number),
        hash: Some(hash.into()),
        version: if number == 1 { old } else { new },
        images: [].into(),
        created: ago(age),
        desired: 0,
        instances: 0,
        ready: 0,
        available: 0,
        failure: None,
    }
}

pub(crate) fn pod(app: &App, i: u32, node: &str, place: u32) -> Pod {
    let (old, new) = versions(app);
    let is_new = matches!(app.story, Story::Rolling(count) if i < count);
    let crashing = matches!(app.story, Story::Crashing(count) if i < count);
    let homeless = matches!(app.story, Story::Unschedulable(count) if i < count);
    let hash = if is_new || crashing { "7c9b4" } else { "5f6d8" };
    let starting = is_new && i == 0;
    let age = if is_new {
        240
    } else if crashing {
        25 * 60
    } else if homeless {
        8 * 60
    } else {
        3 * DAY + HOUR * i64::from(i)
    };
    let name = format!("{}-{hash}-{i:03}", app.name);
    Pod {
        key: ObjectKey::new(app.namespace, name.as_str()),
        uid: uid(&format!("{node}{name}")),
        app: app.name.into(),
        workload: Some((Kind::Deployment, app.name.into())),
        owner: Some(("ReplicaSet".into(), format!("{}-{hash}", app.name).as_str().into())),
        revision: Some(hash.into()),
        version: if is_new { new } else { old },
        labels: [
            ("app".into(), app.name.into()),
            ("pod-template-hash".into(), hash.into()),
        ]
        .into(),
        node: (!homeless).then(|| node.into()),
        ip: (!homeless && !starting).then(|| format!("10.244.{}.{}", place % 8 + 1, place + 2).parse().unwrap()),
        phase: if homeless || starting {
            PodPhase::Pending
        } else {
            PodPhase::Running
        },
        ready: !(crashing || homeless || starting),
        ready_since: ago(age - 10),
        created: ago(age),
        reason: homeless.then(|| "Unschedulable".into()),
        message: homeless.then(|| "0/8 nodes are available: 6 Insufficient memory, 1 node is lost, 1 cordoned".into()),
        containers: containers(app, crashing, homeless, starting, age),
        shape: shape(app),
        limits: (Some(app.cpu * 2), Some(app.memory_mib << 20)),
        ..Pod::default()
    }
}

fn containers(app: &App, crashing: bool, homeless: bool, starting: bool, age: i64) -> Arc<[Container]> {
    let state = if crashing {
        ContainerState::Waiting {
            reason: "CrashLoopBackOff".into(),
            message: "back-off 5m0s restarting failed container".into(),
        }
    } else if starting {
        ContainerState::Waiting {
            reason: "ContainerCreating".into(),
            message: "".into(),
        }
    } else if homeless {
        ContainerState::Unknown
    } else {
        ContainerState::Running { since: ago(age - 5) }
    };
    let main = Container {
        name: app.name.into(),
        image: format!("registry.example/{}/{}:latest", app.namespace, app.name)
            .as_str()
            .into(),
        ready: !(crashing || homeless || starting),
        restarts: if crashing { 9 } else { 0 },
        last_exit: crashing.then(|| Exit {
            code: 1,
            signal: None,
            reason: "Error".into(),
            at: ago(130),
        }),
        state,
        requests: Resources::new(app.cpu, app.memory_mib << 20),
        limits: (Some(app.cpu * 2), Some(app.memory_mib << 20)),
        ..Container::default()
    };
    [main].into()
}

pub(crate) fn events(cluster: &str, about: &ObjectKey) -> Vec<Object> {
    let event = |i: u32, warning: bool, reason: &str, message: &str, count: u32, seconds: i64| {
        Object::Event(Box::new(Event {
            key: ObjectKey::new(about.namespace.clone(), format!("{}.{i}", about.name)),
            uid: uid(&format!("event-{cluster}-{i}")),
            warning,
            reason: reason.into(),
            message: message.into(),
            about: (
                "Pod".into(),
                about.clone(),
                uid(&format!("{cluster}-node-001{}", about.name)),
            ),
            source: "kubelet".into(),
            count,
            first_seen: ago(seconds + 600),
            last_seen: ago(seconds),
        }))
    };
    vec![
        event(
            1,
            true,
            "BackOff",
            "Back-off restarting failed container push in pod push-7c9b4-000",
            41,
            35,
        ),
        event(
            2,
            false,
            "Pulled",
            "Container image \"registry.example/im/push:latest\" already present",
            9,
            130,
        ),
        event(
            3,
            true,
            "Unhealthy",
            "Readiness probe failed: connection refused",
            12,
            260,
        ),
        event(
            4,
            false,
            "Scheduled",
            "Successfully assigned im/push-7c9b4-000 to a node",
            1,
            1500,
        ),
    ]
}

pub(crate) fn autoscaler() -> Autoscaler {
    Autoscaler {
        key: ObjectKey::new("gift", "live-gift"),
        target: ("Deployment".into(), "live-gift".into()),
        min: 8,
        max: 40,
        current: 10,
        desired: 10,
        metrics: ["cpu 45 % of 60 %".into()].into(),
        ..Autoscaler::default()
    }
}

pub(crate) fn budget() -> Budget {
    Budget {
        key: ObjectKey::new("gift", "live-gift"),
        selector: [("app".into(), "live-gift".into())].into(),
        allowed: 2,
        healthy: 10,
        wanted_healthy: 8,
        ..Budget::default()
    }
}
