//! A figure chosen to be seen and sorted by: in a column of its own, most first, unknown where it is unknown.

mod kept;

use pilothouse::domain::{AppKey, ClusterId, Pod};
use pilothouse::listing::{ColumnId, RowKey, Value};
use pilothouse::message::{Action, Effect, Message};
use pilothouse::metrics::source::Report;
use pilothouse::metrics::{Figure, Figures, Measured, Resolution, Span, Subject};
use pilothouse::screens::ScreenKind;
use pilothouse::screens::figures::Whose;
use pilothouse::world::ClusterView;
use strum::VariantArray;

use crate::support::screen::Bench;
use crate::support::{fleet, measured};

use Action::{Accept, CursorDown, Expand, Open, PickFigure, ShowApps, ShowInstances, ShowLocations, ShowNodes};

/// Chooses a figure by its name, and measures everything as it is asked for.
pub(crate) fn choose(bench: &mut Bench, figure: Figure) {
    bench.act(&[PickFigure]);
    bench.text(figure.name());
    bench.act(&[Accept]);
    let effects = bench.send(Message::Tick(fleet::now(), fleet::moment(0)));
    let is_asked = |effect: &Effect| matches!(effect, Effect::Measure(_, wanted) if wanted.figure == Some(figure));
    assert!(effects.iter().any(is_asked), "{figure:?}: {effects:?}");
    measure(bench, figure);
}

/// Measures a figure of every instance but one in seven, and of its containers.
pub(crate) fn measure(bench: &mut Bench, figure: Figure) {
    measure_at(bench, figure, 0);
}

/// The same, so many seconds later.
fn measure_at(bench: &mut Bench, figure: Figure, seconds: i64) {
    let now = fleet::now() + chrono::TimeDelta::seconds(seconds);
    let at = now.timestamp_millis() + 1_000;
    let ids: Vec<ClusterId> = bench.model.world().clusters().iter().map(|c| c.id.clone()).collect();
    for id in ids {
        let cluster = bench.model.world().cluster(&id).unwrap();
        let mut items = Vec::new();
        for (place, pod) in cluster.pods.values().enumerate().filter(|(place, _)| place % 7 != 3) {
            let subjects = pod.containers.iter().enumerate().map(|(number, container)| {
                let subject = Subject::Container(pod.key.clone(), container.name.clone());
                (subject, place + number)
            });
            for (subject, value) in subjects.chain([(Subject::Pod(pod.key.clone()), place)]) {
                let mut figures = Figures::default();
                figures.set(figure, (value % 90) as f64 / if figure.adds_up() { 1.0 } else { 100.0 });
                let span = Span {
                    from: at - 10_000,
                    to: at,
                };
                items.push(Measured { subject, span, figures });
            }
        }
        bench.send(Message::Metrics(id, Report::Measured { at, items }));
    }
    let later = now + chrono::TimeDelta::seconds(20);
    bench.send(Message::Tick(later, fleet::moment(seconds + 20)));
    bench.send(Message::Tick(
        later + chrono::TimeDelta::seconds(5),
        fleet::moment(seconds + 25),
    ));
}

/// What the rows at the top of the tree say of a figure, in their order.
fn values(bench: &Bench, figure: Figure) -> Vec<Value<'static>> {
    let scope = bench.model.scope_here();
    let screen = bench.model.screen();
    let source = screen.rows.source(bench.model.context(&scope));
    let rows = screen.list.rows().iter().filter(|row| source.depth(**row) == 0);
    let numbers = rows.map(|row| source.value(*row, ColumnId::Used(figure)).as_number());
    numbers.map(Value::number).collect()
}

fn is_most_first(values: &[Value<'_>]) -> bool {
    let known: Vec<i64> = values.iter().map_while(Value::as_number).collect();
    !known.is_empty() && known.is_sorted_by(|a, b| a >= b) && values[known.len()..].iter().all(|v| *v == Value::Absent)
}

#[test]
fn any_figure_sorts_any_list_of_what_uses_something() {
    for way in [
        vec![ShowInstances],
        vec![ShowApps],
        vec![ShowNodes],
        vec![ShowLocations],
        vec![],
    ] {
        for figure in Figure::VARIANTS.iter().copied() {
            let mut bench = measured::bench();
            bench.act(&way);
            choose(&mut bench, figure);
            let found = values(&bench, figure);
            assert!(is_most_first(&found), "{way:?} {figure:?}: {found:?}");
            let frame = bench.frame(80, 24);
            assert!(
                frame.contains(&format!("{} ↓", figure.title())),
                "{way:?} {figure:?}\n{frame}"
            );
        }
    }
}

#[test]
fn until_it_is_read_the_list_says_so_and_the_cursor_stays_on_its_object() {
    let mut bench = measured::bench();
    bench.act(&[ShowApps, CursorDown, CursorDown]);
    let at = bench.model.screen().list.selected().cloned();
    bench.act(&[PickFigure]);
    bench.text("threads");
    bench.act(&[Accept]);
    let frame = bench.frame(80, 24);
    assert!(frame.contains("sort THREADS ↓, not read yet"), "{frame}");
    bench.send(Message::Tick(fleet::now(), fleet::moment(0)));
    bench.filter("threads>0");
    let frame = bench.frame(80, 24);
    assert!(frame.contains("threads is not read yet of any of the apps"), "{frame}");
    bench.act(&[Action::ClearFilter]);
    measure(&mut bench, Figure::Threads);
    let frame = bench.frame(80, 24);
    assert!(
        frame.contains("sort THREADS ↓") && !frame.contains("not read"),
        "{frame}"
    );
    assert_eq!(bench.model.screen().list.selected().cloned(), at);
    bench.filter("threads>999999");
    assert!(bench.frame(80, 24).contains("no apps match"), "{}", bench.frame(80, 24));
}

#[test]
fn what_is_chosen_is_kept_from_then_on_and_that_is_said() {
    let mut bench = measured::bench();
    bench.act(&[ShowApps, PickFigure]);
    bench.text("threads");
    bench.act(&[Accept]);
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("threads: it is kept of everything from now on"),
        "{frame}"
    );
}

#[test]
fn what_is_not_known_of_it_comes_last_and_is_never_0() {
    let mut bench = measured::bench();
    bench.act(&[ShowInstances]);
    choose(&mut bench, Figure::Threads);
    let found = values(&bench, Figure::Threads);
    assert!(found.contains(&Value::Absent), "{found:?}");
    bench.act(&[Action::Bottom]);
    let frame = bench.frame(120, 40);
    let last = frame.lines().find(|line| line.contains('▌')).unwrap_or_default();
    assert!(last.contains('–'), "{frame}");
}

/// What each instance of an app has of a figure, in all clusters that measure.
fn shares(bench: &Bench, key: &AppKey) -> Vec<Option<f64>> {
    let measured = bench.model.world().clusters().iter();
    let measured = measured.filter(|cluster| cluster.usage.supply().current.is_some());
    let at = fleet::now().timestamp_millis() + 1_000;
    let of = |cluster: &ClusterView| -> Vec<Option<f64>> {
        let pods = cluster.pods.values();
        let pods =
            pods.filter(|pod| pod.holds_resources() && pod.key.namespace == key.namespace && pod.app == key.name);
        let now = |pod: &Pod| {
            cluster
                .usage
                .now(&Subject::Pod(pod.key.clone()), Figure::CpuThrottled, at)
        };
        pods.map(|pod| now(pod).filter(|_| !cluster.standing(pod).lost))
            .collect()
    };
    measured.flat_map(of).collect()
}

#[test]
fn what_is_chosen_has_a_line_on_screen_and_off_it() {
    for figure in [Figure::Threads, Figure::CpuThrottled] {
        let mut bench = measured::bench();
        bench.act(&[ShowApps]);
        choose(&mut bench, figure);
        for minute in 1..4 {
            measure_at(&mut bench, figure, minute * 60);
        }
        let scope = bench.model.scope_here();
        let ctx = bench.model.context(&scope);
        let cluster = &bench.model.world().clusters()[0];
        let (mut apps, mut instances) = (0, 0);
        for app in cluster.tally.apps() {
            let whose = Whose::app(&ctx, &app.key);
            let line = whose.line(&ctx, figure, Resolution::Coarse, 5);
            let now = whose.now(&ctx, figure);
            let expected = if figure.adds_up() { now.value() } else { now.mean() };
            if let Some(expected) = expected.filter(|_| now.is_whole() || !figure.adds_up()) {
                let told: Vec<f64> = line.iter().flatten().copied().collect();
                assert!(told.len() >= 3, "{figure:?} of {:?}: {line:?}", app.key);
                // The means of several clusters weigh by all of their instances, those that are not known too.
                let near = if figure.adds_up() { 0.01 } else { 0.1 };
                let is_near = |told: &f64| (told - expected).abs() <= expected * near + 1e-6;
                assert!(
                    told.iter().all(is_near),
                    "{figure:?} of {:?}: {line:?}, not {expected}",
                    app.key
                );
                apps += 1;
            }
        }
        for pod in cluster.pods.values() {
            let line = Whose::one(cluster, Subject::Pod(pod.key.clone())).line(&ctx, figure, Resolution::Coarse, 5);
            instances += u32::from(line.iter().flatten().count() >= 3);
        }
        let least = if figure.adds_up() { 1 } else { 4 };
        assert!(
            apps >= least && instances > 20,
            "{figure:?}: {apps} apps, {instances} instances"
        );
    }
}

#[test]
fn several_shares_are_their_mean_and_part_of_a_sum_says_so() {
    let mut bench = measured::bench();
    bench.act(&[ShowApps]);
    choose(&mut bench, Figure::CpuThrottled);
    let scope = bench.model.scope_here();
    let ctx = bench.model.context(&scope);
    let screen = bench.model.screen();
    let source = screen.rows.source(ctx);
    let (mut several, mut partly) = (0, 0);
    for row in screen.list.rows() {
        let Some(RowKey::App(key)) = source.key(*row) else {
            panic!("an app")
        };
        let of_each = shares(&bench, &key);
        let known: Vec<f64> = of_each.iter().flatten().copied().collect();
        let mean = known.iter().sum::<f64>() / known.len() as f64 * 1000.0;
        let told = source.value(*row, ColumnId::Used(Figure::CpuThrottled)).as_number();
        assert_eq!(told.is_some(), !known.is_empty(), "{key:?}");
        assert!(
            told.is_none_or(|told| (told as f64 - mean).abs() < 1.0),
            "{key:?}: {told:?}, not {mean}"
        );
        several += u32::from(known.len() > 1 && known.iter().any(|share| (share - known[0]).abs() > 0.001));
        partly += u32::from(!known.is_empty() && known.len() < of_each.len());
    }
    assert!(several > 0 && partly > 0, "{several} {partly}");
    drop(source);
    bench.act(&[PickFigure]);
    bench.text("throttled");
    assert!(bench.frame(120, 40).contains("mean of the instances: periods"));
}

#[test]
fn chosen_again_or_not_any_more_the_column_goes() {
    for again in ["rss", "none"] {
        let mut bench = measured::bench();
        bench.act(&[ShowInstances]);
        let before = bench.frame(200, 50);
        choose(&mut bench, Figure::MemoryRss);
        assert!(bench.frame(200, 50).contains(" RSS ↓"));
        bench.act(&[PickFigure]);
        bench.text(again);
        bench.act(&[Accept]);
        let frame = bench.frame(200, 50);
        let heading = |frame: &str| frame.lines().find(|line| line.contains("INSTANCE")).map(str::to_owned);
        assert_eq!(heading(&frame), heading(&before), "{again}");
    }
}

#[test]
fn what_is_gone_into_is_sorted_by_it_too_down_to_the_containers() {
    let mut bench = measured::bench();
    bench.act(&[ShowApps]);
    choose(&mut bench, Figure::Threads);
    bench.filter("live-gift");
    bench.act(&[Open]);
    assert_eq!(bench.model.screen().figure, Some(Figure::Threads));
    let scope = bench.model.scope_here();
    let source = bench.model.screen().rows.source(bench.model.context(&scope));
    let rows = bench.model.screen().list.rows();
    let told: Vec<(usize, Option<i64>)> = rows
        .iter()
        .map(|row| {
            (
                source.depth(*row),
                source.value(*row, ColumnId::Used(Figure::Threads)).as_number(),
            )
        })
        .collect();
    // Each branch by itself: instances of a revision fall, and stay below it.
    for branch in told.chunk_by(|(above, _), (next, _)| *above == 2 && *next == 2) {
        let known: Vec<i64> = branch.iter().filter_map(|(_, value)| *value).collect();
        assert!(known.is_sorted_by(|a, b| a >= b), "{told:?}");
    }
    assert!(told.iter().filter(|(depth, _)| *depth == 2).count() > 2, "{told:?}");
    drop(source);
    bench.act(&[CursorDown, CursorDown, Open]);
    assert!(matches!(bench.model.screen().kind, ScreenKind::Instance(_)));
    assert!(bench.frame(80, 24).contains("THREADS ↓"));
}

#[test]
fn where_nothing_is_measured_the_key_says_why() {
    let mut bench = Bench::fleet();
    bench.act(&[ShowInstances, PickFigure]);
    assert!(bench.frame(120, 40).contains("nothing is measured"));
    let mut bench = measured::bench();
    bench.act(&[Action::ShowEvents, PickFigure]);
    assert!(bench.frame(120, 40).contains("these use nothing"));
}

/// The keys of the rows shown.
fn keys(bench: &Bench) -> Vec<RowKey> {
    let scope = bench.model.scope_here();
    let screen = bench.model.screen();
    let source = screen.rows.source(bench.model.context(&scope));
    screen.list.rows().iter().filter_map(|row| source.key(*row)).collect()
}

fn is_container(key: &RowKey) -> bool {
    matches!(key, RowKey::Container(..))
}

#[test]
fn an_instance_opens_to_its_containers_whatever_the_list_is_sorted_by() {
    let mut bench = measured::bench();
    bench.act(&[ShowInstances]);
    bench.filter("rank-");
    bench.act(&[Expand]);
    let Some(RowKey::Object(pod)) = bench.model.screen().list.selected().cloned() else {
        panic!("an instance")
    };
    for sort in [
        Action::SortByName,
        Action::SortByAge,
        Action::SortReverse,
        Action::SortByStatus,
    ] {
        bench.act(&[sort]);
        let keys = keys(&bench);
        let place = keys.iter().position(|key| *key == RowKey::Object(pod.clone())).unwrap();
        let inside: Vec<&RowKey> = keys[place + 1..].iter().take_while(|key| is_container(key)).collect();
        assert!(!inside.is_empty(), "{sort:?}: {keys:?}");
        assert_eq!(
            keys.iter().filter(|key| is_container(key)).count(),
            inside.len(),
            "{sort:?}"
        );
        assert!(
            inside
                .iter()
                .all(|key| matches!(key, RowKey::Container(of, _) if *of == pod))
        );
    }
    choose(&mut bench, Figure::MemoryRss);
    let frame = bench.frame(120, 40);
    let instances = keys(&bench).iter().filter(|key| !is_container(key)).count();
    assert!(frame.contains(&format!("{instances} instances of")), "{frame}");
    let row = frame.lines().find(|line| line.contains('└')).unwrap_or_default();
    assert!(row.contains(" B "), "what it uses: {frame}");
    bench.act(&[Expand]);
    assert!(!keys(&bench).iter().any(is_container), "closed again");
}

#[test]
fn a_container_below_its_instance_is_as_good_as_one_in_a_tree() {
    let open = || {
        let mut bench = measured::bench();
        bench.act(&[ShowInstances]);
        bench.filter("rank-");
        bench.act(&[Expand, CursorDown]);
        assert!(bench.model.screen().list.selected().is_some_and(is_container));
        bench
    };
    let mut bench = open();
    bench.act(&[Open]);
    assert!(matches!(bench.model.screen().kind, ScreenKind::Container(..)));
    let mut bench = open();
    bench.act(&[Action::Logs]);
    let ScreenKind::Logs(follow) = &bench.model.screen().kind else {
        panic!("logs")
    };
    assert!(format!("{follow:?}").contains("Container"), "{follow:?}");
    let mut bench = open();
    bench.act(&[Action::EventsOf]);
    assert!(matches!(bench.model.screen().kind, ScreenKind::EventsOf(_)));
    let mut bench = open();
    let at = bench.model.screen().list.selected().cloned();
    bench.act(&[Action::SortByAge]);
    assert_eq!(
        bench.model.screen().list.selected().cloned(),
        at,
        "the cursor stays on it"
    );
}
