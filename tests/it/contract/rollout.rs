//! Instances' lives and Deployments' rolling updates: the same states in the same order.

use super::frame::Case;

pub(crate) const CASES: &[Case] = &[];
