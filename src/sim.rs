//! Simulated clusters: a service in the process that speaks the Kubernetes API to any client of it.
//!
//! Start at [`store`], one cluster's objects and their history.

pub mod controllers;
pub mod fleet;
pub mod json;
pub mod resource;
pub mod scenario;
pub mod status;
pub mod store;
