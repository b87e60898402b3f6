//! What containers wrote last that ended, beside the releases that they are of.

use std::io::Write;

use chrono::Utc;
use futures::StreamExt;
use futures::stream;
use serde::Serialize;

use super::super::watch::Known;
use super::super::{Printable, project};
use crate::domain::{Clean, Kind, ResourceRef, Workload};
use crate::release::{Ended, Release};
use crate::world::release::app_of;
use crate::world::{ClusterView, LastLines};

/// Logs that are asked for at the same time, and at most.
const AT_ONCE: usize = 8;
const MOST: usize = 20;

/// What a container wrote last, for scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LastLog {
    pub instance: Clean,
    pub container: Clean,
    pub lines: Vec<Clean>,
    /// Why it cannot be read.
    pub error: Option<Clean>,
    #[serde(skip)]
    title: Option<String>,
}

impl LastLog {
    fn new(last: &LastLines) -> Self {
        Self {
            instance: last.ended.instance.name.clone(),
            container: last.ended.container.clone(),
            lines: last.lines().to_vec(),
            error: last.read.as_ref().and_then(|read| read.as_ref().err()).cloned(),
            title: last.title(),
        }
    }

    /// What one of the new instances of a release wrote last, where one ended and that was read.
    pub(super) fn of(view: &ClusterView, workload: &Workload, release: &Release) -> Option<Self> {
        let last = view.last_lines_of(workload, release.symptoms.ended.as_ref()?)?;
        Some(Self::new(last))
    }

    /// Tells it of a workload.
    pub(super) fn tell(&self, name: &str, to: &mut dyn Write) -> std::io::Result<()> {
        if let Some(title) = &self.title {
            writeln!(to, "{name}: {}", Printable(title))?;
        }
        self.lines.iter().try_for_each(|line| writeln!(to, "  {line}"))
    }
}

/// Reads them for what is under way, or for all of an app; some at most.
pub(super) async fn read(known: &mut Known, app: Option<&str>) {
    let mut wanted = Vec::new();
    for view in known.world.clusters() {
        for workload in Kind::ALL.into_iter().flat_map(|kind| view.workloads(kind)) {
            let of = app_of(workload);
            let is_asked = app.map_or_else(
                || view.phase_and_since(workload).0.is_release(),
                |app| project::is_app(app, &of.namespace, &of.name),
            );
            if let Some(ended) = is_asked.then(|| view.ended_of(workload)).flatten() {
                wanted.push((view.object_of(workload), ended));
            }
        }
    }
    wanted.truncate(MOST);
    read_all(known, wanted).await;
}

/// Reads that of one workload, and tells it.
pub(super) async fn tell(known: &mut Known, object: &ResourceRef, err: &mut dyn Write) -> std::io::Result<()> {
    let ended = known.world.cluster(&object.cluster).and_then(|view| {
        let workload = view.workload(object.kind, &object.key)?;
        view.ended_of(workload)
    });
    read_all(known, ended.map(|ended| (object.clone(), ended)).into_iter().collect()).await;
    let log = known.world.cluster(&object.cluster).and_then(|view| {
        let workload = view.workload(object.kind, &object.key)?;
        LastLog::of(view, workload, &view.release_of(workload))
    });
    let name = format!("{}: {}", object.cluster, object.key);
    log.map_or(Ok(()), |log| log.tell(&name, err))
}

async fn read_all(known: &mut Known, wanted: Vec<(ResourceRef, Ended)>) {
    let clusters = &known.clusters;
    let asked = wanted.into_iter().filter_map(|(object, ended)| {
        let cluster = clusters.iter().find(|cluster| *cluster.id() == object.cluster)?;
        Some(async move { (cluster.last_lines(&ended).await, object, ended) })
    });
    let read: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    for (read, object, ended) in read {
        known.world.note_last_lines_asked(&object, &ended, Utc::now());
        let read = read.map_err(|error| Clean::new(&error.to_string()));
        known.world.note_last_lines(&object, &ended, read);
    }
}
