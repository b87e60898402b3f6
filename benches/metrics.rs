//! What metrics cost: reading a kubelet's text, beside `prometheus-parse`; rates; keeping; drawing down.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use pilothouse::domain::{Clean, ObjectKey};
use pilothouse::metrics::cadvisor::{Collector, read};
use pilothouse::metrics::exposition::Scanner;
use pilothouse::metrics::history::Limits;
use pilothouse::metrics::rate::Spacing;
use pilothouse::metrics::series::{Fold, cells};
use pilothouse::metrics::{Attention, Figure, Figures, History, Meter, Resolution, Span, Subject};

const TEXT: &[u8] = include_bytes!("../tests/fixtures/metrics/cadvisor-1.txt");

/// The recorded text repeated to 100 MB.
fn long() -> Vec<u8> {
    TEXT.repeat(100_000_000 / TEXT.len())
}

/// The text of a node of `pods` pods: each line of the recorded pod, under as many names.
fn node(pods: usize, at: i64) -> Vec<u8> {
    let text = String::from_utf8_lossy(TEXT);
    let mut out = String::new();
    for line in text.lines() {
        if line.starts_with('#') || !line.contains("pod2fe94992") {
            let _ = writeln!(out, "{line}");
            continue;
        }
        let Some((line, _)) = line.rsplit_once(' ') else {
            continue;
        };
        for i in 0..pods {
            let line = line.replace("pod2fe94992", &format!("pod{i:08x}"));
            let _ = writeln!(out, "{} {at}", line.replace("x6jtv", &format!("{i:05}")));
        }
    }
    out.into_bytes()
}

fn reading(c: &mut Criterion) {
    let mut group = c.benchmark_group("read cAdvisor's text");
    group.sample_size(10).measurement_time(Duration::from_secs(8));
    let long = long();
    group.throughput(Throughput::Bytes(long.len() as u64));
    for size in [4 << 10, 16 << 10, 64 << 10] {
        group.bench_function(format!("100 MB in chunks of {} KiB", size >> 10), |b| {
            b.iter(|| {
                let (mut collector, mut scanner) = (Collector::new(0), Scanner::default());
                long.chunks(size).for_each(|chunk| scanner.push(chunk, &mut collector));
                collector.finish(scanner.finish())
            });
        });
    }
    let node = node(60, 1_795_360_862_884);
    group.throughput(Throughput::Bytes(node.len() as u64));
    group.bench_function(format!("a node of 60 pods, {} KB", node.len() / 1000), |b| {
        b.iter(|| read(&node, 0));
    });
    group.throughput(Throughput::Bytes(TEXT.len() as u64 * 20));
    let text = String::from_utf8_lossy(&TEXT.repeat(20)).into_owned();
    group.bench_function("4 MB with prometheus-parse", |b| {
        b.iter(|| {
            let lines = text.lines().map(|line| Ok(line.to_owned()));
            prometheus_parse::Scrape::parse(lines).map(|scrape| black_box(scrape.samples.len()))
        });
    });
    group.finish();
}

fn figures(seed: usize) -> Figures {
    let mut figures = Figures::default();
    for (figure, amount) in Figure::BACKGROUND.into_iter().zip([0.1, 2e8, 1e8, 5e4, 7e3]) {
        figures.set(figure, amount * (1.0 + (seed % 17) as f64));
    }
    figures
}

fn subjects(count: usize) -> Vec<Subject> {
    let key = |i: usize| ObjectKey::new("live", format!("gift-6c5c9-{i:06}"));
    (0..count).map(|i| Subject::Container(key(i), "web".into())).collect()
}

fn minute(i: i64) -> Span {
    Span {
        from: i * 60_000,
        to: (i + 1) * 60_000,
    }
}

fn keeping(c: &mut Criterion) {
    let mut group = c.benchmark_group("keep what was measured");
    let spacing = Spacing::of(15_000);
    let name = Clean::new("node-1");
    let (first, second) = (node(60, 1_795_360_862_884), node(60, 1_795_360_877_884));
    let (first, second) = (read(&first, 0), read(&second, 0));
    group.bench_function("rates of a node of 60 pods", |b| {
        b.iter_batched(
            || {
                let mut meter = Meter::default();
                meter.take(&name, &first, 1_795_360_865_000, spacing);
                meter
            },
            |mut meter| meter.take(&name, &second, 1_795_360_880_000, spacing),
            BatchSize::SmallInput,
        );
    });
    let subjects = subjects(6000);
    let mut history = History::new(Limits::default());
    let mut round = 0;
    group.bench_function("a minute of 6,000 containers, history", |b| {
        b.iter(|| {
            for (i, subject) in subjects.iter().enumerate() {
                history.record(subject, minute(round), &figures(i), Attention::Background);
            }
            round += 1;
        });
    });
    let last = round * 60_000 - 1;
    let Some(subject) = subjects.first() else {
        return;
    };
    group.bench_function("six hours of a figure in 20 cells", |b| {
        b.iter(|| {
            let line = history.line(subject, Figure::Cpu, Resolution::Coarse, last, 360);
            cells(&line, 20, Fold::Max)
        });
    });
    group.finish();
}

/// What a cluster of 6,000 instances keeps of six hours, minute by minute: within the budget, and without one.
#[expect(clippy::print_stdout, reason = "the figure is what this is run for")]
fn holding(_: &mut Criterion) {
    let key = |i: usize| ObjectKey::new("live", format!("gift-6c5c9-{i:06}"));
    let subjects: Vec<Subject> = (0..6_000).map(|i| Subject::Pod(key(i))).collect();
    for budget in [Limits::default().budget, usize::MAX] {
        let mut history = History::new(Limits {
            budget,
            ..Limits::default()
        });
        for at in 0..Limits::default().coarse.slots.into() {
            for (i, subject) in subjects.iter().enumerate() {
                history.record(subject, minute(at), &figures(i), Attention::Background);
            }
        }
        let usage = history.usage();
        println!(
            "held: {:.2} bytes a sample ({} samples of {} instances in {:.1} MB; {} dropped, budget {})",
            usage.bytes as f64 / usage.samples as f64,
            usage.samples,
            usage.subjects,
            usage.bytes as f64 / 1e6,
            usage.dropped,
            if budget == usize::MAX {
                "none".to_owned()
            } else {
                format!("{} MiB", budget >> 20)
            },
        );
    }
}

criterion_group!(benches, reading, keeping, holding);
criterion_main!(benches);
