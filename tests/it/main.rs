//! The integration tests: one binary, so that the library is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod cli;
mod contract;
mod faults;
mod keymaps;
mod kubectl;
mod layers;
mod listing;
mod panics;
mod pty;
mod real;
mod screens;
mod screenshots;
mod support;
mod terminal;
mod themes;
mod update;
mod watch;
mod world;
