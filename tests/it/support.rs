//! What tests of the screens share: a small fleet with troubles, keys, frames as text.

pub(crate) mod fleet;
pub(crate) mod screen;
