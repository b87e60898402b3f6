//! What messages do to the model: tables of actions and what they lead to.

use pilothouse::domain::access::{Access, Right};
use pilothouse::domain::{Batch, Clean};
use pilothouse::domain::{Change, ClusterId, ClusterReport, Feed, Kind, Link, ObjectKey, Verb};
use pilothouse::message::{Action, Effect, Message, Mode};
use pilothouse::screens::ScreenKind;

use crate::support::fleet;
use crate::support::screen::Bench;

fn crumbs(bench: &mut Bench) -> String {
    let frame = bench.frame(200, 50);
    let line = frame.lines().next().unwrap();
    line.split("   ").next().unwrap().trim().to_owned()
}

fn selected(bench: &mut Bench) -> String {
    let frame = bench.frame(200, 50);
    let row = frame.lines().find(|line| line.starts_with('▌')).unwrap_or("▌ nothing");
    row.split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn enter_goes_in_and_back_comes_to_the_same_row() {
    use Action::{Back, CursorDown, Open};
    let mut bench = Bench::fleet();
    for (actions, crumb, row) in [
        (vec![], "fleet", "idc-bj"),
        (vec![Open], "fleet › idc-bj", "idc-bj"),
        (vec![CursorDown, Open], "fleet › idc-bj › idc-bj-b", "im/push"),
        (
            vec![CursorDown, CursorDown, Open],
            "fleet › idc-bj › idc-bj-b › gift/live-gift",
            "▾",
        ),
        (
            vec![CursorDown, CursorDown, Open],
            "fleet › idc-bj › idc-bj-b › gift/live-gift › live-gift-7c9b4-000",
            "live-gift",
        ),
        (
            vec![Open],
            "fleet › idc-bj › idc-bj-b › gift/live-gift › live-gift-7c9b4-000 › live-gift",
            "nothing",
        ),
        (vec![Back, Back], "fleet › idc-bj › idc-bj-b › gift/live-gift", "▸"),
        (vec![Back], "fleet › idc-bj › idc-bj-b", "gift/live-gift"),
        (vec![Back, Back], "fleet", "idc-bj"),
        (vec![Back], "fleet", "idc-bj"),
    ] {
        bench.act(&actions);
        let shown = crumbs(&mut bench);
        assert!(
            shown == crumb || shown.contains('…'),
            "{actions:?}: {shown} is not {crumb}"
        );
        assert_eq!(selected(&mut bench), row, "{crumb}");
    }
}

#[test]
fn history_goes_back_and_forth() {
    use Action::{HistoryBack, HistoryForward, LastView, Open, ShowApps, ShowNodes};
    let mut bench = Bench::fleet();
    bench.act(&[Open, ShowApps, ShowNodes]);
    for (action, crumb) in [
        (HistoryBack, "apps"),
        (HistoryBack, "fleet › idc-bj"),
        (HistoryBack, "fleet"),
        (HistoryBack, "fleet"),
        (HistoryForward, "fleet › idc-bj"),
        (HistoryForward, "apps"),
        (LastView, "fleet › idc-bj"),
        (LastView, "apps"),
    ] {
        bench.act(&[action]);
        assert_eq!(crumbs(&mut bench), crumb, "after {action:?}");
    }
}

#[test]
fn a_list_is_as_it_was_left() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("ns=feed");
    bench.act(&[Action::CursorDown, Action::ShowNodes, Action::ShowApps]);
    assert_eq!(selected(&mut bench), "feed/rank");
    assert_eq!(bench.model.screen().list.filter().text(), "ns=feed");
}

#[test]
fn every_action_is_answered_on_every_screen() {
    let lead = [
        vec![],
        vec![Action::ShowLocations],
        vec![Action::ShowApps],
        vec![Action::ShowApps, Action::Open],
        vec![Action::ShowInstances],
        vec![Action::ShowInstances, Action::Open],
        vec![Action::ShowInstances, Action::Open, Action::Open],
        vec![Action::ShowNodes],
        vec![Action::ShowNodes, Action::Open],
        vec![Action::ShowEvents],
        vec![Action::ShowActivity],
        vec![Action::ShowLog],
        vec![Action::Filter],
        vec![Action::Palette],
        vec![Action::ScopeNamespaces],
        vec![Action::Help],
    ];
    for way in &lead {
        for &action in Action::ALL {
            let mut bench = Bench::fleet();
            bench.act(way);
            bench.act(&[action]);
            // Drawing in any size must not fail either.
            for (width, height) in [(80, 24), (61, 15), (10, 3), (1, 1)] {
                bench.frame(width, height);
            }
        }
    }
}

#[test]
fn what_an_action_asks_of_the_world() {
    let mut bench = Bench::fleet();
    assert_eq!(bench.act(&[Action::Quit]), [Effect::Quit]);
    assert_eq!(bench.act(&[Action::Suspend]), [Effect::Suspend]);
    assert_eq!(bench.act(&[Action::Reconnect]), [Effect::Reconnect(None)]);
    assert_eq!(bench.act(&[Action::CopyName]), [Effect::Copy("idc-bj".into())]);
    bench.act(&[Action::ShowApps, Action::Mark, Action::Mark]);
    assert_eq!(bench.act(&[Action::CopyName]), [Effect::Copy("push\nsession".into())]);
    bench.act(&[Action::ShowInstances]);
    let effects = bench.act(&[Action::Open]);
    assert!(
        matches!(effects.as_slice(), [Effect::LoadEvents(object)] if object.kind == Kind::Pod && object.key.namespace == "im"),
        "{effects:?}"
    );
    assert_eq!(bench.act(&[Action::Filter, Action::Quit]), [Effect::Quit]);
}

#[test]
fn pasted_text_is_text_only() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    assert_eq!(bench.send(Message::Paste("q\n:quit\n".into())), []);
    assert!(matches!(bench.model.screen().kind, ScreenKind::Apps));
    bench.act(&[Action::Filter]);
    bench.send(Message::Paste("feed\nrank".into()));
    assert_eq!(bench.model.screen().list.filter().text(), "feed rank");
    assert_eq!(bench.model.mode(), Mode::Prompt);
}

#[test]
fn leaving_the_filter_brings_the_former_one_back() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("feed");
    bench.act(&[Action::Filter]);
    bench.text(" rank");
    assert_eq!(bench.model.screen().list.rows().len(), 1);
    bench.act(&[Action::Cancel]);
    assert_eq!(bench.model.screen().list.filter().text(), "feed");
    assert_eq!(bench.model.screen().list.rows().len(), 2);
}

#[test]
fn scope_limits_every_list() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowNodes, Action::ScopeClusters]);
    bench.text("ali");
    bench.act(&[Action::Accept]);
    assert_eq!(bench.model.screen().list.total(), 5);
    bench.act(&[Action::ShowApps]);
    assert_eq!(bench.model.screen().list.total(), 6);
    bench.act(&[Action::ScopeNamespaces, Action::Mark, Action::Mark, Action::Accept]);
    assert_eq!(bench.model.scope_here().namespaces.len(), 2);
    bench.act(&[Action::ScopeAll]);
    assert_eq!(bench.model.screen().list.total(), 14);
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
fn a_quiet_minute_draws_nothing() {
    let mut bench = Bench::fleet();
    let live = |bench: &mut Bench| {
        bench.send(Message::Cluster(
            ClusterId::new("mixed-sh"),
            ClusterReport::Link(Link::Live),
        ));
    };
    live(&mut bench);
    for show in [
        Action::ShowFleet,
        Action::ShowApps,
        Action::ShowInstances,
        Action::ShowEvents,
    ] {
        bench.act(&[show]);
        let version = bench.model.version();
        let frame = bench.frame(120, 40);
        let version_after_resize = bench.model.version();
        assert!(version_after_resize > version);
        for second in 1..=20 {
            bench.send(Message::Tick(fleet::now() + chrono::TimeDelta::seconds(second)));
            live(&mut bench);
            let feed = ClusterReport::Feed(Kind::Pod, "".into(), Feed::Live);
            bench.send(Message::Cluster(ClusterId::new("aliyun"), feed));
        }
        assert_eq!(
            bench.model.version(),
            version_after_resize,
            "{show:?} would be drawn again"
        );
        assert_eq!(bench.frame(120, 40), frame);
    }
}

#[test]
fn the_minute_and_a_stale_link_are_drawn() {
    let mut bench = Bench::fleet();
    let before = bench.frame(120, 40);
    bench.send(Message::Tick(fleet::now() + chrono::TimeDelta::seconds(3)));
    let after = bench.frame(120, 40);
    assert!(before.contains("stale 12 s") && after.contains("stale 15 s"), "{after}");
    bench.send(Message::Tick(fleet::now() + chrono::TimeDelta::seconds(63)));
    assert!(bench.frame(120, 40).contains("17:01"));
}

#[test]
fn the_cursor_stays_on_its_object_while_rows_move_and_vanish() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances]);
    bench.filter("cluster=idc-bj push");
    bench.act(&[Action::CursorDown]);
    assert_eq!(selected(&mut bench), "push-7c9b4-001");
    let delete = |bench: &mut Bench, name: &str, second: i64| {
        let batch = Batch {
            kind: Kind::Pod,
            namespace: "".into(),
            generation: 1,
            changes: vec![Change::Delete(ObjectKey::new("im", name))],
            sweep: false,
        };
        bench.send(Message::Cluster(ClusterId::new("idc-bj"), ClusterReport::Batch(batch)));
        bench.model.settle(fleet::now() + chrono::TimeDelta::seconds(second));
    };
    delete(&mut bench, "push-7c9b4-000", 1);
    assert_eq!(selected(&mut bench), "push-7c9b4-001", "the row above went");
    delete(&mut bench, "push-7c9b4-001", 2);
    assert_eq!(selected(&mut bench), "push-7c9b4-002", "its neighbour takes the place");
}

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
    let right = Right::on(Verb::List, Kind::Event, "");
    let access = Access {
        answers: [(right, false)].into(),
    };
    bench.send(Message::Access(ClusterId::new("idc-bj"), access));
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
fn leaving_the_filter_comes_back_to_the_row_it_began_on() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::CursorDown, Action::CursorDown]);
    let before = selected(&mut bench);
    bench.act(&[Action::Filter]);
    bench.text("feed/rank");
    assert_eq!(selected(&mut bench), "feed/rank");
    bench.act(&[Action::Cancel]);
    assert_eq!(selected(&mut bench), before);
}

#[test]
fn back_clears_the_filter_first() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::Open, Action::Open]);
    bench.filter("push");
    let crumb = crumbs(&mut bench);
    bench.act(&[Action::Back]);
    assert_eq!(bench.model.screen().list.filter().text(), "");
    assert_eq!((crumbs(&mut bench), selected(&mut bench)), (crumb, "im/push".into()));
    bench.act(&[Action::Back]);
    assert_eq!(crumbs(&mut bench), "fleet › idc-bj");
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
            "sort by age: no age among app version ready state",
        ),
        (vec![], Action::SortByNamespace, "no namespace among cluster"),
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
fn lines_above_a_list_scroll_where_they_do_not_fit() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowNodes, Action::Open]);
    assert!(bench.frame(80, 24).contains("state      ✖ lost"));
    for _ in 0..20 {
        bench.act(&[Action::FactsDown]);
    }
    let frame = bench.frame(80, 24);
    assert!(
        frame.contains(", 0 below") && !frame.contains("state      ✖ lost"),
        "{frame}"
    );
    for _ in 0..20 {
        bench.act(&[Action::FactsUp]);
    }
    assert!(bench.frame(80, 24).contains("state      ✖ lost"));
}

#[test]
fn the_screen_of_the_log_follows_it() {
    let mut bench = Bench::fleet();
    for (show, follows) in [(Action::ShowFleet, false), (Action::ShowLog, true)] {
        bench.act(&[show]);
        let before = bench.model.version();
        bench.send(Message::Logged);
        assert_eq!(bench.model.version() != before, follows, "{show:?}");
    }
}
