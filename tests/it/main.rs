//! The integration tests: one binary, so that the library is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::match_wild_err_arm,
    reason = "a test fails by panicking"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test that is skipped says so"
)]
#![expect(
    clippy::similar_names,
    reason = "patch, path and patched are what these tests are about"
)]

mod activity;
mod build;
mod builds;
mod canary;
mod chosen;
mod cli;
mod columns;
mod contract;
mod doctor;
mod faults;
mod figures;
mod git;
mod hostile;
mod keymaps;
mod killed;
mod kubectl;
mod layers;
mod lines;
mod listing;
mod log_command;
mod logs;
mod measure;
mod new;
mod panics;
mod pty;
mod readme;
mod real;
mod real_build;
mod real_logs;
mod real_logs_cli;
mod real_metrics;
mod real_registry;
mod real_release;
mod registry;
mod release;
mod rights;
mod screens;
mod screenshots;
mod scripts;
mod support;
mod tap;
mod terminal;
mod themes;
mod update;
mod watch;
mod world;
