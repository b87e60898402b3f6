//! A write that was tried without effect, to be shown and confirmed, and what came of it once it was sent.

use serde_json::Value;

use super::request::Request;
use super::step::{Difference, Step};
use super::warning::Warning;
use crate::domain::{Clean, Driver, ResourceRef, Timestamp};

/// A write that was tried without effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub object: ResourceRef,
    pub step: Step,
    /// Who else releases it.
    pub driver: Option<Driver>,
    /// When it was prepared.
    pub at: Timestamp,
    /// The operation's ULID; the steps of one release share it.
    pub operation: String,
    /// `metadata.generation` of the object that it was made of.
    pub generation: i64,
    /// What the object would be, by the server's dry run.
    pub differences: Vec<Difference>,
    pub warnings: Vec<Warning>,
    pub desired: i64,
    /// Each with what the server's dry run made of it, in the order in which they are sent.
    pub(crate) requests: Vec<(Request, Value)>,
}

impl Prepared {
    /// The image before and after, where the step changes it.
    pub fn images(&self) -> (Option<&Clean>, Option<&Clean>) {
        let mut images = self
            .differences
            .iter()
            .filter(|difference| difference.place.ends_with(".image"));
        let image = images.next();
        (
            image.and_then(|image| image.from.as_ref()),
            image.and_then(|image| image.to.as_ref()),
        )
    }
}

/// A write that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// `metadata.generation` after it: what is seen of an older one says nothing yet.
    pub generation: i64,
    /// What could not be noted beside it, with why.
    pub unnoted: Vec<Clean>,
}
