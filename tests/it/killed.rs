//! What was killed for want of memory is told where nobody counts it too: by what Kubernetes remembers.

use pilothouse::domain::container::Exit;
use pilothouse::domain::{Batch, Change, Clean, ClusterId, ClusterReport, Kind, Object, Pod};
use pilothouse::listing::{ColumnId, RowKey, Value};
use pilothouse::message::{Action, Message};
use pilothouse::metrics::{Figure, Subject};
use pilothouse::screens::figures::Whose;

use crate::chosen::{choose, measure};
use crate::support::screen::Bench;
use crate::support::{fleet, measured};

/// The small fleet, where the first container of an instance was killed so many seconds ago; that instance's name.
fn bench(seconds: i64) -> (Bench, Clean) {
    let mut bench = measured::bench();
    let id = ClusterId::new("idc-bj");
    let mut pod: Pod = {
        let cluster = bench.model.world().cluster(&id).unwrap();
        let mut pods = cluster.pods.values();
        (**pods.find(|pod| pod.app.as_str() == "rank" && pod.ready).unwrap()).clone()
    };
    let mut containers = pod.containers.to_vec();
    containers[0].restarts = 1;
    containers[0].last_exit = Some(Exit {
        code: 137,
        reason: "OOMKilled".into(),
        at: fleet::ago(seconds),
        ..Exit::default()
    });
    pod.containers = containers.into();
    let name = pod.key.name.clone();
    let batch = Batch {
        kind: Kind::Pod,
        namespace: Clean::default(),
        generation: 1,
        changes: vec![Change::Upsert(Object::Pod(Box::new(pod)))],
        sweep: false,
    };
    bench.send(Message::Cluster(id, ClusterReport::Batch(batch)));
    bench.act(&[Action::ShowInstances]);
    (bench, name)
}

fn row<'a>(frame: &'a str, name: &Clean) -> &'a str {
    frame
        .lines()
        .find(|line| line.contains(name.as_str()))
        .unwrap_or_else(|| panic!("{frame}"))
}

#[test]
fn who_was_killed_is_told_beside_that_it_runs_and_found() {
    for filter in ["status=OOMKilled", "oomkilled"] {
        let (mut bench, name) = bench(230);
        bench.filter(filter);
        assert_eq!(bench.model.screen().list.rows().len(), 1, "{filter}");
        assert!(
            row(&bench.frame(80, 24), &name).contains("ready, OOMKilled"),
            "{filter}"
        );
        let frame = bench.frame(200, 50);
        assert!(row(&frame, &name).contains("● ready, OOMKilled 3m ago"), "{frame}");
        bench.act(&[Action::Open]);
        let frame = bench.frame(120, 40);
        assert!(frame.contains("ready, OOMKilled 3m ago"), "{frame}");
    }
    let (mut bench, name) = bench(2 * 86_400);
    let frame = bench.frame(200, 200);
    assert!(
        !row(&frame, &name).contains("OOMKilled"),
        "two days ago is no news: {frame}"
    );
}

#[test]
fn where_nobody_counts_kills_what_is_remembered_stands_for_them_and_says_that_there_may_be_more() {
    let (mut bench, name) = bench(230);
    bench.act(&[Action::PickFigure]);
    bench.text(Figure::OomKills.name());
    bench.act(&[Action::Accept]);
    bench.send(fleet::tick(20));
    bench.act(&[Action::Top]);
    let frame = bench.frame(120, 40);
    let told = row(&frame, &name);
    assert!(told.contains("≥") && told.contains(" 1 "), "{frame}");
    // The sums are added up in rounds.
    bench.send(fleet::tick(40));
    let scope = bench.model.scope_here();
    let screen = bench.model.screen();
    let source = screen.rows.source(bench.model.context(&scope));
    let kills = |row: &u32| source.value(*row, ColumnId::Used(Figure::OomKills));
    let rows = screen.list.rows();
    assert_eq!(kills(&rows[0]), Value::Number(1), "most first");
    assert!(
        rows[1..].iter().all(|row| kills(row) == Value::Absent),
        "nobody else is 0"
    );
    assert!(matches!(source.key(rows[0]), Some(RowKey::Object(pod)) if pod.key.name == name));
    drop(source);
    // Who is not counted is one instance all the same, in a row of its own and in a sum.
    let cluster = bench.model.world().cluster(&ClusterId::new("idc-bj")).unwrap();
    let killed = cluster.pods.values().find(|pod| pod.key.name == name).unwrap();
    let one = Whose::one(cluster, Subject::Pod(killed.key.clone()));
    let now = one.now(&bench.model.context(&scope), Figure::OomKills);
    assert_eq!((now.value(), now.known, now.of), (Some(1.0), 0, 1));
    let sums = cluster.usage.sums(&Subject::Cluster).unwrap();
    let of = |figure| sums.get(figure).unwrap().of;
    assert_eq!(of(Figure::OomKills), of(Figure::Cpu));
    bench.act(&[Action::Top, Action::Open, Action::Open]);
    let frame = bench.frame(120, 40);
    assert!(frame.contains("OOM kills ≥1 by Kubernetes"), "in the charts: {frame}");
    bench.act(&[Action::Charts]);
    let frame = bench.frame(200, 50);
    assert!(frame.contains("OOM kills ≥1 by Kubernetes"), "in words: {frame}");
}

#[test]
fn kills_for_want_of_memory_are_told_of_the_container() {
    let mut bench = measured::bench();
    bench.act(&[Action::ShowInstances]);
    bench.filter("rank-");
    choose(&mut bench, Figure::OomKills);
    bench.act(&[Action::Open, Action::Open]);
    bench.send(Message::Tick(fleet::now(), fleet::moment(0)));
    measure(&mut bench, Figure::OomKills);
    let frame = bench.frame(120, 40);
    let told = |frame: &str| {
        let (_, after) = frame.split_once("OOM kills ")?;
        let (kills, _) = after.split_once(" since it began")?;
        kills.parse::<u32>().ok()
    };
    let in_charts = told(&frame);
    assert!(in_charts.is_some(), "in the charts: {frame}");
    bench.act(&[Action::Charts]);
    let frame = bench.frame(120, 40);
    assert_eq!(told(&frame), in_charts, "in words: {frame}");
}
