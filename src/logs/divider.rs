//! Rows between lines that are not the container's: what happened to it, and to the stream.

use super::resume::Doubt;
use super::stamp::{SECOND, Stamp};
use crate::domain::Clean;
use crate::domain::container::Exit;

/// What happened between two lines of a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Divider {
    /// A stream joined: the container started, or was found running.
    Joined { restarts: u32 },
    /// The container started again after it ended so; this many runs in between left no log to read.
    Restarted {
        restarts: u32,
        exit: Option<Exit>,
        missed: u32,
    },
    /// Of the run that was read the server no longer has what came next.
    Unfinished,
    /// It ended and does not start again, or not yet.
    Ended { exit: Option<Exit> },
    /// The instance is gone.
    Gone,
    /// The instance is there and no longer among what is asked for.
    Left,
    /// Another instance took the name.
    Replaced,
    /// The stream was cut; it goes on where it was.
    Cut { reason: Clean },
    /// The server does not give it; it is asked again now and then.
    Refused { reason: Clean },
    /// It could not be read to its end.
    GivenUp,
    /// Lines between these times may be lost: the server does not have them any more.
    Gap { from: Stamp, to: Stamp },
    /// The node's clock went back by so many nanoseconds.
    ClockBack { nanos: i64 },
}

impl From<Doubt> for Divider {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Gap { from, to } => Self::Gap { from, to },
            Doubt::ClockBack { nanos } => Self::ClockBack { nanos },
        }
    }
}

impl Divider {
    /// The sentence a person reads.
    pub fn words(&self) -> String {
        match self {
            Self::Joined { restarts: 0 } => "joined".to_owned(),
            Self::Joined { restarts } => format!("joined after {}", count(u64::from(*restarts), "restart")),
            Self::Restarted { exit, missed, .. } => {
                let missed = match missed {
                    0 => String::new(),
                    n => format!("; the log of {} before is not kept", count(u64::from(*n), "run")),
                };
                format!("restarted{}{missed}", how(exit.as_ref()))
            }
            Self::Unfinished => "the rest of this run is not kept".to_owned(),
            Self::Ended { exit } => format!("ended{}", how(exit.as_ref())),
            Self::Gone => "the instance is gone".to_owned(),
            Self::Left => "no longer among what is read".to_owned(),
            Self::Replaced => "the instance was replaced by another of the same name".to_owned(),
            Self::Cut { reason } => format!("connection lost: {reason}"),
            Self::Refused { reason } => format!("not given by the server: {reason}"),
            Self::GivenUp => "given up: it could not be read to its end".to_owned(),
            Self::Gap { from, to } => format!("possible gap of {}", span(to.after(*from))),
            Self::ClockBack { nanos } => format!("the node's clock went back by {}", span(*nanos)),
        }
    }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 {
        format!("1 {what}")
    } else {
        format!("{n} {what}s")
    }
}

fn how(exit: Option<&Exit>) -> String {
    exit.map_or_else(String::new, |exit| {
        let signal = exit
            .signal
            .filter(|s| *s != 0)
            .map_or_else(String::new, |s| format!(" signal {s}"));
        let gap = if exit.reason.is_empty() { "" } else { " " };
        format!(" (exit {}{signal}{gap}{})", exit.code, exit.reason)
    })
}

/// A length of time in nanoseconds, as coarse as a person needs it.
fn span(nanos: i64) -> String {
    let seconds = nanos / SECOND;
    match seconds {
        i64::MIN..=0 => format!("{} ms", (nanos / 1_000_000).max(0)),
        1..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_divider_says_what_happened() {
        let killed = Exit {
            code: 137,
            reason: "OOMKilled".into(),
            ..Exit::default()
        };
        let gap = |nanos| Divider::Gap {
            from: Stamp(0),
            to: Stamp(nanos),
        };
        for (divider, words) in [
            (Divider::Joined { restarts: 0 }, "joined"),
            (Divider::Joined { restarts: 2 }, "joined after 2 restarts"),
            (
                Divider::Restarted {
                    restarts: 3,
                    exit: Some(killed.clone()),
                    missed: 1,
                },
                "restarted (exit 137 OOMKilled); the log of 1 run before is not kept",
            ),
            (Divider::Ended { exit: Some(killed) }, "ended (exit 137 OOMKilled)"),
            (Divider::Ended { exit: None }, "ended"),
            (gap(500_000_000), "possible gap of 500 ms"),
            (gap(90 * SECOND), "possible gap of 90 s"),
            (gap(7200 * SECOND), "possible gap of 2 h"),
        ] {
            assert_eq!(divider.words(), words);
        }
    }
}
