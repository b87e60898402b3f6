//! A build that is about to begin, and one that was begun: what is shown before, and what comes back.

use serde_json::Value;

use super::Asked;
use crate::domain::{Clean, ObjectKey, Uid};

/// What there is already of what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    New,
    /// It is being built: this one is followed.
    Running(Clean),
    /// It was built, and the Job is still there.
    Built(Clean),
}

/// A build that was looked at and that the server would take.
#[derive(Clone, Debug, PartialEq)]
pub struct PreparedBuild {
    pub asked: Asked,
    pub stands: Stands,
    /// The object's name.
    pub name: Clean,
    /// As it is created.
    pub job: Value,
    /// What a person should know before.
    pub notes: Vec<Clean>,
}

/// A build that was begun, or joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begun {
    pub key: ObjectKey,
    pub uid: Uid,
    /// Somebody else asked for the same before.
    pub joined: bool,
    /// What could not be noted.
    pub unnoted: Option<Clean>,
}
