//! What lies over a screen and gets keys first: the filter's field, pickers, help.

pub mod building;
pub mod confirm;
pub mod draft;
pub mod field;
pub mod help;
pub mod opened;
pub mod picker;

use crate::listing::RowKey;

pub use building::Building;
pub use confirm::Confirm;
pub use draft::{Draft, HowMany};
pub use field::Field;
pub use opened::Opened;
pub use picker::{Item, Picker, Purpose, Target};

/// What is typed over logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogField {
    /// Expressions.
    Search,
    Include,
    Exclude,
    /// A time to go to.
    Time,
    /// From where to read.
    Since,
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
    /// What is typed over logs; what is wrong with it once it was to be taken.
    LogField {
        of: LogField,
        field: Field,
        problem: Option<String>,
        /// How many of what was typed before lie between this text and the last one.
        back: usize,
    },
    /// A line of a log, of the activity log or an event, opened to be read whole.
    LogLine(Opened),
    /// How many instances a step is of.
    HowMany(Box<HowMany>),
    /// A write that is shown before it is made.
    Confirm(Box<Confirm>),
    /// A build that is shown before it begins.
    Building(Box<Building>),
    /// Help, scrolled down by so many lines.
    Help {
        scroll: usize,
    },
}
