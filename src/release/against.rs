//! What speaks against a step: its namespace is frozen, somebody said that the version is bad, or the version is older
//! than what runs. Such a step is taken only where a person says why that does not count. A way back is never kept.

use chrono::SecondsFormat;
use serde_json::Value;

use super::freeze::Freeze;
use super::known::{Mark, Versions, are_same_images, images};
use super::past::{self, Past};
use super::plan::{Seen, released};
use super::step::Step;
use super::warning::Warning;
use crate::domain::{Clean, Timestamp};

/// A reason not to take a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    Frozen(Freeze),
    /// Somebody said that the version is bad.
    Bad {
        version: Clean,
        mark: Mark,
    },
    /// The version came first before what runs did.
    Older {
        version: Clean,
        of: Timestamp,
        runs: Timestamp,
    },
}

impl Against {
    /// `live:v42 is bad: by oncall at 2026-01-01 14:32 UTC: it was rolled back`
    pub fn words(&self) -> Clean {
        let at = |time: &Timestamp| time.to_rfc3339_opts(SecondsFormat::Secs, true);
        Clean::new(&match self {
            Self::Frozen(freeze) => freeze.words(),
            Self::Bad { version, mark } => format!("{version} is bad: {}", mark.words()),
            Self::Older { version, of, runs } => {
                format!("{version} is of {}, older than what runs ({})", at(of), at(runs))
            }
        })
    }

    /// What is overridden where it does not count.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Frozen(_) => "a freeze",
            Self::Bad { .. } => "that the version is bad",
            Self::Older { .. } => "that the version is older",
        }
    }

    /// Whether it is the one that was looked at before.
    pub fn is_as(&self, before: &Self) -> bool {
        match (self, before) {
            (Self::Frozen(now), Self::Frozen(before)) => now.is_as(before),
            (now, before) => now == before,
        }
    }
}

/// All of them in one line.
pub fn words(all: &[Against]) -> String {
    let words: Vec<String> = all.iter().map(|one| one.words().to_string()).collect();
    words.join("; ")
}

/// What there is to say of the version that a step publishes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Verdict {
    /// The images of a version that is released anew; none of a way back, and of a step that publishes nothing.
    pub(crate) brings: Vec<String>,
    /// It goes back: to other images, and to no version that came after the one that is left.
    pub(crate) undoes: bool,
    pub(crate) against: Vec<Against>,
    pub(crate) warning: Option<Warning>,
}

/// Judges the version that a step publishes.
pub(crate) fn judge(step: &Step, seen: &Seen) -> Verdict {
    let runs = images(seen.object.pointer("/spec/template").unwrap_or(&Value::Null));
    match step {
        Step::Start(new) => {
            let meant = released(seen, new).map(|template| images(&template));
            let meant = meant.ok().filter(|meant| *meant != runs).unwrap_or_default();
            let older = older(&meant, &runs, seen);
            of_new(meant, seen, older)
        }
        // Of what was given up the template still stands there.
        Step::Retry => of_new(runs, seen, None),
        Step::Rollback(back) => match past::find(&back.to, seen) {
            Ok(to) => of_past(&to, &runs, seen),
            Err(_) => Verdict::default(),
        },
        _ => Verdict::default(),
    }
}

fn of_new(meant: Vec<String>, seen: &Seen, older: Option<Against>) -> Verdict {
    let bad = marked(&seen.ledger.versions, &seen.workload(), &meant);
    Verdict {
        against: bad.into_iter().chain(older).collect(),
        brings: meant,
        ..Verdict::default()
    }
}

fn of_past(to: &Past, runs: &[String], seen: &Seen) -> Verdict {
    let meant = images(&to.template);
    let came = past::first(seen, &meant).zip(past::first(seen, runs));
    Verdict {
        // Who goes back to other settings of the same images says nothing of these: a mark on them would be one on
        // what then runs.
        undoes: !are_same_images(&meant, runs) && came.is_none_or(|(to, runs)| to <= runs),
        warning: to.why().map(Warning::Bad),
        ..Verdict::default()
    }
}

/// Who says of a workload's version that it is bad. A version is told by its images; of several that have the same the
/// one counts that was last known to run.
pub fn bad<'a>(versions: &'a Versions, workload: &str, meant: &[String]) -> Option<&'a Mark> {
    let mut known = versions.all().filter(|known| known.workload == workload);
    known.find(|known| are_same_images(&known.images, meant))?.bad.as_ref()
}

/// The same as what speaks against a release of it.
pub(crate) fn marked(versions: &Versions, workload: &str, meant: &[String]) -> Option<Against> {
    Some(Against::Bad {
        version: named(meant),
        mark: bad(versions, workload, meant)?.clone(),
    })
}

fn named(images: &[String]) -> Clean {
    Clean::new(&images.join(", "))
}

/// Whether a version came first before what runs did.
fn older(meant: &[String], runs: &[String], seen: &Seen) -> Option<Against> {
    let (of, runs) = past::first(seen, meant).zip(past::first(seen, runs))?;
    (of < runs).then(|| Against::Older {
        version: named(meant),
        of,
        runs,
    })
}

#[cfg(test)]
#[path = "against_tests.rs"]
mod tests;
