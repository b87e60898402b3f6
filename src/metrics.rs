//! What containers use: exposition text → samples → rates → history. Pure: no I/O, no clock, no screen.
//!
//! A scrape of cAdvisor goes chunk by chunk into an [`exposition::Scanner`], whose samples a
//! [`cadvisor::Collector`] gathers into one [`cadvisor::Reading`] a container; a [`meter::Meter`] holds
//! the reading before it and makes [`figure::Figures`] of the two; a [`history::History`] keeps them.
//! `metrics.k8s.io` and Prometheus answer with figures at once. Unknown is absent everywhere, never 0.

pub mod cadvisor;
pub mod code;
pub mod exposition;
pub mod family;
pub mod figure;
pub mod grid;
pub mod growth;
pub mod history;
pub mod level;
pub mod meter;
pub mod metrics_api;
pub mod pace;
pub mod prometheus;
pub mod rate;
pub mod series;
pub mod source;
pub mod subject;

pub use cadvisor::{Collector, Reading, Scrape};
pub use family::Family;
pub use figure::{Figure, Figures, Unit};
pub use growth::{Growth, Usage};
pub use history::{Attention, History, Resolution};
pub use level::{Level, Thresholds};
pub use meter::{Measured, Meter};
pub use pace::Pace;
pub use series::{Fold, Total};
pub use subject::{Span, Subject};

/// Milliseconds since 1970 on the clock the text beside it names.
pub type Millis = i64;
