//! What a person asks for: effects, the palette, details, older events.

use super::crumbs;
use crate::support::screen::Bench;
use pilothouse::domain::Clean;
use pilothouse::domain::{ClusterId, ClusterReport, Feed, Kind};
use pilothouse::message::{Action, Effect, Message};

#[test]
fn what_an_action_asks_of_the_world() {
    let mut bench = Bench::fleet();
    assert_eq!(bench.act(&[Action::Quit]), [Effect::Quit]);
    assert_eq!(bench.act(&[Action::Suspend]), [Effect::Suspend]);
    assert_eq!(bench.act(&[Action::Reconnect]), [Effect::Reconnect]);
    assert_eq!(bench.act(&[Action::CopyName]), [Effect::Copy("idc-bj".into())]);
    bench.act(&[Action::ShowApps, Action::Mark, Action::Mark]);
    assert_eq!(bench.act(&[Action::CopyName]), [Effect::Copy("live-gift\npush".into())]);
    bench.act(&[Action::ShowInstances]);
    let effects = bench.act(&[Action::Open]);
    assert!(
        matches!(effects.as_slice(), [Effect::LoadEvents(object)] if object.kind == Kind::Pod && object.key.namespace == "im"),
        "{effects:?}"
    );
    assert_eq!(bench.act(&[Action::Filter, Action::Quit]), [Effect::Quit]);
}

#[test]
fn the_palette_finds_actions_screens_and_names() {
    for (typed, crumb) in [
        ("shnod", "nodes"),
        ("live-gift", "fleet › gift/live-gift"),
        ("aliyun", "fleet › aliyun"),
        ("sh-cloud", "fleet › sh-cloud"),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&[Action::Palette]);
        bench.text(typed);
        bench.act(&[Action::Accept]);
        assert_eq!(crumbs(&mut bench), crumb, "{typed}");
    }
}

#[test]
fn what_cannot_be_done_now_comes_after_what_can() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Palette]);
    let shown = bench.frame(200, 50);
    assert!(shown.contains("show-fleet") && !shown.contains("not now"), "{shown}");
    bench.text("clear-filter");
    let shown = bench.frame(200, 50);
    assert!(shown.contains("not now"), "{shown}");
}

#[test]
fn the_palette_knows_kinds_by_the_names_that_kubectl_has() {
    for (typed, crumb, filter) in [
        ("pods", "instances", ""),
        ("po", "instances", ""),
        ("nodes", "nodes", ""),
        ("no", "nodes", ""),
        ("ev", "events", ""),
        ("deploy", "apps", "kind=Deployment"),
        ("sts", "apps", "kind=StatefulSet"),
        ("ctx", "fleet", ""),
        ("ctx aliyun", "fleet › aliyun", ""),
        ("context mixed-sh", "fleet › mixed-sh", ""),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&[Action::Palette]);
        bench.text(typed);
        bench.act(&[Action::Accept]);
        assert_eq!(crumbs(&mut bench), crumb, "{typed}");
        assert_eq!(bench.model.screen().list.filter().text(), filter, "{typed}");
    }
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances, Action::Palette]);
    bench.text("ns gift");
    bench.act(&[Action::Accept]);
    let namespaces = bench.model.scope_here().namespaces;
    assert_eq!(namespaces.iter().map(Clean::as_str).collect::<Vec<_>>(), ["gift"]);
    bench.act(&[Action::Palette]);
    bench.text("q");
    assert_eq!(bench.act(&[Action::Accept]), [Effect::Quit]);
}

#[test]
fn the_detail_of_a_cluster_tells_its_watches() {
    let mut bench = Bench::fleet();
    let feed = |kind, feed| {
        Message::Cluster(
            ClusterId::new("idc-bj"),
            ClusterReport::Feed(kind, Clean::default(), feed),
        )
    };
    bench.send(feed(Kind::Rollout, Feed::Absent));
    let right = "list nodes in all namespaces";
    bench.send(feed(Kind::Node, Feed::NoAccess { right: right.into() }));
    bench.act(&[Action::Detail]);
    assert_eq!(crumbs(&mut bench), "fleet › idc-bj in detail");
    let frame = bench.frame(120, 40);
    for told in [
        "● live",
        "https://idc-bj.example:6443",
        "version v1.36.3",
        "Argo Rollouts not here",
        "OpenKruise ● here",
    ] {
        assert!(frame.contains(told), "{told}: {frame}");
    }
    let cut = Feed::Stale {
        since: crate::support::fleet::now(),
        reason: "server error 503".into(),
        retry_at: None,
    };
    bench.send(feed(Kind::CloneSet, cut));
    let cut = bench.frame(120, 40);
    assert!(!cut.contains("● here"), "nothing was ever read of it: {cut}");
    let denied = frame.lines().find(|line| line.contains("✖ no access")).unwrap();
    assert!(denied.contains("nodes") && denied.contains(right), "{frame}");
    assert!(
        frame.contains(right) && frame.contains("○ not in this cluster"),
        "{frame}"
    );
    bench.filter("kind=pods");
    bench.act(&[Action::Open]);
    assert_eq!(crumbs(&mut bench), "fleet › idc-bj in detail › instances");
    assert_eq!(bench.model.screen().list.total(), 69);
}

#[test]
fn asking_for_older_events_is_activity() {
    for (answer, told) in [
        (Ok(Vec::new()), "● the server has none"),
        (
            Err(pilothouse::message::Trouble::warning("no events: gone")),
            "▲ no events: gone",
        ),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&[Action::ShowInstances]);
        let effects = bench.act(&[Action::Open]);
        let [Effect::LoadEvents(object)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        bench.act(&[Action::ShowActivity]);
        let frame = bench.frame(120, 40);
        assert!(
            frame.contains("load older events") && frame.contains("… asked"),
            "{frame}"
        );
        assert!(frame.contains("Pod im/push-7c9b4-000 in idc-bj"), "{frame}");
        bench.send(Message::Events(object.clone(), answer));
        let frame = bench.frame(120, 40);
        assert!(frame.contains(told), "{frame}");
    }
}

#[test]
fn rights_are_asked_for_once_it_is_known_which_namespaces_may_be_seen() {
    let mut bench = Bench::fleet();
    let id = ClusterId::new("aliyun");
    let scope = |namespaces: Option<Vec<Clean>>| Message::Cluster(id.clone(), ClusterReport::Scope(namespaces));
    let asked = bench.send(scope(Some(vec!["im".into(), "gift".into()])));
    let [Effect::Review(of, rights)] = asked.as_slice() else {
        panic!("{asked:?}");
    };
    let namespaces: Vec<&str> = rights.iter().map(|right| right.namespace.as_str()).collect();
    assert_eq!((of, namespaces), (&id, vec!["im", "gift", ""]));
    assert_eq!(bench.send(scope(None)), []);
}

#[test]
fn activity_tells_who_asked() {
    let person = pilothouse::model::Settings {
        person: "oncall@jump1".into(),
        ..crate::support::screen::settings()
    };
    let (world, now) = (crate::support::fleet::world(), crate::support::fleet::now());
    let mut bench = Bench::fleet();
    bench.model = pilothouse::model::Model::new(world, person, now);
    bench.act(&[Action::Reconnect]);
    let said = ClusterReport::Notice("will be upgraded".into());
    bench.send(Message::Cluster(ClusterId::new("aliyun"), said));
    bench.act(&[Action::ShowActivity]);
    let frame = bench.frame(120, 40);
    let line = |what: &str| frame.lines().find(|line| line.contains(what)).unwrap().to_owned();
    assert!(line("reconnect").contains("oncall@jump1"), "{frame}");
    assert_eq!(line("will be upgraded").matches("aliyun").count(), 2, "{frame}");
}

#[test]
fn the_header_tells_tags_and_clusters_nothing_is_written_to() {
    let cluster = |name: &str, readonly, tag: Option<&str>| pilothouse::world::ClusterSetup {
        readonly,
        tag: tag.map(Into::into),
        ..pilothouse::world::ClusterSetup::named(name)
    };
    let tagged = || cluster("idc", true, Some("production"));
    for (clusters, told) in [
        (vec![tagged()], "  read-only"),
        (vec![tagged(), cluster("lab", false, None)], "idc read-only"),
        (
            vec![tagged(), cluster("b", true, None), cluster("c", false, None)],
            "2 read-only",
        ),
    ] {
        let world = pilothouse::world::World::new(clusters);
        let mut bench = Bench::new(world, crate::support::fleet::now());
        let frame = bench.frame(140, 20);
        let header = frame.lines().next().unwrap();
        assert!(header.contains(told) && header.contains("idc production "), "{header}");
    }
}
