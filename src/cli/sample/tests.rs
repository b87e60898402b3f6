//! What is known of an app, and when it is enough.

use super::*;
use crate::cli::print::Row as _;
use crate::domain::{
    Batch, Change, ClusterId, ClusterReport, Container, ContainerState, Kind, Object, ObjectKey, Timestamp,
};
use crate::metrics::source::{Report, Supply};
use crate::metrics::{Figures, Measured, Span};
use crate::world::{ClusterSetup, World};

/// Three instances of one app on node `n`, measured as `of` says of each.
fn world(of: [&[(Figure, f64)]; 3]) -> World {
    let id = ClusterId::new("c");
    let mut world = World::new([ClusterSetup::named("c")]);
    let key = |place: usize| ObjectKey::new("ns", format!("a-{place}"));
    let pods = (0..of.len()).map(|place| Pod {
        key: key(place),
        app: "a".into(),
        node: Some("n".into()),
        containers: [Container {
            state: ContainerState::Running { since: None },
            ..Container::default()
        }]
        .into(),
        ..Pod::default()
    });
    let batch = Batch {
        kind: Kind::Pod,
        namespace: Clean::default(),
        generation: 1,
        changes: pods.map(|pod| Change::Upsert(Object::Pod(Box::new(pod)))).collect(),
        sweep: true,
    };
    world.apply(&id, ClusterReport::Batch(batch), Timestamp::UNIX_EPOCH);
    let shown = Wanted {
        pods: (0..of.len()).map(key).collect(),
        ..Wanted::default()
    };
    world.show(&id, &shown);
    let items = of.into_iter().enumerate().map(|(place, known)| {
        let mut figures = Figures::default();
        for (figure, value) in known {
            figures.set(*figure, *value);
        }
        Measured {
            subject: Subject::Pod(key(place)),
            span: Span { from: 0, to: 15_000 },
            figures,
        }
    });
    let items = items.collect();
    world.measured(&id, Report::Measured { at: 15_000, items });
    world
}

fn row(world: &World, what: TopWhat) -> TopRow {
    let selector = Selector::parse("").unwrap();
    let question = Question {
        what,
        selector: &selector,
    };
    question.rows(&world.clusters()[0], 15_000).remove(0)
}

#[test]
fn a_sum_says_of_how_many_instances_it_is() {
    use Figure::{Cpu, MemoryRss, NetworkReceiveBytes as In};
    let world = world([
        &[(Cpu, 1.0), (MemoryRss, 1024.0), (In, 5.0)],
        &[(Cpu, 2.0), (MemoryRss, 1024.0)],
        &[(MemoryRss, 1024.0)],
    ]);
    let app = row(&world, TopWhat::Apps);
    assert_eq!(
        (app.instances, app.instances_measured),
        (3, 2),
        "young ones have no rate yet"
    );
    assert_eq!(app.cpu_cores, Some(3.0));
    let of = [("memoryRssBytes", 3), ("networkReceiveBytesPerSecond", 1)];
    assert_eq!(app.sum_of, BTreeMap::from(of));
    let cells = app.cells(Timestamp::UNIX_EPOCH);
    for cell in ["2/3", "3", "3 KiB (3/3)", "5 B/s (1/3)", "–"] {
        assert!(cells.iter().any(|shown| shown == cell), "{cell}: {cells:?}");
    }
    let node = row(&world, TopWhat::Nodes);
    assert_eq!(
        node.sum_of.get("cpuCores"),
        Some(&2),
        "of a node whose kubelet says nothing of itself"
    );
}

#[test]
fn the_networks_are_waited_for_where_they_are_told() {
    use Figure::{Cpu, NetworkReceiveBytes as In};
    let mut world = world([&[(Cpu, 1.0), (In, 5.0)], &[(Cpu, 2.0), (In, 0.0)], &[(Cpu, 1.0)]]);
    let id = ClusterId::new("c");
    let selector = Selector::parse("").unwrap();
    let mut is = |source, what| {
        let current = Some(source);
        let supply = Supply {
            current,
            ..Supply::default()
        };
        world.measured(&id, Report::Supply(supply));
        let question = Question {
            what,
            selector: &selector,
        };
        let view = &world.clusters()[0];
        (question.is_answered(view, 15_000), question.is_complete(view, 15_000))
    };
    assert_eq!(is(Source::Cadvisor, TopWhat::Instances), (true, false));
    assert_eq!(
        is(Source::MetricsApi, TopWhat::Instances),
        (true, true),
        "it knows no networks"
    );
    assert_eq!(
        is(Source::Cadvisor, TopWhat::Containers),
        (false, true),
        "a network is its instance's"
    );
}

#[test]
fn of_containers_each_one_is_waited_for() {
    let mut world = world([&[(Figure::Cpu, 1.0)]; 3]);
    let id = ClusterId::new("c");
    let supply = Supply {
        current: Some(Source::Cadvisor),
        ..Supply::default()
    };
    world.measured(&id, Report::Supply(supply));
    let selector = Selector::parse("").unwrap();
    let is_answered = |what| {
        let question = Question {
            what,
            selector: &selector,
        };
        question.is_answered(&world.clusters()[0], 15_000)
    };
    assert!(is_answered(TopWhat::Instances));
    assert!(!is_answered(TopWhat::Containers), "only their instances are known");
}

#[test]
fn several_shares_are_their_mean_and_kills_and_files_their_sum() {
    use Figure::{CpuThrottled, FsReads, OomKills};
    let world = world([
        &[(CpuThrottled, 0.1), (OomKills, 1.0), (FsReads, 4.0)],
        &[(CpuThrottled, 0.4), (OomKills, 2.0), (FsReads, 5.0)],
        &[],
    ]);
    let app = row(&world, TopWhat::Apps);
    assert_eq!(app.throttled_fraction, Some(0.25));
    assert_eq!(
        (
            app.oom_kills,
            app.file_read_bytes_per_second,
            app.file_write_bytes_per_second
        ),
        (Some(3.0), Some(9.0), None)
    );
}

#[test]
fn the_busiest_of_all_clusters_comes_first() {
    let busy = |cores: Option<f64>| {
        let known: Vec<(Figure, f64)> = cores.map(|cores| (Figure::Cpu, cores)).into_iter().collect();
        row(&world([&known, &[], &[]]), TopWhat::Apps)
    };
    let mut rows = vec![busy(None), busy(Some(1.0)), busy(Some(2.0))];
    busiest_first(&mut rows);
    let cores: Vec<_> = rows.iter().map(|row| row.cpu_cores).collect();
    assert_eq!(cores, [Some(2.0), Some(1.0), None]);
}
