//! Keys in, actions out: [`key`] spells keys, [`mod@file`] reads keymap files, [`keymap`] ties them.

pub mod file;
pub mod key;
pub mod keymap;
pub mod spelling;

pub use key::{Key, Sequence};
pub use keymap::{Keymap, Outcome};
