//! The facts above the list of a detail screen: lines of words, most important first.

use super::ScreenKind;
use super::context::Context;
use crate::listing::Cell;

/// The lines above the list; empty for plain lists.
pub fn facts(_kind: &ScreenKind, _ctx: &Context<'_>) -> Vec<Cell> {
    Vec::new()
}
