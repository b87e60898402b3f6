//! What is seen can be asked for: every heading in a filter and in the sort picker, every word of a row.

use pilothouse::domain::{ClusterId, ClusterReport, Feed, Kind, Link};
use pilothouse::listing::{Cell, ColumnId, Filter, Unit, Value, column};
use pilothouse::message::{Action, Message};

use crate::support::screen::Bench;
use crate::support::{builds, fleet};

/// The ways to every kind of list.
fn lists() -> Vec<(&'static str, Vec<Action>)> {
    use Action::{
        Detail, EventsOf, Open, Reconnect, ShowActivity, ShowApps, ShowBuilds, ShowEvents, ShowInstances,
        ShowLocations, ShowNodes, ShowReleases,
    };
    vec![
        ("fleet", vec![]),
        ("locations", vec![ShowLocations]),
        ("apps", vec![ShowApps]),
        ("app", vec![ShowApps, Open]),
        ("cluster", vec![Detail]),
        ("instances", vec![ShowInstances]),
        ("instance", vec![ShowInstances, Open]),
        ("container", vec![ShowInstances, Open, Open]),
        ("nodes", vec![ShowNodes]),
        ("node", vec![ShowNodes, Open]),
        ("releases", vec![ShowReleases]),
        ("builds", vec![ShowBuilds]),
        ("build", vec![ShowBuilds, Open]),
        ("events", vec![ShowEvents]),
        ("events of", vec![ShowInstances, EventsOf]),
        ("activity", vec![Reconnect, ShowActivity]),
    ]
}

/// Does something with each list and its rows.
fn each(mut check: impl FnMut(&str, &mut Bench)) {
    for (name, way) in lists() {
        let mut bench = Bench::new(builds::world(), fleet::now());
        bench.act(&way);
        check(name, &mut bench);
    }
}

#[test]
fn every_heading_is_a_name_in_filters() {
    each(|name, bench| {
        let scope = bench.model.scope_here();
        let source = bench.model.screen().rows.source(bench.model.context(&scope));
        for wanted in source.columns() {
            let heading = wanted.heading();
            let words = wanted.names.iter().copied().chain([heading.as_str()]);
            for word in words.filter(|word| !word.is_empty()) {
                let found = column::find(word, source.columns());
                // `limit` stands twice, under CPU and under memory.
                let same = found.is_some_and(|found| found.id == wanted.id || found.title == wanted.title);
                assert!(same, "{name}: '{word}' is not {}", wanted.title);
                let problem = Filter::parse(&format!("{word}=1"), source.columns())
                    .problem()
                    .map(str::to_owned);
                let understood = problem.is_none_or(|problem| !problem.contains("no column"));
                assert!(understood, "{name}: {word}");
            }
        }
    });
}

/// The small fleet to who may see no pods in one cluster and no nodes in another.
fn half_seen() -> Bench {
    let mut world = fleet::world();
    fleet::list(&mut world, "aliyun", Kind::Node, Vec::new());
    for (cluster, kind) in [("idc-bj", Kind::Pod), ("mixed-sh", Kind::Pod), ("aliyun", Kind::Node)] {
        let right = format!("list {}", kind.plural()).as_str().into();
        let report = ClusterReport::Feed(kind, "".into(), Feed::NoAccess { right });
        world.apply(&ClusterId::new(cluster), report, fleet::now());
    }
    fleet::list(&mut world, "idc-bj", Kind::Pod, Vec::new());
    Bench::new(world, fleet::now())
}

#[test]
fn every_column_can_be_sorted_by_what_it_shows() {
    for (name, way) in lists() {
        for mut bench in [Bench::fleet(), half_seen()] {
            bench.act(&way);
            // The containers of a tree's instance too.
            bench.act(&[Action::CursorDown, Action::CursorDown, Action::Expand]);
            let scope = bench.model.scope_here();
            let source = bench.model.screen().rows.source(bench.model.context(&scope));
            for column in source.columns() {
                for row in 0..source.len() as u32 {
                    let (value, cell) = (source.value(row, column.id), source.cell(row, column.id));
                    let is_unknown = cell.text().starts_with('–');
                    let says_nothing = is_unknown || ["", "no", "none"].contains(&cell.text().as_str());
                    let place = format!("{name}: {} of row {row} says '{}'", column.title, cell.text());
                    assert!(value != Value::Absent || says_nothing, "{place} and has no value");
                    assert!(
                        value == Value::Absent || cell != Cell::unknown(),
                        "{place} and is {value:?}"
                    );
                    if let (Value::Number(number), Unit::Count) = (&value, column.unit) {
                        let text = cell.text().replace(',', "");
                        let shown: String = text.chars().take_while(char::is_ascii_digit).collect();
                        let is_word = shown.is_empty();
                        // Of nodes all are counted, and those that are ready stand first.
                        // During a release the sum of both sides is what is sorted by.
                        let is_sum = text.contains(" + ");
                        let is_it = is_word || is_sum || shown.parse() == Ok(*number) || column.id == ColumnId::Nodes;
                        assert!(is_it, "{place} and is {number}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_cluster_that_cannot_be_seen_is_the_worst() {
    let mut bench = Bench::fleet();
    let denied = Link::Denied {
        reason: "login refused".into(),
        hint: "log in again".into(),
    };
    bench.send(Message::Cluster(ClusterId::new("aliyun"), ClusterReport::Link(denied)));
    bench.act(&[Action::SortByStatus]);
    let frame = bench.frame(120, 40);
    let rows: Vec<&str> = frame
        .lines()
        .skip(3)
        .filter_map(|line| line.trim_start_matches(['▌', ' ']).split_whitespace().next())
        .take(3)
        .collect();
    assert_eq!(rows, ["aliyun", "mixed-sh", "idc-bj"], "{frame}");
}

#[test]
fn every_word_of_a_row_finds_it() {
    each(|name, bench| {
        let scope = bench.model.scope_here();
        let source = bench.model.screen().rows.source(bench.model.context(&scope));
        let shown: Vec<_> = source.columns().iter().filter(|c| source.shows(c.id)).collect();
        for row in 0..source.len() as u32 {
            for column in &shown {
                let text = source.cell(row, column.id).text();
                let words = text.split_whitespace().filter(|word| {
                    let is_word = column.unit == Unit::Text || word.chars().any(|c| c.is_ascii_digit());
                    // Not a sign, and nothing that a filter reads as one of its own.
                    word.chars().all(|c| c.is_ascii_alphanumeric() || "-./".contains(c)) && *word != "–" && is_word
                });
                for word in words {
                    let filter = Filter::parse_for(word, &*source);
                    assert!(
                        filter.matcher().holds(&*source, row),
                        "{name}: '{word}' of {} does not find its row",
                        column.title
                    );
                }
            }
        }
    });
}

#[test]
fn the_sort_picker_offers_every_column() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowInstances, Action::PickSort]);
    bench.text("namespace");
    bench.act(&[Action::Accept]);
    assert!(bench.frame(120, 40).contains("sort NAMESPACE ↑"));
}

#[test]
fn labels_are_asked_for_as_kubectl_does_or_refused() {
    let rows = |bench: &Bench| bench.model.screen().list.rows().len();
    for (filter, found) in [
        ("-l app=push", 8),
        ("-l app in (push, login)", 13),
        ("-l app in (push, login) idc-bj-b", 7),
        ("-l app notin (push,login),!nothing", 105),
        ("-l !app", 0),
        ("-l app,app!=push", 110),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&[Action::ShowInstances]);
        bench.filter(filter);
        assert_eq!(rows(&bench), found, "{filter}");
    }
    for (screen, filter, says) in [
        (Action::ShowInstances, "-l app in push", "k in (a,b)"),
        (Action::ShowInstances, "-l app in (push", "is not a label selector"),
        (Action::ShowFleet, "-l app=push", "carries no labels"),
        (Action::ShowLocations, "-l app=push", "carries no labels"),
        (Action::ShowEvents, "-l app=push", "carries no labels"),
    ] {
        let mut bench = Bench::fleet();
        bench.act(&[screen, Action::Filter]);
        let all = rows(&bench);
        bench.text(filter);
        assert!(rows(&bench) == all || filter.ends_with("in push"), "{filter}");
        let frame = bench.frame(200, 50);
        assert!(frame.contains(says), "{filter}: {frame}");
    }
}

#[test]
fn a_filtered_tree_keeps_the_branches_that_lead_to_what_was_found() {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter("live-gift");
    bench.act(&[Action::Open]);
    bench.filter("live-gift-7c9b4-001 idc-bj-b");
    let frame = bench.frame(120, 40);
    let tree: Vec<&str> = frame
        .lines()
        .filter(|line| line.contains('▾') || line.contains('▸') && line.contains("live-gift-"))
        .map(str::trim)
        .collect();
    assert_eq!(tree.len(), 3, "workload, revision, instance: {frame}");
    for (line, part) in tree.iter().zip(["Deployment live-gift", "# ", "live-gift-7c9b4-001"]) {
        assert!(line.contains(part), "{frame}");
    }
}
