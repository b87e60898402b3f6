//! Tests of the queue.

use proptest::prelude::*;

use super::*;

fn push(queue: &mut Queue, stream: StreamId, at: i64) {
    let text = format!("{} at {at}", stream.0);
    queue.push(
        stream,
        &Record {
            at: Some(Stamp(at)),
            text: text.as_bytes(),
            more: 0,
        },
    );
}

fn out(queue: &mut Queue, until: Stamp) -> Vec<String> {
    let mut found = Vec::new();
    queue.drain(until, |out| {
        found.push(match out.what {
            Item::Line { text, .. } => String::from_utf8_lossy(text).into_owned(),
            Item::Divider(divider) => format!("{} {}", out.stream.0, divider.words()),
        });
    });
    found
}

#[test]
fn nothing_goes_out_before_what_may_be_earlier() {
    let mut queue = Queue::new(false);
    let (a, b) = (queue.join(), queue.join());
    for at in [10, 20, 30] {
        push(&mut queue, a, at);
    }
    let all = |_| true;
    assert_eq!(out(&mut Queue::clone(&queue), queue.ripe(all, true)), [""; 0]);
    push(&mut queue, b, 5);
    push(&mut queue, b, 20);
    let ripe = queue.ripe(all, true);
    assert_eq!(out(&mut queue, ripe), ["1 at 5", "0 at 10", "0 at 20", "1 at 20"]);
    let ripe = queue.ripe(|stream| stream == a, true);
    assert_eq!(out(&mut queue, ripe), ["0 at 30"], "nobody waits for what is closed");
}

#[test]
fn who_is_silent_is_not_waited_for_but_by_who_reads_to_the_end() {
    let mut queue = Queue::new(false);
    queue.set_now(1_000);
    let (a, _quiet) = (queue.join(), queue.join());
    for (now, is_ripe) in [(1_100, false), (1_999, false), (2_000, true)] {
        queue.set_now(now);
        push(&mut queue, a, 7);
        assert_eq!(queue.ripe(|_| true, false) >= Stamp(7), is_ripe, "{now}");
        assert!(queue.ripe(|_| true, true) < Stamp(7));
    }
}

#[test]
fn who_could_not_be_heard_is_waited_for() {
    let mut queue = Queue::new(false);
    let (a, b) = (queue.join(), queue.join());
    push(&mut queue, a, 1);
    push(&mut queue, b, 2);
    // Nothing was read for a minute: who was heard before is not silent.
    queue.set_now(60_000);
    queue.stand_still(60_000);
    push(&mut queue, b, 9);
    assert_eq!(queue.ripe(|_| true, false), Stamp(1));
    // Who is full is held, however long it is.
    let text = vec![b'x'; STREAM_BYTES];
    let record = Record {
        at: Some(Stamp(3)),
        text: &text,
        more: 0,
    };
    queue.push(a, &record);
    queue.set_now(120_000);
    push(&mut queue, b, 10);
    assert_eq!(queue.ripe(|_| true, false), Stamp(3));
}

#[test]
fn a_stream_that_is_ahead_is_full_until_it_is_let_out() {
    let mut queue = Queue::new(false);
    let a = queue.join();
    let text = vec![b'x'; STREAM_BYTES / 2 - size_of::<Held>()];
    for at in 0..3 {
        assert!(!queue.is_full(a));
        let record = Record {
            at: Some(Stamp(at)),
            text: &text,
            more: 0,
        };
        queue.push(a, &record);
    }
    assert!(queue.is_full(a));
    queue.drain(Stamp(1), |_| {});
    assert!(!queue.is_full(a) && !queue.is_empty());
    queue.drain(Stamp(i64::MAX), |out| {
        assert_eq!(
            out.what,
            Item::Line {
                text: &text,
                level: None,
                more: 0
            }
        );
    });
}

#[test]
fn lines_without_a_text_take_room_too() {
    let mut queue = Queue::new(false);
    let a = queue.join();
    let empty = |at| Record {
        at: Some(Stamp(at)),
        text: b"",
        more: 0,
    };
    let mut count = 0;
    while !queue.is_full(a) {
        queue.push(a, &empty(count));
        count += 1;
        assert!(count < 20_000, "never full");
    }
    queue.drain(Stamp(i64::MAX), |_| {});
    assert!(!queue.is_full(a));
    assert_eq!(queue.streams.get(StreamId(0)).unwrap().waiting, 0);
}

#[test]
fn what_happened_stands_where_it_happened() {
    let mut queue = Queue::new(false);
    let (a, b) = (queue.join(), queue.join());
    push(&mut queue, a, 10);
    queue.divide(a, None, Divider::Gone);
    push(&mut queue, b, 11);
    assert_eq!(
        out(&mut queue, Stamp(i64::MAX)),
        ["0 at 10", "0 the instance is gone", "1 at 11"]
    );
}

proptest! {
    #[test]
    fn lines_go_out_once_and_in_order_of_time(steps in prop::collection::vec((0..3_u32, 0..50_i64), 0..200)) {
        let mut queue = Queue::new(false);
        for _ in 0..3 {
            queue.join();
        }
        let mut at = [0_i64; 3];
        let mut times = Vec::new();
        let mut count = 0;
        let mut each = |out: Outgoing<'_>| times.push(out.at.unwrap());
        for (stream, step) in steps {
            at[stream as usize] += step;
            push(&mut queue, StreamId(stream), at[stream as usize]);
            count += 1;
            let ripe = queue.ripe(|_| true, true);
            queue.drain(ripe, &mut each);
        }
        queue.drain(Stamp(i64::MAX), &mut each);
        prop_assert!(times.is_sorted());
        prop_assert_eq!(times.len(), count);
    }
}
