//! Releases: which phase a workload is in by what its cluster says, and what to write to bring it into another.
//! Pure: no I/O, nothing remembered. [`phase`] and [`cause`] read.

mod argo;
pub mod cause;
pub mod phase;
pub mod side;

pub use cause::Cause;
pub use phase::Phase;
pub use side::{Release, Side};
