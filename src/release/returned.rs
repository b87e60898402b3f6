//! Whether a workload went back from a newer version already. Whoever asks again for "the last that was good", such as
//! a second person at the same alarm, or a script that takes up what is left, means that one way back and not two.

use serde_json::Value;

use super::known::images;
use super::ledger::{Entry, Operation};
use super::past::{moment, newest};
use super::plan::Seen;

/// How it is known that what runs was gone back to; `None` where it was not, or nobody knows.
///
/// The ledger says it, unless whoever went back ended before the ledger was written: then its revision is older than
/// another one, and it was not an abort that left that one.
pub(super) fn already(seen: &Seen) -> Option<String> {
    let workload = seen.workload();
    let mut noted = seen.ledger.entries().filter(|entry| entry.workload == workload);
    let runs = images(seen.object.pointer("/spec/template").unwrap_or(&Value::Null));
    // What was begun counts where it is what runs.
    let is_so = |entry: &&Entry| !entry.pending || entry.to.as_ref().is_some_and(|to| runs.contains(to));
    let last = noted.find(|entry| entry.op.changes_version() && is_so(entry));
    if let Some(entry) = last.filter(|entry| entry.op == Operation::Rollback)
        && entry.to.as_ref().is_none_or(|to| runs.contains(to))
    {
        return Some(format!("by {} at {}", entry.by, entry.at.format("%Y-%m-%d %H:%M UTC")));
    }
    let is_other = last.is_some_and(|entry| matches!(entry.op, Operation::Abort | Operation::Rollback));
    let is_older = is_older_than_another(seen).unwrap_or(false);
    (is_older && !is_other).then(|| "by whom is not noted".to_owned())
}

/// Whether the revision that runs was made before another one that is left.
fn is_older_than_another(seen: &Seen) -> Option<bool> {
    let made = |revision: &Value| moment(revision, "/metadata/creationTimestamp");
    let now = made(newest(seen)?)?;
    let others = super::past::revisions(seen).into_iter();
    Some(
        others
            .filter_map(|(revision, _)| made(revision))
            .any(|other| other > now),
    )
}
