//! All integration tests, one binary.
//!
//! `cfg(test)` tells the lints that even helpers are tests.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod real;
#[cfg(test)]
mod support;
#[cfg(test)]
mod watch;
