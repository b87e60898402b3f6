//! When a watch reads on: what trickles in is read a handful at a time, what pours in is read as it comes.
//!
//! Each event wakes two tasks and costs two system calls, whatever it says. Since events are sent on
//! together anyway, a watch that is busy without being flooded leaves the socket alone for a moment and
//! then finds a handful.

use std::time::Duration;

use tokio::time::Instant;

/// How long the socket is left alone; shorter than events wait for others before they are sent.
const PAUSE: Duration = Duration::from_millis(60);
/// Whoever waited this long for an event had read all there was.
const WAITED: Duration = Duration::from_millis(2);
/// A pause pays when at least so many pieces come together after it.
const HANDFUL: u32 = 3;
/// So many pieces are read as they come before a pause is tried again that did not pay.
const UNTRIED: u32 = 16;

/// What was read since the last pause, and until when the present one lasts.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Breath {
    until: Option<Instant>,
    pieces: u32,
    untried: u32,
}

impl Breath {
    /// Until when the socket is to be left alone, if at all.
    pub(super) fn pause(&self) -> Option<Instant> {
        self.until
    }

    /// A piece came, after a wait of that long.
    pub(super) fn taken(&mut self, now: Instant, waited: Duration) {
        let had_paused = self.until.is_some();
        self.pieces = self.pieces.saturating_add(1);
        self.untried = self.untried.saturating_sub(1);
        if waited < WAITED || self.untried > 0 {
            return;
        }
        let pays = !had_paused || self.pieces > HANDFUL;
        *self = Self {
            until: pays.then(|| now + PAUSE),
            pieces: 0,
            untried: if pays { 0 } else { UNTRIED },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::from_micros(50);
    const LATER: Duration = Duration::from_millis(5);

    /// Reads a piece that was waited for so long; whether that made a pause.
    fn read(breath: &mut Breath, now: &mut Instant, waited: Duration) -> bool {
        let before = breath.pause();
        *now = before.map_or(*now, |until| until.max(*now)) + waited;
        breath.taken(*now, waited);
        let after = breath.pause();
        after.is_some_and(|until| until == *now + PAUSE)
    }

    #[test]
    fn a_busy_watch_is_read_a_handful_at_a_time() {
        let (mut breath, mut now) = (Breath::default(), Instant::now());
        assert!(
            read(&mut breath, &mut now, LATER),
            "the first event is taken when it comes"
        );
        for _ in 0..5 {
            for _ in 0..12 {
                assert!(
                    !read(&mut breath, &mut now, AT_ONCE),
                    "what came meanwhile is read at once"
                );
            }
            assert!(read(&mut breath, &mut now, LATER));
        }
    }

    #[test]
    fn a_flood_is_never_held_up() {
        let (mut breath, mut now) = (Breath::default(), Instant::now());
        assert!((0..10_000).all(|_| !read(&mut breath, &mut now, AT_ONCE)));
    }

    #[test]
    fn where_pausing_does_not_pay_it_is_seldom_tried() {
        // One event a second, or a machine so busy that each piece is late.
        let (mut breath, mut now) = (Breath::default(), Instant::now());
        let pauses = (0..1_000).filter(|_| read(&mut breath, &mut now, LATER)).count();
        assert!((30..=1_000 / UNTRIED as usize).contains(&pauses), "{pauses}");
    }
}
