//! What lies over a screen and gets keys first: the filter's field, pickers, help.

pub mod field;
pub mod help;
pub mod picker;

use crate::listing::RowKey;

pub use field::Field;
pub use picker::{Item, Picker, Purpose, Target};

/// What lies over the screen.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The filter being typed; `before` and the row under the cursor come back when it is left.
    Filter {
        field: Field,
        before: String,
        cursor: Option<RowKey>,
    },
    Picker(Picker),
    /// Help, scrolled down by so many lines.
    Help {
        scroll: usize,
    },
}
