//! What cannot be done here, and the reason that is given.

use crate::support::screen::Bench;
use pilothouse::domain::access::{Access, Right};
use pilothouse::domain::{
    Batch, Change, Clean, ClusterId, ClusterReport, Event, Feed, Kind, NodeHealth, Object, ObjectKey, Uid, Verb,
};
use pilothouse::message::{Action, Effect, Message, Mode};

#[test]
fn an_object_that_is_gone_says_so() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances]);
    bench.filter("cluster=idc-bj push-7c9b4-000");
    bench.act(&[Action::Open]);
    let batch = Batch {
        kind: Kind::Pod,
        namespace: "".into(),
        generation: 1,
        changes: vec![Change::Delete(ObjectKey::new("im", "push-7c9b4-000"))],
        sweep: false,
    };
    bench.send(Message::Cluster(ClusterId::new("idc-bj"), ClusterReport::Batch(batch)));
    assert!(bench.frame(120, 40).contains("this instance is gone"));
}

#[test]
fn what_is_forbidden_names_the_verb() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances]);
    bench.filter("cluster=idc-bj push");
    let answer = |bench: &mut Bench, namespace: &str| {
        let right = Right::on(Verb::List, Kind::Event, namespace);
        let access = Access {
            answers: [(right, false)].into(),
        };
        bench.send(Message::Access(ClusterId::new("idc-bj"), access));
    };
    // Who may not see all namespaces may see this one.
    answer(&mut bench, "");
    let frame = bench.frame(120, 40);
    assert!(frame.contains("E events") && !frame.contains("no access"), "{frame}");
    answer(&mut bench, "im");
    assert!(bench.frame(120, 40).contains("E events (no access: list events in im)"));
    assert_eq!(bench.act(&[Action::EventsOf]), []);
    assert!(bench.frame(120, 40).contains("· events: no access: list events in im"));
}

#[test]
fn a_kind_without_access_or_still_listed_says_so() {
    for (feed, text) in [
        (
            Feed::NoAccess {
                right: "list pods in im".into(),
            },
            "aliyun: ✖ no access: list pods in im",
        ),
        (
            Feed::Listing {
                rows: 1500,
                total: Some(6000),
            },
            "aliyun: … listing 1,500 of 6,000 pods",
        ),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&[Action::ShowInstances]);
        let report = ClusterReport::Feed(Kind::Pod, Clean::default(), feed);
        let before = bench.model.version();
        bench.send(Message::Cluster(ClusterId::new("aliyun"), report));
        assert!(bench.model.version() > before);
        let frame = bench.frame(120, 40);
        assert!(frame.contains(text), "{frame}");
    }
}

#[test]
fn who_may_see_one_namespace_is_not_told_of_the_others_on_every_list() {
    let mut bench = Bench::fleet();
    let mut tell = |report| drop(bench.send(Message::Cluster(ClusterId::new("aliyun"), report)));
    let right = "list pods in all namespaces".into();
    tell(ClusterReport::Feed(
        Kind::Pod,
        Clean::default(),
        Feed::NoAccess { right },
    ));
    tell(ClusterReport::Scope(Some(vec!["gift".into()])));
    tell(ClusterReport::Feed(Kind::Pod, "gift".into(), Feed::Live));
    bench.act(&[Action::ShowInstances]);
    bench.filter("cluster=aliyun nothing-is-called-so");
    let frame = bench.frame(120, 40);
    assert!(!frame.contains("no access"), "{frame}");
}

#[test]
fn an_event_leads_to_what_it_is_about_or_says_why_not() {
    const PUSH: &str = "idc-bj-node-001push-7c9b4-000";
    const NODE: &str = "idc-bj-node-001";
    const GONE: Result<&str, &str> = Err("what it is about is gone");
    const NO_SCREEN: Result<&str, &str> = Err("no screen of its own");
    for (kind, namespace, name, uid, leads_to) in [
        ("Pod", "im", "push-7c9b4-000", PUSH, Ok("push-7c9b4-000")),
        ("Pod", "im", "push-7c9b4-000", "", Ok("push-7c9b4-000")),
        ("Pod", "im", "push-7c9b4-000", "the one before it", GONE),
        ("Pod", "im", "push-7c9b4-999", "", GONE),
        ("Node", "default", NODE, NODE, Ok(NODE)),
        ("Deployment", "im", "push", "im/push", Ok("im/push")),
        ("ReplicaSet", "im", "push-7c9b4", "im/push-7c9b4", Ok("im/push")),
        ("ReplicaSet", "im", "push-00000", "", GONE),
        ("Job", "im", "push", "", NO_SCREEN),
        ("HorizontalPodAutoscaler", "gift", "live-gift", "", NO_SCREEN),
        ("Ingress", "im", "push", "", NO_SCREEN),
    ] {
        let mut bench = Bench::fleet();
        let event = Event {
            key: ObjectKey::new(namespace, "told"),
            uid: Uid::parse("told"),
            reason: "Told".into(),
            about: (kind.into(), ObjectKey::new(namespace, name), Uid::parse(uid)),
            ..Event::default()
        };
        let batch = Batch {
            kind: Kind::Event,
            namespace: "".into(),
            generation: 1,
            changes: vec![Change::Upsert(Object::Event(Box::new(event)))],
            sweep: false,
        };
        bench.send(Message::Cluster(ClusterId::new("idc-bj"), ClusterReport::Batch(batch)));
        bench.act(&[Action::ShowEvents]);
        bench.filter("reason=told");
        bench.act(&[Action::Open]);
        let crumb = bench.model.screen().crumb();
        match leads_to {
            Ok(expected) => assert_eq!(crumb, expected, "{kind} {name} {uid}"),
            Err(says) => {
                let frame = bench.frame(200, 50);
                assert!(
                    crumb == "events" && frame.contains(says),
                    "{kind} {name} {uid}: {frame}"
                );
            }
        }
    }
}

#[test]
fn a_node_that_says_it_is_not_ready_is_heard_of() {
    for (health, words) in [
        (NodeHealth::NotReady, "not ready for 2m"),
        (NodeHealth::Unknown, "not heard of for 2m"),
    ] {
        let mut bench = Bench::fleet();
        let id = ClusterId::new("aliyun");
        let known = bench.model.world().cluster(&id).unwrap().nodes.values().next().unwrap();
        let mut node = known.as_ref().clone();
        node.health = health;
        node.ready_since = crate::support::fleet::ago(150);
        let name = node.name.to_string();
        let batch = Batch {
            kind: Kind::Node,
            namespace: "".into(),
            generation: 1,
            changes: vec![Change::Upsert(Object::Node(Box::new(node)))],
            sweep: false,
        };
        bench.send(Message::Cluster(id, ClusterReport::Batch(batch)));
        bench.act(&[Action::ShowNodes]);
        bench.filter(&name);
        bench.act(&[Action::Open]);
        let frame = bench.frame(120, 40);
        assert!(frame.contains(words), "{frame}");
        // What runs on it is known as long as it is heard of.
        let is_lost = health == NodeHealth::Unknown;
        assert_eq!(frame.contains("nobody knows whether they run"), is_lost, "{frame}");
        assert_eq!(frame.contains("? unknown: node lost"), is_lost, "{frame}");
    }
}

#[test]
fn a_key_that_cannot_act_says_why() {
    use Action::{
        ClearFilter, EventsOf, Expand, Filter, HistoryForward, NodeOf, Open, ShowApps, ShowInstances, ShowLog,
        ShowNodes, SortByAge, SortByStatus,
    };
    for (way, action, says) in [
        (
            vec![ShowApps],
            SortByAge,
            "sort by age: there is no age here, O shows what there is",
        ),
        (vec![], Action::SortByNamespace, "there is no namespace here"),
        (vec![ShowApps, Open], SortByStatus, "a tree keeps its order"),
        (vec![ShowInstances, Open, NodeOf], NodeOf, "this is its node"),
        (vec![ShowNodes], NodeOf, "no instance, no node"),
        (vec![ShowInstances, EventsOf], EventsOf, "these are its events"),
        (vec![ShowApps], Expand, "nothing to open or close"),
        (vec![ShowApps], ClearFilter, "there is no filter"),
        (vec![], HistoryForward, "this is the last view"),
        (vec![ShowLog], Filter, "the log is no list"),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&way);
        let depth = bench.model.screen().crumb();
        assert_eq!(bench.act(&[action]), [], "{action:?}");
        let frame = bench.frame(200, 50);
        assert!(frame.contains(says), "{way:?} {action:?}: {frame}");
        assert_eq!(bench.model.screen().crumb(), depth, "{action:?} went on");
    }
}

#[test]
fn in_a_terminal_too_small_to_see_it_nothing_happens_but_leaving() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Filter]);
    bench.frame(59, 15);
    assert_eq!(bench.model.mode(), Mode::Screen, "the key that quits is the screen's");
    bench.text("feed");
    bench.send(Message::Paste("feed".into()));
    for &action in Action::ALL {
        let expected = match action {
            Action::Quit => vec![Effect::Quit],
            Action::Suspend => vec![Effect::Suspend],
            Action::Redraw => vec![Effect::Redraw],
            _ => vec![],
        };
        assert_eq!(bench.act(&[action]), expected, "{action:?}");
    }
    bench.frame(80, 24);
    assert_eq!(bench.model.mode(), Mode::Prompt);
    assert_eq!(bench.model.screen().list.filter().text(), "");
    assert_eq!(bench.model.screen().crumb(), "apps");
}
