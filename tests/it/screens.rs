//! Frames of every screen, as text.

use chrono::TimeDelta;
use insta::assert_snapshot;
use pilothouse::domain::ClusterReport;
use pilothouse::domain::cluster::Identity;
use pilothouse::message::{Action, Message};

use crate::support::fleet::{moment, now};
use crate::support::screen::{Bench, LISTS, frames};

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 50), (60, 15)];

/// Draws what the actions lead to in every size.
fn shows(name: &str, lead: impl Fn(&mut Bench)) {
    for (name, frame) in frames(name, &SIZES, Bench::fleet, lead) {
        assert_snapshot!(name, frame);
    }
}

#[test]
fn the_lists() {
    let others = [
        ("releases", Action::ShowReleases),
        ("events", Action::ShowEvents),
        ("activity", Action::ShowActivity),
    ];
    for (name, action) in LISTS.into_iter().chain(others) {
        shows(name, |bench| {
            bench.act(&[action]);
        });
    }
}

#[test]
fn what_one_goes_into() {
    shows("app", |bench| {
        bench.act(&[Action::ShowApps]);
        bench.filter("live-gift");
        bench.act(&[Action::Open]);
    });
    shows("instance", |bench| {
        bench.act(&[Action::ShowInstances]);
        bench.filter("push-7c9b4-000");
        bench.act(&[Action::Open]);
    });
    shows("container", |bench| {
        bench.act(&[Action::ShowInstances]);
        bench.filter("push-7c9b4-000");
        bench.act(&[Action::Open, Action::Open]);
    });
    shows("lost-node", |bench| {
        bench.act(&[Action::ShowNodes, Action::Open]);
    });
    shows("location", |bench| {
        bench.act(&[Action::Open, Action::Open]);
    });
}

#[test]
fn what_lies_over_a_screen() {
    shows("palette", |bench| {
        bench.act(&[Action::Palette]);
        bench.text("live");
    });
    shows("help", |bench| {
        bench.act(&[Action::Help]);
    });
    shows("pick-sort", |bench| {
        bench.act(&[Action::ShowApps, Action::PickSort]);
    });
    shows("pick-locations", |bench| {
        bench.act(&[Action::ScopeLocations, Action::Mark, Action::Mark]);
    });
    shows("filter", |bench| {
        bench.act(&[Action::ShowInstances, Action::Filter]);
        bench.text("cpu-req>250m node=003");
    });
    shows("filter-wrong", |bench| {
        bench.act(&[Action::ShowInstances, Action::Filter]);
        bench.text("cpu>much");
    });
}

#[test]
fn too_small_a_terminal_is_told_so() {
    for (width, height) in [(59, 15), (60, 14), (20, 4)] {
        let frame = Bench::fleet().frame(width, height);
        assert!(frame.contains(&format!("{width} × {height} here")), "{frame}");
    }
    let frame = Bench::fleet().frame(60, 15);
    assert!(frame.contains("CLUSTER"), "{frame}");
}

/// F19: what a cluster dates is as old as its own clock says, whatever ours says, also when ours is set.
#[test]
fn ages_are_by_the_clusters_clock() {
    for (name, lead) in dated() {
        let mut right = Bench::fleet();
        lead(&mut right);
        let expected = below_the_header(&mut right);
        for ahead in [3600, -3600, 0] {
            // The clock is set while the screen is shown; the next probe measures how far it is off.
            set_clocks(&mut right, ahead);
            assert_eq!(below_the_header(&mut right), expected, "{name}, {ahead} s");
        }
    }
}

#[test]
fn no_age_is_negative_before_the_clocks_were_compared() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances]);
    bench.send(Message::Tick(now() - TimeDelta::days(60), moment(0)));
    let frame = bench.frame(200, 50);
    let mut rows = frame.lines().filter(|line| line.contains(" 10.244."));
    assert!(
        rows.clone().count() > 10 && rows.all(|row| row.contains("<1m")),
        "{frame}"
    );
}

/// A screen's name and the way to it.
type Way = (&'static str, fn(&mut Bench));

/// Screens with ages of objects.
fn dated() -> [Way; 8] {
    [
        ("instances", |b| drop(b.act(&[Action::ShowInstances]))),
        ("nodes", |b| drop(b.act(&[Action::ShowNodes]))),
        ("events", |b| drop(b.act(&[Action::ShowEvents]))),
        ("lost node", |b| drop(b.act(&[Action::ShowNodes, Action::Open]))),
        ("app", |b| {
            b.act(&[Action::ShowApps]);
            b.filter("live-gift");
            b.act(&[Action::Open]);
        }),
        ("instance", |b| {
            b.act(&[Action::ShowInstances]);
            b.filter("push-7c9b4-000");
            b.act(&[Action::Open]);
        }),
        ("container", |b| {
            b.act(&[Action::ShowInstances]);
            b.filter("push-7c9b4-000");
            b.act(&[Action::Open, Action::Open]);
        }),
        ("young", |b| {
            b.act(&[Action::ShowInstances]);
            b.filter("age<2h");
        }),
    ]
}

fn set_clocks(bench: &mut Bench, ahead: i64) {
    let ids: Vec<_> = bench.model.world().clusters().iter().map(|c| c.id.clone()).collect();
    for id in ids {
        let identity = Identity {
            clock_skew: Some(ahead),
            ..bench.model.world().cluster(&id).unwrap().identity.clone()
        };
        bench.send(Message::Cluster(id, ClusterReport::Identity(identity)));
    }
    bench.send(Message::Tick(now() - TimeDelta::seconds(ahead), moment(0)));
}

/// A frame without its first line, where our own clock is told.
fn below_the_header(bench: &mut Bench) -> String {
    let frame = bench.frame(200, 50);
    frame.split_once('\n').unwrap().1.to_owned()
}
