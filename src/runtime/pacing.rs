//! When to draw: at once for a person, seldom for the world, never for nothing.

use std::time::{Duration, Instant};

/// Between two frames that answer keys: the promised 16 ms from key to frame, and no more frames than
/// a 60 Hz screen shows.
pub const FOR_A_PERSON: Duration = Duration::from_millis(16);

/// Between two frames that only show what the world did: four a second is more than anyone reads, and
/// keeps a busy fleet at a few kilobytes a second over SSH.
pub const FOR_THE_WORLD: Duration = Duration::from_millis(250);

/// After a quiet time, and at the start, this many frames for the world may come quickly, so that the
/// first rows show when they arrive.
const BURST: u32 = 8;
const IN_A_BURST: Duration = Duration::from_millis(50);

/// The quiet time that earns one quick frame.
const EARNS_ONE: Duration = Duration::from_secs(1);

/// A frame that took long to be taken leaves the line free for this many times as long before the
/// world may use it again, so that the answer to a key finds it free.
const REST: u32 = 3;

/// Bytes a second that frames for the world take on average, once the quick ones are spent: what a slow
/// line (64 kbit/s) carries without a key's answer having to queue behind them. A terminal's buffers
/// take much at once, so how long the writing took does not tell.
const WORLD_RATE: f64 = 2_000.0;
/// However large a frame was, the next is due after this.
const LONGEST_REST: Duration = Duration::from_secs(2);

/// What is waiting to be drawn, and when it may be.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    last: Option<Instant>,
    /// Bytes of the last frame.
    bytes: usize,
    quick: u32,
    person: bool,
    world: bool,
}

impl Default for Pacing {
    fn default() -> Self {
        Self {
            last: None,
            bytes: 0,
            quick: BURST,
            person: false,
            world: false,
        }
    }
}

impl Pacing {
    /// Something changed because a person did something.
    pub fn person(&mut self) {
        self.person = true;
    }

    /// Something changed by itself.
    pub fn world(&mut self) {
        self.world = true;
    }

    /// When the next frame is due, if one is wanted; `drain` is how long the last one took to be written.
    pub fn due(&self, now: Instant, drain: Duration) -> Option<Instant> {
        let pause = match (self.person, self.world) {
            (true, _) => FOR_A_PERSON,
            (false, true) if self.quick > 0 => IN_A_BURST.max(drain * REST),
            (false, true) => FOR_THE_WORLD.max(drain * REST).max(self.rest()),
            (false, false) => return None,
        };
        Some(self.last.map_or(now, |last| last + pause))
    }

    /// How long the last frame keeps the next for the world away.
    fn rest(&self) -> Duration {
        Duration::from_secs_f64(self.bytes as f64 / WORLD_RATE).min(LONGEST_REST)
    }

    /// A frame of so many bytes was drawn.
    pub fn drawn(&mut self, now: Instant, bytes: usize) {
        let quiet = self.last.map_or(0, |last| (now - last).as_secs() / EARNS_ONE.as_secs());
        let spent = u32::from(!self.person);
        *self = Self {
            last: Some(now),
            bytes,
            quick: (self.quick.saturating_sub(spent) + quiet as u32).min(BURST),
            person: false,
            world: false,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_answered_soon_and_the_world_seldom() {
        let now = Instant::now();
        let fast = Duration::from_millis(1);
        let mut pacing = Pacing::default();
        assert_eq!(pacing.due(now, fast), None);
        pacing.world();
        assert_eq!(pacing.due(now, fast), Some(now), "the first frame is due at once");
        pacing.drawn(now, 0);
        assert_eq!(pacing.due(now, fast), None);
        pacing.world();
        assert_eq!(pacing.due(now, fast), Some(now + IN_A_BURST));
        for _ in 0..BURST {
            pacing.world();
            pacing.drawn(now, 0);
        }
        pacing.world();
        assert_eq!(pacing.due(now, fast), Some(now + FOR_THE_WORLD));
        assert_eq!(
            pacing.due(now, Duration::from_secs(1)),
            Some(now + Duration::from_secs(3))
        );
        pacing.person();
        assert_eq!(pacing.due(now, Duration::from_secs(1)), Some(now + FOR_A_PERSON));
        let later = now + Duration::from_secs(2);
        pacing.drawn(later, 0);
        pacing.world();
        assert_eq!(
            pacing.due(later, fast),
            Some(later + IN_A_BURST),
            "quiet earns quick frames"
        );
    }

    #[test]
    fn large_frames_for_the_world_come_seldom_and_delay_no_key() {
        let now = Instant::now();
        let fast = Duration::from_millis(1);
        let mut pacing = Pacing::default();
        for _ in 0..=BURST {
            pacing.world();
            pacing.drawn(now, 3_000);
        }
        pacing.world();
        assert_eq!(pacing.due(now, fast), Some(now + Duration::from_millis(1_500)));
        pacing.drawn(now, 25_000);
        pacing.world();
        assert_eq!(pacing.due(now, fast), Some(now + LONGEST_REST));
        pacing.person();
        assert_eq!(pacing.due(now, fast), Some(now + FOR_A_PERSON));
    }
}
