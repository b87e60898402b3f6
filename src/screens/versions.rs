//! Which version takes the place of which: asked of each workload, for clusters need not run the same.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::context::Context;
use super::{instances, words};
use crate::domain::{AppKey, Pod, Version, Workload};
use crate::listing::{Cell, Tone};
use crate::world::AppSummary;

/// Versions told by name where several run side by side.
const NAMED: usize = 2;

/// The versions that an app's workloads pass from and to; both empty where each one's instances run what its own
/// template asks for.
#[derive(Debug, Default)]
pub(super) struct Passage {
    old: BTreeSet<Version>,
    new: BTreeSet<Version>,
}

impl Passage {
    /// What is under way in the clusters of the scope.
    pub(super) fn of(ctx: &Context<'_>, app: &AppKey) -> Self {
        let mut passage = Self::default();
        for (cluster, workload) in ctx.world.workloads_of(app, ctx.scope) {
            let is_new = |version: &Version| *version == workload.version;
            let mut here = cluster
                .tally
                .app(app)
                .into_iter()
                .flat_map(|t| t.in_scope(&cluster.id, ctx.scope));
            let all_alike = here.all(|census| census.versions.iter().all(|(version, ..)| is_new(version)));
            // Most apps run one version: their instances need no look.
            if all_alike || is_new(&Version::Unknown) {
                continue;
            }
            let is_its = |pod: &&Arc<Pod>| belongs(pod, workload) && instances::in_locations(ctx, cluster, pod);
            let own = cluster.instances_of(app).filter(is_its);
            let behind: Vec<&Version> = own.map(|pod| &pod.version).filter(|v| !is_new(v)).collect();
            if !behind.is_empty() {
                passage.new.insert(workload.version.clone());
                passage.old.extend(behind.into_iter().cloned());
            }
        }
        passage
    }

    /// Whether a version comes, and goes nowhere.
    pub(super) fn is_new(&self, version: &Version) -> bool {
        self.new.contains(version) && !self.old.contains(version)
    }

    /// Whether a version goes.
    pub(super) fn is_old(&self, version: &Version) -> bool {
        self.old.contains(version)
    }

    /// The versions that come and that no instance of the app runs yet.
    pub(super) fn awaited<'a>(&'a self, app: &'a AppSummary) -> impl Iterator<Item = &'a Version> {
        let runs = |version: &Version| app.versions.iter().any(|(known, ..)| known == version);
        self.new.iter().filter(move |version| !runs(version))
    }

    /// The versions that come and those that go, most instances first.
    fn pair<'a>(&'a self, app: &'a AppSummary) -> Option<(&'a Version, &'a Version)> {
        let running = || app.versions.iter().map(|(version, ..)| version);
        let old = running().find(|v| self.is_old(v)).or_else(|| self.old.first())?;
        let new = running()
            .chain(&self.new)
            .find(|v| self.new.contains(*v) && *v != old)?;
        Some((old, new))
    }
}

fn belongs(pod: &Pod, workload: &Workload) -> bool {
    let is_its = |(kind, name): &(_, _)| *kind == workload.kind && *name == workload.key.name;
    !pod.phase.is_terminal() && pod.version != Version::Unknown && pod.workload.as_ref().is_some_and(is_its)
}

/// `old ▸ new` while one takes the other's place, else the versions that run, most instances first.
pub(super) fn cell(ctx: &Context<'_>, app: &AppSummary) -> Cell {
    if let Some((old, new)) = Passage::of(ctx, &app.key).pair(app) {
        return Cell::plain(words::version(old))
            .and(" ▸ ", Tone::Muted)
            .and(words::version(new), Tone::Accent);
    }
    let mut running = app.versions.iter().map(|(version, ..)| words::version(version));
    let Some(first) = running.next() else {
        return templates(ctx, &app.key).map_or_else(Cell::unknown, Cell::muted);
    };
    let mut cell = Cell::plain(first);
    for other in running.by_ref().take(NAMED - 1) {
        cell = cell.and(", ", Tone::Muted).and(other, Tone::Plain);
    }
    match running.count() {
        0 => cell,
        more => cell.and(format!(" +{more}"), Tone::Muted),
    }
}

/// What new instances would get where there are none; `None` where no template says.
pub(super) fn templates(ctx: &Context<'_>, app: &AppKey) -> Option<String> {
    let asked: BTreeSet<&Version> = ctx
        .world
        .workloads_of(app, ctx.scope)
        .map(|(_, workload)| &workload.version)
        .filter(|version| **version != Version::Unknown)
        .collect();
    let names: Vec<String> = asked.into_iter().map(words::version).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
