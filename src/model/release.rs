//! Releases from here: which workloads a step would be taken on, and why it cannot be taken.

use std::sync::Arc;

use super::Model;
use super::access::NO_ACCESS;
use super::instances::room;
use crate::domain::access::Right;
use crate::domain::{Clean, ClusterId, Kind, ResourceRef, Verb, Version, Workload};
use crate::message::{Action, Ticket};
use crate::overlays::confirm::Place;
use crate::overlays::draft::{Aim, Draft};
use crate::overlays::{Confirm, Overlay};
use crate::release::freeze::{self, Freeze};
use crate::release::ledger::Operation;
use crate::release::live::{Method, Refusal};
use crate::release::outlook::Counts;
use crate::release::scale::Room;
use crate::release::stand::{self, Stand};
use crate::release::{Phase, Release, Written};
use crate::screens::states;
use crate::world::ClusterView;
use crate::world::release::app_of;

/// A write that is under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Writing {
    pub ticket: Ticket,
    /// The step, and the object, as the activity log calls them.
    pub what: &'static str,
    pub target: Clean,
    /// The number of instances that is written, and to what.
    pub scales_to: Option<(ResourceRef, i64)>,
}

/// A workload with its cluster.
pub(crate) type Found<'a> = (&'a ClusterView, &'a Arc<Workload>);

impl Model {
    /// Why a step is not taken here as it is: nothing lets it, or a freeze has to be overridden for it.
    pub(super) fn release_refusal(&self, step: Operation) -> Option<String> {
        if step == Operation::Delete {
            return self.deletions().err();
        }
        self.hard_refusal(step).or_else(|| self.frozen(step))
    }

    /// What freezes all of what is meant, where a freeze refuses this step.
    fn frozen(&self, step: Operation) -> Option<String> {
        if !freeze::stops(step) {
            return None;
        }
        let meant = self.meant().into_iter();
        let found = meant.map(|(view, workload)| view.freeze_of(&workload.key.namespace, self.now));
        let all: Option<Vec<Freeze>> = found.collect();
        Some(all?.first()?.words())
    }

    /// Why a step cannot be taken here on any of what is meant; `None` where it can on one at least.
    fn hard_refusal(&self, step: Operation) -> Option<String> {
        let meant = self.meant();
        let Some((first, _)) = meant.first() else {
            return Some("no workload here".into());
        };
        let mut reasons = Vec::new();
        for (view, workload) in &meant {
            let phase = view.phase_and_since(workload).0;
            reasons.push(refusal_of(view, workload, &phase, step)?);
        }
        let reason = reasons.first()?.clone();
        let is_same = reasons.iter().all(|other| *other == reason);
        Some(if is_same || reason.starts_with(NO_ACCESS) {
            reason
        } else {
            format!("{}: {reason}", first.id)
        })
    }

    /// What a step is asked for here.
    ///
    /// # Errors
    /// Why it cannot be taken.
    pub(crate) fn draft(&self, operation: Operation) -> Result<Draft, String> {
        if let Some(reason) = self.hard_refusal(operation) {
            return Err(reason);
        }
        let meant = self.meant();
        let mut aims: Vec<Aim> = meant
            .iter()
            .map(|(view, workload)| self.aim(view, workload, operation))
            .collect();
        let several = aims
            .iter()
            .any(|aim| aims.first().is_some_and(|first| first.app != aim.app));
        if several && matches!(operation, Operation::Start | Operation::Rollback) {
            return Err("a version is of one app: mark rows of one app alone".into());
        }
        let is_untouched = |view: &&ClusterView| {
            let has = |aim: &Aim| view.tally.app(&aim.app).is_some();
            aims.iter().any(has) && !aims.iter().any(|aim| aim.object.cluster == view.id)
        };
        let untouched = self.world.clusters().iter().filter(is_untouched);
        let untouched = untouched.map(|view| view.id.clone()).collect();
        let unreached = self.unreached(&aims);
        for aim in &mut aims {
            aim.behind = self.first_before(&aim.object.cluster, &unreached);
        }
        Ok(Draft {
            operation,
            untouched,
            unreached,
            aims,
            version: None,
            method: Method::Surge,
        })
    }

    fn aim(&self, view: &ClusterView, workload: &Workload, step: Operation) -> Aim {
        let release = self.release_in(view, workload);
        let (room, about) = match step {
            Operation::Scale => room(view, workload),
            _ => (Room::default(), Vec::new()),
        };
        Aim {
            room,
            about,
            object: ResourceRef {
                cluster: view.id.clone(),
                kind: workload.kind,
                key: workload.key.clone(),
                uid: workload.uid.clone(),
            },
            app: app_of(workload),
            driver: workload.driver,
            counts: counts(view, workload, &release),
            version: workload.version.clone(),
            old: release.old.as_ref().map(|old| old.version.clone()),
            images: Arc::clone(view.twin_of(workload).map_or(&workload.images, |twin| &twin.images)),
            containers: view.containers_of(workload),
            tag: view.tag.clone(),
            by_name: view.confirms_by_name,
            asks_reason: view.asks_reason,
            refused: refusal_of(view, workload, &release.phase, step),
            is_lost: !view.link.is_live(),
            behind: None,
            phase: release.phase,
        }
    }

    /// A workload's release with its phase by its cluster's clock.
    fn release_in(&self, view: &ClusterView, workload: &Workload) -> Release {
        let mut release = view.release_of(workload);
        release.phase = release.at(view.heard(self.now));
        release
    }

    /// How a workload's release stands now, with its generations: what it was told, and what its controller has seen.
    pub(crate) fn release_now(&self, object: &ResourceRef) -> Option<((i64, i64), Phase)> {
        let view = self.world.cluster(&object.cluster)?;
        let workload = view.workload(object.kind, &object.key)?;
        (workload.uid == object.uid).then(|| (workload.generation, self.release_in(view, workload).phase))
    }

    /// How a step that was written to a place stands in the phase that it is seen in; `None` as long as what is seen is
    /// older than what was written.
    pub(crate) fn stand_now(&self, place: &Place, phase: &Phase, written: &Written) -> Option<Stand> {
        let view = self.world.cluster(&place.object.cluster)?;
        let workload = view.workload(place.object.kind, &place.object.key)?;
        let stand = || stand::stand_of(&place.step, (workload, phase), written);
        view.has_seen(workload, written).then(stand)
    }

    /// The instances of a workload as they are counted now, the version of its template and that of its old instances.
    pub(crate) fn counted_now(&self, object: &ResourceRef) -> Option<(Counts, Version, Option<Version>)> {
        let view = self.world.cluster(&object.cluster)?;
        let workload = view.workload(object.kind, &object.key)?;
        let release = self.release_in(view, workload);
        let old = release.old.as_ref().map(|old| old.version.clone());
        Some((counts(view, workload, &release), workload.version.clone(), old))
    }

    /// Why nothing may be written to an object now, whatever is asked for.
    pub(crate) fn write_refusal(&self, object: &ResourceRef) -> Option<String> {
        let view = self.world.cluster(&object.cluster)?;
        let verb = if matches!(object.kind, Kind::Pod | Kind::Job) {
            Verb::Delete
        } else {
            Verb::Patch
        };
        not_written(view, verb, object.kind, &object.key.namespace)
    }

    /// The rights that steps of a release need here and that are not known to be given, cluster by cluster.
    pub(crate) fn rights_wanted(&self) -> Vec<(ClusterId, Vec<Right>)> {
        let mut wanted: Vec<(ClusterId, Vec<Right>)> = Vec::new();
        for (view, workload) in self.meant() {
            let right = Right::on(Verb::Patch, workload.kind, &workload.key.namespace);
            if view.access.allows(&right) == Some(true) || !view.link.is_live() {
                continue;
            }
            match wanted.iter_mut().find(|(id, _)| *id == view.id) {
                Some((_, rights)) if rights.contains(&right) => {}
                Some((_, rights)) => rights.push(right),
                None => wanted.push((view.id.clone(), vec![right])),
            }
        }
        wanted
    }

    /// The steps of a release that the line of keys offers here: those that lead out of the phase it is in.
    pub(super) const STEPS_OFFERED: [Action; 9] = [
        Action::RepairRelease,
        Action::RetryRelease,
        Action::NextStep,
        Action::ResumeRelease,
        Action::OldOffline,
        Action::GrowGray,
        Action::FullRelease,
        Action::AbortRelease,
        Action::GrayRelease,
    ];

    /// Whoever wants to leave has waited long enough for what is written.
    pub(crate) fn is_late(&self) -> bool {
        self.leaving.is_some_and(|until| self.now >= until)
    }

    /// What is to be confirmed, whatever lies over it.
    pub fn confirm(&self) -> Option<&Confirm> {
        self.overlays.iter().rev().find_map(|overlay| match overlay {
            Overlay::Confirm(confirm) => Some(confirm.as_ref()),
            _ => None,
        })
    }

    pub(crate) fn confirm_mut(&mut self) -> Option<&mut Confirm> {
        self.overlays.iter_mut().rev().find_map(|overlay| match overlay {
            Overlay::Confirm(confirm) => Some(confirm.as_mut()),
            _ => None,
        })
    }

    /// What is there was on screen: a person may decide upon it.
    pub fn seen(&mut self) {
        if self.is_too_small() {
            return;
        }
        match self.overlays.last_mut() {
            Some(Overlay::Confirm(confirm)) => confirm.seen(),
            Some(Overlay::Building(building)) => building.seen(),
            _ => {}
        }
    }
}

/// Why a step cannot be taken on a workload now.
pub(crate) fn refusal_of(view: &ClusterView, workload: &Workload, phase: &Phase, step: Operation) -> Option<String> {
    if step == Operation::EndFloor && !view.may_have_floor(workload) {
        return Some("no autoscaler of it has a floor that was written from here".into());
    }
    let paused = view
        .scaler_of(workload)
        .and_then(|scaler| Some((&scaler.name, scaler.paused.as_ref()?)));
    if let (Operation::Scale, Some((name, why))) = (step, paused) {
        return Some(Refusal::PausedScaler(name.to_string(), why.to_string()).to_string());
    }
    not_written(view, Verb::Patch, workload.kind, &workload.key.namespace)
        .or_else(|| view.step_refusal(workload, phase, step))
}

pub(super) fn not_written(view: &ClusterView, verb: Verb, kind: Kind, namespace: &str) -> Option<String> {
    if view.readonly {
        return Some("read-only".into());
    }
    if !view.link.is_live() {
        return Some("what is known of it is old: its cluster does not answer".into());
    }
    let right = Right::on(verb, kind, namespace);
    (view.access.allows(&right) == Some(false)).then(|| format!("{NO_ACCESS}{right}"))
}

fn counts(view: &ClusterView, workload: &Workload, release: &Release) -> Counts {
    let twin = view.twin_of(workload);
    let new = match release.phase {
        Phase::Gray { wanted, .. } | Phase::GrayFailed { wanted, .. } => wanted,
        Phase::Full { new, .. } => new,
        _ => release.new.instances,
    };
    Counts {
        desired: workload.desired,
        begins: workload.begins_with(),
        old: match (&release.phase, twin) {
            (Phase::Full { old, .. }, Some(_)) => *old,
            _ => release.old.as_ref().map_or(0, |old| old.instances),
        },
        new,
        twin: twin.is_some(),
        in_place: workload.kind != Kind::Deployment,
    }
}

/// How a phase stands, in a few words.
pub(crate) fn words(phase: &Phase) -> Clean {
    let told = match phase {
        Phase::Gray { ready, wanted, .. } => format!("gray, {ready} of {wanted} ready"),
        Phase::GrayFailed { ready, wanted, cause } => {
            format!("gray, {ready} of {wanted} ready: {}", cause.words())
        }
        Phase::Full { new, old: 0 } => format!("{new} new, no old ones"),
        Phase::Full { new, old } => format!("{new} new beside {old} old"),
        Phase::Stuck { message, .. } => message.to_string(),
        other => {
            let word = states::release_word(other).text();
            // Without its sign.
            word.split_once(' ')
                .map_or_else(|| word.clone(), |(_, word)| word.to_owned())
        }
    };
    told.into()
}
