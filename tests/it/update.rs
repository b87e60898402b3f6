//! What messages do to the model: tables of actions and what they lead to.

mod asking;
mod limits;
mod notices;
mod picking;
mod reading;
mod refusals;
mod releasing;
mod scope;

use pilothouse::domain::Batch;
use pilothouse::domain::{Change, ClusterId, ClusterReport, Feed, Kind, Link, ObjectKey};
use pilothouse::message::{Action, Message};

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
            vec![CursorDown, Open],
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
        vec![Action::ShowReleases],
        vec![Action::ShowReleases, Action::Open],
        vec![Action::ShowBuilds],
        vec![Action::ShowBuilds, Action::Open],
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
            bench.send(fleet::tick(second));
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
    bench.send(fleet::tick(3));
    let after = bench.frame(120, 40);
    assert!(before.contains("stale 12 s") && after.contains("stale 15 s"), "{after}");
    bench.send(fleet::tick(63));
    assert!(bench.frame(120, 40).contains("17:01"));
}

#[test]
fn why_a_server_is_of_no_use_yet_is_seen_at_once() {
    let mut bench = Bench::fleet();
    let reason = Some("server error 503".into());
    let link = ClusterReport::Link(Link::Connecting { reason });
    for id in ["aliyun", "mixed-sh"] {
        bench.send(Message::Cluster(ClusterId::new(id), ClusterReport::Link(Link::Live)));
    }
    bench.send(Message::Cluster(ClusterId::new("idc-bj"), link));
    let frame = bench.frame(160, 40);
    let (header, below) = frame.split_once('\n').unwrap();
    assert!(
        header.contains("… idc-bj production connecting: server error 503"),
        "{header}"
    );
    let row = below.lines().find(|line| line.contains("idc-bj")).unwrap();
    assert!(
        row.contains("… connecting") && row.contains("server error 503"),
        "{row}"
    );
    // Where the reason has no room in the header, the names have.
    let narrow = bench.frame(80, 40);
    let header = narrow.lines().next().unwrap();
    assert!(header.contains("… idc-bj production connecting   ●"), "{header}");
}

#[test]
fn a_link_ages_by_a_clock_that_nobody_sets() {
    let mut bench = Bench::fleet();
    for (passed, set) in [(1, 3600), (2, -3600), (3, -86_400)] {
        let wall = fleet::now() + chrono::TimeDelta::seconds(set);
        bench.send(Message::Tick(wall, fleet::moment(passed)));
        let (frame, age) = (bench.frame(120, 40), format!("stale {} s", 12 + passed));
        assert!(frame.matches(&age).count() >= 2, "{age} in header and list:\n{frame}");
    }
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
fn lines_above_a_list_scroll_where_they_do_not_fit() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowNodes, Action::Open]);
    assert!(bench.frame(80, 24).contains("state      ✖ lost"));
    for _ in 0..20 {
        bench.act(&[Action::FactsDown]);
    }
    let frame = bench.frame(80, 24);
    assert!(
        frame.contains("above: (") && !frame.contains("below: )") && !frame.contains("state      ✖ lost"),
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

#[test]
fn marks_of_what_vanished_go() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances]);
    bench.filter("cluster=idc-bj push");
    bench.act(&[Action::Mark, Action::Mark]);
    bench.filter("");
    assert!(bench.frame(120, 40).contains("2 marked"));
    let batch = Batch {
        kind: Kind::Pod,
        namespace: "".into(),
        generation: 1,
        changes: vec![Change::Delete(ObjectKey::new("im", "push-7c9b4-000"))],
        sweep: false,
    };
    bench.send(Message::Cluster(ClusterId::new("idc-bj"), ClusterReport::Batch(batch)));
    bench.model.settle(fleet::now() + chrono::TimeDelta::seconds(9));
    assert!(bench.frame(120, 40).contains("1 marked"));
}
