//! Which containers are followed, in which order, and what waits.

use super::*;
use crate::domain::container::Exit;
use crate::domain::selector::Selector;

fn id() -> ClusterId {
    ClusterId::new("lab")
}

fn container(name: &str, role: ContainerRole, state: ContainerState) -> Container {
    Container {
        name: name.into(),
        role,
        state,
        ..Container::default()
    }
}

fn running() -> ContainerState {
    ContainerState::Running { since: None }
}

/// An instance of `gift/live-gift`.
fn pod(n: u128, revision: &str, containers: Vec<Container>) -> Pod {
    Pod {
        key: ObjectKey::new("gift", format!("live-gift-{revision}-{n:03}")),
        uid: Uid::Uuid(n),
        app: "live-gift".into(),
        workload: Some((Kind::Deployment, "live-gift".into())),
        revision: Some(revision.into()),
        labels: [("tier".into(), "web".into())].into(),
        containers: containers.into(),
        ..Pod::default()
    }
}

fn simple(n: u128, revision: &str) -> Pod {
    pod(n, revision, vec![container("app", ContainerRole::Main, running())])
}

fn app() -> Intent {
    Intent::App(AppKey {
        namespace: "gift".into(),
        name: "live-gift".into(),
    })
}

fn planned(intents: &[Intent], choice: &Choice, pods: &[Pod], held: &Held, limit: usize) -> Plan {
    let lab = id();
    plan(intents, choice, pods.iter().map(|pod| (&lab, pod)), held, limit)
}

fn names(targets: &[Target]) -> Vec<String> {
    targets
        .iter()
        .map(|t| format!("{} {}", t.pod.name.trim_start_matches("live-gift-"), t.slot.container))
        .collect()
}

fn workload(kind: Kind) -> Intent {
    let key = ObjectKey::new("gift", "live-gift");
    Intent::Workload {
        cluster: id(),
        kind,
        key,
    }
}

fn revision(revision: &str) -> Intent {
    Intent::Revision {
        cluster: id(),
        kind: Kind::Deployment,
        key: ObjectKey::new("gift", "live-gift"),
        revision: revision.into(),
    }
}

fn web(namespace: Option<&str>) -> Intent {
    Intent::Labels {
        cluster: id(),
        namespace: namespace.map(Clean::new),
        selector: Selector::parse("tier=web").unwrap(),
    }
}

fn instance(cluster: &str, n: u128) -> Intent {
    Intent::Instance {
        cluster: ClusterId::new(cluster),
        uid: Uid::Uuid(n),
    }
}

fn named(n: u128, container: &str) -> Intent {
    Intent::Container {
        cluster: id(),
        uid: Uid::Uuid(n),
        container: container.into(),
    }
}

#[test]
fn an_intent_takes_what_belongs_to_it() {
    let other = Pod {
        app: "push".into(),
        workload: Some((Kind::Deployment, "push".into())),
        labels: [].into(),
        ..simple(3, "old")
    };
    let pods = [simple(1, "old"), simple(2, "new"), other];
    let both = ["new-002 app", "old-001 app"];
    for (intent, taken) in [
        (app(), &both[..]),
        (workload(Kind::Deployment), &both),
        (workload(Kind::StatefulSet), &[]),
        (revision("new"), &both[..1]),
        (web(None), &both),
        (web(Some("im")), &[]),
        (instance("lab", 3), &["old-003 app"]),
        (instance("other", 3), &[]),
        (named(1, "app"), &both[1..]),
        (named(1, "no"), &[]),
    ] {
        let plan = planned(
            std::slice::from_ref(&intent),
            &Choice::default(),
            &pods,
            &Held::default(),
            50,
        );
        assert_eq!(names(&plan.follow), taken, "{intent:?}");
    }
}

#[test]
fn the_roles_of_containers_are_chosen_and_main_ones_come_first() {
    use ContainerRole::{Ephemeral, Init, Main, Sidecar};
    let roles = [("setup", Init), ("proxy", Sidecar), ("app", Main), ("debug", Ephemeral)];
    let pods = [pod(
        1,
        "r",
        roles.map(|(name, role)| container(name, role, running())).into(),
    )];
    let all = planned(&[app()], &Choice::default(), &pods, &Held::default(), 50);
    assert_eq!(
        names(&all.follow),
        ["r-001 app", "r-001 setup", "r-001 proxy", "r-001 debug"]
    );
    let main = Choice {
        containers: Vec::new(),
        without: vec![Init, Sidecar, Ephemeral],
        previous: false,
    };
    assert_eq!(
        names(&planned(&[app()], &main, &pods, &Held::default(), 50).follow),
        ["r-001 app"]
    );
    assert_eq!(
        names(&planned(&[named(1, "proxy")], &main, &pods, &Held::default(), 50).follow),
        ["r-001 proxy"]
    );
}

#[test]
fn what_can_be_read_depends_on_the_containers_state() {
    let waiting = |reason: &str| ContainerState::Waiting {
        reason: reason.into(),
        message: "".into(),
    };
    let crashing = Container {
        last_exit: Some(Exit::default()),
        restarts: 4,
        ..container("c", ContainerRole::Main, waiting("CrashLoopBackOff"))
    };
    let ended = container("d", ContainerRole::Main, ContainerState::Terminated(Exit::default()));
    let pods = [pod(
        1,
        "r",
        vec![
            container("b", ContainerRole::Main, waiting("ImagePullBackOff")),
            crashing,
            ended,
        ],
    )];
    let plan = planned(&[app()], &Choice::default(), &pods, &Held::default(), 50);
    let phases: Vec<_> = plan
        .follow
        .iter()
        .map(|t| (t.slot.container.as_str(), t.restarts, t.phase.clone()))
        .collect();
    assert_eq!(phases, [("c", 4, Phase::Read), ("d", 0, Phase::Read)]);
    assert_eq!(plan.waiting[0].phase, Phase::Wait("ImagePullBackOff".into()));
    let previous = planned(
        &[app()],
        &Choice {
            previous: true,
            ..Choice::default()
        },
        &pods,
        &Held::default(),
        50,
    );
    assert_eq!(
        (names(&previous.follow), previous.follow[0].restarts),
        (vec!["r-001 c".to_owned()], 3)
    );
    assert!(previous.follow[0].previous);
    // What was read to its end is not read again, until it starts again.
    let slot = plan.follow[1].slot.clone();
    let held = Held {
        done: [(slot, 0)].into_iter().collect(),
        ..Held::default()
    };
    assert_eq!(
        names(&planned(&[app()], &Choice::default(), &pods, &held, 50).follow),
        ["r-001 c"]
    );
}

#[test]
fn fifty_are_followed_in_each_cluster_and_the_rest_is_queued() {
    let pods: Vec<Pod> = (0..120)
        .map(|n| simple(n, "old"))
        .chain((120..124).map(|n| simple(n, "new")))
        .collect();
    let (lab, other) = (id(), ClusterId::new("other"));
    let instances = pods.iter().flat_map(|pod| [(&lab, pod), (&other, pod)]);
    let plan = plan(&[app()], &Choice::default(), instances, &Held::default(), FOLLOW_LIMIT);
    assert_eq!((plan.follow.len(), plan.queued.len()), (100, 148));
    for cluster in [&lab, &other] {
        let new = plan
            .follow
            .iter()
            .filter(|t| t.slot.cluster == *cluster && t.revision.as_deref() == Some("new"));
        assert_eq!(new.count(), 4, "a few new instances are not behind many old ones");
    }
}

#[test]
fn what_is_open_keeps_its_place_and_a_free_one_goes_to_the_next() {
    let mut pods: Vec<Pod> = (0..6).map(|n| simple(n, "old")).collect();
    let first = planned(&[app()], &Choice::default(), &pods, &Held::default(), 3);
    let held = Held {
        open: first.follow.iter().map(|t| t.slot.clone()).collect(),
        ..Held::default()
    };
    assert_eq!(steps(&held, &first), []);
    // One that is open ends; two of a new revision come, and push nothing out.
    let gone = pods.remove(0);
    pods.extend([simple(9, "new"), simple(10, "new")]);
    let second = planned(&[app()], &Choice::default(), &pods, &held, 3);
    let gone = Slot {
        cluster: id(),
        uid: gone.uid,
        container: "app".into(),
    };
    let joined = second
        .follow
        .iter()
        .find(|t| t.revision.as_deref() == Some("new"))
        .cloned()
        .unwrap();
    assert_eq!(steps(&held, &second), [Step::Leave(gone), Step::Join(joined)]);
    assert_eq!(
        names(&second.queued),
        ["new-010 app", "old-003 app", "old-004 app", "old-005 app"]
    );
}

#[test]
fn what_several_marks_ask_for_is_read_once() {
    let pods = [simple(1, "old"), simple(2, "old")];
    let intents = [
        Intent::Instance {
            cluster: id(),
            uid: Uid::Uuid(2),
        },
        app(),
    ];
    let plan = planned(&intents, &Choice::default(), &pods, &Held::default(), 1);
    assert_eq!(
        (names(&plan.follow), names(&plan.queued)),
        (vec!["old-002 app".to_owned()], vec!["old-001 app".to_owned()])
    );
    assert_eq!(
        plan.follow[0].run(),
        Run {
            uid: Uid::Uuid(2),
            container: "app".into(),
            restarts: 0
        }
    );
}
