//! Releases: which phase a workload is in by what its cluster says, and what to write to bring it into another.
//! Pure: no I/O, nothing remembered. [`phase`] and [`cause`] read; the others make the writes.

mod argo;
pub mod cause;
pub mod deployment;
pub mod hold;
pub mod live;
pub mod phase;
pub mod side;
pub mod template;

pub use cause::Cause;
pub use phase::Phase;
pub use side::{Release, Side};
