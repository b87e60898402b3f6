//! The course of a step over several clusters: in their order, past what is there already, up to the first failure.
//! A cluster that cannot be reached is not one where it failed: what brings a version to more instances stops before
//! it, a way back goes on past it, and what is left is told.

use std::io::Write;

use chrono::Utc;

use super::super::Failure;
use super::super::watch::Known;
use super::ask::Ask;
use super::follow::follow;
use super::outcome::{Other, Outcome};
use super::targets::Target;
use crate::cluster::ActError;
use crate::domain::{Clean, ClusterId};
use crate::release::live::Refusal;
use crate::release::step::Step;
use crate::release::{Phase, Written};
use crate::runtime::Exit;

/// Why one is left that comes after another.
const NOT_BEGUN: &str = "not begun";

/// What is left of it.
pub(super) struct Course {
    goes_on: bool,
    /// Whether the step can be taken again without doing again what is done.
    repeats: bool,
    /// Clusters of which it is not known what they have, in their order, with why.
    unreached: Vec<(ClusterId, Clean)>,
    /// Workloads that nothing, or nothing that is known, was written to, with why.
    left: Vec<String>,
    /// What became of the workloads that nothing is written to, in the order in which that was known.
    others: Vec<Other>,
    /// Workloads where it is there already.
    there: Vec<(Target, Step)>,
}

impl Course {
    pub(super) fn new(known: &Known, (goes_on, repeats): (bool, bool)) -> Self {
        let views = known
            .clusters
            .iter()
            .filter_map(|cluster| known.world.cluster(cluster.id()));
        let lost = views.filter(|view| !view.knows_workloads());
        let why = |id: &ClusterId| known.missing.get(id).and_then(|why| why.first()).cloned();
        Self {
            goes_on,
            repeats,
            unreached: lost
                .map(|view| (view.id.clone(), why(&view.id).unwrap_or_else(|| "no answer".into())))
                .collect(),
            left: Vec::new(),
            others: Vec::new(),
            there: Vec::new(),
        }
    }

    /// The workloads up to the first cluster that cannot be reached; past it, where it goes on.
    pub(super) fn begin(&mut self, known: &Known, targets: Vec<Target>) -> Result<Vec<Target>, Failure> {
        let Some((lost, why)) = self.unreached.first().filter(|_| !self.goes_on).cloned() else {
            return Ok(targets);
        };
        let place = |id: &ClusterId| known.clusters.iter().position(|cluster| cluster.id() == id);
        let (before, after): (Vec<Target>, Vec<Target>) = targets
            .into_iter()
            .partition(|target| place(&target.object.cluster) < place(&lost));
        for target in &after {
            self.is_left(target, &format!("it comes after {lost}"));
        }
        if before.is_empty() {
            return Err(Failure::failed(
                format!("what {lost} has is not known ({why}), and it comes first: nothing was written"),
                "wait until it answers, or leave it out by naming the clusters with --context",
            ));
        }
        Ok(before)
    }

    /// The workloads where something is left to do, up to the first whose release fails; those that have it already, or
    /// are in another phase, are told. Where it can be taken nowhere all are left, for the server to say why.
    pub(super) fn left_to_do(
        &mut self,
        known: &Known,
        steps: Vec<(Target, Step)>,
        err: &mut dyn Write,
    ) -> Result<Vec<(Target, Step)>, Failure> {
        let fates: Vec<Fate> = steps.iter().map(|(target, step)| fate(known, target, step)).collect();
        let can_be_taken = fates.iter().any(|fate| matches!(fate, Fate::Ahead | Fate::There(_)));
        let mut ahead = Vec::new();
        let mut fails = None;
        for ((target, step), fate) in steps.into_iter().zip(fates) {
            let name = target.name();
            match fate {
                _ if fails.is_some() => self.is_left(&target, NOT_BEGUN),
                Fate::There(words) => self.note_there(target, step, &words, err)?,
                Fate::Fails(words) if !self.goes_on && can_be_taken => {
                    self.is_left(&target, &words);
                    fails = Some(format!("{name}: {words}"));
                }
                Fate::Refused { reason, is_done } if can_be_taken => {
                    writeln!(err, "{name}: left out: {reason}")?;
                    if is_done {
                        self.others.push(Other::of(&target, Outcome::Left, &reason));
                    } else {
                        self.is_left(&target, &reason);
                    }
                }
                Fate::Ahead | Fate::Fails(_) | Fate::Refused { .. } => ahead.push((target, step)),
            }
        }
        match fails {
            Some(fails) if ahead.is_empty() => {
                self.tell(err)?;
                Err(Failure::failed(
                    fails,
                    "look at it first: grow, full and abort are taken on one cluster with --context",
                ))
            }
            _ => Ok(ahead),
        }
    }

    /// A step that is there already; where one goes back, the server says so.
    pub(super) fn note_there(
        &mut self,
        target: Target,
        step: Step,
        words: &str,
        err: &mut dyn Write,
    ) -> std::io::Result<()> {
        self.others.push(Other::of(&target, Outcome::There, words));
        self.there.push((target, step));
        let told = self.there.last().map(|(target, _)| target.name()).unwrap_or_default();
        writeln!(err, "{told}: there already: {words}")
    }

    /// Waits for what was written before, in its order: what comes after it begins only once it is there.
    pub(super) async fn see_there(&self, known: &mut Known, ask: &Ask, err: &mut dyn Write) -> Result<Exit, Failure> {
        for (target, step) in self.there.iter().filter(|_| ask.wait) {
            let end = follow(
                known,
                &target.object,
                (step, &Written::default()),
                (ask.timeout, None),
                err,
            )
            .await?;
            if let Some(end) = end.filter(|end| *end != Exit(Exit::DONE)) {
                return Ok(end);
            }
        }
        Ok(Exit(Exit::DONE))
    }

    /// Whether it goes on past a workload that could not be written because its cluster did not answer.
    pub(super) fn passes(&mut self, target: &Target, error: &ActError) -> bool {
        let is_unreached = match error {
            ActError::Cluster(error) => error.is_silent(),
            ActError::Unclear(_) => true,
            ActError::Refused(_)
            | ActError::Forbidden(_)
            | ActError::Exists(_)
            | ActError::NoNamespace(_)
            | ActError::Changed(_)
            | ActError::Partly { .. } => false,
        };
        let passes = self.goes_on && is_unreached;
        if passes {
            self.is_left(target, &error.to_string());
        }
        passes
    }

    /// Whether it is one that others need as well where one refuses it.
    pub(super) const fn goes_on(&self) -> bool {
        self.goes_on
    }

    /// Leaves out a workload that refuses the step, and says so.
    pub(super) fn leave_out(&mut self, target: &Target, error: &ActError, err: &mut dyn Write) -> std::io::Result<()> {
        self.is_left(target, &error.to_string());
        writeln!(err, "{}: left out: {error}", target.name())
    }

    /// What became of a workload that was written is not known: its cluster does not answer any more.
    pub(super) fn lose(&mut self, target: &Target) {
        let name = target.name();
        self.left.push(format!(
            "{name}: written, and its cluster does not answer: what came of it is not known"
        ));
    }

    /// Whether the step was taken somewhere before.
    pub(super) const fn is_there(&self) -> bool {
        !self.there.is_empty()
    }

    /// Leaves workloads behind one where it failed.
    pub(super) fn leave(&mut self, ahead: &[Target]) {
        for target in ahead {
            self.is_left(target, NOT_BEGUN);
        }
    }

    /// It is left, and told with what else is.
    fn is_left(&mut self, target: &Target, why: &str) {
        self.left.push(format!("{}: {why}", target.name()));
        self.others.push(Other::of(target, Outcome::Left, why));
    }

    /// What became of the workloads that nothing was written to.
    pub(super) fn others(&self) -> &[Other] {
        &self.others
    }

    /// Clusters of which it is not known what they have, with why.
    pub(super) fn unreached(&self) -> &[(ClusterId, Clean)] {
        &self.unreached
    }

    /// The exit code where all went well with what was written.
    pub(super) fn end(&self, end: Exit) -> Exit {
        let is_whole = self.left.is_empty() && self.unreached.is_empty();
        if is_whole { end } else { Exit(end.0.max(Exit::FAILED)) }
    }

    /// Says what is left.
    pub(super) fn tell(&self, err: &mut dyn Write) -> std::io::Result<()> {
        for left in &self.left {
            writeln!(err, "left: {left}")?;
        }
        for (cluster, why) in &self.unreached {
            writeln!(err, "left: {cluster}: not reached ({why}), whatever it has of the app")?;
        }
        if self.left.is_empty() && self.unreached.is_empty() {
            return Ok(());
        }
        let how = if self.repeats {
            "the same command takes up what is left, and nothing that is done"
        } else {
            "name the clusters that are left with --context: the same command would do again what is done"
        };
        writeln!(err, "{how}")
    }
}

/// Why a way back is there already; `None` where the error says something else.
pub(super) fn is_back(step: &Step, error: &ActError) -> Option<String> {
    match (step, error) {
        (Step::Rollback(_), ActError::Refused(refusal @ (Refusal::SameTemplate | Refusal::WentBack(_)))) => {
            Some(refusal.to_string())
        }
        _ => None,
    }
}

/// What becomes of a workload, by the phase that is seen of it.
enum Fate {
    Ahead,
    There(String),
    /// Its release fails: whoever asks for it again has to see that.
    Fails(String),
    /// `is_done`: nothing is under way that the step could be meant for.
    Refused {
        reason: String,
        is_done: bool,
    },
}

fn fate(known: &Known, target: &Target, step: &Step) -> Fate {
    let view = known.world.cluster(&target.object.cluster);
    let found = view.and_then(|view| Some((view, view.workload(target.object.kind, &target.object.key)?)));
    let Some((view, workload)) = found else {
        return Fate::Ahead;
    };
    let now = view.heard(Utc::now());
    let phase = view.release_of(workload).at(now);
    // Beside a twin that is well a Deployment that is stuck by itself is no release that fails.
    let failing = view.failing(workload, now);
    let refused = view.step_refusal(workload, &phase, step.operation());
    if let (Some(why), Some(_)) = (&failing, &refused) {
        return Fate::Fails(format!("its release fails: {why}"));
    }
    let done = view.already(workload, &phase, step).filter(|_| failing.is_none());
    match (done, refused) {
        (Some(words), _) => Fate::There(words),
        (None, None) => Fate::Ahead,
        (None, Some(reason)) => Fate::Refused {
            reason,
            is_done: phase == Phase::Stable && !matches!(step, Step::Start(_) | Step::Rollback(_)),
        },
    }
}
