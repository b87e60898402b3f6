//! Pieces of drawing that know no domain: they render the data given to them.

pub mod bar;
pub mod chart;
pub mod columns;
pub mod line;
pub mod spark;
pub mod svg;
