//! The counts kept object by object equal counts made anew; what is kept is bounded.

use std::collections::BTreeMap;

use super::*;
use proptest::prelude::*;

/// Everything a screen can learn from the counts, in an order of its own.
fn picture(world: &World) -> String {
    let everything = Scope::default();
    let mut nodes: Vec<String> = world
        .nodes(&everything)
        .into_iter()
        .map(|n| {
            format!(
                "{} {:?} {} {} {} {:?}",
                n.node.name, n.taken, n.instances, n.ready, n.stuck, n.headroom
            )
        })
        .collect();
    nodes.sort();
    let summary = world.clusters()[0].summary(&everything);
    format!(
        "{:#?}\n{nodes:#?}\n{:#?}\n{summary:#?}\n{:#?}",
        world.apps(&everything),
        world.locations(&everything),
        world.apps(&in_location("a")),
    )
}

#[derive(Clone, Debug)]
enum Step {
    Node(u8, bool, bool),
    NodeGone(u8),
    NodesKnown(bool),
    /// App, index, node, and whether it is ready, fails, is being deleted, is done.
    Pod(u8, u8, Option<u8>, [bool; 4]),
    PodGone(u8, u8),
    /// Its name, the app it carries, how many of its instances are of the newest template.
    Workload(u8, u8, u8),
    WorkloadGone(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..3_u8, any::<bool>(), any::<bool>()).prop_map(|(n, second, lost)| Step::Node(n, second, lost)),
        (0..3_u8).prop_map(Step::NodeGone),
        any::<bool>().prop_map(Step::NodesKnown),
        (0..3_u8, 0..4_u8, proptest::option::of(0..4_u8), any::<[bool; 4]>())
            .prop_map(|(app, index, node, how)| Step::Pod(app, index, node, how)),
        (0..3_u8, 0..4_u8).prop_map(|(app, index)| Step::PodGone(app, index)),
        (0..3_u8, 0..3_u8, 0..4_u8).prop_map(|(name, app, updated)| Step::Workload(name, app, updated)),
        (0..3_u8).prop_map(Step::WorkloadGone),
    ]
}

fn object_of(step: &Step) -> Result<Object, (Kind, ObjectKey)> {
    match step {
        Step::NodesKnown(_) => unreachable!("no object"),
        Step::Node(n, second, lost) => {
            let health = if *lost { NodeHealth::Unknown } else { NodeHealth::Ready };
            Ok(Object::Node(Box::new(node(
                &format!("node-{n}"),
                if *second { "b" } else { "a" },
                health,
            ))))
        }
        Step::NodeGone(n) => Err((Kind::Node, ObjectKey::new("", format!("node-{n}")))),
        Step::Pod(app, index, node, [ready, failing, deleting, done]) => {
            let on = node.map(|n| format!("node-{n}"));
            let mut pod = pod(&format!("app-{app}"), u32::from(*index), on.as_deref(), *ready);
            pod.deleting = deleting.then(|| at(300));
            if *failing {
                let state = ContainerState::Waiting {
                    reason: "CrashLoopBackOff".into(),
                    message: Clean::default(),
                };
                pod.containers = [Container {
                    state,
                    restarts: 3,
                    ..Container::default()
                }]
                .into();
            }
            if *done {
                pod.phase = PodPhase::Succeeded;
            }
            Ok(Object::Pod(Box::new(pod)))
        }
        Step::PodGone(app, index) => Err((Kind::Pod, ObjectKey::new("gift", format!("app-{app}-{index}")))),
        Step::Workload(name, app, updated) => Ok(Object::Workload(Box::new(Workload {
            key: ObjectKey::new("gift", format!("workload-{name}")),
            updated: i64::from(*updated),
            ..workload(&format!("app-{app}"), 3)
        }))),
        Step::WorkloadGone(name) => Err((Kind::Deployment, ObjectKey::new("gift", format!("workload-{name}")))),
    }
}

proptest! {
    #[test]
    fn counts_kept_step_by_step_equal_counts_made_anew(steps in proptest::collection::vec(step(), 0..60)) {
        let mut kept = Fleet::new();
        let mut last: BTreeMap<(Kind, ObjectKey), Object> = BTreeMap::new();
        for step in &steps {
            if let Step::NodesKnown(known) = step {
                kept.feed(Kind::Node, if *known { Feed::Live } else { Feed::Waiting });
                continue;
            }
            match object_of(step) {
                Ok(object) => {
                    let name = match &object {
                        Object::Node(n) => (Kind::Node, ObjectKey::new("", n.name.as_str())),
                        Object::Pod(p) => (Kind::Pod, p.key.clone()),
                        Object::Workload(w) => (w.kind, w.key.clone()),
                        other => panic!("{other:?}"),
                    };
                    last.insert(name, object.clone());
                    kept.put(object);
                }
                Err((kind, key)) => {
                    last.remove(&(kind, key.clone()));
                    kept.delete(kind, key);
                }
            }
        }
        let mut anew = Fleet::new();
        for object in last.into_values() {
            anew.put(object);
        }
        // Who counts anew cannot know that a node was there once: that is known when all nodes are.
        kept.feed(Kind::Node, Feed::Live);
        anew.feed(Kind::Node, Feed::Live);
        prop_assert_eq!(picture(&kept.0), picture(&anew.0));
    }
}

#[test]
fn a_relist_drops_what_it_did_not_bring() {
    let mut fleet = Fleet::new();
    fleet.pod(pod("live", 1, None, false)).pod(pod("live", 2, None, false));
    let second = Change::Upsert(Object::Pod(Box::new(pod("live", 2, None, false))));
    fleet
        .0
        .apply(&cluster(), batch(Kind::Pod, 2, vec![second], false), at(200));
    assert_eq!(fleet.0.instance_count(), 2, "old rows stay while a relist runs");
    fleet.0.apply(&cluster(), batch(Kind::Pod, 2, vec![], true), at(200));
    assert_eq!(fleet.0.instance_count(), 1);
    assert_eq!(fleet.0.apps(&Scope::default())[0].instances, 1);
}

#[test]
fn a_report_that_changes_nothing_keeps_the_version() {
    let mut fleet = Fleet::new();
    fleet.0.apply(&cluster(), ClusterReport::Link(Link::Live), at(0));
    let version = fleet.0.version();
    fleet.0.apply(&cluster(), ClusterReport::Link(Link::Live), at(5));
    fleet
        .0
        .apply(&ClusterId::new("elsewhere"), ClusterReport::Link(Link::Live), at(5));
    assert_eq!(fleet.0.version(), version);
}

fn event(number: usize) -> Object {
    Object::Event(Box::new(Event {
        key: ObjectKey::new("gift", format!("event-{number}")),
        last_seen: Some(at(number as i64)),
        ..Event::default()
    }))
}

#[test]
fn events_and_notices_are_bounded_and_the_oldest_go_first() {
    let mut fleet = Fleet::new();
    for page in 0..5 {
        let changes = (page * 5_000..(page + 1) * 5_000).map(|n| Change::Upsert(event(n)));
        fleet.tell(batch(Kind::Event, 1, changes.collect(), false));
    }
    for n in 0..250 {
        fleet.tell(ClusterReport::Notice(n.to_string().as_str().into()));
    }
    let kept = &fleet.0.clusters()[0];
    assert!((18_000..=20_000).contains(&kept.events.len()), "{}", kept.events.len());
    assert!(kept.events.get(&ObjectKey::new("gift", "event-24999")).is_some());
    assert!(kept.events.get(&ObjectKey::new("gift", "event-0")).is_none());
    assert_eq!(kept.notices.len(), 100);
    assert_eq!(kept.notices.last().map(|(_, text)| text.as_str()), Some("249"));
}

#[test]
fn what_is_known_of_a_lost_cluster_is_judged_by_when_it_was_lost() {
    let mut world = Fleet::new().0;
    let heard = |world: &World, now| world.cluster(&cluster()).unwrap().heard(at(now));
    world.apply(&cluster(), ClusterReport::Link(Link::Live), at(10));
    assert_eq!(heard(&world, 700), at(700));
    for since in [20, 30] {
        let lost = Link::Unreachable {
            reason: "no answer".into(),
        };
        world.apply(&cluster(), ClusterReport::Link(lost), at(since));
    }
    assert_eq!(heard(&world, 700), at(20), "nothing was heard since it was lost first");
    world.apply(&cluster(), ClusterReport::Link(Link::Live), at(710));
    assert_eq!(heard(&world, 720), at(720));
}
