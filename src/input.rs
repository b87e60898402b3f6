//! Keys in, actions out: [`key`] spells keys, [`actions`] describes what can be asked, [`keymap`] ties them.

pub mod actions;
pub mod file;
pub mod key;
pub mod keymap;

pub use key::{Key, Sequence};
pub use keymap::{Keymap, Outcome};
