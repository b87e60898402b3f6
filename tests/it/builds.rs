//! Builds on screen: what runs, what failed and what is over, a build with its stages, an app's last builds.

use insta::assert_snapshot;
use pilothouse::listing::RowKey;
use pilothouse::message::{Action, Effect, Mode};
use pilothouse::release::step::Step;
use pilothouse::screens::ScreenKind;

use crate::support::builds::{COMMITS, DIGEST, finish, world};
use crate::support::fleet::{now, tick};
use crate::support::screen::{Bench, frames};

const SIZES: [(u16, u16); 2] = [(80, 24), (200, 50)];

fn bench() -> Bench {
    Bench::new(world(), now())
}

fn shows(name: &str, lead: impl Fn(&mut Bench)) {
    for (name, frame) in frames(name, &SIZES, bench, lead) {
        assert_snapshot!(name, frame);
    }
}

fn rows(bench: &mut Bench) -> Vec<String> {
    let frame = bench.frame(200, 50);
    let is_row = |line: &&str| ["gift/", "feed/", "search/"].iter().any(|team| line.contains(team));
    frame.lines().filter(is_row).map(str::to_owned).collect()
}

#[test]
fn builds_are_shown() {
    shows("builds", |bench| {
        bench.act(&[Action::ShowBuilds]);
    });
    shows("build-failed", |bench| {
        bench.act(&[Action::ShowBuilds]);
        bench.filter("state=failed");
        bench.act(&[Action::Open]);
    });
    shows("build-running", |bench| {
        bench.act(&[Action::ShowBuilds]);
        bench.filter("state=running");
        bench.act(&[Action::Open]);
    });
    shows("app-with-builds", |bench| {
        bench.act(&[Action::ShowApps]);
        bench.filter("live-gift");
        bench.act(&[Action::Open]);
    });
}

#[test]
fn what_runs_comes_before_what_failed_and_that_before_what_is_over() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    let rows = rows(&mut bench);
    let states: Vec<bool> = rows
        .iter()
        .map(|row| row.contains("running") || row.contains("waiting"))
        .collect();
    assert_eq!(states, [true, true, false, false, false, false, false], "{rows:?}");
    assert!(rows[2].contains("failed") && rows[2].contains("exit 2"), "{}", rows[2]);
    assert!(
        rows[1].contains("8 Insufficient memory") || rows[0].contains("8 Insufficient memory"),
        "{rows:?}"
    );
}

#[test]
fn a_build_that_runs_tells_its_stage_and_its_time_second_by_second() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    let told = |bench: &mut Bench| {
        let rows = rows(bench);
        rows.into_iter().find(|row| row.contains("running")).unwrap()
    };
    let row = told(&mut bench);
    assert!(row.contains("compile 2/3 · 1 m 15 s"), "{row}");
    let version = bench.model.version();
    bench.send(tick(5));
    assert_ne!(bench.model.version(), version, "the next frame is another");
    let row = told(&mut bench);
    assert!(row.contains("compile 2/3 · 1 m 20 s"), "{row}");
}

#[test]
fn going_into_a_build_and_back_comes_to_the_same_row() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds, Action::CursorDown, Action::CursorDown]);
    let selected = bench.model.screen().list.selected().cloned();
    let Some(RowKey::Build(cluster, key)) = &selected else {
        panic!("{selected:?}");
    };
    bench.act(&[Action::Open]);
    assert_eq!(
        bench.model.screen().kind,
        ScreenKind::Build(cluster.clone(), key.clone())
    );
    bench.act(&[Action::Back]);
    assert_eq!(bench.model.screen().list.selected(), selected.as_ref());
}

#[test]
fn the_log_of_a_stage_is_that_of_its_container_and_a_builds_log_is_all_of_them() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    bench.filter("state=failed");
    bench.act(&[Action::Open, Action::CursorDown, Action::Logs]);
    let ScreenKind::Logs(follow) = &bench.model.screen().kind else {
        panic!("no logs");
    };
    assert!(follow.title.ends_with("compile"), "{}", follow.title);
    assert_eq!(follow.intents.len(), 1);
    bench.act(&[Action::Back, Action::Back, Action::Logs]);
    let ScreenKind::Logs(follow) = &bench.model.screen().kind else {
        panic!("no logs");
    };
    assert!(follow.title.contains("build-rank"), "{}", follow.title);
}

#[test]
fn the_fleet_counts_the_builds_under_way() {
    let mut bench = bench();
    let frame = bench.frame(240, 50);
    let row = frame
        .lines()
        .find(|line| line.contains("IDC") && line.contains("idc-bj production"))
        .unwrap();
    assert!(frame.contains("BUILDS") && row.contains(" 2 "), "{frame}");
}

#[test]
fn a_build_that_is_over_is_not_cancelled_and_one_that_runs_only_by_its_uid() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    bench.filter("state=failed");
    bench.act(&[Action::CancelBuild]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("cancel: it is over"), "{frame}");
    bench.filter("state=running");
    let effects = bench.act(&[Action::CancelBuild]);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Prepare(asked) => Some(asked),
        _ => None,
    });
    let asked = asked.unwrap();
    assert_eq!(asked.step, Step::Cancel);
    assert_eq!(asked.object.uid.to_string(), asked.object.key.name.to_string());
    assert_eq!(asked.app.to_string(), "gift/live-gift");
}

#[test]
fn the_gray_release_of_a_build_is_shown_once_it_is_done_and_not_over_something_else() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    bench.filter("state=waiting");
    bench.act(&[Action::BuildGray]);
    assert!(bench.frame(120, 40).contains("is shown once it is done"));
    bench.act(&[Action::ShowApps, Action::Help]);
    finish(&mut bench);
    assert!(matches!(bench.model.mode(), Mode::Reader), "help is read");
    bench.act(&[Action::Back]);
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("how many new instances?") && frame.contains("search/query"),
        "{frame}"
    );
    bench.act(&[Action::Cancel]);
    bench.act(&[Action::ShowFleet]);
    assert_eq!(bench.model.mode(), Mode::Screen, "it is offered once");
}

#[test]
fn the_same_key_takes_it_back_and_of_a_build_that_is_done_it_is_shown_at_once() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    bench.filter("state=waiting");
    bench.act(&[Action::BuildGray, Action::BuildGray]);
    finish(&mut bench);
    assert_eq!(bench.model.mode(), Mode::Screen);
    bench.filter("query");
    bench.act(&[Action::BuildGray]);
    let frame = bench.frame(120, 40);
    assert_eq!(bench.model.mode(), Mode::Prompt, "how many: {frame}");
}

#[test]
fn what_failed_is_built_again_and_what_goes_on_or_is_done_is_not() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    bench.filter("state=running");
    assert_eq!(bench.act(&[Action::RetryBuild]), []);
    assert!(bench.frame(120, 40).contains("build again: it goes on"));
    bench.filter("state=failed");
    let effects = bench.act(&[Action::RetryBuild]);
    let [Effect::PrepareBuild(_, object, asked)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(object.key.name, "rank");
    assert_eq!((asked.commit.as_str(), asked.reference.as_str()), (COMMITS[3], "main"));
    assert_eq!(asked.image.place(), "registry.example/feed/rank");
    assert!(bench.frame(120, 40).contains("again, for it failed: compile"));
}

#[test]
fn events_of_a_build_are_those_of_its_job() {
    let mut bench = bench();
    bench.act(&[Action::ShowBuilds]);
    bench.act(&[Action::EventsOf]);
    assert!(matches!(&bench.model.screen().kind, ScreenKind::EventsOf(object) if object.kind.name() == "Job"));
}

#[test]
fn a_build_of_which_nothing_is_released_is_offered_first_where_a_version_is_asked_for() {
    let mut bench = bench();
    bench.act(&[Action::ShowApps]);
    bench.filter("billing");
    bench.act(&[Action::GrayRelease]);
    let frame = bench.frame(200, 50);
    let line = |words: &[&str]| {
        frame
            .lines()
            .position(|line| words.iter().all(|word| line.contains(word)))
    };
    let offered = line(&[COMMITS[6].get(..7).unwrap(), "built 9m ago · nothing of it is released"]);
    assert!(offered.is_some(), "{frame}");
    assert!(line(&["revision"]).is_none_or(|other| offered < Some(other)), "{frame}");
    let effects = bench.act(&[Action::Accept, Action::Accept]);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Prepare(asked) => Some(&asked.step),
        _ => None,
    });
    let Some(Step::Start(new)) = asked else {
        panic!("{effects:?}");
    };
    assert_eq!(new.image, format!("registry.example/gift/billing@{DIGEST}"));
    assert_eq!(new.facts.commit.as_deref(), Some(COMMITS[6]));
    assert_eq!(new.facts.reference.as_deref(), Some("main"));
    assert_eq!(new.facts.build.as_deref(), Some("build-billing-7b8c9d0e1f2a"));
    assert_eq!(new.facts.image_digest.as_deref(), Some(DIGEST));
}
