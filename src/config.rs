//! What the files say: defaults, then `config.toml`, then the command line. Start at [`file`].

pub mod problem;

pub use problem::Problem;
