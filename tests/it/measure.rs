//! Measuring simulated clusters as the program does, in virtual time: what it costs them, and what is said of
//! them when a source fails.

mod budget;
mod failures;
mod scenes;
mod turns;
