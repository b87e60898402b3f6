//! The course of a step over several clusters: in their order, past what is there already, up to the first failure.
//! A cluster that cannot be reached is not one where it failed: what brings a version to more instances stops before
//! it, a way back goes on past it, and what is left is told.

use std::io::Write;

use super::super::Failure;
use super::super::watch::Known;
use super::targets::Target;
use crate::cluster::{ActError, ClusterError};
use crate::domain::{Clean, ClusterId, Link};
use crate::release::stand::{already, refusal};
use crate::release::step::Step;
use crate::runtime::Exit;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Course {
    goes_on: bool,
    /// Clusters of which it is not known what they have, in their order, with why.
    unreached: Vec<(ClusterId, Clean)>,
    /// Workloads that nothing, or nothing that is known, was written to, with why.
    left: Vec<String>,
}

impl Course {
    pub(super) fn new(known: &Known, goes_on: bool) -> Self {
        let views = known
            .clusters
            .iter()
            .filter_map(|cluster| known.world.cluster(cluster.id()));
        let lost = views.filter(|view| !matches!(view.link, Link::Live | Link::Unstable { .. }));
        let why = |id: &ClusterId| known.missing.get(id).and_then(|why| why.first()).cloned();
        Self {
            goes_on,
            unreached: lost
                .map(|view| (view.id.clone(), why(&view.id).unwrap_or_else(|| "no answer".into())))
                .collect(),
            left: Vec::new(),
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
        let past = after
            .iter()
            .map(|target| format!("{}: it comes after {lost}", target.name()));
        self.left.extend(past);
        if before.is_empty() {
            return Err(Failure::failed(
                format!("{lost} cannot be reached ({why}), and comes first: nothing was written"),
                "wait until it answers, or leave it out by naming the clusters with --context",
            ));
        }
        Ok(before)
    }

    /// The workloads where something is left to do; those that have it already, or are in another phase, are told. Where
    /// it can be taken nowhere all are left, for the server to say why.
    pub(super) fn left_to_do(
        known: &Known,
        steps: Vec<(Target, Step)>,
        err: &mut dyn Write,
    ) -> Result<Vec<(Target, Step)>, Failure> {
        let fates: Vec<Fate> = steps.iter().map(|(target, step)| fate(known, target, step)).collect();
        let can_be_taken = fates.iter().any(|fate| !matches!(fate, Fate::Refused(_)));
        let mut ahead = Vec::new();
        for ((target, step), fate) in steps.into_iter().zip(fates) {
            match fate {
                Fate::There(words) => writeln!(err, "{}: there already: {words}", target.name())?,
                Fate::Refused(reason) if can_be_taken => writeln!(err, "{}: left out: {reason}", target.name())?,
                Fate::Ahead | Fate::Refused(_) => ahead.push((target, step)),
            }
        }
        Ok(ahead)
    }

    /// Whether it goes on past a workload that could not be written because its cluster did not answer.
    pub(super) fn passes(&mut self, target: &Target, error: &ActError) -> bool {
        let is_unreached = match error {
            ActError::Cluster(error) => is_silent(error),
            ActError::Unclear(_) => true,
            ActError::Refused(_) | ActError::Forbidden(_) | ActError::Changed(_) | ActError::Partly { .. } => false,
        };
        let passes = self.goes_on && is_unreached;
        if passes {
            self.left.push(format!("{}: {error}", target.name()));
        }
        passes
    }

    /// Leaves workloads behind one where it failed.
    pub(super) fn leave(&mut self, ahead: &[Target]) {
        self.left
            .extend(ahead.iter().map(|target| format!("{}: not begun", target.name())));
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
        if !self.left.is_empty() || !self.unreached.is_empty() {
            writeln!(err, "the same command takes up what is left, and nothing that is done")?;
        }
        Ok(())
    }
}

/// Whether a server did not answer, which says nothing of what was asked.
const fn is_silent(error: &ClusterError) -> bool {
    matches!(
        error,
        ClusterError::Transport { .. } | ClusterError::Server { .. } | ClusterError::Throttled { .. }
    )
}

/// What becomes of a workload, by the phase that is seen of it.
enum Fate {
    Ahead,
    There(String),
    Refused(String),
}

fn fate(known: &Known, target: &Target, step: &Step) -> Fate {
    let view = known.world.cluster(&target.object.cluster);
    let found = view.and_then(|view| Some((view, view.workload(target.object.kind, &target.object.key)?)));
    let Some((view, workload)) = found else {
        return Fate::Ahead;
    };
    let phase = view.release_of(workload).phase;
    // A release that fails is not there: whoever asks for it again has to see that.
    let done = already(step, &phase, (workload.desired, &workload.images)).filter(|_| !phase.fails());
    let refused = || refusal(step.operation(), (workload.kind, &phase), target.driver);
    match done {
        Some(words) => Fate::There(words),
        None => refused().map_or(Fate::Ahead, Fate::Refused),
    }
}
