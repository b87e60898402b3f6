//! The small fleet with half an hour of figures: a wave, a gap, an app that grows, a cluster without a source.

use pilothouse::domain::{ClusterId, Pod};
use pilothouse::message::Message;
use pilothouse::metrics::source::{Attempt, Outcome, Report, Source, Supply};
use pilothouse::metrics::{Figure, Figures, Measured, Millis, Span, Subject};
use pilothouse::world::World;

use super::screen::Bench;

/// Minutes that are told.
const MINUTES: i64 = 30;
/// Minutes ago in which nothing was measured.
const GAP: std::ops::Range<i64> = 6..9;

/// The program over the small fleet, half an hour after it began to measure. The last cluster has no source.
pub(crate) fn bench() -> Bench {
    bench_where(|_, _| {})
}

/// The same, where something happens before each of its minutes is measured: so many minutes ago, the last 0.
pub(crate) fn bench_where(happens: impl Fn(&mut World, i64)) -> Bench {
    let now = super::fleet::now();
    let mut world = super::fleet::world();
    let mut ids: Vec<ClusterId> = world.clusters().iter().map(|cluster| cluster.id.clone()).collect();
    let without = ids.pop().unwrap();
    world.measured(&without, Report::Supply(supply(None)));
    for id in &ids {
        world.measured(id, Report::Supply(supply(Some(Source::Cadvisor))));
    }
    for minute in (0..MINUTES).rev() {
        let at = now - chrono::TimeDelta::seconds(minute * 60);
        happens(&mut world, minute);
        if !GAP.contains(&minute) {
            for id in &ids {
                tell(&mut world, id, minute);
            }
        }
        world.add_up(at);
    }
    let mut bench = Bench::new(world, now);
    bench.send(Message::Tick(now, super::fleet::moment(0)));
    bench
}

fn supply(current: Option<Source>) -> Supply {
    let fails = |source, reason: &str| Attempt {
        source,
        outcome: Outcome::Fails {
            reason: reason.into(),
            hint: "ask for the right".into(),
        },
    };
    let mut attempts = vec![fails(Source::Prometheus, "no Service of that kind")];
    attempts.push(match current {
        Some(source) => Attempt {
            source,
            outcome: Outcome::Works("node proxy".into()),
        },
        None => fails(Source::Cadvisor, "403: get nodes/proxy"),
    });
    Supply {
        current,
        attempts,
        ..Supply::default()
    }
}

/// A cluster's figures of so many minutes ago come in.
pub(crate) fn tell(world: &mut World, id: &ClusterId, minute: i64) {
    let at = (super::fleet::now() - chrono::TimeDelta::seconds(minute * 60)).timestamp_millis();
    let items = measure(world, id, at, minute);
    world.measured(id, Report::Measured { at, items });
}

/// What each instance uses: a share of its request that follows its number, with a wave; `search/query` grows.
fn measure(world: &World, id: &ClusterId, at: Millis, minute: i64) -> Vec<Measured> {
    let cluster = world.cluster(id).unwrap();
    let span = Span {
        from: at - 60_000,
        to: at,
    };
    let mut items = Vec::new();
    for (place, pod) in cluster.pods.values().enumerate() {
        // One in thirty does not answer.
        if pod.node.is_none() || place % 30 == 8 {
            continue;
        }
        let figures = figures(pod, place, minute);
        items.push(Measured {
            subject: Subject::Pod(pod.key.clone()),
            span,
            figures,
        });
        for container in pod.containers.iter() {
            items.push(Measured {
                subject: Subject::Container(pod.key.clone(), container.name.clone()),
                span,
                figures,
            });
        }
    }
    items
}

fn figures(pod: &Pod, place: usize, minute: i64) -> Figures {
    let mut figures = Figures::default();
    let wave = 0.5 + 0.1 * (minute as f64 / 4.0).sin();
    let own = 0.6 + 0.1 * (place % 7) as f64;
    let growth = if pod.app.as_str() == "query" {
        2.0 - minute as f64 / 20.0
    } else {
        1.0
    };
    let cpu = pod.shape.requests.cpu.0 as f64 / 1000.0 * wave * own * growth.max(0.5);
    let memory = pod.shape.requests.memory.0 as f64 * own * 0.7;
    for (figure, value) in [
        (Figure::Cpu, cpu),
        (Figure::MemoryTotal, memory * 1.3),
        (Figure::MemoryWorkingSet, memory),
        (Figure::MemoryRss, memory * 0.8),
        (Figure::MemoryCache, memory * 0.4),
        (Figure::NetworkReceiveBytes, cpu * 4e6),
        (Figure::NetworkTransmitBytes, cpu * 9e6),
        (Figure::NetworkReceivePackets, cpu * 4e3),
        (Figure::NetworkTransmitPackets, cpu * 5e3),
        (Figure::NetworkReceiveDropped, 0.0),
        (Figure::NetworkReceiveErrors, 0.0),
        (Figure::Threads, 42.0),
        (Figure::CpuThrottled, 0.1 * wave),
        (Figure::FsReads, 1e4),
        (Figure::FsWrites, 3e5),
        (Figure::CpuWaiting, 0.02),
    ] {
        figures.set(figure, value);
    }
    figures
}
