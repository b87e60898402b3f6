//! A new app from a template: what a person answers about it, and the objects and files that come of it. No I/O.
//!
//! | part | what it is |
//! |---|---|
//! | [`rule`] | what may be typed, with Kubernetes' own rules |
//! | [`answers`] | what was typed, field by field, and the [`App`] that it says |
//! | [`ground`] | where in one cluster it is to run |
//! | [`template`] | what ships for a language, and what users keep in `templates/NAME/` beside the configuration |
//! | [`manifest`] | the Deployment, the Service, the disruption budget and the autoscaler |
//! | [`same`] | whether what is there already is what was to be created |
//! | [`told`] | the objects as YAML, with what a person has to know |
//!
//! A new app has no image before its first build, so its Deployment begins with 0 instances: no instance waits for an
//! image that is not there, and its autoscaler rests. The first release gives it as many as its annotation
//! `pilothouse.dev/min-instances` says.

pub mod answers;
pub mod ground;
pub mod manifest;
pub mod rule;
pub mod same;
pub mod template;
pub mod told;

pub use answers::{App, Asked, Field};
pub use ground::{Ground, Label};
pub use manifest::objects;
pub use template::{Template, Wrong};
