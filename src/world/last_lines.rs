//! What containers wrote last that ended, as far as it was read: of workloads that somebody looks at.

use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use crate::domain::{Clean, Kind, ObjectKey, ResourceRef, Timestamp, Uid, Workload};
use crate::release::{Ended, Phase};

/// So many seconds pass before the next container of a workload is asked that ended.
const PAUSE: i64 = 10;

/// What one container of a workload wrote last.
#[derive(Clone, Debug)]
pub struct LastLines {
    of: Uid,
    pub ended: Ended,
    asked: Timestamp,
    /// Why it cannot be read; `None` until there is an answer.
    pub read: Option<Result<Vec<Clean>, Clean>>,
}

pub(super) type Kept = FxHashMap<(Kind, ObjectKey), LastLines>;

impl LastLines {
    /// Whose they are, and that they are its last, in words.
    pub fn title(&self) -> Option<String> {
        let Ended {
            instance, container, ..
        } = &self.ended;
        let of = format!("{container} in {}", instance.name);
        Some(match self.read.as_ref()? {
            Ok(lines) if lines.is_empty() => format!("{of} ended and wrote nothing"),
            Ok(_) => format!("{of} wrote last:"),
            Err(why) => format!("what {of} wrote last cannot be read: {why}"),
        })
    }

    pub fn lines(&self) -> &[Clean] {
        match &self.read {
            Some(Ok(lines)) => lines,
            Some(Err(_)) | None => &[],
        }
    }
}

impl ClusterView {
    /// What was read of a container that ended of this workload, in the version that it releases.
    pub fn last_lines_of(&self, workload: &Workload, ended: &Ended) -> Option<&LastLines> {
        let kept = self.last_lines.get(&(workload.kind, workload.key.clone()))?;
        (kept.of == workload.uid && kept.ended.revision == ended.revision).then_some(kept)
    }

    /// A container that ended of the new instances of a workload that is not as it is wanted.
    pub fn ended_of(&self, workload: &Workload) -> Option<Ended> {
        let release = self.release_of(workload);
        release.symptoms.ended.filter(|_| release.phase != Phase::Stable)
    }

    /// Whether it is to be read what a container wrote last: it was not, and some time passed since another's was.
    pub fn are_last_lines_wanted(&self, workload: &Workload, ended: &Ended, now: Timestamp) -> bool {
        self.last_lines_of(workload, ended)
            .is_none_or(|kept| kept.ended != *ended && (now - kept.asked).num_seconds() >= PAUSE)
    }
}

impl World {
    /// Notes that it is asked what a container of a workload wrote last; until there is an answer what another one of the
    /// same version wrote stays.
    pub fn note_last_lines_asked(&mut self, workload: &ResourceRef, ended: &Ended, now: Timestamp) {
        let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == workload.cluster) else {
            return;
        };
        let of = (workload.kind, workload.key.clone());
        let before = cluster.last_lines.remove(&of).filter(|kept| {
            kept.of == workload.uid && kept.ended.revision == ended.revision && kept.ended.container == ended.container
        });
        let asked = LastLines {
            of: workload.uid.clone(),
            ended: ended.clone(),
            asked: now,
            read: before.and_then(|kept| kept.read),
        };
        cluster.last_lines.insert(of, asked);
    }

    /// Takes what a container of a workload wrote last, where that is still what was asked for.
    pub fn note_last_lines(&mut self, workload: &ResourceRef, ended: &Ended, read: Result<Vec<Clean>, Clean>) {
        let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == workload.cluster) else {
            return;
        };
        let kept = cluster.last_lines.get_mut(&(workload.kind, workload.key.clone()));
        if let Some(kept) = kept.filter(|kept| kept.of == workload.uid && kept.ended == *ended) {
            self.version += 1;
            kept.read = Some(read);
        }
    }
}
