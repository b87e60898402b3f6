//! Orders to clusters: a step that is to be tried, a write that was confirmed, and why either was not done.

use super::Trouble;
use crate::domain::{AppKey, Clean, Driver, ResourceRef};
use crate::release::against::Others;
use crate::release::ledger::Operation;
use crate::release::step::Step;
use crate::release::{Change, Prepared, Why};

/// The number of an order: answers carry it, so that one that nobody waits for any more is known as such.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A step to be tried without effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub ticket: Ticket,
    pub object: ResourceRef,
    /// The app that it carries.
    pub app: AppKey,
    pub step: Step,
    /// Who asks, as the cluster knows them; `None`: it does not say.
    pub by: Option<Clean>,
    /// Who else releases the workload.
    pub driver: Option<Driver>,
    /// What the ledgers of other clusters say of its versions.
    pub others: Others,
}

/// A write that was shown and confirmed.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    pub ticket: Ticket,
    pub prepared: Prepared,
    /// The name of the app it is of.
    pub app: Clean,
    /// Who, as the cluster knows them; `None`: it does not say.
    pub by: Option<Clean>,
    pub why: Why,
}

/// A step that was asked for and refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub object: ResourceRef,
    /// The name of the app it is of.
    pub app: Clean,
    /// Who, as the cluster knows them; `None`: it does not say.
    pub by: Option<Clean>,
    pub operation: Operation,
    /// As far as it was asked.
    pub change: Change,
    pub why: Clean,
}

/// Why a step was not tried, or not written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub trouble: Trouble,
    /// The job before it, where that is what failed.
    pub job: Option<Clean>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Nothing was written.
    Refused,
    /// Nothing was written, for somebody else changed the object.
    Changed,
    /// Whether it was written nobody knows.
    Unclear,
    /// Nothing was written, for the cluster does not answer.
    Silent,
}
