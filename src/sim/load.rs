//! What the containers of a simulated cluster use at any moment: closed forms of time, so that counters are exact
//! whenever they are asked for and nothing is kept for a container.
//!
//! Who is special follows from the fleet's [`Plan`] or from annotations on a pod, never from names in here:
//!
//! | annotation | meaning |
//! |---|---|
//! | `sim.pilothouse.dev/language` | what the first container is written in: `java`, `tomcat`, `php`, `node`, `python`, `go` |
//! | `sim.pilothouse.dev/surge` | `2026-11-22T12:00:00Z+150%`: its load begins to grow then, by so much within 30 min |
//! | `sim.pilothouse.dev/noisy` | `true`: it takes all the CPU it may have, and what shares its node is throttled |
//! | `sim.pilothouse.dev/crash-after` with the exit reason `OOMKilled` | its memory grows to its limit until then |
//!
//! Reading order: `wave` (the shape of a day), `usage` (one container), `pod` (from objects).

use rustc_hash::FxHashMap;

pub(crate) mod pod;
pub(crate) mod usage;
pub(crate) mod wave;

pub(crate) use pod::PodLoad;
pub(crate) use usage::{Sample, Usage};

/// Unix time in seconds.
pub(crate) type Seconds = f64;

/// What the containers of a cluster do, beside what their pods say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// Decides every character and ripple.
    pub(crate) seed: u64,
    /// When a day's load is highest.
    pub(crate) peak: Seconds,
    /// By namespace and the label `app.kubernetes.io/name`.
    pub(crate) apps: FxHashMap<(String, String), Traits>,
}

/// What is special about an app.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Traits {
    pub(crate) language: Option<Language>,
    pub(crate) surge: Option<Surge>,
    pub(crate) noisy: bool,
}

/// What an app is written in: its containers and their sizes, log lines, threads and collected garbage follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    Java,
    Tomcat,
    Php,
    Node,
    Python,
    Go,
}

impl Language {
    /// As annotations spell it.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "java" => Self::Java,
            "tomcat" => Self::Tomcat,
            "php" => Self::Php,
            "node" => Self::Node,
            "python" => Self::Python,
            "go" => Self::Go,
            _ => return None,
        })
    }
}

/// A load that runs away: it grows evenly for a while, and stays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Surge {
    pub(crate) from: Seconds,
    /// How much of the ordinary load comes on top at the end: 1.5 is 150 %.
    pub(crate) by: f64,
}

impl Surge {
    /// How long it grows.
    pub(crate) const LASTS: Seconds = 1800.0;

    /// How far it has grown, from 0 to 1.
    pub(crate) fn at(self, at: Seconds) -> f64 {
        ((at - self.from) / Self::LASTS).clamp(0.0, 1.0)
    }

    /// The integral of [`Surge::at`] over all time before.
    fn before(self, at: Seconds) -> Seconds {
        let age = (at - self.from).max(0.0);
        let growing = age.min(Self::LASTS);
        growing * growing / (2.0 * Self::LASTS) + (age - growing)
    }

    /// The integral of [`Surge::at`].
    pub(crate) fn integral(self, from: Seconds, to: Seconds) -> Seconds {
        self.before(to) - self.before(from)
    }

    fn parse(text: &str) -> Option<Self> {
        let (from, by) = text.rsplit_once('+')?;
        let from = chrono::DateTime::parse_from_rfc3339(from).ok()?;
        let by: f64 = by.strip_suffix('%')?.parse().ok()?;
        Some(Self {
            from: from.timestamp() as f64,
            by: by / 100.0,
        })
    }
}

/// A number that follows from texts and a seed.
pub(crate) fn hash(seed: u64, texts: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for text in texts {
        for byte in text.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // The last bytes have hardly reached the upper bits.
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests;
