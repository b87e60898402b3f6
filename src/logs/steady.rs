//! A pause in a stream that never paused: the kubelet may have skipped to a new file.
//!
//! A kubelet that follows a log may leave out the end of a file that was rotated (kubernetes/kubernetes#122928).
//! Nothing in the stream tells, but lines that came steadily, and then did not.

use super::stamp::{SECOND, Stamp};

/// Lines to know a stream by before a pause in it means anything.
const WINDOW: u64 = 1000;
/// Bytes before a rotation is likely; kubelets rotate at 10 MiB unless told otherwise, and some of that
/// may have been written before we came.
const ROTATION: u64 = 1024 * 1024;
/// A pause counts if it is so many times as long as the longest of the window before …
const TIMES: i64 = 20;
/// … and at least so long, in nanoseconds.
const SHORTEST: i64 = SECOND / 4;

#[derive(Clone, Debug, Default)]
pub(super) struct Steady {
    last: Option<Stamp>,
    lines: u64,
    bytes: u64,
    /// Longest pauses of the window that fills and of the one before, in nanoseconds.
    longest: (i64, i64),
}

impl Steady {
    /// The stream was cut: the next pause is not the container's.
    pub(super) const fn interrupt(&mut self) {
        self.last = None;
    }

    /// Notes a line; tells since when there is a suspicious pause before it.
    pub(super) fn note(&mut self, at: Stamp, bytes: u64) -> Option<Stamp> {
        self.bytes += bytes;
        self.lines += 1;
        let from = self.last.replace(at)?;
        let pause = at.after(from);
        let usual = self.longest.0.max(self.longest.1).max(1);
        let is_odd = pause >= SHORTEST && pause / TIMES >= usual;
        let is_known = self.lines > WINDOW && self.bytes >= ROTATION;
        if self.lines.is_multiple_of(WINDOW) {
            self.longest = (0, self.longest.0);
        }
        self.longest.0 = self.longest.0.max(pause);
        if is_odd && is_known {
            self.bytes = 0;
            return Some(from);
        }
        None
    }
}
