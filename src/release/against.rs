//! What speaks against a step: its namespace is frozen, somebody said that the version is bad, or the version is older
//! than what runs. Such a step is taken only where a person says why that does not count. A way back is never kept.

use chrono::SecondsFormat;
use serde_json::Value;

use super::bytes::short;
use super::freeze::Freeze;
use super::known::{Known, Mark, Versions, are_same_images, images, is_same_image};
use super::past::{self, Past};
use super::plan::{Seen, released};
use super::step::Step;
use super::warning::Warning;
use crate::domain::{Clean, ClusterId, ImageName, Timestamp};

/// A reason not to take a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Against {
    Frozen(Freeze),
    /// Somebody said that the version is bad.
    Bad {
        version: Clean,
        mark: Mark,
        /// In whose ledger it stands; `None`: in that of the cluster itself.
        elsewhere: Option<ClusterId>,
    },
    /// The bytes that an image by tag was are in its registry no more, and its tag names others.
    Bytes {
        image: Clean,
        then: String,
        now: String,
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
            Self::Bad {
                version,
                mark,
                elsewhere,
            } => format!("{version} is {}", in_words(mark, elsewhere.as_ref())),
            Self::Bytes { image, then, now } => format!(
                "the bytes that {image} was ({}) are not in its registry any more; its tag names others now: {}",
                short(then),
                short(now)
            ),
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
            Self::Bytes { .. } => "that its bytes are gone",
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

/// A mark on a version of a workload that stands.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// As the ledger calls it.
    pub workload: &'a str,
    pub images: &'a [String],
    pub mark: &'a Mark,
}

/// The marks that stand, those of versions that were last known to run first. Of several versions with the images that
/// are bad the one counts that was last known to run.
pub fn marks(versions: &Versions) -> impl Iterator<Item = Standing<'_>> {
    let all: Vec<&Known> = versions.all().collect();
    let stands = |(place, known): (usize, &&Known)| {
        let images = known.bad_images();
        let mut later = all.iter().take(place).filter(|other| other.workload == known.workload);
        !later.any(|other| other.bad.is_none() && has_all(&other.images, images, is_same_image))
    };
    let found: Vec<&Known> = all
        .iter()
        .enumerate()
        .filter(|one| stands(*one))
        .map(|(_, known)| *known)
        .collect();
    found.into_iter().filter_map(|known| {
        Some(Standing {
            workload: &known.workload,
            images: known.bad_images(),
            mark: known.bad.as_ref()?,
        })
    })
}

/// Who says of a workload's version that it is bad. It is where all images that a mark is for are among those that it
/// consists of, whatever else is beside them.
pub fn bad<'a>(versions: &'a Versions, workload: &str, meant: &[String]) -> Option<&'a Mark> {
    let mut own = marks(versions).filter(|one| one.workload == workload);
    let found = own.find(|one| has_all(meant, one.images, is_same_image))?;
    Some(found.mark)
}

fn has_all(all: &[String], some: &[String], is_same: fn(&str, &str) -> bool) -> bool {
    let has = |image: &String| all.iter().any(|other| is_same(other, image));
    !some.is_empty() && some.iter().all(has)
}

/// `bad: by oncall at 2026-01-01 14:32 UTC: errors`, with the cluster where it is another's ledger that says so.
pub fn in_words(mark: &Mark, elsewhere: Option<&ClusterId>) -> String {
    match elsewhere {
        None => format!("bad: {}", mark.words()),
        Some(cluster) => format!("bad in {cluster}: {}", mark.words()),
    }
}

/// A mark on a version of the same workload in another cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Elsewhere {
    pub cluster: ClusterId,
    pub images: Vec<String>,
    pub mark: Mark,
}

impl Elsewhere {
    /// Whether it is about a version that consists of these images, whatever the registry of each cluster is called.
    pub fn is_of(&self, meant: &[String]) -> bool {
        has_all(meant, &self.images, is_same_anywhere)
    }

    /// Whether a version with its images ran well since, by the ledger of the cluster that is asked about.
    pub fn is_outlived(&self, versions: &Versions, workload: &str) -> bool {
        let ran_well = |known: &Known| known.good && known.bad.is_none() && known.last > self.mark.at;
        let mut own = versions.of(workload);
        own.any(|known| ran_well(known) && has_all(&known.images, &self.images, is_same_anywhere))
    }
}

fn is_same_anywhere(one: &str, other: &str) -> bool {
    let names = || ImageName::parse(one).zip(ImageName::parse(other));
    one == other || names().is_some_and(|(one, other)| one.is_same_anywhere(&other))
}

/// What the ledgers of the other clusters of an app say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Others {
    pub marks: Vec<Elsewhere>,
    /// Clusters that have the app and whose ledger is not known.
    pub unread: Vec<ClusterId>,
}

/// The same as what speaks against a release of it.
pub(crate) fn marked(versions: &Versions, workload: &str, meant: &[String]) -> Option<Against> {
    Some(Against::Bad {
        version: named(meant),
        mark: bad(versions, workload, meant)?.clone(),
        elsewhere: None,
    })
}

/// The same of what other clusters say.
pub(crate) fn marked_elsewhere(others: &Others, meant: &[String]) -> Option<Against> {
    let found = others.marks.iter().find(|one| one.is_of(meant))?;
    Some(Against::Bad {
        version: named(meant),
        mark: found.mark.clone(),
        elsewhere: Some(found.cluster.clone()),
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
