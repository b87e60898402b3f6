//! What lies over a screen and gets keys first: the filter's field, pickers, help.

pub mod field;
pub mod help;
pub mod picker;

use crate::listing::RowKey;

pub use field::Field;
pub use picker::{Item, Picker, Purpose, Target};

/// What an expression typed over logs is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogField {
    Search,
    Include,
    Exclude,
}

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
    /// An expression for logs; what is wrong with it once it was to be taken.
    LogField {
        of: LogField,
        field: Field,
        problem: Option<String>,
    },
    /// Help, scrolled down by so many lines.
    Help {
        scroll: usize,
    },
}
