//! `pilothouse release`: which phase each workload's release is in, and the steps from one phase to the next.

pub(super) mod act;
mod act_row;
pub(super) mod ask;
mod carried;
mod claims;
mod commit;
mod course;
mod follow;
mod last_lines;
mod noting;
mod outcome;
pub(super) mod targets;
pub(super) mod what;

use std::io::Write;

use chrono::Utc;
use serde::Serialize;

use super::args::{Args, Format, parse_duration};
use super::ledgers::{self, BadRow};
use super::print::{Row, print};
use super::rows::version;
use super::setup::Setup;
use super::{Environment, Failure, Printable, fleet, namespaces, project, watch};
use crate::domain::{AppKey, Clean, ClusterId, Kind, Timestamp};
use crate::release::step::Step;
use crate::release::{Phase, Side};
use crate::runtime::Exit;
use crate::screens::states;
use crate::world::release::app_of;
use crate::world::{ClusterView, Said, World};
use last_lines::LastLog;

#[derive(Clone, Debug, clap::Subcommand)]
pub enum ReleaseCommand {
    /// Print the phase of each workload's release, its versions and their instances
    Status(ReleaseStatus),
    /// Begin a gray release: some instances of a new version, until a person decides
    Start(ask::StartAsk),
    /// More instances of the new version
    Grow(ask::GrowAsk),
    /// All instances of the new version beside the old ones, which stay until they are taken offline
    Full(ask::FullAsk),
    /// Take the old instances offline once all new ones are ready
    Offline(ask::Ask),
    /// Back to the old version
    Abort(ask::Ask),
    /// Publish an older version, without a build
    Rollback(ask::RollbackAsk),
    /// End a hold that has no end, such as after `kubectl rollout undo` during a gray release
    Repair(ask::Ask),
    /// Stop the controller from replacing instances
    Pause(ask::Ask),
    /// Let the controller go on
    Resume(ask::Ask),
    /// Replace every instance by a new one of the same version
    Restart(ask::Ask),
    /// Go on with the next step, where Argo Rollouts or Kruise Rollouts waits for a person
    Promote(ask::Ask),
    /// Try again what Argo Rollouts gave up
    Retry(ask::Ask),
}

#[derive(Clone, Debug, clap::Args)]
pub struct ReleaseStatus {
    /// All workloads of this app (NAME or NAMESPACE/NAME) instead of all that is under way
    pub app: Option<String>,
    /// How long the new instances of a gray release may take to be ready before it counts as failed [default:
    /// `gray_deadline` of the configuration, 10m]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub deadline: Option<std::time::Duration>,
    /// How to print it
    #[arg(short, long, default_value = "table", value_name = "FORMAT")]
    pub output: Format,
    /// How long to wait until everything is known
    #[arg(long, default_value = "60s", value_name = "DURATION", value_parser = parse_duration)]
    pub wait: std::time::Duration,
}

/// One workload's release.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseRow {
    pub cluster: ClusterId,
    pub namespace: Clean,
    pub app: Clean,
    pub kind: &'static str,
    /// The workload's.
    pub name: Clean,
    pub phase: &'static str,
    /// A person has to decide.
    pub waits: bool,
    pub fails: bool,
    /// Why it fails, what somebody made of it, or what its new instances lack so far; null where it goes on.
    pub cause: Option<String>,
    /// What one of its new instances wrote last that ended; null: none did.
    pub last_log: Option<LastLog>,
    /// The tool that changed it in the middle of a release; null where nobody did, or the server does not say.
    pub changed_by: Option<Clean>,
    pub changed_at: Option<Timestamp>,
    /// When what is under way began; of what is stable since when its version runs.
    pub since: Option<Timestamp>,
    pub desired: i64,
    pub new: SideRow,
    /// Null where there are no instances but the newest version's.
    pub old: Option<SideRow>,
    /// Percent of the ready instances that run the new version.
    pub new_percent: Option<f64>,
    /// Who began what is under way, and when; null where nothing is, or where the app's ledger does not say.
    pub started_by: Option<Clean>,
    pub started_at: Option<Timestamp>,
    /// Who else releases it; null: nobody.
    pub driven_by: Option<&'static str>,
    #[serde(skip)]
    pub under_way: bool,
    #[serde(skip)]
    pub labels: std::collections::BTreeMap<Clean, Clean>,
}

impl ReleaseRow {
    fn app_key(&self) -> AppKey {
        AppKey {
            namespace: self.namespace.clone(),
            name: self.app.clone(),
        }
    }

    /// Why it fails, who says that its new version is bad, who began it and when.
    fn why(&self) -> String {
        let bad = self.new.bad.as_ref().map(|bad| bad.words(&self.cluster));
        let began = self.started_by.as_ref().zip(self.started_at);
        let began = began.map(|(by, at)| format!("by {by} since {}", at.format("%Y-%m-%d %H:%M UTC")));
        let all: Vec<String> = self.cause.clone().into_iter().chain(bad).chain(began).collect();
        if all.is_empty() {
            return "–".to_owned();
        }
        all.join("; ")
    }
}

/// One version's instances.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SideRow {
    pub version: Option<String>,
    pub revision: Option<Clean>,
    pub instances: i64,
    pub ready: i64,
    pub restarts: i64,
    /// Who says that it is bad, in which cluster; null: nobody, as far as its app's ledgers could be read.
    pub bad: Option<BadRow>,
}

impl SideRow {
    fn new(side: &Side, bad: Option<Said<'_>>, cluster: &ClusterId) -> Self {
        let row = |said: Said<'_>| BadRow::new(said.mark, said.elsewhere.unwrap_or(cluster));
        Self {
            bad: bad.map(row),
            version: version(&side.version),
            revision: side.revision.clone(),
            instances: side.instances,
            ready: side.ready,
            restarts: side.restarts,
        }
    }
}

/// The releases of all workloads, those in flight first.
pub fn rows(world: &World, now: Timestamp) -> Vec<ReleaseRow> {
    let mut rows = Vec::new();
    for cluster in world.clusters() {
        for kind in Kind::ALL
            .into_iter()
            .filter(|kind| kind.is_workload() && *kind != Kind::Job)
        {
            let workloads = cluster.workloads(kind);
            rows.extend(workloads.map(|workload| row((world, cluster), workload, now)));
        }
    }
    rows.sort_by(|a, b| {
        let pressing = |row: &ReleaseRow| (row.waits, row.fails, row.old.is_some());
        let name = |row: &ReleaseRow| (row.cluster.clone(), row.namespace.clone(), row.name.clone());
        pressing(b).cmp(&pressing(a)).then_with(|| name(a).cmp(&name(b)))
    });
    rows
}

fn row((world, cluster): (&World, &ClusterView), workload: &crate::domain::Workload, now: Timestamp) -> ReleaseRow {
    let release = cluster.release_of(workload);
    let phase = release.at(cluster.heard(now));
    let app = app_of(workload);
    let author = cluster.author_of(workload).filter(|_| phase.is_foreign());
    let began = cluster.beginning(workload).filter(|_| phase.is_release());
    let old = |old: &Side| {
        let revision = old.revision.as_deref();
        let bad = revision.and_then(|hash| world.bad_revision(cluster, workload, hash));
        SideRow::new(old, bad, &cluster.id)
    };
    ReleaseRow {
        cluster: cluster.id.clone(),
        namespace: app.namespace.clone(),
        app: app.name.clone(),
        kind: workload.kind.name(),
        name: workload.key.name.clone(),
        phase: phase.name(),
        under_way: phase.is_release(),
        labels: workload.labels.iter().cloned().collect(),
        waits: phase.waits(),
        fails: phase.fails(),
        cause: match &phase {
            Phase::GrayFailed { cause, .. } => Some(cause.words()),
            Phase::Stuck { message, .. } | Phase::Aborted { message } => {
                let all: Vec<String> = [Some(message.to_string()), release.lacks(&phase)]
                    .into_iter()
                    .flatten()
                    .collect();
                Some(all.join("; "))
            }
            phase if phase.is_foreign() => states::why_and_who(phase, author, cluster.time(now)).map(|(why, _)| why),
            phase => release.lacks(phase),
        },
        last_log: LastLog::of(cluster, workload, &release),
        changed_by: author.map(|author| author.manager.clone()),
        changed_at: author.and_then(|author| author.at),
        since: release.since,
        desired: workload.desired,
        new_percent: release.share().map(|thousandths| thousandths as f64 / 10.0),
        started_at: began.as_ref().map(|began| began.at),
        started_by: began.map(|began| began.by),
        new: SideRow::new(&release.new, world.bad_now(cluster, workload), &cluster.id),
        old: release.old.as_ref().map(old),
        driven_by: workload.driver.map(crate::domain::Driver::name),
    }
}

impl Row for ReleaseRow {
    const HEADER: &'static [&'static str] = &[
        "CLUSTER",
        "NAMESPACE",
        "WORKLOAD",
        "KIND",
        "PHASE",
        "NEW",
        "READY",
        "SHARE",
        "OLD",
        "READY",
        "SINCE",
        "WHY",
    ];

    fn path(&self) -> Vec<&str> {
        vec![self.cluster.as_str(), &self.namespace, &self.name]
    }

    fn cells(&self, now: Timestamp) -> Vec<String> {
        const NONE: &str = "–";
        let side = |side: Option<&SideRow>| -> [String; 2] {
            let Some(side) = side else {
                return [NONE.into(), NONE.into()];
            };
            let version = side.version.as_deref();
            let version = version.map_or_else(|| NONE.to_owned(), super::print::short_version);
            [version, format!("{}/{}", side.ready, side.instances)]
        };
        let waits = if self.waits { ", waits" } else { "" };
        let [new, new_ready] = side(Some(&self.new));
        let [old, old_ready] = side(self.old.as_ref());
        vec![
            self.kind.to_owned(),
            format!("{}{waits}", self.phase),
            new,
            new_ready,
            self.new_percent
                .map_or_else(|| NONE.into(), |share| format!("{share:.1} %")),
            old,
            old_ready,
            super::print::age(self.since, now),
            self.why(),
        ]
    }

    fn name(&self) -> String {
        self.path().join("/")
    }
}

/// Runs the command.
pub(super) fn run(
    args: &Args,
    command: &ReleaseCommand,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let (ask, step) = match command {
        ReleaseCommand::Status(asked) => return status(args, asked, environment, out, err),
        ReleaseCommand::Start(start) => {
            return act::run(args, &start.ask, &start.what()?, environment, (out, err));
        }
        ReleaseCommand::Grow(grow) => (&grow.ask, Step::Grow(grow.gray)),
        ReleaseCommand::Full(full) if full.rolling => (&full.ask, Step::Full),
        ReleaseCommand::Full(full) => (&full.ask, Step::KeepOld),
        ReleaseCommand::Offline(ask) => (ask, Step::Offline),
        ReleaseCommand::Abort(ask) => (ask, Step::Abort),
        ReleaseCommand::Rollback(back) => (&back.ask, back.step()?),
        ReleaseCommand::Repair(ask) => (ask, Step::Repair),
        ReleaseCommand::Pause(ask) => (ask, Step::Pause),
        ReleaseCommand::Resume(ask) => (ask, Step::Resume),
        ReleaseCommand::Restart(ask) => (ask, Step::Restart),
        ReleaseCommand::Promote(ask) => (ask, Step::Promote),
        ReleaseCommand::Retry(ask) => (ask, Step::Retry),
    };
    act::run(args, ask, &what::What::Step(step), environment, (out, err))
}

/// Asks who changed what is neither as it was nor as it was released.
async fn ask_who(known: &mut watch::Known) {
    let mut changed = Vec::new();
    for view in known.world.clusters() {
        for workload in Kind::ALL.into_iter().flat_map(|kind| view.workloads(kind)) {
            if view.phase_and_since(workload).0.is_foreign() {
                changed.push((view.object_of(workload), workload.generation.0));
            }
        }
    }
    for (object, generation) in changed {
        let cluster = known.clusters.iter().find(|cluster| *cluster.id() == object.cluster);
        if let Some(cluster) = cluster
            && let Ok(author) = cluster.changed_by(&object).await
        {
            known.world.note_author(&object, generation, author);
        }
    }
}

/// What is under way, or all of an app.
fn is_asked(row: &ReleaseRow, app: Option<&str>) -> bool {
    app.map_or(row.under_way, |app| project::is_app(app, &row.namespace, &row.app))
}

/// Reads the ledgers of what is under way, and of what is called so, as an app or as a workload.
pub(super) async fn read_ledgers(known: &mut watch::Known, name: Option<&str>) {
    let name = name.and_then(|name| name.rsplit('/').next());
    let is_named = |row: &ReleaseRow| name.is_some_and(|name| *row.app == *name || *row.name == *name);
    let mut told = rows(&known.world, Utc::now());
    let of_released: Vec<AppKey> = told
        .iter()
        .filter(|row| row.under_way)
        .map(ReleaseRow::app_key)
        .collect();
    // What was rolled back in one cluster is bad in all of them.
    told.retain(|row| is_named(row) || of_released.contains(&row.app_key()));
    let app = |row: ReleaseRow| (row.cluster.clone(), row.app_key());
    ledgers::read(known, told.into_iter().map(app).collect()).await;
}

/// Looks, and prints the releases: all that are in flight, or every workload of one app.
fn status(
    args: &Args,
    asked: &ReleaseStatus,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut setup = Setup::load(args, environment)?;
    setup.config.gray_deadline = asked.deadline.unwrap_or(setup.config.gray_deadline);
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    let waits = fleet::waits_for(Kind::OF_RELEASES, asked.wait);
    let (known, unknown) = fleet::block_on_told(&waits, environment, err, async {
        let members = fleet::ready_members(args, &setup).await?;
        let mut known = watch::until_known(&members, Kind::OF_RELEASES, asked.wait).await;
        ask_who(&mut known).await;
        read_ledgers(&mut known, asked.app.as_deref()).await;
        last_lines::read(&mut known, asked.app.as_deref()).await;
        let unknown = namespaces::unknown(&args.namespace, &known).await;
        known.cancel.cancel();
        Ok::<_, Failure>((known, unknown))
    })??;
    let all_exist = namespaces::told(&args.namespace, &unknown, err)?;
    fleet::tell_missing(&known, err)?;
    let now = Utc::now();
    let mut rows = rows(&known.world, now);
    rows.retain(|row| is_asked(row, asked.app.as_deref()));
    if let Some(app) = asked.app.as_ref().filter(|_| rows.is_empty()) {
        return Err(Failure::failed(
            format!("there is no workload of an app '{app}'"),
            "apps are NAME or NAMESPACE/NAME; `pilothouse get apps` lists them",
        ));
    }
    print(&rows, asked.output, now, out)?;
    if asked.output == Format::Table {
        let logs = rows
            .iter()
            .filter_map(|row| Some((row.path().join("/"), row.last_log.as_ref()?)));
        logs.into_iter().try_for_each(|(name, log)| log.tell(&name, out))?;
    }
    Ok(Exit(if known.missing.is_empty() && all_exist {
        Exit::DONE
    } else {
        Exit::FAILED
    }))
}
