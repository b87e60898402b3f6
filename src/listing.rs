//! What every list shares: typed values, filter, sort, the cursor by identity; no domain object is known here.
//!
//! A list reads its rows through [`Source`]: [`List::derive`] sorts and filters row numbers, and only
//! the rows on screen are ever turned into [`Cell`]s.

pub mod cell;
pub mod column;
pub mod filter;
pub mod fuzzy;
pub mod list;
pub mod order;
pub mod term;
pub mod value;

pub use cell::{Cell, Span, Tone};
pub use column::{Align, Column, ColumnId, Cut, Unit};
pub use filter::Filter;
pub use list::{List, RowKey, Source};
pub use order::Sort;
pub use value::Value;
