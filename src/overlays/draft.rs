//! A step of a release that is being asked for: of which workloads, of which version, of how many instances.

mod amount;
mod how_many;

use std::sync::Arc;

use super::confirm::{Fate, Place};
use crate::domain::{AppKey, Clean, ClusterId, Driver, Kind, ResourceRef, Version};
use crate::release::Phase;
use crate::release::config::Source;
use crate::release::freeze;
use crate::release::ledger::Operation;
use crate::release::live::{Method, Refusal};
use crate::release::outlook::{self, Counts};
use crate::release::past::Back;
use crate::release::scale::{Amount, Room};
use crate::release::stand::already;
use crate::release::step::{Count, New, Return, Step};
use crate::release::template::Facts;

pub use how_many::HowMany;

/// A workload as it was when the key was pressed.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    pub object: ResourceRef,
    pub app: AppKey,
    pub driver: Option<Driver>,
    pub phase: Phase,
    pub counts: Counts,
    pub version: Version,
    /// What its old instances run, where it has such.
    pub old: Option<Version>,
    /// Of its template, container after container.
    pub images: Arc<[Clean]>,
    /// How many more fit, where the number of instances is asked for, and what else there is to know of it.
    pub room: Room,
    pub about: Vec<String>,
    /// Names of its containers, as far as they are known.
    pub containers: Vec<Clean>,
    /// The cluster's.
    pub tag: Option<Clean>,
    /// A write to it is confirmed by typing the app's name.
    pub by_name: bool,
    /// A write to it needs a reason.
    pub asks_reason: bool,
    /// Why the step cannot be taken on this one.
    pub refused: Option<String>,
    /// Its cluster does not answer.
    pub is_lost: bool,
    /// A cluster that comes before its own and may have the app, of which nothing is known.
    pub behind: Option<ClusterId>,
}

/// How many, of what is being asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Many {
    /// New instances of each workload.
    Count(Count),
    /// Instances of all together.
    Amount(Amount),
}

/// The version that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// An image as it is written, with the commit it was built from where that is known.
    Image { image: String, commit: Option<String> },
    /// What a build made, by its digest, with where it comes from.
    Built { image: String, facts: Box<Facts> },
    /// What each workload was, by a revision or by the ledger; those that were never of that version are left out.
    Past(Vec<(ResourceRef, Back)>),
}

/// What is asked for so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    pub operation: Operation,
    pub aims: Vec<Aim>,
    /// Other clusters that the same apps run in.
    pub untouched: Vec<ClusterId>,
    /// Clusters of which it is not known what they have of it.
    pub unreached: Vec<ClusterId>,
    pub version: Option<Chosen>,
    /// How the instances of a gray release of a Deployment come.
    pub method: Method,
}

impl Draft {
    /// Whether there is a choice of how instances come.
    pub fn has_methods(&self) -> bool {
        let is_gray = matches!(self.operation, Operation::Start | Operation::Rollback);
        is_gray && self.open().any(|aim| aim.object.kind == Kind::Deployment)
    }

    /// Chooses the next way, or the one before.
    pub const fn choose_method(&mut self, is_next: bool) {
        self.method = match (self.method, is_next) {
            (Method::Surge, true) | (Method::Twin, false) => Method::Replace,
            (Method::Replace, true) | (Method::Surge, false) => Method::Twin,
            (Method::Twin, true) | (Method::Replace, false) => Method::Surge,
        };
    }

    /// Those that the step can be taken on, as far as is known.
    pub fn open(&self) -> impl Iterator<Item = &Aim> {
        self.aims.iter().filter(|aim| aim.refused.is_none())
    }

    /// Whether somebody has to say how many: of a Rollout its own steps do.
    pub fn is_counted(&self) -> bool {
        self.open().any(|aim| aim.object.kind != Kind::Rollout)
    }

    /// How many instances are proposed: one, of many a tenth.
    pub fn proposal(&self) -> String {
        let most = self
            .open()
            .map(|aim| aim.counts.begins.unwrap_or(aim.counts.desired))
            .max()
            .unwrap_or(1);
        match self.operation {
            Operation::Scale => "+50%".to_owned(),
            Operation::Grow => {
                let now = self.open().map(|aim| aim.counts.new).max().unwrap_or(0);
                (now * 2).clamp(1, most.max(1)).to_string()
            }
            _ if most <= 10 => "1".to_owned(),
            _ => "10%".to_owned(),
        }
    }

    /// What a count comes to of each workload.
    pub fn comes_to(&self, count: Count) -> Vec<(ResourceRef, Result<String, String>)> {
        let of = |aim: &Aim| match in_range(self, aim, count) {
            Ok(()) => Ok(outlook::beside(
                count,
                aim.counts.method(self.method),
                aim.counts.desired,
            )),
            Err(refusal) => Err(refusal.to_string()),
        };
        self.open().map(|aim| (aim.object.clone(), of(aim))).collect()
    }

    /// The places that a confirmation goes through, in order.
    pub fn places(&self, count: Option<Many>) -> Vec<Place> {
        let division = match count {
            Some(Many::Amount(amount)) => self.division(amount).0,
            Some(Many::Count(_)) | None => Vec::new(),
        };
        let place = |aim| self.place(aim, count, &division);
        let mut places: Vec<Place> = self.aims.iter().map(place).collect();
        // What brings a version to more instances keeps the order of clusters: nothing is begun behind a lost one.
        if self.operation != Operation::Scale && freeze::stops(self.operation) {
            let all = places.iter_mut().zip(&self.aims);
            for (place, aim) in all.filter(|(place, _)| place.fate == Fate::Ahead) {
                if let Some(lost) = &aim.behind {
                    let reason = format!("it comes after {lost}, which does not answer");
                    place.fate = Fate::Skipped(reason.as_str().into());
                }
            }
        }
        places
    }

    fn place(&self, aim: &Aim, count: Option<Many>, division: &[(ResourceRef, i64)]) -> Place {
        let step = self.step(aim, count, division);
        let done = step
            .as_ref()
            .ok()
            .and_then(|step| already(step, &aim.phase, (aim.counts.desired, &aim.images, aim.counts.twin)));
        let fate = match (&step, done, &aim.refused) {
            (_, Some(done), _) => Fate::There(done.into()),
            (_, None, Some(reason)) | (Err(reason), ..) => Fate::Skipped(reason.as_str().into()),
            (Ok(_), None, None) => Fate::Ahead,
        };
        Place {
            object: aim.object.clone(),
            app: aim.app.clone(),
            driver: aim.driver,
            // Of what is left out no step is ever taken.
            step: step.unwrap_or(Step::Repair),
            counts: aim.counts,
            version: aim.version.clone(),
            old: aim.old.clone(),
            tag: aim.tag.clone(),
            by_name: aim.by_name,
            // Who needs more instances at once is not kept from them by a question.
            asks_reason: aim.asks_reason && self.operation != Operation::Scale,
            trouble: self.trouble(aim),
            about: aim.about.clone(),
            fate,
        }
    }

    /// Whoever goes on with a gray release that fails is told so.
    fn trouble(&self, aim: &Aim) -> Option<String> {
        let goes_on = matches!(self.operation, Operation::Grow | Operation::KeepOld | Operation::Full);
        match &aim.phase {
            Phase::GrayFailed { cause, .. } if goes_on => Some(format!("its new instances fail: {}", cause.words())),
            _ => None,
        }
    }

    fn step(&self, aim: &Aim, count: Option<Many>, division: &[(ResourceRef, i64)]) -> Result<Step, String> {
        let counted = || match count {
            Some(Many::Count(count)) => Ok(count),
            Some(Many::Amount(_)) | None => Err("nobody said how many".to_owned()),
        };
        Ok(match self.operation {
            Operation::Start => {
                let (image, facts) = match &self.version {
                    Some(Chosen::Image { image, commit }) => {
                        let commit = commit.clone();
                        (
                            image,
                            Facts {
                                commit,
                                ..Facts::default()
                            },
                        )
                    }
                    Some(Chosen::Built { image, facts }) => (image, facts.as_ref().clone()),
                    Some(Chosen::Past(_)) | None => return Err("no version was chosen".into()),
                };
                Step::Start(Box::new(New {
                    image: image.clone(),
                    container: container(aim, image)?,
                    facts,
                    method: aim.counts.method(self.method),
                    count: counted()?,
                    config: Source::Current,
                }))
            }
            Operation::Grow => Step::Grow(counted()?),
            Operation::Rollback => match &self.version {
                Some(Chosen::Past(all)) => {
                    let own = all.iter().find(|(object, _)| *object == aim.object);
                    let (_, back) = own.ok_or("it was never of that version, as far as is known")?;
                    Step::Rollback(Return::to(back.clone()))
                }
                _ => return Err("no version was chosen".into()),
            },
            Operation::KeepOld => Step::KeepOld,
            Operation::Full => Step::Full,
            Operation::Offline => Step::Offline,
            Operation::Abort => Step::Abort,
            Operation::Repair => Step::Repair,
            Operation::Pause => Step::Pause,
            Operation::Resume => Step::Resume,
            Operation::Restart => Step::Restart,
            Operation::Promote => Step::Promote,
            Operation::Retry => Step::Retry,
            Operation::EndFloor => Step::EndFloor,
            Operation::Delete => Step::Delete,
            Operation::Cancel => Step::Cancel,
            Operation::Scale => {
                let own = division.iter().find(|(object, _)| *object == aim.object);
                let to = own.map_or(aim.counts.desired, |(_, to)| *to);
                if to == aim.counts.desired {
                    return Err(format!("it keeps its {to}"));
                }
                Step::Scale(to)
            }
        })
    }
}

/// Which container gets the image, where there are several: the one of the same repository.
fn container(aim: &Aim, image: &str) -> Result<Option<String>, String> {
    if aim.images.len() < 2 {
        return Ok(None);
    }
    let alike = |known: &Clean| repository(known) == repository(image);
    let mut fitting = aim.images.iter().zip(&aim.containers).filter(|(known, _)| alike(known));
    match (fitting.next(), fitting.next()) {
        (Some((_, name)), None) => Ok(Some(name.to_string())),
        _ => Err("it has several containers: say on the command line which gets the image".into()),
    }
}

/// ` (+50 %)`
fn in_percent(now: i64, all: i64) -> String {
    if now == 0 {
        return String::new();
    }
    format!(" ({:+.0} %)", (all - now) as f64 * 100.0 / now as f64)
}

/// Whether so many new instances can be had of it.
fn in_range(draft: &Draft, aim: &Aim, count: Count) -> Result<(), Refusal> {
    let number = |count: i64| i32::try_from(count).unwrap_or(i32::MAX);
    let most = number(aim.counts.begins.unwrap_or(aim.counts.desired));
    let least = match draft.operation {
        // A twin can shrink.
        Operation::Grow if !aim.counts.twin => number(aim.counts.new).saturating_add(1),
        _ => 1,
    };
    let asked = count
        .of(number(aim.counts.desired), aim.counts.method(draft.method))
        .instances;
    if asked < least || asked > most {
        return Err(Refusal::OutOfRange { asked, least, most });
    }
    Ok(())
}

/// An image without its tag and digest.
pub fn repository(image: &str) -> &str {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    let last = name.rfind('/').map_or(0, |slash| slash + 1);
    match name.get(last..).and_then(|last| last.find(':')) {
        Some(colon) => name.get(..last + colon).unwrap_or(name),
        None => name,
    }
}

/// The image that is meant by what was typed: a whole one, or another tag of the one that runs.
///
/// # Errors
/// What is wrong with it.
pub fn image_meant(typed: &str, runs: Option<&str>) -> Result<String, String> {
    let typed = typed.trim();
    if typed.is_empty() || typed.contains(char::is_whitespace) {
        return Err("an image is one word, such as registry/app:v42, or its tag alone".into());
    }
    if typed.contains(['/', ':', '@']) {
        return Ok(typed.to_owned());
    }
    let runs = runs.ok_or("nobody knows which image runs: write the whole of it")?;
    Ok(format!("{}:{typed}", repository(runs)))
}

#[cfg(test)]
#[path = "draft_tests.rs"]
mod tests;
