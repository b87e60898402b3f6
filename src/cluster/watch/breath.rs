//! When a watch reads on: what trickles in is read a handful at a time, what pours in is read as it comes.
//!
//! Each event wakes two tasks and costs two system calls, whatever it says. Since events are sent on
//! together anyway, a watch that is busy without being flooded leaves the socket alone for a moment and
//! then finds a handful.

use std::time::Duration;

/// How long the socket is left alone; shorter than events wait for others before they are sent.
const PAUSE: Duration = Duration::from_millis(60);
/// Whoever waited this long for an event had read all there was.
const WAITED: Duration = Duration::from_millis(2);
/// A pause pays when at least so many pieces come together after it.
const HANDFUL: u32 = 3;
/// So many pieces are read as they come before a pause is tried again that did not pay.
const UNTRIED: u32 = 16;

/// What was read since the last pause.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Breath {
    pieces: u32,
    untried: u32,
    has_paused: bool,
}

impl Breath {
    /// A piece came after a wait; how long to leave the socket alone before the next, if at all.
    pub(super) fn taken(&mut self, waited: Duration) -> Option<Duration> {
        self.pieces = self.pieces.saturating_add(1);
        self.untried = self.untried.saturating_sub(1);
        if waited < WAITED || self.untried > 0 {
            return None;
        }
        let paid = !self.has_paused || self.pieces > HANDFUL;
        *self = Self {
            has_paused: paid,
            untried: if paid { 0 } else { UNTRIED },
            pieces: 0,
        };
        paid.then_some(PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::from_micros(50);
    const LATER: Duration = Duration::from_millis(5);

    #[test]
    fn a_busy_watch_is_read_a_handful_at_a_time() {
        let mut breath = Breath::default();
        assert_eq!(
            breath.taken(LATER),
            Some(PAUSE),
            "the first event is taken when it comes"
        );
        for _ in 0..5 {
            for _ in 0..12 {
                assert_eq!(breath.taken(AT_ONCE), None, "what came meanwhile is read at once");
            }
            assert_eq!(breath.taken(LATER), Some(PAUSE));
        }
    }

    #[test]
    fn a_flood_is_never_held_up() {
        let mut breath = Breath::default();
        assert!((0..10_000).all(|_| breath.taken(AT_ONCE).is_none()));
    }

    #[test]
    fn where_pausing_does_not_pay_it_is_seldom_tried() {
        // One event a second, or a machine so busy that each piece is late.
        let mut breath = Breath::default();
        let pauses = (0..1_000).filter(|_| breath.taken(LATER).is_some()).count();
        assert!((30..=1_000 / UNTRIED as usize).contains(&pauses), "{pauses}");
    }
}
