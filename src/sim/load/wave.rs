//! The shape of a day: one wave, and ripples of some seconds to minutes, with their exact integral.

use std::f64::consts::TAU;

use super::Seconds;
use crate::sim::controllers::random::Random;

const DAY: Seconds = 86_400.0;
/// The wave's lowest is the mean less this, its highest the mean and this.
const HEIGHT: f64 = 0.38;
/// The sizes of the ripples; with [`HEIGHT`] less than 1, so that load is never negative.
const RIPPLES: [f64; 3] = [0.05, 0.07, 0.09];

/// A load around 1 that follows the day.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wave {
    peak: Seconds,
    ripples: [Ripple; 3],
}

#[derive(Clone, Copy, Debug)]
struct Ripple {
    size: f64,
    /// Radians a second.
    speed: f64,
    phase: f64,
}

impl Wave {
    /// A wave with its highest at a time, and ripples of its own.
    pub(crate) fn new(peak: Seconds, seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut ripple = |size, shortest: f64| Ripple {
            size,
            speed: TAU / (shortest * (1.0 + random.fraction())),
            phase: TAU * random.fraction(),
        };
        let [a, b, c] = RIPPLES;
        Self {
            peak,
            ripples: [ripple(a, 23.0), ripple(b, 140.0), ripple(c, 700.0)],
        }
    }

    /// The load at a time.
    pub(crate) fn at(&self, at: Seconds) -> f64 {
        let since = at - self.peak;
        let ripples: f64 = self
            .ripples
            .iter()
            .map(|ripple| ripple.size * (ripple.speed * since + ripple.phase).sin())
            .sum();
        1.0 + HEIGHT * (TAU * since / DAY).cos() + ripples
    }

    /// The integral of [`Wave::at`].
    pub(crate) fn integral(&self, from: Seconds, to: Seconds) -> Seconds {
        self.before(to) - self.before(from)
    }

    fn before(&self, at: Seconds) -> Seconds {
        let since = at - self.peak;
        let ripples: f64 = self
            .ripples
            .iter()
            .map(|ripple| -ripple.size / ripple.speed * (ripple.speed * since + ripple.phase).cos())
            .sum();
        since + HEIGHT * DAY / TAU * (TAU * since / DAY).sin() + ripples
    }
}
