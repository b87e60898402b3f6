//! Builds from here: which ones an action is meant for, and why they cannot be stopped.

use super::Model;
use super::release::not_written;
use crate::build::Build;
use crate::domain::{Kind, Verb};
use crate::listing::RowKey;
use crate::message::Action;
use crate::overlays::confirm::{Fate, Place};
use crate::release::outlook::Counts;
use crate::release::step::Step;
use crate::screens::builds::{self, found};
use crate::screens::{ScreenKind, words};

impl Model {
    /// What the line of keys offers on builds.
    pub(super) const ON_BUILDS: [Action; 4] = [
        Action::Logs,
        Action::CancelBuild,
        Action::CancelSuperseded,
        Action::EventsOf,
    ];

    /// The builds that are meant here: those of the rows that are marked, else of the selected one, else the one that
    /// the screen is about; of an app all of them.
    fn builds_meant(&self) -> Vec<Build> {
        let screen = self.trail.top();
        let marks = screen.list.marks();
        let own = match &screen.kind {
            ScreenKind::Build(cluster, key) => Some(RowKey::Build(cluster.clone(), key.clone())),
            ScreenKind::App(app) => Some(RowKey::App(app.clone())),
            _ => None,
        };
        let rows: Vec<RowKey> = match own {
            Some(row) => vec![row],
            None if marks.is_empty() => screen.list.selected().cloned().into_iter().collect(),
            None => marks.iter().cloned().collect(),
        };
        let scope = self.scope_here();
        let mut found: Vec<Build> = Vec::new();
        for row in &rows {
            match row {
                RowKey::Build(cluster, key) => {
                    found.extend(self.world.cluster(cluster).and_then(|view| view.build(key)));
                }
                RowKey::App(app) => {
                    let all = builds::of_app(&self.world, app).into_iter();
                    found.extend(all.filter(|build| scope.has_cluster(&build.cluster)));
                }
                _ => {}
            }
        }
        found
    }

    /// The builds under way that would be stopped here; `superseded`: those instead that a newer one of the same app,
    /// cluster and branch has made needless.
    ///
    /// # Errors
    /// Why none can be.
    pub(crate) fn cancellations(&self, superseded: bool) -> Result<Vec<Place>, String> {
        let meant = self.builds_meant();
        if meant.is_empty() {
            return Err("no build here".into());
        }
        let stopped: Vec<Build> = if superseded {
            let mut all: Vec<Build> = Vec::new();
            for build in &meant {
                let of_app = builds::of_app(&self.world, &build.app_key()).into_iter();
                let needless = of_app.filter(|other| is_line(other, build) && is_superseded(&self.world, other));
                all.extend(needless.filter(|other| !all.contains(other)).collect::<Vec<_>>());
            }
            all
        } else {
            meant
        };
        let under_way = stopped.iter().filter(|build| !build.state.is_over());
        let mut places = Vec::new();
        for build in under_way {
            let Some(view) = self.world.cluster(&build.cluster) else {
                continue;
            };
            if let Some(reason) = not_written(view, Verb::Delete, Kind::Job, &build.namespace) {
                return Err(reason);
            }
            places.extend(self.cancellation(build));
        }
        match (places.is_empty(), superseded) {
            (true, true) => Err("no newer build of the same branch made one needless".into()),
            (true, false) => Err("it is over".into()),
            (false, _) => Ok(places),
        }
    }

    fn cancellation(&self, build: &Build) -> Option<Place> {
        let view = self.world.cluster(&build.cluster)?;
        let took = build.took(view.time(self.now)).map(words::exact_span);
        let stage = build.stage().map(|stage| stage.name.to_string());
        let stands = [Some(build.state.name().to_owned()), stage, took];
        let stands: Vec<String> = stands.into_iter().flatten().collect();
        let commit = builds::commit(build);
        let of = build
            .reference
            .as_ref()
            .map_or_else(String::new, |name| format!(" of {name}"));
        Some(Place {
            object: found::object_of(build)?,
            app: build.app_key(),
            driver: None,
            step: Step::Cancel,
            counts: Counts::default(),
            version: crate::domain::Version::Commit(build.commit.clone()),
            old: None,
            tag: view.tag.clone(),
            by_name: false,
            asks_reason: false,
            trouble: None,
            about: vec![format!("commit {commit}{of}: {}", stands.join(" · "))],
            fate: Fate::Ahead,
        })
    }
}

/// Whether two builds are of the same app and branch in the same cluster.
fn is_line(one: &Build, other: &Build) -> bool {
    one.cluster == other.cluster && one.app_key() == other.app_key() && one.reference == other.reference
}

/// Whether a newer build of another commit was asked for that is under way or done.
fn is_superseded(world: &crate::world::World, build: &Build) -> bool {
    let all = builds::of_app(world, &build.app_key());
    let is_newer = |other: &Build| {
        let counts = !other.state.is_over() || other.state == crate::build::State::Done;
        is_line(other, build) && other.commit != build.commit && other.asked > build.asked && counts
    };
    !build.state.is_over() && all.iter().any(is_newer)
}
