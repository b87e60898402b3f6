//! A follower against a server that floors `sinceTime`, cut at any byte.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};

use super::*;
use crate::logs::split::Splitter;

/// The server: the lines of one container's log file, in its order.
#[derive(Clone, Debug, Default)]
struct Server {
    lines: Vec<(Stamp, String)>,
}

impl Server {
    /// What the kubelet sends: lines not before `sinceTime`, or the last so many.
    fn answer(&self, ask: Ask) -> Vec<u8> {
        let tail = ask.tail.map_or(0, |n| self.lines.len().saturating_sub(n as usize));
        let lines = self.lines.iter().skip(tail);
        let since = ask.since.map_or(i64::MIN, |second| second * SECOND);
        let lines = lines.filter(|(at, _)| at.0 >= since);
        lines.flat_map(|(at, text)| line(*at, text).into_bytes()).collect()
    }
}

fn line(at: Stamp, text: &str) -> String {
    format!("{} {text}\n", at.time().format("%Y-%m-%dT%H:%M:%S%.9f%:z"))
}

/// A follower, and everything it showed.
struct Follower {
    splitter: Splitter,
    cursor: Cursor,
    shown: Vec<(Stamp, String)>,
    doubts: Vec<Doubt>,
}

impl Follower {
    fn new(start: Start) -> Self {
        let (cursor, splitter) = (Cursor::new(start), Splitter::default());
        Self {
            splitter,
            cursor,
            shown: Vec::new(),
            doubts: Vec::new(),
        }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let Self {
            splitter,
            cursor,
            shown,
            doubts,
        } = self;
        splitter.feed(bytes, |record| {
            if let Verdict::New(doubt) = cursor.take(&record) {
                shown.push((
                    record.at.unwrap_or_default(),
                    String::from_utf8(record.text.to_vec()).unwrap(),
                ));
                doubts.extend(doubt);
            }
        });
    }

    fn cut(&mut self) -> Ask {
        let open = self.splitter.cut();
        self.cursor.cut(open)
    }
}

const T0: i64 = 1_790_000_000 * SECOND;

/// Follows a log that grows, cut at the given places (in thousandths of what was left to send).
fn follow(server: &Server, start: Start, cuts: &[u32]) -> Follower {
    follow_from(server, start, cuts, 0)
}

/// The same, if the first lines arrived before the first cut.
fn follow_from(server: &Server, start: Start, cuts: &[u32], uncut: usize) -> Follower {
    let mut follower = Follower::new(start);
    let mut ask = follower.cursor.ask();
    if uncut > 0 {
        follower.feed(
            &Server {
                lines: server.lines[..uncut].to_vec(),
            }
            .answer(ask),
        );
        ask = follower.cut();
    }
    for (round, cut) in cuts.iter().enumerate() {
        // The file grows from cut to cut.
        let written = uncut + (server.lines.len() - uncut) * (round + 1) / cuts.len();
        let so_far = Server {
            lines: server.lines[..written].to_vec(),
        };
        let answer = so_far.answer(ask);
        follower.feed(&answer[..answer.len() * (*cut as usize) / 1000]);
        ask = follower.cut();
    }
    follower.feed(&server.answer(ask));
    follower
}

fn log() -> impl Strategy<Value = Server> {
    // Steps in time: none (the same nanosecond), a few nanoseconds, milliseconds, seconds, a little back as
    // between stdout and stderr. Few texts, so that lines repeat.
    let step = prop_oneof![
        3 => Just(0_i64),
        3 => 1..50_i64,
        3 => 1_000_000..300_000_000_i64,
        1 => SECOND..5 * SECOND,
        1 => -900_000_000..0_i64,
    ];
    prop::collection::vec((step, 0..3_u8), 1..120).prop_map(|steps| {
        let (mut at, mut newest) = (T0, T0);
        let lines = steps.into_iter().map(|(step, text)| {
            at = (at + step).max(newest - 900_000_000);
            newest = newest.max(at);
            (Stamp(at), "x".repeat(usize::from(text) * 3))
        });
        Server { lines: lines.collect() }
    })
}

fn config() -> Config {
    // 60 cuts a case or so: more than the thousand that are promised.
    Config {
        cases: 40,
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn f28_nothing_is_lost_or_repeated_over_cuts_at_any_byte(
        server in log(),
        cuts in prop::collection::vec(0..=1000_u32, 1..120),
    ) {
        let follower = follow(&server, Start::Everything, &cuts);
        prop_assert_eq!(&follower.shown, &server.lines);
        prop_assert!(!follower.doubts.iter().any(|d| matches!(d, Doubt::Gap { .. })), "{:?}", follower.doubts);
    }

    #[test]
    fn a_view_that_began_at_a_time_never_shows_what_was_before(
        server in log(),
        from in 0..120_usize,
        cuts in prop::collection::vec(0..=1000_u32, 1..30),
    ) {
        let from = server.lines[from % server.lines.len()].0;
        let follower = follow(&server, Start::Since(from), &cuts);
        let since = from.second() * SECOND;
        let want: Vec<_> = server.lines.iter().filter(|(at, _)| at.0 >= since).cloned().collect();
        prop_assert_eq!(follower.shown, want);
    }

    #[test]
    fn a_clock_that_goes_back_loses_and_repeats_nothing(
        before in log(),
        after in log(),
        back in 2..4000_i64,
        cuts in prop::collection::vec(0..=1000_u32, 1..60),
    ) {
        let mut lines = before.lines;
        let step = lines.last().unwrap().0.0 - back * SECOND - after.lines[0].0.0;
        // Texts of their own: a line of the same nanosecond and text as one an hour before is another matter.
        lines.extend(after.lines.iter().map(|(at, text)| (Stamp(at.0 + step), format!("after{text}"))));
        let server = Server { lines };
        let uncut = server.lines.len() - after.lines.len() + 1;
        let follower = follow_from(&server, Start::Everything, &cuts, uncut);
        prop_assert_eq!(follower.shown, server.lines);
    }
}

/// Lines whose texts are numbered, `apart` nanoseconds from one to the next.
fn numbered(range: std::ops::Range<usize>, apart: i64) -> Server {
    let lines = range.map(|n| (Stamp(T0 + n as i64 * apart), format!("line {n}")));
    Server { lines: lines.collect() }
}

#[test]
fn a_tail_never_shows_what_was_before_it() {
    let server = numbered(0..100, 10_000_000);
    for cut in 0..=1000 {
        let mut follower = Follower::new(Start::Tail(10));
        let answer = server.answer(follower.cursor.ask());
        follower.feed(&answer[..answer.len() * cut / 1000]);
        let ask = follower.cut();
        follower.feed(&server.answer(ask));
        assert_eq!(follower.shown, server.lines[90..], "cut at {cut}");
    }
}

#[test]
fn a_tail_cut_within_its_first_line_goes_on_there() {
    let mut server = numbered(0..20, 10_000_000);
    let mut follower = Follower::new(Start::Tail(1));
    let answer = server.answer(follower.cursor.ask());
    follower.feed(&answer[..40]);
    let ask = follower.cut();
    server = numbered(0..25, 10_000_000);
    follower.feed(&server.answer(ask));
    assert_eq!(follower.shown, server.lines[19..]);
}

#[test]
fn f29_lines_of_the_same_words_and_nanosecond_are_taken_as_often_as_they_were_written() {
    let lines = (0..40).map(|n| (Stamp(T0 + n / 20 * 300_000_000), "the same".to_owned()));
    let server = Server { lines: lines.collect() };
    let length = server.answer(Ask::default()).len();
    for cut in 0..=length {
        let mut follower = Follower::new(Start::Everything);
        follower.feed(&server.answer(Ask::default())[..cut]);
        let ask = follower.cut();
        follower.feed(&server.answer(ask));
        assert_eq!(follower.shown, server.lines, "cut at {cut}");
    }
}

#[test]
fn f30_a_rotated_file_leaves_a_gap_that_is_said() {
    let mut follower = Follower::new(Start::Everything);
    follower.feed(&numbered(0..100, 1_000_000).answer(Ask::default()));
    let ask = follower.cut();
    // The kubelet serves the new file, which begins 1,000 lines later.
    follower.feed(&numbered(1100..1200, 1_000_000).answer(ask));
    assert_eq!(follower.shown.len(), 200);
    let (from, to) = (Stamp(T0 + 99_000_000), Stamp(T0 + 1_100_000_000));
    assert_eq!(follower.doubts, [Doubt::Gap { from, to }]);
}

#[test]
fn a_file_that_still_has_the_last_line_leaves_no_gap() {
    let mut follower = Follower::new(Start::Everything);
    follower.feed(&numbered(0..100, 1_000_000).answer(Ask::default()));
    let ask = follower.cut();
    follower.feed(&numbered(99..5000, 1_000_000).answer(ask));
    assert_eq!((follower.shown.len(), follower.doubts.len()), (5000, 0));
}

#[test]
fn f30_lines_skipped_while_following_leave_a_gap_that_is_said() {
    let text = "x".repeat(1200);
    let at = |n: i64| Stamp(T0 + n * 500_000);
    let mut follower = Follower::new(Start::Everything);
    for n in (0..2000).chain(3000..4000) {
        follower.feed(line(at(n), &text).as_bytes());
    }
    assert_eq!(
        follower.doubts,
        [Doubt::Gap {
            from: at(1999),
            to: at(3000)
        }]
    );
}

#[test]
fn a_stream_that_pauses_by_itself_has_no_gaps() {
    let text = "x".repeat(1200);
    let mut follower = Follower::new(Start::Everything);
    for n in 0..5000_i64 {
        // Twenty lines every ten seconds.
        follower.feed(line(Stamp(T0 + n / 20 * 10 * SECOND + n % 20), &text).as_bytes());
    }
    assert_eq!(follower.doubts, []);
}

#[test]
fn more_lines_in_a_second_than_are_remembered_are_counted() {
    let lines = crate::logs::recent::PRINT_LIMIT * 2;
    let server = numbered(0..lines, 2000);
    let answer = server.answer(Ask::default());
    let mut follower = Follower::new(Start::Everything);
    follower.feed(&answer[..answer.len() / 3 * 2]);
    assert!(follower.cursor.recent.kept() <= crate::logs::recent::PRINT_LIMIT);
    let ask = follower.cut();
    follower.feed(&server.answer(ask));
    assert!(follower.shown == server.lines, "{} of {lines}", follower.shown.len());
    assert_eq!(follower.doubts, []);
    // The file lost the head of the second that is only counted: that cannot be told apart, so it is said.
    let ask = follower.cut();
    let rotated = numbered(lines / 2..lines * 3 / 2 + 10, 2000);
    follower.feed(&rotated.answer(ask));
    assert!(
        matches!(follower.doubts[..], [Doubt::Gap { .. }]),
        "{:?}",
        follower.doubts
    );
}

#[test]
fn the_clock_going_back_is_said() {
    let mut follower = Follower::new(Start::Everything);
    for n in [100, 101, 50, 51] {
        follower.feed(line(Stamp(T0 + n * SECOND), "x").as_bytes());
    }
    assert_eq!(follower.doubts, [Doubt::ClockBack { nanos: 51 * SECOND }]);
}

#[test]
fn the_rest_of_a_line_that_was_taken_is_not_shown_and_the_kubelets_word_is() {
    let server = numbered(0..10, SECOND);
    let mut follower = Follower::new(Start::Everything);
    follower.feed(&server.answer(Ask::default()));
    let ask = follower.cut();
    follower.feed(b"and the end of a long line\n");
    follower.feed(&server.answer(ask));
    assert_eq!(follower.shown, server.lines);
    follower.cut();
    follower.feed(b"unable to retrieve container logs for containerd://1\n");
    assert_eq!(follower.shown.len(), 11);
}
