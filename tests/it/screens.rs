//! Frames of every screen, as text.

use insta::assert_snapshot;
use pilothouse::message::Action;

use crate::support::screen::Bench;

const SIZES: [(u16, u16); 4] = [(80, 24), (120, 40), (200, 50), (60, 15)];

/// Draws what the actions lead to in every size.
fn shows(name: &str, lead: impl Fn(&mut Bench)) {
    for (width, height) in SIZES {
        let mut bench = Bench::fleet();
        lead(&mut bench);
        assert_snapshot!(format!("{name}-{width}x{height}"), bench.frame(width, height));
    }
}

#[test]
fn the_lists() {
    for (name, action) in [
        ("fleet", Action::ShowFleet),
        ("locations", Action::ShowLocations),
        ("apps", Action::ShowApps),
        ("instances", Action::ShowInstances),
        ("nodes", Action::ShowNodes),
        ("events", Action::ShowEvents),
        ("activity", Action::ShowActivity),
    ] {
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
        bench.text("cpu>250m node=003");
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
