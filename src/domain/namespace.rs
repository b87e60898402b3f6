//! A namespace: its name, and whether anything may be released in it.

use super::text::Clean;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    pub name: Clean,
    /// Its annotation `pilothouse.dev/freeze`.
    pub freeze: Option<Clean>,
}

impl From<Clean> for Namespace {
    /// One of which the name alone is known.
    fn from(name: Clean) -> Self {
        Self { name, freeze: None }
    }
}
