//! The integration tests: one binary, so that the library is linked once.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod layers;
mod real;
mod screens;
mod screenshots;
mod support;
mod themes;
mod world;
