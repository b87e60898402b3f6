//! What is used, on the screens: numbers, lines, gaps, what is near its bound, what is not known.

use insta::assert_snapshot;
use pilothouse::domain::{AppKey, ClusterId};
use pilothouse::message::{Action, Message};
use pilothouse::metrics::source::Report;
use pilothouse::metrics::{Figure, Figures, Measured, Span, Subject};

use crate::support::screen::{Bench, LISTS, frames};
use crate::support::{fleet, measured};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 50)];

fn shows(name: &str, lead: impl Fn(&mut Bench)) {
    for (name, frame) in frames(name, &SIZES, measured::bench, lead) {
        assert_snapshot!(name, frame);
    }
}

#[test]
fn lists_with_figures() {
    for (name, action) in LISTS {
        shows(name, |bench| {
            bench.act(&[action]);
        });
    }
}

#[test]
fn use_is_sorted_and_filtered_by() {
    let mut bench = measured::bench();
    bench.act(&[Action::ShowInstances]);
    for (filter, some) in [
        ("cpu>100m", true),
        ("cpu>900", false),
        ("mem>1Mi net-in>1k", true),
        ("net>90G", false),
    ] {
        bench.filter(filter);
        assert_eq!(!bench.model.screen().list.rows().is_empty(), some, "{filter}");
        assert_eq!(bench.model.screen().list.filter().problem(), None, "{filter}");
    }
}

#[test]
fn without_a_source_there_are_no_columns_of_use() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances]);
    let frame = bench.frame(200, 50);
    assert!(!frame.contains("NET in"), "{frame}");
    let mut bench = measured::bench();
    bench.act(&[Action::ShowInstances]);
    let frame = bench.frame(200, 50);
    assert!(frame.contains("NET in") && frame.contains('–'), "{frame}");
}

#[test]
fn poor_terminals_draw_lines_with_signs_they_have() {
    use pilothouse::theme::{ColourDepth, Glyphs};
    let mut bench = measured::bench();
    bench.theme = bench.theme.clone().fitted(ColourDepth::None, Glyphs::Ascii);
    bench.act(&[Action::ShowInstances]);
    let frame = bench.frame(200, 50);
    assert!(frame.is_ascii(), "{frame}");
}

#[test]
fn old_figures_are_not_known() {
    let mut bench = measured::bench();
    bench.act(&[Action::ShowApps]);
    let later = fleet::now() + chrono::TimeDelta::seconds(600);
    bench.send(Message::Tick(later, fleet::moment(600)));
    bench.send(Message::Tick(later + chrono::TimeDelta::seconds(5), fleet::moment(605)));
    let frame = bench.frame(200, 50);
    let row = frame
        .lines()
        .find(|line| line.contains("feed/rank"))
        .unwrap_or_default();
    assert!(row.contains('–'), "{frame}");
    let cluster = bench.model.world().cluster(&ClusterId::new("idc-bj"));
    let key = AppKey {
        namespace: "feed".into(),
        name: "rank".into(),
    };
    assert!(cluster.is_some_and(|cluster| cluster.tally.app(&key).is_some()));
}

#[test]
fn charts() {
    let instance = |bench: &mut Bench| {
        bench.act(&[Action::ShowInstances]);
        bench.filter("rank-");
        bench.act(&[Action::Charts]);
    };
    shows("charts-instance", instance);
    shows("charts-container", |bench| {
        bench.act(&[Action::ShowInstances]);
        bench.filter("rank-");
        bench.act(&[Action::Open, Action::Open, Action::ChartReach]);
    });
    let mut bench = measured::bench();
    instance(&mut bench);
    let newest = bench.frame(80, 24);
    bench.act(&[Action::ColumnsLeft; 8]);
    let earlier = bench.frame(80, 24);
    assert!(earlier.contains('│') && !newest.contains('│'), "{earlier}");
    bench.act(&[Action::ChartNext]);
    assert!(bench.frame(80, 24).contains("chart 2 of"));
    bench.act(&[Action::Charts]);
    assert!(!bench.model.screen().shows_charts());
}

#[test]
fn where_only_its_containers_were_measured_an_instance_is_their_sum() {
    let mut bench = measured::bench();
    bench.act(&[Action::ShowInstances]);
    bench.filter("rank-");
    bench.act(&[Action::Charts, Action::ChartReach]);
    // What is on screen is measured from the next tick on.
    bench.send(Message::Tick(fleet::now(), fleet::moment(0)));
    let before = bench.frame(80, 24);
    let pod = bench.model.screen().kind.subject().unwrap().clone();
    let cluster = bench.model.world().cluster(&pod.cluster).unwrap();
    let container = cluster.pod(&pod.key).unwrap().containers[0].name.clone();
    let at = fleet::now().timestamp_millis() - 50 * 60_000;
    let mut figures = Figures::default();
    figures.set(Figure::Cpu, 1.0);
    let item = Measured {
        subject: Subject::Container(pod.key.clone(), container),
        span: Span {
            from: at - 5 * 60_000,
            to: at,
        },
        figures,
    };
    let report = Report::Measured { at, items: vec![item] };
    bench.send(Message::Metrics(pod.cluster, report));
    let dots = |frame: &str| {
        let braille = frame.chars().filter(|c| ('\u{2801}'..='\u{28ff}').contains(c));
        braille.count()
    };
    let after = bench.frame(80, 24);
    assert!(dots(&after) > dots(&before), "{before}{after}");
}

#[test]
fn what_grew_most_comes_first_and_a_location_names_it() {
    shows("grown", |bench| {
        bench.act(&[Action::ShowApps, Action::SortByGrowth]);
    });
    let mut bench = measured::bench();
    // Asked twice and from wherever one stands, the answer is the first row.
    bench.act(&[
        Action::ShowApps,
        Action::Bottom,
        Action::SortByGrowth,
        Action::SortByGrowth,
    ]);
    let frame = bench.frame(200, 50);
    let first = frame.lines().find(|line| line.contains('▌')).unwrap_or_default();
    assert!(first.contains("search/query") && first.contains("busier"), "{frame}");
    bench.act(&[Action::ShowLocations]);
    let frame = bench.frame(200, 50);
    assert!(
        frame.contains("GROWS, cores") && frame.contains("search/query 100 % of +"),
        "{frame}"
    );
}

#[test]
fn the_reason_for_missing_figures_is_told_where_one_looks() {
    let mut bench = measured::bench();
    bench.act(&[Action::Bottom, Action::Detail]);
    let frame = bench.frame(200, 50);
    assert!(frame.contains("403: get nodes/proxy"), "{frame}");
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps, Action::Open]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("not measured"), "{frame}");
}

#[test]
fn revisions_are_told_apart_by_what_they_use() {
    shows("app", |bench| {
        bench.act(&[Action::ShowApps]);
        bench.filter("live-gift");
        bench.act(&[Action::Open]);
    });
}
