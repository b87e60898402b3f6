//! What is wrong in the files that were read, above the program's own log: it stays until they are mended.

use crate::listing::Cell;
use crate::message::Trouble;
use crate::screens::words;

pub(super) fn facts(problems: &[Trouble]) -> Vec<Cell> {
    let lines = problems.iter().flat_map(|problem| {
        let (glyph, tone) = words::severity(problem.severity);
        let what = Cell::new(format!("{glyph} {}", problem.text), tone);
        let hint = problem.hint.as_ref().map(|hint| Cell::muted(format!("  {hint}")));
        [Some(what), hint].into_iter().flatten()
    });
    lines.collect()
}
