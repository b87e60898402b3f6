//! What tests of the screens share: a small fleet with troubles, keys, frames as text.

pub(crate) mod fleet;
mod objects;
pub(crate) mod screen;
