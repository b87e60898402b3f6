//! What passes between a view of logs and whoever reads them from the server.

use bytes::Bytes;

use super::plan::Slot;
use super::resume::Ask;
use super::run::End;
use crate::domain::{Clean, ObjectKey};

/// One log to read, from where the view has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    pub slot: Slot,
    pub pod: ObjectKey,
    /// Tells the news of this reading from those of the readings before it.
    pub number: u64,
    pub ask: Ask,
    /// The run before the present one.
    pub previous: bool,
    /// Go on as more is written.
    pub follow: bool,
    /// Readings that failed one after the other before this one: the more, the longer it waits.
    pub failures: u32,
}

/// What came of a [`Request`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    pub slot: Slot,
    pub number: u64,
    pub what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Bytes as the server gave them, cut anywhere.
    Piece(Bytes),
    /// Nothing more comes of this reading; why, if not in order.
    Ended { end: End, reason: Option<Clean> },
}
