//! The clusters under the screen: starts watching them, hands on what they report, asks them what effects want.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::activity::ActivityLog;
use super::builds::{self, Builders};
use super::logs::Readings;
use super::reported::Reported;
use super::saving::Saver;
use super::tasks::Work;
use super::{Handles, Perform, writes};
use crate::build::commit::Wanted;
use crate::cluster::{self, Cluster, ClusterError, Measuring, Rules, Target};
use crate::domain::access::Right;
use crate::domain::{AppKey, Clean, ClusterId, ClusterReport, ResourceRef};
use crate::git::Repositories;
use crate::message::{Effect, Message, Severity, Trouble};
use crate::registry::Registries;
use crate::release::Ended;

/// Reports that may wait between a cluster and the loop; then the cluster waits, and so does its server.
const REPORTS: usize = 256;

/// What is asked beside the clusters; what is not there is not asked.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    pub registries: Option<Registries>,
    pub repositories: Option<Repositories>,
    pub builders: Builders,
}

/// Starts watching these clusters; what comes back performs effects on them, saves logs in `folder` and notes in
/// `activity` what was written.
pub fn start(
    members: Vec<(Target, Arc<Rules>, Measuring)>,
    beside: Beside,
    folder: PathBuf,
    activity: ActivityLog,
    handles: &Handles,
) -> Perform {
    let _inside = handles.runtime.enter();
    let (sender, reports) = mpsc::channel(REPORTS);
    let cancel = CancellationToken::new();
    let (figures, measured) = mpsc::channel(REPORTS);
    let clusters: Vec<Cluster> = members
        .into_iter()
        .map(|(target, rules, measuring)| {
            let cluster = cluster::start(target, rules, sender.clone(), cancel.clone());
            cluster.measure(measuring, figures.clone(), cancel.clone());
            cluster
        })
        .collect();
    let messages = handles.messages.clone();
    let mut reported = Reported::default();
    let logged = move |id: ClusterId, report: ClusterReport| {
        if let Some((level, line)) = reported.line(&id, &report) {
            log::log!(level, "{line}");
        }
        Message::Cluster(id, report)
    };
    handles.runtime.spawn(hand_on(reports, messages.clone(), logged));
    handles
        .runtime
        .spawn(hand_on(measured, messages.clone(), Message::Metrics));
    let mut saver = Saver::new(folder, messages.clone());
    let mut readings = Readings::new(messages);
    Box::new(move |effect| perform((&clusters, &beside), (&mut readings, &mut saver), &activity, effect))
}

async fn hand_on<T>(
    mut reports: mpsc::Receiver<(ClusterId, T)>,
    messages: mpsc::Sender<Message>,
    mut message: impl FnMut(ClusterId, T) -> Message,
) {
    while let Some((id, report)) = reports.recv().await {
        if messages.send(message(id, report)).await.is_err() {
            return;
        }
    }
}

fn perform(
    (clusters, beside): (&[Cluster], &Beside),
    (readings, saver): (&mut Readings, &mut Saver),
    activity: &ActivityLog,
    effect: Effect,
) -> Option<Work> {
    let find = |id: &ClusterId| clusters.iter().find(|cluster| cluster.id() == id).cloned();
    let me = || activity.identity().to_owned();
    match effect {
        Effect::LoadEvents(object) => Some(events(find(&object.cluster)?, object)),
        Effect::LoadAuthor(object, generation) => Some(author(find(&object.cluster)?, object, generation)),
        Effect::LoadHistory(object) => Some(writes::history(find(&object.cluster)?, object)),
        Effect::LoadScaler(object) => Some(writes::scaler(find(&object.cluster)?, object)),
        Effect::LoadLedger(id, app) => Some(writes::ledger(find(&id)?, app)),
        Effect::LoadTags(object, image) => {
            let cluster = find(&object.cluster)?;
            Some(writes::tags(cluster, beside.registries.clone()?, object, image))
        }
        Effect::LoadCommits(app, wanted) => Some(commits(beside.repositories.clone()?, app, wanted)),
        Effect::Prepare(asked) => {
            let cluster = find(&asked.object.cluster)?;
            Some(writes::prepare(
                cluster,
                beside.registries.clone(),
                *asked,
                activity.clone(),
            ))
        }
        Effect::Claim(id, app, takes_over) => Some(writes::claim(find(&id)?, app, me(), takes_over)),
        Effect::LetGo(id, app) => Some(writes::let_go(find(&id)?, app, me())),
        Effect::CarryOut(order) => {
            let cluster = find(&order.prepared.object.cluster)?;
            Some(writes::carry_out(cluster, *order, activity.clone()))
        }
        Effect::LoadLastLines(workload, ended) => Some(last_lines(find(&workload.cluster)?, workload, ended)),
        Effect::PrepareBuild(ticket, object, asked) => Some(builds::prepare(
            find(&object.cluster)?,
            beside,
            ticket,
            (object, *asked),
        )),
        Effect::BeginBuild(ticket, id, prepared) => Some(builds::begin(find(&id)?, ticket, *prepared, activity)),
        Effect::ReadJob(id, job) => Some(writes::job_log(find(&id)?, job)),
        Effect::Review(id, rights) => Some(review(find(&id)?, id, rights)),
        Effect::Reconnect => {
            clusters.iter().for_each(Cluster::reconnect_now);
            None
        }
        Effect::Measure(..)
        | Effect::ReadLog(_)
        | Effect::LeaveLog(_)
        | Effect::HoldLogs(_)
        | Effect::SaveLogs(_)
        | Effect::StopSaving => {
            arrange(find, (readings, saver), effect);
            None
        }
        // The loop does these itself.
        Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::Copy(_) | Effect::Refuse(_) => None,
    }
}

/// What goes on beyond one answer: figures that are wanted, logs that are read or saved.
fn arrange(
    find: impl Fn(&ClusterId) -> Option<Cluster>,
    (readings, saver): (&mut Readings, &mut Saver),
    effect: Effect,
) {
    match effect {
        Effect::Measure(id, wanted) => {
            if let Some(cluster) = find(&id) {
                cluster.want(wanted);
            }
        }
        Effect::ReadLog(request) => {
            if let Some(cluster) = find(&request.slot.cluster) {
                readings.read(cluster, *request);
            }
        }
        Effect::LeaveLog(slot) => readings.leave(&slot),
        Effect::HoldLogs(held) => readings.hold(held),
        Effect::SaveLogs(save) => saver.save(*save, find),
        Effect::StopSaving => saver.stop(),
        _ => {}
    }
}

fn commits(repositories: Repositories, app: AppKey, wanted: Box<Wanted>) -> Work {
    Work::new(format!("commits of {app}"), async move {
        let read = repositories.commits(&wanted).await;
        let read = read.map(Box::new).map_err(|error| Trouble {
            severity: Severity::Warning,
            text: Clean::new(&error.to_string()),
            hint: Some(error.hint().into()),
        });
        Some(Message::Commits(app, wanted, read))
    })
}

fn author(cluster: Cluster, object: ResourceRef, generation: i64) -> Work {
    let key = format!("author of {} {}", object.kind, object.key);
    Work::new(key, async move {
        let author = cluster.changed_by(&object).await;
        let author = author.inspect_err(|error| log::info!("who changed {} is not known: {error}", object.key));
        Some(Message::Author(object, generation, author.ok().flatten()))
    })
}

fn last_lines(cluster: Cluster, workload: ResourceRef, ended: Box<Ended>) -> Work {
    let key = format!("last lines of {} in {}", ended.instance, cluster.id());
    Work::new(key, async move {
        let read = cluster.last_lines(&ended).await;
        let read = read.map_err(|error| Clean::new(&error.to_string()));
        Some(Message::LastLines(workload, ended, read))
    })
}

fn events(cluster: Cluster, object: ResourceRef) -> Work {
    let key = format!("events of {} {}", object.kind, object.key);
    Work::new(key, async move {
        let answer = cluster.events_about(object.kind.name(), &object.key, &object.uid).await;
        let answer = answer.map_err(|error| trouble(&object, &error));
        Some(Message::Events(object, answer))
    })
}

fn review(cluster: Cluster, id: ClusterId, rights: Vec<Right>) -> Work {
    let what: Vec<String> = rights.iter().map(ToString::to_string).collect();
    let key = format!("rights in {id}: {}", what.join(", "));
    Work::new(
        key,
        async move { Some(Message::Access(id, cluster.review(&rights).await)) },
    )
}

fn trouble(object: &ResourceRef, error: &ClusterError) -> Trouble {
    Trouble {
        severity: Severity::Warning,
        text: Clean::new(&format!("no events of {}: {error}", object.key)),
        hint: Some(Clean::new(error.hint())),
    }
}
