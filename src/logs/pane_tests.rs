//! A pane against a stable sort, and what it keeps, hides, finds and hands out.

use proptest::prelude::*;

use super::super::{Content, Divider, Level, Stream, resume::Start, stamp::SECOND, stamp::split_stamp};
use super::*;
use crate::logs::split::LINE_LIMIT;

fn record(at: i64, text: &str) -> Record<'_> {
    Record {
        at: Some(Stamp(at)),
        text: text.as_bytes(),
        more: 0,
    }
}

fn texts<'a>(rows: impl IntoIterator<Item = Row<'a>>) -> Vec<String> {
    rows.into_iter()
        .map(|row| match row.content {
            Content::Line { text, .. } => text.to_owned(),
            Content::Divider(divider) => format!("── {} ──", divider.words()),
        })
        .collect()
}

fn all(pane: &Pane, which: Which) -> Vec<String> {
    texts(pane.from(
        which,
        Place {
            at: Stamp(i64::MIN),
            id: LineId(0),
        },
    ))
}

fn filter(include: &str) -> Filter {
    Filter {
        include: vec![Pattern::new(include).unwrap()],
        ..Filter::default()
    }
}

/// A pane of one stream with so many numbered lines, a second apart.
fn numbered(limit: usize, lines: usize) -> (Pane, StreamId, Vec<Place>) {
    let mut pane = Pane::new(limit);
    let stream = pane.join();
    let places = (0..lines)
        .map(|n| pane.push(stream, &record(n as i64 * SECOND, &format!("line {n}"))))
        .collect();
    (pane, stream, places)
}

#[test]
fn streams_are_merged_by_time_and_each_keeps_its_order() {
    let mut pane = Pane::default();
    let (a, b) = (pane.join(), pane.join());
    for (stream, at, text) in [
        (a, 10, "a1"),
        (a, 30, "a2"),
        (b, 20, "b1"),
        (b, 5, "b2 late"),
        (a, 30, "a3"),
        (b, 40, "b3"),
    ] {
        pane.push(stream, &record(at, text));
    }
    pane.push(
        a,
        &Record {
            at: None,
            text: b"a4 no time",
            more: 7,
        },
    );
    assert_eq!(
        all(&pane, Which::All),
        ["a1", "b1", "b2 late", "a2", "a3", "a4 no time", "b3"]
    );
    let rows: Vec<_> = pane.newest_first(Which::All).collect();
    assert_eq!(rows[1].at, None);
    assert!(matches!(rows[1].content, Content::Line { more: 7, .. }));
    assert_eq!(rows[4].at, Some(Stamp(5)), "its own time is kept");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn any_arrival_is_merged_as_a_stable_sort_would(
        lines in prop::collection::vec((0..4_u32, 0..2000_i64, 0..3_usize), 1..3000),
    ) {
        let mut pane = Pane::default();
        for _ in 0..4 {
            pane.join();
        }
        let (mut newest, mut want) = ([i64::MIN; 4], Vec::new());
        for (n, (stream, at, width)) in lines.into_iter().enumerate() {
            let text = format!("{n} {}", "x".repeat(width * 300));
            pane.push(StreamId(stream), &record(at, &text));
            newest[stream as usize] = newest[stream as usize].max(at);
            want.push((newest[stream as usize], n, text));
        }
        want.sort();
        let want: Vec<String> = want.into_iter().map(|(_, _, text)| text).collect();
        prop_assert_eq!(&all(&pane, Which::All), &want);
        let mut back = texts(pane.newest_first(Which::Shown));
        back.reverse();
        prop_assert_eq!(back, want);
        prop_assert_eq!(pane.bytes, pane.blocks.iter().map(|block| block.bytes()).sum::<usize>());
        let middle = pane.get(pane.newest_first(Which::All).nth(pane.count(Which::All) / 2).unwrap().place).unwrap();
        prop_assert_eq!(pane.rank(Which::Shown, middle.place), pane.before(Which::Shown, middle.place).count());
    }
}

#[test]
fn the_oldest_go_first_and_keep_their_identity() {
    let (mut pane, stream, places) = numbered(256 * 1024, 20_000);
    let mut handed_out = Vec::new();
    while let Some(block) = pane.evict() {
        handed_out.extend(texts(block.rows(Which::All)));
    }
    let counts = pane.counts();
    assert!(counts.bytes <= 256 * 1024);
    assert_eq!((counts.received, counts.evicted as usize), (20_000, handed_out.len()));
    handed_out.extend(all(&pane, Which::All));
    assert_eq!(handed_out, (0..20_000).map(|n| format!("line {n}")).collect::<Vec<_>>());
    assert_eq!(pane.get(places[0]), None);
    assert_eq!(texts(pane.get(places[19_999])), ["line 19999"]);
    let next = pane.push(stream, &record(20_000 * SECOND, "next"));
    assert!(!places.contains(&next));
}

#[test]
fn a_filter_hides_and_loses_nothing() {
    let (mut pane, stream, _) = numbered(PANE_BYTES, 5000);
    pane.divide(stream, None, Divider::Gone);
    pane.set_filter(filter("7$"));
    assert!(!pane.sift(1), "one block at a time");
    while !pane.sift(64 * 1024) {}
    pane.push(stream, &record(6000 * SECOND, "new 17"));
    pane.push(stream, &record(6001 * SECOND, "new 18"));
    let shown = all(&pane, Which::Shown);
    assert_eq!((shown.len(), pane.count(Which::Shown)), (502, 502));
    assert_eq!(shown[500..], ["── the instance is gone ──", "new 17"]);
    pane.set_filter(Filter::default());
    assert_eq!(pane.count(Which::Shown), 5003);
    pane.set_filter(Filter {
        exclude: vec![Pattern::new("line").unwrap()],
        ..Filter::default()
    });
    pane.sift(usize::MAX);
    assert_eq!(pane.count(Which::Shown), 3);
}

#[test]
fn the_search_counts_what_came_and_went() {
    let (mut pane, stream, places) = numbered(512 * 1024, 5000);
    pane.set_search(Some(Pattern::new("9$").unwrap()));
    assert!(!pane.matches().is_complete);
    pane.sift(usize::MAX);
    assert_eq!(
        pane.matches(),
        Matches {
            held: 500,
            evicted: 0,
            unseen: 0,
            is_complete: true
        }
    );
    let next = |from: Place| pane.from(Which::Found, from.behind()).next().map(|row| row.place);
    assert_eq!(next(places[3]), Some(places[9]));
    assert_eq!(next(places[9]), Some(places[19]));
    assert_eq!(next(places[4999]), None);
    let before = pane.before(Which::Found, places[19]).next().map(|row| row.place);
    assert_eq!((before, pane.rank(Which::Found, places[19])), (Some(places[9]), 1));
    for n in 5000..30_000 {
        pane.push(stream, &record(n * SECOND, &format!("line {n}")));
        while pane.evict().is_some() {}
    }
    let matches = pane.matches();
    assert_eq!(matches.held as u64 + matches.evicted, 3000);
    assert!(matches.evicted > 0);
    assert_eq!(texts(pane.newest_first(Which::Found).skip(1).take(1)), ["line 29989"]);
}

#[test]
fn a_paused_view_keeps_its_lines_and_the_server_waits() {
    let (mut pane, stream, places) = numbered(256 * 1024, 100);
    pane.hold(places[90]);
    let mut pushed = 100;
    while pane.has_room() {
        pane.push(stream, &record(pushed * SECOND, &format!("line {pushed}")));
        pushed += 1;
        while pane.evict().is_some() {}
    }
    assert!(pane.counts().bytes < 260 * 1024);
    assert_eq!(pane.counts().evicted, 0, "the block that is on screen and all after it");
    assert_eq!(
        pane.behind(places[99]),
        Behind {
            rows: pushed as usize - 100,
            nanos: (pushed - 100) * SECOND
        }
    );
    pane.release();
    assert!(pane.has_room() && pane.evict().is_some());
}

#[test]
fn a_time_is_found_and_bookmarks_stay() {
    let (mut pane, _, places) = numbered(256 * 1024, 1000);
    assert_eq!(pane.at(Stamp(500 * SECOND - 1)), Some(places[500]));
    assert_eq!(pane.at(Stamp(i64::MAX)), Some(places[999]));
    assert_eq!(Pane::default().at(Stamp(0)), None);
    let mut marks = crate::logs::Bookmarks::default();
    for n in [700, 3, 5] {
        assert!(marks.toggle(places[n]));
    }
    assert!(!marks.toggle(places[5]));
    pane.limit = 0;
    while pane.evict().is_some() {}
    assert!(marks.after(places[3]).eq([places[700], places[3]]));
    assert!(marks.after(places[700]).eq([places[3], places[700]]));
}

#[test]
fn levels_pass_to_the_lines_of_a_trace() {
    let mut pane = Pane::default();
    let (a, b) = (pane.join(), pane.join());
    for (stream, text) in [(a, "ERROR: x"), (b, "INFO: y"), (a, "\tat z"), (b, "done")] {
        pane.push(stream, &record(1, text));
    }
    pane.set_filter(Filter {
        level: Some(Level::Error),
        ..Filter::default()
    });
    pane.sift(usize::MAX);
    assert_eq!(all(&pane, Which::Shown), ["ERROR: x", "        at z"]);
}

const AT: &str = "2026-11-22T16:13:07.000000001Z";

#[test]
fn hostile_lines_are_bounded_and_harmless() {
    let mut pane = Pane::new(1024 * 1024);
    let mut stream = Stream::new(pane.join(), LINE_LIMIT, Start::Everything);
    let escape = format!("{AT} \x1b]52;c;aGk=\x07\x00\u{202e}x\n");
    stream.feed(escape.as_bytes(), &mut pane);
    stream.feed(format!("{AT} ").as_bytes(), &mut pane);
    for _ in 0..160 {
        stream.feed(&vec![b'\t'; 64 * 1024], &mut pane);
    }
    stream.feed(b"\n", &mut pane);
    stream.feed(format!("{AT} \u{1} bad and no newline").as_bytes(), &mut pane);
    assert_eq!(pane.counts().received, 2);
    stream.end(&mut pane);
    let rows = all(&pane, Which::All);
    assert_eq!((rows.len(), rows[0].as_str()), (3, "␛]52;c;aGk=␇␀‹U+202E›x"));
    assert_eq!(rows[2], "␁ bad and no newline");
    assert!(rows.iter().all(|row| !row.chars().any(char::is_control)));
    let long = pane.newest_first(Which::All).nth(1).unwrap();
    assert!(matches!(long.content, Content::Line { more, .. } if more == 159 * 64 * 1024));
    assert!(
        pane.counts().bytes < 8 * 64 * 1024 + 4096,
        "a tab takes eight columns, no more"
    );
}

#[test]
fn a_stream_goes_on_after_a_cut_and_says_so() {
    let mut pane = Pane::default();
    let mut stream = Stream::new(pane.join(), LINE_LIMIT, Start::Tail(10));
    assert_eq!(stream.ask().tail, Some(10));
    stream.feed(format!("{AT} one\n{AT} tw").as_bytes(), &mut pane);
    let ask = stream.cut(Some("reset by peer".into()), &mut pane);
    let newest = split_stamp(format!("{AT} ").as_bytes()).map(|(at, _)| at.second());
    assert_eq!((ask.tail, ask.since), (None, newest.map(|second| second - 1)));
    stream.feed(format!("{AT} one\n{AT} two\n{AT} two\n").as_bytes(), &mut pane);
    assert_eq!(
        all(&pane, Which::All),
        ["one", "── connection lost: reset by peer ──", "two", "two"]
    );
    stream.end(&mut pane);
    assert_eq!(stream.ask(), super::super::Ask::default(), "another run");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Whether lines come before the filter or after it, in whatever order of streams, the same are shown around.
    #[test]
    fn lines_around_are_those_of_each_stream_alone(
        lines in prop::collection::vec((0..3_u32, 0..500_i64, 0..12_u8), 1..2500), around in 1..4_usize, late in 0..2500_usize,
    ) {
        let asked = Filter { around, exclude: vec![Pattern::new("noise").unwrap()], ..filter("hit") };
        let mut pane = Pane::default();
        for _ in 0..3 {
            pane.join();
        }
        let mut of_stream: Vec<Vec<(Place, &str)>> = vec![Vec::new(); 3];
        for (n, (stream, at, kind)) in lines.into_iter().enumerate() {
            if n == late {
                pane.set_filter(asked.clone());
                pane.sift(usize::MAX);
            }
            let text = match kind { 0 => "hit", 1 => "noise", 2 => "hit noise", _ => "other" };
            let place = pane.push(StreamId(stream), &record(at, text));
            of_stream[stream as usize].push((place, text));
        }
        if pane.filter().is_empty() {
            pane.set_filter(asked);
            pane.sift(usize::MAX);
        }
        let mut want = Vec::new();
        for lines in of_stream {
            let lines: Vec<_> = lines.into_iter().filter(|(_, text)| !text.contains("noise")).collect();
            for (n, (place, _)) in lines.iter().enumerate() {
                let beside = n.saturating_sub(around)..(n + around + 1).min(lines.len());
                if lines[beside].iter().any(|(_, text)| *text == "hit") {
                    want.push(*place);
                }
            }
        }
        want.sort();
        let shown: Vec<Place> = pane.from(Which::Shown, Place { at: Stamp(i64::MIN), id: LineId(0) }).map(|row| row.place).collect();
        prop_assert_eq!(pane.count(Which::Shown), shown.len());
        prop_assert_eq!(pane.counts().shown, pane.from(Which::All, Place::default()).filter(|row| matches!(row.content, Content::Line { text: "hit", .. })).count());
        prop_assert_eq!(shown, want);
    }
}
