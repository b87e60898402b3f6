//! Releases: which phase a workload is in by what its cluster says, and what to write to bring it into another.
//! Pure: no I/O, nothing remembered. [`phase`] and [`cause`] read; the others make the writes.

pub mod against;
pub mod argo;
pub mod author;
pub mod bytes;
pub mod cause;
pub mod claim;
pub mod config;
pub mod deployment;
pub mod driver;
pub mod freeze;
pub mod good;
pub mod history;
pub mod hold;
pub mod job;
pub mod known;
pub mod ledger;
pub mod live;
pub mod outlook;
pub mod partition;
pub mod past;
pub mod phase;
pub mod plan;
pub mod prepared;
pub mod request;
mod returned;
pub mod room;
pub mod scale;
pub mod share;
pub mod side;
pub mod stand;
pub mod step;
pub mod symptoms;
pub mod template;
#[cfg(test)]
pub(crate) mod testing;
pub mod told;
pub mod twin;
pub mod warning;

pub use author::Author;
pub use cause::Cause;
pub use phase::Phase;
pub use prepared::{Done, Prepared, Why, Written};
pub use side::{Release, Side};
pub use symptoms::{Ended, Symptoms};
pub use told::Change;
