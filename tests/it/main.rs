//! All integration tests, one binary.

mod faults;
mod real;
mod support;
mod watch;
