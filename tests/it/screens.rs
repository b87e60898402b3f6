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
