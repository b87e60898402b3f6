//! `pilothouse commits APP`: the commits of an app's repository, which of them run where, and which have an image.

mod rows;

use std::collections::BTreeSet;
use std::io::Write;

use chrono::Utc;
use futures::future::join_all;

use super::args::{Args, Format};
use super::print::print;
use super::project::is_app;
use super::setup::Setup;
use super::simulated::Fleet;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet, images, namespaces, registries, repositories};
use crate::build::commit::{Found, Wanted};
use crate::domain::image::Tag;
use crate::domain::{AppKey, Clean, ImageName, Kind};
use crate::git::Repositories;
use crate::registry::{Registries, RegistryError};
use crate::runtime::Exit;
use crate::world::World;
use crate::world::release::app_of;
use rows::CommitRow;

/// Most commits that are asked for.
const MOST: u64 = 10_000;

#[derive(Clone, Debug, clap::Args)]
pub struct Commits {
    /// The app: NAME or NAMESPACE/NAME
    pub app: String,
    /// A branch or a tag, instead of what the app or its repository says
    #[arg(short, long, value_name = "NAME")]
    pub branch: Option<String>,
    /// So many commits, the newest
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=MOST))]
    pub depth: u64,
    /// The address of the repository, instead of what the app's workloads or the configuration say
    #[arg(long, value_name = "ADDRESS")]
    pub repo: Option<String>,
    /// How to print it
    #[arg(short, long, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// How long to wait until it is known what runs
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = super::args::parse_duration)]
    pub wait: std::time::Duration,
}

/// What was found out.
struct Answer {
    app: AppKey,
    found: Found,
    /// The repositories of its images: their tags where they could be asked.
    tags: Vec<(ImageName, Option<Vec<Tag>>)>,
    is_whole: bool,
}

/// Runs the command.
pub(super) fn run(
    args: &Args,
    asked: &Commits,
    environment: &Environment,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<Exit, Failure> {
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    let waits = fleet::waits_for(Kind::OF_RELEASES, asked.wait);
    let mut told = Vec::new();
    let (known, answer) = fleet::block_on_told(&waits, environment, err, async {
        let simulated = Fleet::new(args.seed);
        let members = fleet::ready_members_of(args, &setup, &simulated).await?;
        let known = watch::until_known(&members, Kind::OF_RELEASES, asked.wait).await;
        let unknown = namespaces::unknown(&args.namespace, &known).await;
        let is_whole = namespaces::told(&args.namespace, &unknown, &mut told)?;
        let registries = (!args.demo).then(|| registries::of(&setup, environment));
        let repositories = repositories::of(args, &setup, &simulated);
        let answer = answer(asked, &setup, &known, (&repositories, registries.as_ref()), &mut told).await;
        known.cancel.cancel();
        let answer = answer.map(|answer| Answer {
            is_whole: answer.is_whole && is_whole,
            ..answer
        });
        Ok::<_, Failure>((known, answer))
    })??;
    fleet::tell_missing(&known, err)?;
    err.write_all(&told)?;
    let answer = answer?;
    let running = known.world.running(&answer.app);
    let commits = answer.found.commits.iter();
    let rows: Vec<CommitRow> = commits
        .map(|commit| CommitRow::new(commit, &running, &answer.tags))
        .collect();
    print(&rows, asked.output, Utc::now(), out)?;
    let is_whole = answer.is_whole && known.missing.is_empty();
    Ok(Exit(if is_whole { Exit::DONE } else { Exit::FAILED }))
}

async fn answer(
    asked: &Commits,
    setup: &Setup,
    known: &Known,
    (repositories, registries): (&Repositories, Option<&Registries>),
    told: &mut Vec<u8>,
) -> Result<Answer, Failure> {
    let app = app(&known.world, &asked.app)?;
    let sources = repositories::sources(&setup.config);
    let annotated = known.world.source_of(&app);
    let address = sources
        .address(&app, &annotated, asked.repo.as_deref())
        .map_err(|error| Failure::usage(error.to_string(), error.hint()))?;
    let source = sources.of(&app, &annotated);
    let wanted = Wanted {
        address,
        branch: asked.branch.as_deref().map(Clean::new).or(source.branch),
        depth: usize::try_from(asked.depth).unwrap_or(usize::MAX),
    };
    let (found, tags) = futures::join!(
        repositories.commits(&wanted),
        tags(known, &app, source.image.as_deref(), registries)
    );
    let found = found.map_err(|error| Failure::failed(error.to_string(), error.hint()))?;
    for note in &found.notes {
        writeln!(told, "pilothouse: {note}")?;
    }
    if found.has_more {
        let count = found.commits.len();
        writeln!(
            told,
            "pilothouse: {} of {}: the newest {count}; more with --depth",
            found.of, wanted.address
        )?;
    }
    let mut is_whole = true;
    let mut known_tags = Vec::new();
    for (name, answer) in tags {
        let tags = match answer {
            Some(Ok(tags)) => Some(tags.found),
            // Before the first push there is none; some registries answer so to who may not see it.
            Some(Err(error @ RegistryError::NotFound { .. })) => {
                writeln!(told, "pilothouse: {}: no image of it is known: {error}", name.place())?;
                None
            }
            Some(Err(error)) => {
                is_whole = false;
                writeln!(
                    told,
                    "pilothouse: {} could not be asked: {error}\n  {}",
                    name.place(),
                    error.hint()
                )?;
                None
            }
            None => None,
        };
        known_tags.push((name, tags));
    }
    Ok(Answer {
        app,
        found,
        tags: known_tags,
        is_whole,
    })
}

/// The app that is meant.
fn app(world: &World, asked: &str) -> Result<AppKey, Failure> {
    let mut found: BTreeSet<AppKey> = BTreeSet::new();
    for view in world.clusters() {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_workload());
        let its = kinds
            .flat_map(|kind| view.workloads(kind))
            .map(|workload| app_of(workload));
        found.extend(its.filter(|its| is_app(asked, &its.namespace, &its.name)));
    }
    let mut all = found.into_iter();
    match (all.next(), all.next()) {
        (Some(app), None) => Ok(app),
        (None, _) => Err(Failure::failed(
            format!("there is no workload of an app '{asked}'"),
            "apps are NAME or NAMESPACE/NAME; `pilothouse get apps` lists them",
        )),
        (Some(one), Some(other)) => Err(Failure::usage(
            format!("several apps are called '{asked}': {one} and {other}"),
            "say which with NAMESPACE/NAME or -n",
        )),
    }
}

type Asked = (ImageName, Option<Result<crate::domain::image::Tags, RegistryError>>);

/// The tags in the repositories of an app's images; of the image that is built where it is said.
async fn tags(known: &Known, app: &AppKey, image: Option<&str>, registries: Option<&Registries>) -> Vec<Asked> {
    let built = image.and_then(ImageName::parse);
    let mut wanted = images::places_of(&known.world, &app.to_string());
    if let Some(built) = built {
        let objects = wanted.iter().flat_map(|(_, objects)| objects.clone()).collect();
        wanted.retain(|(name, _)| name.is_same_repository(&built));
        if wanted.is_empty() {
            wanted.push((built, objects));
        }
    }
    let ask = wanted.into_iter().map(|(name, objects)| async move {
        let answer = match registries {
            Some(registries) => {
                Some(images::tags(registries, &name, (&known.clusters, &objects), &BTreeSet::new()).await)
            }
            None => None,
        };
        (name, answer)
    });
    join_all(ask).await
}
