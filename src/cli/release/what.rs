//! What is asked for: a step, a number of instances in all, the image of a commit; and which step that is for each workload.

use std::io::Write;

use super::super::Failure;
use super::super::watch::Known;
use super::commit;
use super::targets::Target;
use crate::registry::Registries;
use crate::release::freeze;
use crate::release::ledger::Operation;
use crate::release::scale::Amount;
use crate::release::step::{New, Step};

/// What is to be done to the workloads of an app.
#[derive(Clone, Debug)]
pub(in crate::cli) enum What {
    Step(Step),
    /// Begin to release the image of a commit, once it is known which one that is.
    Commit(Box<New>, String),
    /// So many instances in all, divided by the room there is; `across`: also over several clusters.
    Scale {
        amount: Amount,
        across: bool,
    },
}

impl What {
    /// The step that each workload gets.
    pub(super) async fn steps(
        &self,
        known: &Known,
        targets: Vec<Target>,
        registries: Option<&Registries>,
        err: &mut dyn Write,
    ) -> Result<Vec<(Target, Step)>, Failure> {
        let step = match self {
            Self::Scale { amount, across } => {
                return super::super::scale::steps(known, targets, (*amount, *across), err);
            }
            Self::Step(step) => step.clone(),
            Self::Commit(new, sha) => commit::start(known, &targets, (new, sha), registries).await?,
        };
        Ok(targets.into_iter().map(|target| (target, step.clone())).collect())
    }

    /// Whether all is written before any of it is followed.
    pub(super) const fn is_urgent(&self) -> bool {
        matches!(self, Self::Scale { .. })
    }

    /// Whether it goes on past a cluster that cannot be reached: what brings no version to more instances does.
    pub(super) const fn goes_on(&self) -> bool {
        match self {
            Self::Step(step) => !freeze::stops(step.operation()),
            Self::Commit(..) => false,
            Self::Scale { .. } => true,
        }
    }

    /// Whether it can be taken again without doing again what is done.
    pub(super) const fn repeats(&self) -> bool {
        match self {
            Self::Step(step) => !matches!(
                step.operation(),
                Operation::Promote | Operation::Restart | Operation::Retry
            ),
            Self::Commit(..) => true,
            Self::Scale { amount, .. } => matches!(amount, Amount::To(_)),
        }
    }
}
