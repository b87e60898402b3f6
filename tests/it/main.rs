//! The integration tests: one binary, so that the library is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cli;
mod keymaps;
mod panics;
mod pty;
mod real;
mod terminal;
mod world;
