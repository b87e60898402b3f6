//! The versions of workloads that are known: each with its image, since when there is one, and where it runs.

use std::cmp::Reverse;
use std::sync::Arc;

use super::beside::has_history;
use super::{ClusterView, World};
use crate::domain::container::ContainerRole;
use crate::domain::{Clean, Pod, ResourceRef, Timestamp, Version, Workload};
use crate::release::history::Told;
use crate::release::phase;

/// A version that revisions of some workloads are of.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownVersion {
    pub version: Version,
    /// Of its template, container after container.
    pub images: Arc<[Clean]>,
    /// When the first of its revisions was made.
    pub created: Option<Timestamp>,
    /// The highest number among its revisions.
    pub number: Option<i64>,
    pub at: Vec<Holder>,
}

/// A workload that has a revision of a version.
#[derive(Clone, Debug, PartialEq)]
pub struct Holder {
    pub workload: ResourceRef,
    pub hash: Option<Clean>,
    /// Instances of it.
    pub instances: i64,
    /// It is the one that the workload's template is.
    pub newest: bool,
}

impl World {
    /// The versions that these workloads have revisions of, the highest number first, then the youngest.
    pub fn versions_of(&self, workloads: &[ResourceRef]) -> Vec<KnownVersion> {
        let mut found: Vec<KnownVersion> = Vec::new();
        for object in workloads {
            let Some(cluster) = self.cluster(&object.cluster) else {
                continue;
            };
            let Some(workload) = cluster.workload(object.kind, &object.key) else {
                continue;
            };
            for (revision, instances) in cluster.told_of(workload) {
                let holder = Holder {
                    workload: object.clone(),
                    hash: revision.hash.clone(),
                    instances,
                    newest: revision.is_newest,
                };
                let is_same =
                    |known: &&mut KnownVersion| known.version == revision.version && known.images == revision.images;
                match found.iter_mut().find(is_same) {
                    Some(known) => {
                        known.number = known.number.max(revision.number);
                        known.created = known.created.min(revision.created).or(known.created);
                        known.at.push(holder);
                    }
                    None => found.push(KnownVersion {
                        version: revision.version.clone(),
                        images: Arc::clone(&revision.images),
                        created: revision.created,
                        number: revision.number,
                        at: vec![holder],
                    }),
                }
            }
        }
        found.sort_by_key(|known| Reverse((known.number, known.created)));
        found
    }
}

impl ClusterView {
    /// The revisions of a workload as they are told, each with how many instances are of it.
    fn told_of(&self, workload: &Workload) -> Vec<(Told, i64)> {
        if has_history(workload.kind) {
            let count = |told: &Told| {
                let is_its = |pod: &&Arc<Pod>| pod.revision.as_ref().is_some_and(|revision| told.is_of(revision));
                let of_it = self
                    .pods_of(workload)
                    .filter(|pod| !pod.phase.is_terminal())
                    .filter(is_its);
                i64::try_from(of_it.count()).unwrap_or(i64::MAX)
            };
            let history = self.history_of(workload).unwrap_or_default();
            return history.iter().map(|told| (told.clone(), count(told))).collect();
        }
        let revisions = self.revisions_of(workload);
        let newest = phase::newest(workload, &revisions).map(|newest| newest.uid.clone());
        let told = revisions.into_iter().map(|revision| {
            let told = Told {
                number: revision.number,
                hash: revision.hash.clone(),
                version: revision.version.clone(),
                images: Arc::clone(&revision.images),
                created: revision.created,
                is_newest: newest.as_ref() == Some(&revision.uid),
            };
            (told, revision.instances.into())
        });
        told.collect()
    }

    /// The names of a workload's containers, in the order of its images, as one of its instances has them; none where
    /// no instance is of its template.
    pub fn containers_of(&self, workload: &Workload) -> Vec<Clean> {
        let main = |pod: &Arc<Pod>| -> Vec<Clean> {
            let all = pod.containers.iter();
            let main = all.filter(|container| container.role == ContainerRole::Main);
            main.map(|container| container.name.clone()).collect()
        };
        let mut all = self.pods_of(workload).map(main);
        all.find(|names| names.len() == workload.images.len())
            .unwrap_or_default()
    }
}
