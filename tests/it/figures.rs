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

/// An app of which instances come four minutes ago.
const CAME: fleet::App = fleet::App {
    namespace: "wallet",
    name: "coupon",
    instances: 0,
    cpu: 4_000,
    memory_mib: 512,
    story: fleet::Story::Stable,
};

/// What a location's row says it grows by.
fn grows_by(bench: &mut Bench, location: &str) -> String {
    bench.act(&[Action::ShowLocations]);
    let frame = bench.frame(240, 50);
    let row = frame.lines().find(|line| line.contains(location));
    row.unwrap_or_else(|| panic!("{frame}")).to_owned()
}

#[test]
fn an_app_that_is_new_takes_the_growth_of_its_location() {
    let mut bench = measured::bench_where(|world, minute| {
        if minute == 4 {
            fleet::add(world, "aliyun", "aliyun-node-001", &CAME, 0..12);
        }
    });
    let row = grows_by(&mut bench, "cn-hangzhou-h");
    assert!(row.contains("wallet/coupon 9"), "nearly all of it: {row}");
    bench.act(&[Action::ShowApps, Action::SortByGrowth]);
    let frame = bench.frame(200, 50);
    let first = frame.lines().find(|line| line.contains('▌')).unwrap_or_default();
    assert!(first.contains("coupon") && first.contains("more instances"), "{frame}");
}

#[test]
fn an_app_that_spills_takes_the_growth_of_where_it_came_to_only() {
    let mut bench = measured::bench_where(|world, minute| match minute {
        29 => fleet::add(world, "idc-bj", "idc-bj-node-001", &CAME, 0..12),
        4 => fleet::add(world, "idc-bj", "idc-bj-node-002", &CAME, 12..24),
        _ => {}
    });
    let (home, new) = (grows_by(&mut bench, "idc-bj-a"), grows_by(&mut bench, "idc-bj-b"));
    assert!(
        new.contains("wallet/coupon 100 % of +"),
        "of what the location grew by: {new}"
    );
    assert!(!home.contains("coupon"), "{home}");
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

#[test]
fn the_moment_pointed_at_stays_when_charts_reach_further() {
    let mut bench = measured::bench();
    bench.act(&[Action::ShowInstances]);
    bench.filter("rank-");
    bench.act(&[Action::Charts]);
    bench.act(&[Action::ColumnsLeft; 37]);
    let moment = |bench: &mut Bench| {
        let frame = bench.frame(120, 40);
        let told = frame
            .split("│ ")
            .nth(1)
            .map(|rest| rest.chars().take(8).collect::<String>());
        told.unwrap_or_default()
    };
    let pointed = moment(&mut bench);
    assert_eq!(pointed.len(), 8, "{pointed}");
    for reach in ["an hour", "six", "a quarter"] {
        bench.act(&[Action::ChartReach]);
        assert_eq!(moment(&mut bench), pointed, "{reach}");
    }
    // What a quarter of an hour does not reach is not pointed at there.
    bench.act(&[Action::ChartReach]);
    bench.act(&[Action::ColumnsLeft; 20]);
    bench.act(&[Action::ChartReach, Action::ChartReach]);
    assert_eq!(bench.model.screen().charts.back, None);
}

#[test]
fn limit_and_request_are_told_apart_without_colours_and_letters_too() {
    use pilothouse::theme::{ColourDepth, Glyphs};
    let mut bench = measured::bench();
    bench.theme = bench.theme.clone().fitted(ColourDepth::None, Glyphs::Ascii);
    bench.act(&[Action::ShowInstances]);
    bench.filter("rank-");
    bench.act(&[Action::Charts]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("= limit 8") && frame.contains("- request 4"), "{frame}");
    assert!(frame.contains("======") && frame.contains("------"), "{frame}");
    assert!(frame.contains("cores"), "the axis has its unit: {frame}");
}

#[test]
fn growth_says_how_long_it_takes_to_be_known() {
    let mut bench = Bench::fleet();
    for id in ["idc-bj", "aliyun", "mixed-sh"] {
        let supply = pilothouse::metrics::source::Supply {
            current: Some(pilothouse::metrics::source::Source::Cadvisor),
            ..Default::default()
        };
        bench.send(Message::Metrics(ClusterId::new(id), Report::Supply(supply)));
    }
    bench.act(&[Action::ShowApps, Action::SortByGrowth]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("growth needs 3 min, has 0"), "{frame}");
    let mut bench = measured::bench();
    bench.act(&[Action::ShowApps, Action::SortByGrowth]);
    assert!(bench.frame(120, 40).contains("growth in 10 min "));
}

#[test]
fn growth_names_the_cluster_that_it_waits_for() {
    let mixed = ClusterId::new("mixed-sh");
    let mut bench = measured::bench_where(|world, minute| {
        if minute < 1 {
            measured::tell(world, &mixed, minute);
        }
    });
    bench.act(&[Action::ShowApps, Action::SortByGrowth]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("growth needs 3 min, mixed-sh has 2"), "{frame}");
}

#[test]
fn a_line_does_not_lose_its_last_cell_while_the_next_is_measured() {
    use pilothouse::metrics::Resolution;
    use pilothouse::screens::figures::{MINUTES, Whose};
    let mut bench = measured::bench();
    bench.act(&[Action::ShowApps]);
    let id = ClusterId::new("idc-bj");
    let cluster = bench.model.world().cluster(&id).unwrap();
    let pods: Vec<_> = cluster
        .pods
        .values()
        .filter(|pod| pod.node.is_some())
        .cloned()
        .collect();
    let start = fleet::now();
    for second in 1..150 {
        let now = start + chrono::TimeDelta::seconds(second);
        if second % 15 == 7 {
            let at = now.timestamp_millis();
            let items = pods.iter().map(|pod| {
                let mut figures = Figures::default();
                figures.set(Figure::Cpu, 1.0);
                let span = Span {
                    from: at - 15_000,
                    to: at,
                };
                let subject = Subject::Pod(pod.key.clone());
                Measured { subject, span, figures }
            });
            let items = items.collect();
            bench.send(Message::Metrics(id.clone(), Report::Measured { at, items }));
        }
        bench.send(Message::Tick(now, fleet::moment(second)));
        let scope = bench.model.scope_here();
        let ctx = bench.model.context(&scope);
        let cluster = ctx.world.cluster(&id).unwrap();
        let well = pods.iter().filter(|pod| {
            cluster
                .usage
                .now(&Subject::Pod(pod.key.clone()), Figure::Cpu, now.timestamp_millis())
                .is_some()
        });
        for pod in well {
            let whose = Whose::one(cluster, Subject::Pod(pod.key.clone()));
            let line = whose.line(&ctx, Figure::Cpu, Resolution::Coarse, MINUTES);
            assert!(line.last().unwrap().is_some(), "{second} s: {} {line:?}", pod.key);
        }
        let whole = Whose::place(&ctx, &id, Subject::Cluster);
        let is_whole = whole.now(&ctx, Figure::Cpu).share().is_some_and(|share| share >= 0.9);
        let line = whole.line(&ctx, Figure::Cpu, Resolution::Coarse, MINUTES);
        assert!(!is_whole || line.last().unwrap().is_some(), "{second} s: {line:?}");
    }
}

#[test]
fn a_history_that_is_full_is_told_with_how_far_it_reaches() {
    let mut bench = measured::bench();
    let at = fleet::now().timestamp_millis();
    let mut figures = Figures::default();
    for figure in Figure::BACKGROUND {
        figures.set(figure, 1.0);
    }
    let items = (0..7_000).map(|number| Measured {
        subject: Subject::Pod(pilothouse::domain::ObjectKey::new(
            "gift",
            format!("live-gift-{number}"),
        )),
        span: Span {
            from: at - 6 * 3_600_000,
            to: at,
        },
        figures,
    });
    let items = items.collect();
    bench.act(&[Action::Top, Action::Detail]);
    assert!(!bench.frame(200, 50).contains("histories fill"));
    bench.send(Message::Metrics(
        ClusterId::new("idc-bj"),
        Report::Measured { at, items },
    ));
    let frame = bench.frame(200, 50);
    assert!(frame.contains("histories fill 16 MiB: they reach back "), "{frame}");
    let history = bench.model.world().clusters()[0].usage.history().usage();
    assert!(history.bytes <= history.budget && history.refused == 0, "{history:?}");
}
