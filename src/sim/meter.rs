//! Counts what passes: answers in flight and their bytes, for tests that hold a client to its budget.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use bytes::Bytes;

/// A meter; clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    answers: AtomicUsize,
    in_flight: AtomicUsize,
    most: AtomicUsize,
    bytes: AtomicU64,
}

impl Meter {
    /// How many answers began so far.
    pub fn answers(&self) -> usize {
        self.0.answers.load(Ordering::Relaxed)
    }

    /// How many are not read to their end.
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// How many were at most at the same time.
    pub fn most_in_flight(&self) -> usize {
        self.0.most.load(Ordering::Relaxed)
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.0.bytes.load(Ordering::Relaxed)
    }

    /// The pieces of an answer, counted as they are read.
    pub(super) fn counted(
        &self,
        pieces: impl Iterator<Item = Bytes> + Send + 'static,
    ) -> impl Iterator<Item = Bytes> + Send + 'static {
        let passing = Passing::new(self.clone());
        pieces.inspect(move |piece| {
            passing.0.0.bytes.fetch_add(piece.len() as u64, Ordering::Relaxed);
        })
    }
}

/// An answer that is being read.
struct Passing(Meter);

impl Passing {
    fn new(meter: Meter) -> Self {
        meter.0.answers.fetch_add(1, Ordering::Relaxed);
        let now = meter.0.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        meter.0.most.fetch_max(now, Ordering::Relaxed);
        Self(meter)
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}
