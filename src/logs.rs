//! Pod logs: bytes of many streams to one bounded, searchable view. No I/O, no drawing.
//!
//! | module | what it is |
//! |---|---|
//! | [`split`], [`stamp`] | bytes in pieces → lines with their time |
//! | [`resume`] | which lines are new after a cut, what the server may have lost |
//! | [`run`] | what follows when a stream ends: its container goes on, starts again, is gone |
//! | [`level`], [`trace`] | how serious a line is, which lines belong together |
//! | [`fields`], [`columns`] | JSON and logfmt as keys and values, and as a table |
//! | [`filter`] | what is shown and what is found |
//! | [`pane`], [`block`], [`divider`] | lines merged by time, within a bound |
//! | `around` | lines around those that are shown |
//! | [`pace`] | lines and errors a minute |
//! | [`save`], [`shown`], [`whole`] | what is written to disk, under which name; what is shown as text; a whole log as it comes |
//! | [`bookmark`] | lines to come back to |
//! | [`stream`], `streams` | the above in their order, for one container; what is known of each |
//! | [`plan`] | which containers to follow |
//! | [`follower`] | the above kept up: who joins, what is asked, what follows when a log ends |
//! | [`sink`], [`queue`] | where lines go: a pane, or merged by time out of the program |
//! | [`reading`] | what is asked of the server, and what comes of it |
//! | [`when`] | times and stretches as a person types them |
//! | [`badge`] | colours and short names of instances |

mod around;
pub mod badge;
pub mod block;
pub mod bookmark;
pub mod columns;
pub mod divider;
pub mod fields;
pub mod filter;
pub mod follower;
pub mod level;
pub mod pace;
pub mod pane;
pub mod plan;
pub mod queue;
pub mod reading;
mod recent;
pub mod resume;
pub mod run;
pub mod save;
pub mod shown;
pub mod sink;
pub mod split;
pub mod stamp;
mod steady;
pub mod stream;
mod streams;
pub mod trace;
pub mod when;
pub mod whole;

pub use block::{Block, Content, LineId, Place, Row, StreamId, Which};
pub use bookmark::Bookmarks;
pub use divider::Divider;
pub use filter::{Filter, Pattern, PatternError};
pub use follower::{Follower, Order, Wish};
pub use level::Level;
pub use pane::Pane;
pub use queue::Queue;
pub use reading::{News, Request, What};
pub use resume::{Ask, Cursor, Doubt, Start, Verdict};
pub use sink::Sink;
pub use split::{Record, Splitter};
pub use stamp::Stamp;
pub use stream::Stream;
