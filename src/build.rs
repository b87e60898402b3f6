//! Builds: from a commit of an app to an image in its registry. Pure: no I/O, nothing remembered.
//!
//! [`source`] and [`sources`] say where the source of an app is, [`commit`] what was committed there. [`Build`] is the
//! value that the world, the screens and the command line use, whichever backend runs it. A Job and its pod become one by
//! [`job::of_job`].

pub mod asked;
pub mod cause;
pub mod commit;
pub mod forge;
pub mod job;
pub mod name;
pub mod needs;
pub mod prepared;
pub mod record;
pub mod source;
pub mod sources;
pub mod stage;
pub mod template;
pub mod value;

pub use asked::{Asked, NotAsked};
pub use cause::{Cause, Fault};
pub use prepared::{Begun, PreparedBuild, Stands};
pub use record::{Record, Records};
pub use stage::{Stage, StageState};
pub use template::Template;
pub use value::{Backend, Build, State};
