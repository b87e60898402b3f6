//! Builds from here: which ones an action is meant for, and why they cannot be stopped.

use super::Model;
use super::commits::Picking;
use super::release::not_written;
use crate::build::asked::BUILDER;
use crate::build::commit::Commit;
use crate::build::{Asked, Build, State};
use crate::domain::{ImageName, Kind, ResourceRef, Source, Verb};
use crate::listing::RowKey;
use crate::message::{Action, Trouble};
use crate::overlays::confirm::{Fate, Place};
use crate::release::outlook::Counts;
use crate::release::step::Step;
use crate::screens::builds::{self, found};
use crate::screens::{ScreenKind, words};
use crate::world::ClusterView;

impl Model {
    /// What the line of keys offers on builds.
    pub(super) const ON_BUILDS: [Action; 6] = [
        Action::Logs,
        Action::BuildGray,
        Action::RetryBuild,
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

    /// What is asked of the cluster of a workload to build a commit of its app.
    ///
    /// # Errors
    /// Why it cannot be built.
    pub(crate) fn build_asked(&self, picking: &Picking, commit: &Commit) -> Result<(ResourceRef, Asked), Trouble> {
        let refused = |text: String, hint: Option<String>| Trouble {
            hint: hint.map(Into::into),
            ..Trouble::info(format!("{} is not built: {text}", commit.short()))
        };
        let object = picking.objects.first();
        let found = object.and_then(|object| Some((object, self.world.cluster(&object.cluster)?)));
        let (object, view) = found.ok_or_else(|| refused("its workload is gone".into(), None))?;
        if let Some(reason) = not_written(view, Verb::Create, Kind::Job, &picking.app.namespace) {
            return Err(refused(reason, None));
        }
        let wanted = picking.wanted.as_ref();
        let address = wanted.map(|wanted| &wanted.address);
        let address = address.ok_or_else(|| refused("where its source is, is not known".into(), None))?;
        let annotated = self.world.source_of(&picking.app);
        let own = Source {
            branch: picking.found.as_ref().map(|found| found.of.name().clone()),
            ..Source::default()
        };
        let source = own.or(&self.settings.sources.of(&picking.app, &annotated));
        let runs = view.own_image(object, &picking.app);
        let by = self.builder_in(view);
        let asked = Asked::of(&picking.app, &commit.id, (&source, address), runs.as_ref(), &by);
        let asked = asked.map_err(|error| refused(error.to_string(), Some(error.hint())))?;
        Ok((object.clone(), asked))
    }

    /// The one build that is meant here.
    fn build_meant(&self) -> Result<Build, String> {
        let kind = &self.trail.top().kind;
        if !matches!(kind, ScreenKind::Builds | ScreenKind::Build(..)) {
            return Err("no build here".into());
        }
        match <[Build; 1]>::try_from(self.builds_meant()) {
            Ok([build]) => Ok(build),
            Err(none) if none.is_empty() => Err("no build here".into()),
            Err(_) => Err("one build at a time: take the marks away".into()),
        }
    }

    /// The build whose gray release is meant here: it is done, or it goes on.
    ///
    /// # Errors
    /// Why there is none.
    pub(crate) fn gray_of_build(&self) -> Result<Build, String> {
        let build = self.build_meant()?;
        match &build.state {
            State::Failed(_) | State::Cancelled => Err(format!("it is {}: there is no image", build.state.name())),
            State::Waiting | State::Running | State::Done => Ok(build),
        }
    }

    /// The build that is tried again from here, what is asked, and why it is.
    ///
    /// # Errors
    /// Why it is not.
    pub(crate) fn retried(&self) -> Result<(ResourceRef, Asked, String), String> {
        let build = self.build_meant()?;
        let why = match &build.state {
            State::Failed(cause) => format!("again, for it failed: {cause}"),
            State::Cancelled => "again, for it was stopped".to_owned(),
            State::Done => return Err("it is done: its image is there".into()),
            State::Waiting | State::Running => return Err("it goes on".into()),
        };
        let view = self.world.cluster(&build.cluster).ok_or("its cluster is not watched")?;
        if let Some(reason) = not_written(view, Verb::Create, Kind::Job, &build.namespace) {
            return Err(reason);
        }
        let app = build.app_key();
        let workload = view.workloads_of(&app).find(|workload| workload.kind != Kind::Job);
        let object = workload.map(|workload| view.object_of(workload));
        let object = object.ok_or_else(|| format!("{} has no workload in {}", build.app, build.cluster))?;
        let image = ImageName::parse(&build.image).ok_or("where its image goes is not known")?;
        let source = self.settings.sources.of(&app, &self.world.source_of(&app));
        let asked = Asked {
            app,
            commit: build.commit.to_string(),
            repo: build.repo.to_string(),
            reference: build.reference.map(|name| name.to_string()).unwrap_or_default(),
            image,
            builder: build
                .builder
                .map_or_else(|| BUILDER.to_owned(), |name| name.to_string()),
            compiler: source.compiler.map(|image| image.to_string()),
            by: self.builder_in(view),
        };
        Ok((object, asked, why))
    }

    /// Who builds in a cluster, as it knows them.
    fn builder_in(&self, view: &ClusterView) -> String {
        let known = view.identity.user.clone();
        known.unwrap_or_else(|| self.settings.person.clone()).to_string()
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
        let counts = !other.state.is_over() || other.state == State::Done;
        is_line(other, build) && other.commit != build.commit && other.asked > build.asked && counts
    };
    !build.state.is_over() && all.iter().any(is_newer)
}
