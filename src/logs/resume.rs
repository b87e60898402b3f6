//! Where a stream that was cut goes on: nothing the server gave is lost, nothing is taken twice.
//!
//! The server cuts `sinceTime` to whole seconds and sends every line from then on, in the order of its file.
//! So the cursor asks from a second before the newest line's, keeps a fingerprint of every line it took since then,
//! and crosses them off as they come again. A line that it took and that does not come again tells that the
//! server no longer has it: what was written after it may be lost too.
//!
//! What no client can know: if a node's clock goes back by more than a second just while the stream is cut, the
//! server takes the lines after that for older than what is asked, and sends them only when it has caught up.

use std::hash::Hasher as _;

use rustc_hash::{FxHashMap, FxHasher};

use super::recent::{Counted, Recent};
use super::split::Record;
use super::stamp::{SECOND, Stamp};
use super::steady::Steady;

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    Everything,
    /// The lines from this time on.
    Since(Stamp),
    /// So many of the last lines.
    Tail(u64),
}

/// What to ask of the server: `sinceTime` in whole seconds since the epoch, or `tailLines`, or neither.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub since: Option<i64>,
    pub tail: Option<u64>,
}

/// What to do with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Show it; if there is a doubt, say that first.
    New(Option<Doubt>),
    /// It was taken before, or is older than where the view began.
    Known,
}

/// What is not certain about the lines before one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Lines between these times may be lost: the server does not have them any more.
    Gap { from: Stamp, to: Stamp },
    /// The node's clock went back by so many nanoseconds; lines stay in the order in which they came.
    ClockBack { nanos: i64 },
}

/// How far one container's log was taken.
#[derive(Clone, Debug)]
pub struct Cursor {
    start: Start,
    /// Time of the newest line since the clock last went back.
    newest: Option<Stamp>,
    /// The line that was taken last.
    last: Option<(Stamp, u64)>,
    recent: Recent,
    /// Lines up to here that come before any known line are older than the view, or were taken before the
    /// clock went back.
    bound: Option<Stamp>,
    /// Time of a tail's first line, if the stream was cut within it.
    begun: Option<Stamp>,
    replay: Option<Replay>,
    steady: Steady,
}

/// What the server is expected to send again.
#[derive(Clone, Debug)]
struct Replay {
    /// How often each fingerprint is still to come.
    left: FxHashMap<u64, u32>,
    counted: Vec<Counted>,
    /// No line after this time can be one that was taken.
    until: Stamp,
    /// The line before the cut came again: the server's file still reaches back far enough.
    is_met: bool,
    /// Any known line came.
    any_known: bool,
}

impl Replay {
    fn is_unmet(&self) -> bool {
        !self.is_met || self.counted.iter().any(Counted::is_wrong)
    }
}

impl Cursor {
    pub fn new(start: Start) -> Self {
        Self {
            start,
            newest: None,
            last: None,
            recent: Recent::default(),
            bound: None,
            begun: None,
            replay: None,
            steady: Steady::default(),
        }
    }

    /// Time of the newest line taken.
    pub const fn newest(&self) -> Option<Stamp> {
        self.newest
    }

    /// What to ask now, to begin or to go on after a cut.
    pub fn ask(&self) -> Ask {
        let begin = if let Start::Since(at) = self.start {
            at.second()
        } else {
            i64::MIN
        };
        let since = self.newest.or(self.begun).map(|at| at.second() - 1);
        match (since, self.start) {
            (Some(since), _) => Ask {
                since: Some(since.max(begin)),
                tail: None,
            },
            (None, Start::Everything) => Ask::default(),
            (None, Start::Since(at)) => Ask {
                since: Some(at.second()),
                tail: None,
            },
            (None, Start::Tail(lines)) => Ask {
                since: None,
                tail: Some(lines),
            },
        }
    }

    /// Tells that the stream ended and a new one with [`Self::ask`]'s answer begins.
    ///
    /// `open` is the time of the line that had begun ([`super::Splitter::cut`]).
    pub fn cut(&mut self, open: Option<Stamp>) -> Ask {
        let Some(newest) = self.newest else {
            // The tail has moved on by then; the other ways to begin find their first line again.
            if let (Start::Tail(_), Some(open), None) = (self.start, open, self.begun) {
                self.begun = Some(open);
                self.bound = Some(Stamp(open.0 - 1));
            }
            return self.ask();
        };
        let (left, counted) = self.recent.expected();
        self.replay = Some(Replay {
            left,
            counted,
            until: Stamp((newest.second() + 2).saturating_mul(SECOND)),
            is_met: false,
            any_known: false,
        });
        self.steady.interrupt();
        self.ask()
    }

    /// Whether what was taken before the cut has not come again: if nothing more comes, the server no longer has it,
    /// nor perhaps what came next.
    pub fn is_unmet(&self) -> bool {
        self.replay.as_ref().is_some_and(Replay::is_unmet)
    }

    /// Judges a line as it arrives. A line without a time is new, but for the rest of a line that was taken:
    /// that one leads a repetition.
    pub fn take(&mut self, line: &Record<'_>) -> Verdict {
        let Some(at) = line.at else {
            let is_rest = self.replay.as_ref().is_some_and(|replay| !replay.any_known);
            return if is_rest && !is_kubelets_word(line.text) {
                Verdict::Known
            } else {
                Verdict::New(None)
            };
        };
        let print = fingerprint(at, line);
        if self.is_known(at, print) {
            return Verdict::Known;
        }
        let doubt = self.doubt(at, line);
        self.remember(at, print);
        Verdict::New(doubt)
    }

    fn is_known(&mut self, at: Stamp, print: u64) -> bool {
        let Some(replay) = &mut self.replay else {
            // A tail that was cut within its first line is asked for anew by time.
            return self.newest.is_none() && self.bound.is_some_and(|bound| at <= bound);
        };
        let is_last = self.last.is_some_and(|last| last == (at, print));
        if let Some(left) = replay.left.get_mut(&print).filter(|left| **left > 0) {
            *left -= 1;
            replay.is_met |= is_last && *left == 0;
            replay.any_known = true;
            return true;
        }
        if let Some(counted) = replay.counted.iter_mut().find(|counted| counted.wants(at)) {
            let is_whole = counted.cross_off(print);
            replay.is_met |= is_whole && self.last.is_some_and(|(last, _)| last.second() == at.second());
            replay.any_known = true;
            return true;
        }
        !replay.any_known && self.bound.is_some_and(|bound| at <= bound)
    }

    /// What a new line tells about those before it.
    fn doubt(&mut self, at: Stamp, line: &Record<'_>) -> Option<Doubt> {
        let (newest, (last, _)) = (self.newest?, self.last?);
        let pause = self.steady.note(at, line.text.len() as u64 + line.more);
        if let Some(replay) = &mut self.replay {
            let is_missing = replay.is_unmet();
            // Said once; the lines that follow need no second word.
            replay.is_met = true;
            replay.any_known = true;
            replay.counted.clear();
            if at > replay.until {
                self.replay = None;
            }
            if is_missing {
                return Some(Doubt::Gap { from: last, to: at });
            }
        }
        if at.second() < newest.second() - 1 {
            return Some(Doubt::ClockBack {
                nanos: newest.after(at),
            });
        }
        pause.map(|from| Doubt::Gap { from, to: at })
    }

    fn remember(&mut self, at: Stamp, print: u64) {
        let first_of_tail = self.newest.is_none() && matches!(self.start, Start::Tail(_));
        if first_of_tail {
            self.bound = self.bound.max(Some(at));
        }
        match self.newest {
            Some(newest) if at.second() < newest.second() - 1 => {
                // From here on the server is asked from an earlier second again, and will send lines that are
                // no longer remembered.
                self.bound = self.bound.max(Some(newest));
                self.recent.clear();
                self.newest = Some(at);
            }
            newest => self.newest = newest.max(Some(at)),
        }
        self.last = Some((at, print));
        self.recent.add(at, print);
        if let Some(newest) = self.newest {
            self.recent.forget_before(newest.second() - 1);
        }
    }
}

/// A line's identity: its time, its text as far as it is kept, and how long the rest is.
fn fingerprint(at: Stamp, line: &Record<'_>) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_i64(at.0);
    hasher.write(line.text);
    hasher.write_u64(line.more);
    hasher.finish()
}

/// Whether a line without a time is the kubelet's own: it writes its errors into the log it sends
/// (`pkg/kubelet/kubelet_pods.go`, `pkg/kubelet/kuberuntime/logs/logs.go`).
fn is_kubelets_word(text: &[u8]) -> bool {
    const WORDS: [&[u8]; 4] = [
        b"unable to retrieve container logs for ",
        b"failed to try resolving symlinks in path ",
        b"failed to create fsnotify watcher",
        b"rpc error: code = ",
    ];
    WORDS.iter().any(|word| text.starts_with(word))
}

#[cfg(test)]
#[path = "resume_tests.rs"]
mod tests;
