//! What the files say: defaults, then `config.toml`, then the command line. Start at [`mod@file`].

pub mod file;
pub mod freeze;
mod mend;
pub mod metrics;
pub mod paths;
pub mod problem;
pub mod registries;
pub mod sources;

pub use file::{ClusterSection, Config, Confirm};
pub use freeze::FreezeSection;
pub use paths::Paths;
pub use problem::Problem;
