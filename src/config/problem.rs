//! What is wrong in a file, where, and what to do: files never end the program, they are reported.

use std::fmt;
use std::path::{Path, PathBuf};

/// A mistake in a file that was read; what it says is left out and the rest counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    pub file: PathBuf,
    /// Counted from 1; `None` where the whole file is meant.
    pub line: Option<usize>,
    pub what: String,
    pub hint: String,
}

impl Problem {
    pub fn new(file: &Path, line: Option<usize>, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line,
            what: what.into(),
            hint: hint.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.what)?;
        if !self.hint.is_empty() {
            write!(f, " ({})", self.hint)?;
        }
        Ok(())
    }
}

/// The line, counted from 1, in which byte `offset` of `text` stands.
pub fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count()
}
