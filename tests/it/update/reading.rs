//! What a person reads of a list at a glance: parts, counts, names that stay apart, what a sort is called.

use pilothouse::domain::terms::Rolling;
use pilothouse::domain::{ClusterId, Kind, ObjectKey, Terms, Workload};
use pilothouse::listing::{ColumnId, Value};
use pilothouse::message::{Action, Effect, Mode};

use crate::support::screen::Bench;

#[test]
fn releases_in_flight_and_those_that_are_done_are_parts_with_their_counts() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowReleases]);
    let frame = bench.frame(80, 24);
    let line = |text: &str| frame.lines().position(|line| line.contains(text));
    assert!(frame.contains("releases: 2 in flight, 38 done"), "{frame}");
    assert_eq!(line("  2 in flight ──"), Some(3), "{frame}");
    assert_eq!(line("  38 done ──"), Some(6), "{frame}");
    assert!(!frame.contains("history"), "{frame}");
    for heading in ["READY", "SINCE", "WHY", "VERSION"] {
        assert!(frame.lines().nth(2).unwrap().contains(heading), "{heading}: {frame}");
    }
    // The parts are of the rows that are shown, and there are none where something else orders them.
    bench.filter("feed/rank");
    assert!(bench.frame(80, 24).contains("4 done ──"), "{}", bench.frame(80, 24));
    bench.act(&[Action::ClearFilter, Action::SortByName]);
    assert!(!bench.frame(80, 24).contains("──"));
}

#[test]
fn the_cursor_is_in_sight_below_the_names_of_parts() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowReleases]);
    for _ in 0..40 {
        let frame = bench.frame(80, 24);
        assert!(frame.lines().any(|line| line.starts_with('▌')), "{frame}");
        bench.act(&[Action::CursorDown]);
    }
    bench.act(&[Action::Top, Action::Bottom]);
    let frame = bench.frame(80, 24);
    assert!(
        frame.lines().nth(22).is_some_and(|line| line.starts_with('▌')),
        "{frame}"
    );
}

/// A Deployment of idc-bj, told anew with something changed.
fn change_deployment(bench: &mut Bench, (namespace, name): (&str, &str), change: impl FnOnce(&mut Workload)) {
    let id = ClusterId::new("idc-bj");
    let cluster = bench.model.world().cluster(&id).unwrap();
    let key = ObjectKey::new(namespace, name);
    let mut workload = (**cluster.workload(Kind::Deployment, &key).unwrap()).clone();
    change(&mut workload);
    bench.tell_deployment(id, workload);
}

#[test]
fn a_newest_revision_whose_instances_have_no_place_says_so() {
    let mut bench = Bench::fleet();
    change_deployment(&mut bench, ("user", "profile"), |workload| {
        workload.terms = Terms::Deployment(Rolling {
            revision: Some(1),
            settled: true,
            ..Rolling::default()
        });
    });
    bench.act(&[Action::ShowReleases]);
    bench.filter("user/profile");
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("▲ 2 unschedulable") && !frame.contains("newest"),
        "{frame}"
    );
}

#[test]
fn more_columns_that_have_no_room_are_told_with_the_key_that_brings_them() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Wide]);
    let frame = bench.frame(80, 24);
    let told = frame
        .lines()
        .find(|line| line.contains("all columns; "))
        .unwrap_or_default();
    let key = bench.model.keys_of(Mode::Screen, Action::ColumnsRight).unwrap();
    assert!(told.contains(key), "{frame}");
    bench.act(&[Action::Wide]);
    assert!(bench.frame(80, 24).contains("the columns that say most"));
}

#[test]
fn a_picker_tells_how_much_of_it_is_out_of_sight() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Palette]);
    let frame = bench.frame(80, 24);
    let told = frame.lines().find(|line| line.contains("more ─┘")).unwrap_or_default();
    assert!(told.contains("↓ ") && !told.contains('↑'), "{frame}");
}

#[test]
fn a_sort_is_called_what_its_column_is() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    assert!(bench.frame(80, 24).contains("sort RELEASE ↓"));
    bench.act(&[Action::PickSort]);
    let frame = bench.frame(80, 24);
    assert!(frame.contains("RELEASE") && frame.contains("↻ restarts"), "{frame}");
    bench.text("restarts");
    bench.act(&[Action::Accept]);
    assert!(bench.frame(80, 24).contains("sort ↻ restarts ↓"));
}

#[test]
fn stable_apps_are_sorted_by_how_long_not_by_how_that_is_written() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    let source = |bench: &Bench| {
        let scope = bench.model.scope_here();
        let screen = bench.model.screen();
        let source = screen.rows.source(bench.model.context(&scope));
        let state = |&row: &u32| source.value(row, ColumnId::State);
        let numbers = screen.list.rows().iter().map(state).map(|value| match value {
            Value::Ranked(rank, _) => rank,
            other => panic!("{other:?} has no rank"),
        });
        numbers.collect::<Vec<_>>()
    };
    let ranks = source(&bench);
    assert!(ranks.is_sorted_by(|a, b| a >= b), "{ranks:?}");
    assert!(
        ranks
            .windows(2)
            .any(|pair| pair[0] != pair[1] && pair[0] >> 40 == pair[1] >> 40),
        "{ranks:?}"
    );
}

#[test]
fn events_of_an_app_are_those_of_all_that_belongs_to_it() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowEvents]);
    bench.filter("cluster=idc-bj about=push");
    let all = bench.model.screen().list.rows().len();
    bench.act(&[Action::ShowApps]);
    bench.filter("im/push");
    let asked = bench.act(&[Action::EventsOf]);
    assert!(
        matches!(asked.as_slice(), [Effect::LoadEvents(object)] if object.key.name == "push"),
        "{asked:?}"
    );
    let frame = bench.frame(120, 40);
    let rows = bench.model.screen().list.rows().len();
    assert!(frame.contains("events of im/push"), "{frame}");
    assert!(frame.contains("Pod im/push-7c9b4"), "{frame}");
    assert_eq!(rows, all, "{frame}");
    // The workload's own row leads to the same: it made all of them.
    bench.act(&[Action::Back, Action::Open, Action::EventsOf]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("Pod im/push-7c9b4"), "{frame}");
    assert_eq!(bench.model.screen().list.rows().len(), all, "{frame}");
}

#[test]
fn the_ends_of_names_stay() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowEvents]);
    let frame = bench.frame(80, 24);
    let about: Vec<&str> = frame.lines().filter(|line| line.contains("Pod ")).collect();
    assert!(
        !about.is_empty() && about.iter().all(|line| line.contains("-00")),
        "{frame}"
    );
}

#[test]
fn marks_that_are_not_seen_are_counted() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Mark, Action::Mark, Action::Mark]);
    assert!(bench.frame(80, 24).contains("3 marked "));
    bench.filter("im/push");
    assert!(
        bench.frame(80, 24).contains("3 marked, 2 hidden"),
        "{}",
        bench.frame(80, 24)
    );
}

#[test]
fn trouble_is_not_cut_where_there_is_room() {
    let mut bench = crate::support::measured::bench();
    let frame = bench.frame(200, 50);
    let row = frame.lines().find(|line| line.starts_with('▌')).unwrap();
    assert!(!row.contains('…'), "{frame}");
}

#[test]
fn the_line_of_keys_tells_what_works_on_this_row() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("live-gift");
    bench.act(&[Action::Open]);
    let footer = |bench: &mut Bench| bench.frame(120, 40).lines().last().unwrap().to_owned();
    let on_workload = footer(&mut bench);
    assert!(
        on_workload.contains("enter fold") && !on_workload.contains("tab fold"),
        "{on_workload}"
    );
    assert!(
        !on_workload.contains("o node") && !on_workload.contains('('),
        "{on_workload}"
    );
    bench.act(&[Action::Open]);
    assert!(
        !bench.frame(120, 40).contains("# c3c7ae8  new  revision 2    ▲"),
        "it was closed"
    );
    bench.act(&[Action::Open, Action::CursorDown, Action::CursorDown]);
    let on_instance = footer(&mut bench);
    assert!(
        on_instance.contains("enter open") && on_instance.contains("o node"),
        "{on_instance}"
    );
}

#[test]
fn help_begins_with_the_screen_and_ends_with_moving_about() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Help]);
    let frame = bench.frame(80, 24);
    let lines: Vec<&str> = frame.lines().collect();
    assert!(lines[2].contains("here: apps") && lines[3].contains("go in"), "{frame}");
    assert!(
        frame.contains("lines below: j") && !frame.contains(" above") && !frame.contains('…'),
        "{frame}"
    );
    bench.act(&[Action::Bottom]);
    let frame = bench.frame(80, 24);
    assert!(
        frame.contains("to the last row") && frame.contains("lines above: k") && !frame.contains(" below"),
        "{frame}"
    );
    assert!(!frame.contains('…'), "{frame}");
}

#[test]
fn a_short_name_shows_what_it_goes_to_and_a_kind_opens_at_its_top() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::Palette]);
    bench.text("ctx");
    assert!(
        bench.frame(80, 24).contains("ctx ▸ show-fleet"),
        "{}",
        bench.frame(80, 24)
    );
    bench.act(&[Action::Cancel, Action::ShowApps, Action::Bottom, Action::Palette]);
    bench.text("deploy");
    bench.act(&[Action::Accept]);
    assert_eq!(bench.model.screen().list.place(), 0);
}

#[test]
fn the_events_of_what_an_event_is_about() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowEvents]);
    bench.filter("cluster=idc-bj about=push-7c9b4-000");
    bench.act(&[Action::EventsOf]);
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("events of push-7c9b4-000") && frame.contains("4 events"),
        "{frame}"
    );
}

#[test]
fn a_gray_release_is_counted_alike_in_every_list() {
    let mut bench = Bench::fleet();
    change_deployment(&mut bench, ("gift", "live-gift"), |workload| {
        workload.terms = Terms::Deployment(Rolling {
            revision: Some(2),
            min_ready_seconds: i32::MAX - 1,
            ..Rolling::default()
        });
        let labels = [("pilothouse.dev/hold", "x"), ("pilothouse.dev/hold-from", "5f6d8")];
        let known = workload.labels.iter().cloned();
        workload.labels = known.chain(labels.map(|(k, v)| (k.into(), v.into()))).collect();
    });
    pick_cluster(&mut bench);
    let mut seen = Vec::new();
    for way in [
        vec![Action::ShowApps],
        vec![Action::ShowReleases],
        vec![Action::ShowApps, Action::Open],
    ] {
        bench.act(&way[..1]);
        bench.filter("live-gift");
        bench.act(&way[1..]);
        let frame = bench.frame(200, 50);
        let row = frame.lines().find(|line| line.starts_with('▌')).unwrap().to_owned();
        let count = row
            .split("  ")
            .find(|cell| cell.contains(" + "))
            .unwrap_or(&row)
            .trim()
            .to_owned();
        seen.push(count);
    }
    assert!(
        seen[0].starts_with("6 + ") && seen.iter().all(|count| *count == seen[0]),
        "{seen:?}"
    );
}

/// Limits the view to the first cluster.
fn pick_cluster(bench: &mut Bench) {
    bench.act(&[Action::ScopeClusters]);
    bench.text("idc-bj");
    bench.act(&[Action::Accept]);
}
