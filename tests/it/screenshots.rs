//! Pictures of the screens, drawn by the program from fixed scenes; `PILOTHOUSE_BLESS=1` writes them anew.

use std::path::PathBuf;

use pilothouse::message::Action;
use pilothouse::theme::Theme;
use pilothouse::widgets::svg::{Paper, render};

use crate::support::screen::Bench;

/// Name, theme, size and the way there.
type Scene = (&'static str, &'static str, (u16, u16), fn(&mut Bench));

const SCENES: [Scene; 9] = [
    ("fleet", "dark", (120, 16), |bench| {
        bench.act(&[Action::ShowFleet]);
    }),
    ("locations", "dark", (140, 16), |bench| {
        bench.act(&[Action::ShowLocations]);
    }),
    ("apps", "dark", (140, 24), |bench| {
        bench.act(&[Action::ShowApps]);
    }),
    ("app", "dark", (140, 34), |bench| {
        bench.act(&[Action::ShowApps]);
        bench.filter("live-gift");
        bench.act(&[Action::Open]);
    }),
    ("instances", "dark", (140, 24), |bench| {
        bench.act(&[Action::ShowInstances, Action::Filter]);
        bench.text("cpu>250m status=unknown");
    }),
    ("lost-node", "dark", (140, 30), |bench| {
        bench.act(&[Action::ShowNodes, Action::Open]);
    }),
    ("palette", "dark", (120, 24), |bench| {
        bench.act(&[Action::ShowApps, Action::Palette]);
        bench.text("loc");
    }),
    ("apps-light", "light", (140, 24), |bench| {
        bench.act(&[Action::ShowApps]);
    }),
    ("nodes-mono", "mono", (120, 24), |bench| {
        bench.act(&[Action::ShowNodes]);
    }),
];

#[test]
fn pictures_are_as_the_program_draws() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("screenshots");
    let bless = std::env::var_os("PILOTHOUSE_BLESS").is_some();
    for (name, theme, (width, height), lead) in SCENES {
        let mut bench = Bench::fleet();
        bench.theme = Theme::shipped(theme);
        lead(&mut bench);
        let paper = if theme == "light" { Paper::LIGHT } else { Paper::DARK };
        let drawn = render(&bench.buffer(width, height), &format!("pilothouse: {name}"), paper);
        let path = folder.join(format!("{name}.svg"));
        if bless {
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(&path, &drawn).unwrap();
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == drawn,
            "screenshots/{name}.svg is not what the program draws: run the tests with PILOTHOUSE_BLESS=1 and look at it"
        );
    }
}
