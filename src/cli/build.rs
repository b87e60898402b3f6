//! `pilothouse build`: a commit of an app to an image in its registry, by a Job in the app's cluster.

mod follow;
mod kept;
mod row;
mod source;

use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use super::args::{Args, Report, parse_duration};
use super::release::targets::{Target, targets};
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet, namespaces, registries, repositories, screen};
use crate::build::{Asked, Build, State};
use crate::cluster::{BuildError, Stands};
use crate::domain::{Clean, Kind, ObjectKey};
use crate::runtime::Exit;
use crate::runtime::activity::ActivityLog;
use crate::runtime::builds;
use row::BuildRow;

/// Without `--yes`: it was shown, and nothing was built.
const ONLY_SHOWN: u8 = 3;
/// Somebody else stopped it.
const CANCELLED: u8 = 4;

/// What builds are told from.
const KINDS: [Kind; 9] = [
    Kind::Node,
    Kind::Pod,
    Kind::Deployment,
    Kind::StatefulSet,
    Kind::DaemonSet,
    Kind::Rollout,
    Kind::CloneSet,
    Kind::Job,
    Kind::Event,
];

#[derive(Clone, Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
pub struct BuildAsk {
    /// The app: NAME or NAMESPACE/NAME; it is built in the first cluster that has it, or in the one of --context
    pub app: String,
    /// The commit: all 40 digits of its hash
    #[arg(long, value_name = "SHA")]
    pub commit: String,
    /// The branch or tag that the commit is on, for a server that gives no single commits
    #[arg(long = "ref", value_name = "REF")]
    pub reference: Option<String>,
    /// The repository [default: the workload's annotation `pilothouse.dev/repo`]
    #[arg(long, value_name = "ADDRESS")]
    pub repo: Option<String>,
    /// Where the image is pushed to, without a tag [default: the annotation `pilothouse.dev/image`, else where the
    /// workload's image is]
    #[arg(long, value_name = "PLACE")]
    pub image: Option<String>,
    /// The template: buildkit, buildah, or a file `builders/NAME.yaml` beside the configuration [default: the annotation
    /// `pilothouse.dev/builder`, else buildkit]
    #[arg(long, value_name = "NAME")]
    pub builder: Option<String>,
    /// The image that compiles, by the app's build.sh [default: the annotation `pilothouse.dev/compiler`]
    #[arg(long, value_name = "IMAGE")]
    pub compiler: Option<String>,
    /// Build although there is an image of the commit
    #[arg(long)]
    pub again: bool,
    /// Stop the build of this commit instead; its log is saved before
    #[arg(long, conflicts_with_all = ["again", "wait"])]
    pub cancel: bool,
    /// Do it; without it what would be created is printed, and the exit code is 3
    #[arg(long)]
    pub yes: bool,
    /// Only print what would be created
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Follow it until it is over: 0 when it is done, 1 where it fails, 4 where somebody stopped it
    #[arg(long, requires = "yes")]
    pub wait: bool,
    /// How long to follow it
    #[arg(long, default_value = "1h", value_name = "DURATION", value_parser = parse_duration)]
    pub timeout: Duration,
    /// How to print it
    #[arg(short, long, default_value = "text", value_name = "FORMAT")]
    pub output: Report,
}

/// What every part of the command needs.
struct Desk<'a> {
    ask: &'a BuildAsk,
    setup: &'a Setup,
    activity: &'a ActivityLog,
}

/// Runs the command.
pub(super) fn run(
    args: &Args,
    ask: &BuildAsk,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    let activity = ActivityLog::open(Some(&setup.paths.activity()), screen::person(environment));
    let registries = (!args.demo).then(|| registries::of(&setup, environment));
    let desk = Desk {
        ask,
        setup: &setup,
        activity: &activity,
    };
    fleet::block_on(async {
        let members = fleet::ready_members(args, &setup).await?;
        let mut known = watch::until_known(&members, &KINDS, Duration::from_mins(1)).await;
        let unknown = namespaces::unknown(&args.namespace, &known).await;
        namespaces::told(&args.namespace, &unknown, err)?;
        fleet::tell_missing(&known, err)?;
        let target = one_of(targets(&known, &ask.app)?, err)?;
        let asked = source::asked(ask, &target, &known, &repositories::sources(&setup.config))?;
        let outcome = if ask.cancel {
            desk.cancel(&mut known, (&target, &asked), out, err).await
        } else {
            let there = source::image_there(&asked, &target, registries.as_ref(), err).await?;
            match there.filter(|_| !ask.again) {
                Some(digest) => desk.offer(&asked, &target, &digest, out, err),
                None => desk.build(&mut known, (&target, &asked), (out, err)).await,
            }
        };
        known.cancel.cancel();
        outcome
    })?
}

/// The cluster that builds: an image is built once, wherever the app runs.
fn one_of(targets: Vec<Target>, err: &mut dyn Write) -> Result<Target, Failure> {
    let mut targets = targets.into_iter();
    let first = targets.next();
    let target = first.ok_or_else(|| Failure::failed("there is no workload", "`pilothouse get apps` lists them"))?;
    let cluster = &target.object.cluster;
    if targets.any(|other| other.object.cluster != *cluster) {
        writeln!(err, "it is built in {cluster}; --context says where else")?;
    }
    Ok(target)
}

fn failure(target: &Target, error: &BuildError) -> Failure {
    Failure::failed(format!("{}: {error}", target.object.cluster), error.hint())
}

impl Desk<'_> {
    /// Says that there is an image of the commit, and how it is released.
    fn offer(
        &self,
        asked: &Asked,
        target: &Target,
        digest: &Clean,
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let image = format!("{}@{digest}", asked.image.place());
        writeln!(
            err,
            "there is an image of this commit, nothing is built: {}",
            Printable(&image)
        )?;
        writeln!(err, "  `pilothouse release start` releases it; --again builds it again")?;
        let row = BuildRow::there(asked, target, digest);
        self.print(&row, out)?;
        Ok(Exit(Exit::DONE))
    }

    fn print(&self, row: &BuildRow, out: &mut dyn Write) -> Result<(), Failure> {
        match self.ask.output {
            Report::Text => row.print(out)?,
            Report::Json => {
                let text = serde_json::to_string_pretty(&serde_json::json!({"items": [row]})).unwrap_or_default();
                writeln!(out, "{text}")?;
            }
        }
        Ok(())
    }

    async fn build(
        &self,
        known: &mut Known,
        (target, asked): (&Target, &Asked),
        (out, err): (&mut dyn Write, &mut dyn Write),
    ) -> Result<Exit, Failure> {
        let builders = screen::builders(self.setup);
        let template = builders.template(&asked.builder);
        let template = template.map_err(|error| Failure::usage(error.to_string(), error.hint))?;
        let cluster = &target.cluster;
        let prepared = cluster
            .prepare_build(asked, &template, (builders.most, self.ask.again))
            .await;
        let prepared = prepared.map_err(|error| failure(target, &error))?;
        let key = ObjectKey::new(asked.app.namespace.clone(), prepared.name.clone());
        let there = || known.world.cluster(cluster.id()).and_then(|view| view.build(&key));
        if let (Stands::Built(name), Some(build)) = (&prepared.stands, there()) {
            writeln!(
                err,
                "this commit was built by {name}, nothing is built; --again builds it again"
            )?;
            self.print(&BuildRow::of(&build, None), out)?;
            return Ok(Exit(Exit::DONE));
        }
        for note in &prepared.notes {
            writeln!(err, "▲ {note}")?;
        }
        if !self.ask.yes {
            self.print(&BuildRow::shown(&prepared, target), out)?;
            if self.ask.output == Report::Text {
                writeln!(err, "nothing was built; repeat it with --yes to do it")?;
            }
            return Ok(Exit(if self.ask.dry_run { Exit::DONE } else { ONLY_SHOWN }));
        }
        kept::note_ended(known, target, &asked.app, err).await?;
        let made = format!("POST {}", builds::jobs(&key.namespace));
        let begun = Instant::now();
        let answer = cluster.begin_build(&prepared).await;
        let told = answer.as_ref().map_or_else(ToString::to_string, |begun| {
            if begun.joined { "joined" } else { "done" }.to_owned()
        });
        let uid = answer.as_ref().map(|begun| begun.uid.to_string()).unwrap_or_default();
        let place = (cluster.id(), &key, uid.as_str());
        builds::note(self.activity, "build", (asked, place, made), (told, begun.elapsed()));
        let answer = answer.map_err(|error| failure(target, &error))?;
        let did = if answer.joined {
            "is being built already: joined"
        } else {
            "is begun"
        };
        writeln!(err, "{}: {} {did}", cluster.id(), answer.key)?;
        if let Some(unnoted) = &answer.unnoted {
            writeln!(err, "pilothouse: {unnoted}")?;
        }
        if !self.ask.wait {
            self.print(&BuildRow::shown(&prepared, target).begun(), out)?;
            return Ok(Exit(Exit::DONE));
        }
        let Some((build, tails)) = follow::follow(known, cluster, &key, self.ask.timeout, err).await? else {
            return Ok(Exit(Exit::FAILED));
        };
        self.end(target, (&build, &tails), out, err).await
    }

    /// Keeps what there is of a build that is over, and says how it ended.
    async fn end(
        &self,
        target: &Target,
        (build, tails): (&Build, &follow::Tails),
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let log = kept::keep(self.setup, &target.cluster, (build, tails), err).await?;
        self.print(&BuildRow::of(build, log), out)?;
        Ok(Exit(match &build.state {
            State::Done => Exit::DONE,
            State::Cancelled => CANCELLED,
            State::Failed(_) | State::Waiting | State::Running => Exit::FAILED,
        }))
    }

    /// Stops the build of the commit that runs.
    async fn cancel(
        &self,
        known: &mut Known,
        (target, asked): (&Target, &Asked),
        out: &mut dyn Write,
        err: &mut dyn Write,
    ) -> Result<Exit, Failure> {
        let cluster = &target.cluster;
        let view = known.world.cluster(cluster.id());
        let mut builds = view
            .map(|view| view.builds_of(&asked.app))
            .unwrap_or_default()
            .into_iter();
        let is_it = |build: &Build| *build.commit == asked.commit && !build.state.is_over();
        let Some((build, uid)) = builds.find(is_it).and_then(|build| Some((build.clone(), build.uid?))) else {
            return Err(Failure::failed(
                format!("{}: no build of {} runs", cluster.id(), asked.commit),
                "it may be over: `pilothouse build` without --cancel says what there is",
            ));
        };
        if !self.ask.yes {
            self.print(&BuildRow::of(&build, None), out)?;
            writeln!(err, "nothing was stopped; repeat it with --yes to do it")?;
            return Ok(Exit(if self.ask.dry_run { Exit::DONE } else { ONLY_SHOWN }));
        }
        let tails = follow::tails(cluster, &build).await;
        let key = ObjectKey::new(build.namespace.clone(), build.name.clone());
        let gone = format!("DELETE {}/{}", builds::jobs(&key.namespace), key.name);
        let begun = Instant::now();
        let answer = cluster.cancel_build(&key, &uid).await;
        let told = answer.as_ref().map_or_else(ToString::to_string, |()| "done".to_owned());
        let uid = uid.to_string();
        let place = (cluster.id(), &key, uid.as_str());
        builds::note(
            self.activity,
            "cancel-build",
            (asked, place, gone),
            (told, begun.elapsed()),
        );
        answer.map_err(|error| failure(target, &BuildError::Cluster(error)))?;
        writeln!(err, "{}: {key} is stopped", cluster.id())?;
        let stopped = Build {
            state: State::Cancelled,
            ended: Some(Utc::now()),
            ..build
        };
        self.end(target, (&stopped, &tails), out, err).await?;
        Ok(Exit(Exit::DONE))
    }
}
