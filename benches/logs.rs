//! What log lines cost on their way into a pane: one stream at full speed, fifty at 2,000 lines a second.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::DateTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use pilothouse::domain::CleanBuffer;
use pilothouse::logs::split::LINE_LIMIT;
use pilothouse::logs::{Filter, Pane, Pattern, Splitter, Start, Stream, level};

/// Bytes a piece, as a connection gives them.
const PIECE: usize = 16 * 1024;

/// Lines of every kind a fleet writes: Java with a trace, JSON, nginx, Chinese text, colours.
const TEXTS: [&str; 8] = [
    "2026-11-22 16:13:07,123 [http-nio-8080-exec-17] INFO  com.corp.gift.GiftService - gift 77123 sent to room 123456 in 12 ms",
    r#"{"level":"info","ts":"2026-11-22T16:13:07.123Z","caller":"gift/server.go:77","msg":"request","method":"POST","path":"/v1/gift","status":200,"ms":12.3}"#,
    r#"10.244.17.31 - - [22/Nov/2026:16:13:07 +0800] "GET /v1/rooms/123456 HTTP/1.1" 200 5123 "-" "okhttp/4.12.0" 0.012"#,
    "2026-11-22 16:13:07,124 [main] ERROR com.corp.gift.Wallet - 扣款失败：余额不足，用户 123456，房间 654321",
    "\tat com.corp.gift.Wallet.charge(Wallet.java:123)",
    "I1122 16:13:07.123456       1 reflector.go:351] Caches populated for *v1.Pod from k8s.io/client-go",
    "\x1b[32m[16:13:07.123]\x1b[0m \x1b[33mWARN\x1b[0m (7): slow answer from wallet: 812 ms",
    "level=debug ts=2026-11-22T16:13:07.123Z caller=main.go:77 msg=\"cache miss\" key=room:123456",
];

/// So many lines from a nanosecond on, this far apart.
fn log(texts: &[&str], from: i64, lines: usize, apart: i64) -> Vec<u8> {
    let mut out = String::new();
    for (n, text) in texts.iter().cycle().take(lines).enumerate() {
        let at = DateTime::from_timestamp_nanos(from + n as i64 * apart);
        let _ = writeln!(out, "{} {text}", at.format("%Y-%m-%dT%H:%M:%S%.9fZ"));
    }
    out.into_bytes()
}

const T0: i64 = 1_790_073_600_000_000_000;

fn read(bytes: &[u8], stream: &mut Stream, pane: &mut Pane) {
    for piece in bytes.chunks(PIECE) {
        stream.feed(piece, pane);
        while let Some(block) = pane.evict() {
            black_box(block);
        }
    }
}

fn one_stream(c: &mut Criterion) {
    let mut group = c.benchmark_group("one log stream");
    group.sample_size(10);
    let ascii = TEXTS.get(..1).unwrap_or_default();
    for (name, texts) in [("one kind of line", ascii), ("all kinds of lines", &TEXTS)] {
        let bytes = log(texts, T0, 200_000, 2000);
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(format!("split, {name}"), |b| {
            b.iter(|| {
                let mut splitter = Splitter::default();
                let mut seen = 0;
                bytes
                    .chunks(PIECE)
                    .for_each(|piece| splitter.feed(piece, |line| seen += line.text.len()));
                seen
            });
        });
        group.bench_function(format!("split and sanitise, {name}"), |b| {
            b.iter(|| {
                let mut splitter = Splitter::default();
                let mut clean = CleanBuffer::with_capacity(2 * bytes.len());
                let mut seen = 0;
                bytes
                    .chunks(PIECE)
                    .for_each(|piece| splitter.feed(piece, |line| seen += clean.push_line(line.text).len()));
                (clean, seen)
            });
        });
        group.bench_function(format!("split and find levels, {name}"), |b| {
            b.iter(|| {
                let mut splitter = Splitter::default();
                let mut found = 0;
                bytes.chunks(PIECE).for_each(|piece| {
                    splitter.feed(piece, |line| found += usize::from(level::level(line.text).is_some()));
                });
                found
            });
        });
        group.bench_function(format!("bytes to pane, {name}"), |b| {
            b.iter(|| {
                let mut pane = Pane::default();
                let mut stream = Stream::new(pane.join(), LINE_LIMIT, Start::Everything);
                read(&bytes, &mut stream, &mut pane);
                pane.counts()
            });
        });
    }
    group.finish();
}

/// The time that one second of 50 streams at 2,000 lines takes: within 250 ms is a quarter of a core.
fn fifty_streams(c: &mut Criterion) {
    let mut group = c.benchmark_group("50 log streams");
    group.sample_size(10);
    let bytes: Vec<Vec<u8>> = (0..50)
        .map(|stream| log(&TEXTS, T0 + stream * 7919, 2000, 500_000))
        .collect();
    for (name, include) in [("no filter", None), ("a filter and a search", Some("gift|room"))] {
        group.bench_function(format!("a second of 2,000 lines each, {name}"), |b| {
            b.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    let mut pane = Pane::default();
                    if let Some(pattern) = include.and_then(|text| Pattern::new(text).ok()) {
                        pane.set_filter(Filter {
                            include: vec![pattern],
                            ..Filter::default()
                        });
                        pane.set_search(Pattern::new("wallet").ok());
                    }
                    let mut streams: Vec<Stream> = (0..50)
                        .map(|_| Stream::new(pane.join(), LINE_LIMIT, Start::Everything))
                        .collect();
                    let begin = Instant::now();
                    // In turns of 50 ms, as connections deliver them.
                    let mut rest: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
                    while rest.iter().any(|rest| !rest.is_empty()) {
                        for (stream, rest) in streams.iter_mut().zip(&mut rest) {
                            let (now, later) = rest.split_at_checked(14_000).unwrap_or((rest, &[]));
                            read(now, stream, &mut pane);
                            *rest = later;
                        }
                    }
                    spent += begin.elapsed();
                    black_box(pane.counts());
                }
                spent
            });
        });
    }
    group.finish();
}

/// What a keystroke in the search costs over a full pane of 16 MiB.
fn searching(c: &mut Criterion) {
    let mut group = c.benchmark_group("a full pane");
    group.sample_size(10);
    let bytes = log(&TEXTS, T0, 150_000, 2000);
    let mut pane = Pane::default();
    let mut stream = Stream::new(pane.join(), LINE_LIMIT, Start::Everything);
    read(&bytes, &mut stream, &mut pane);
    group.throughput(Throughput::Bytes(pane.counts().bytes as u64));
    for pattern in ["wallet", "Wallet", r"room \d+ in 1[0-9] ms$"] {
        group.bench_function(format!("search {pattern}"), |b| {
            b.iter(|| {
                pane.set_search(Pattern::new(pattern).ok());
                pane.sift(usize::MAX)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, one_stream, fifty_streams, searching);
criterion_main!(benches);
