//! What runs of an app, version by version: where, how many, and on which side of a release.

use std::collections::BTreeMap;

use super::{ClusterView, Scope, World};
use crate::build::commit::{is_named, is_same};
use crate::domain::{AppKey, Clean, ClusterId, ImageName, ObjectKey, Pod, ResourceRef, Source, Version};
use crate::release::Phase;

/// What instances of a version are to a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// New, beside the old ones that serve.
    Gray,
    /// What serves.
    Full,
    /// Kept until they are taken offline.
    Old,
}

impl Part {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::Full => "full",
            Self::Old => "old",
        }
    }
}

/// Instances of one version in one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    pub version: Version,
    pub part: Part,
    pub cluster: ClusterId,
    /// Unknown of those without a node.
    pub location: Option<Clean>,
    pub instances: u32,
}

impl Running {
    /// Whether its version is of this commit, by its hash or by a tag that names it.
    pub fn is_of(&self, commit: &str) -> bool {
        is_of(&self.version, commit)
    }
}

/// Whether a version is of this commit, by its hash or by a tag that names it.
pub fn is_of(version: &Version, commit: &str) -> bool {
    match version {
        Version::Commit(id) => is_same(id, commit),
        Version::Tag(tag) => is_named(tag, commit),
        Version::Digest(_) | Version::Unknown => false,
    }
}

impl World {
    /// What runs of an app, most instances first.
    pub fn running(&self, app: &AppKey) -> Vec<Running> {
        let everything = Scope::default();
        let mut counted: BTreeMap<(Version, Part, ClusterId, Option<Clean>), u32> = BTreeMap::new();
        for (view, pod) in self.instances_of(app, &everything) {
            if pod.deleting.is_some() || pod.phase.is_terminal() {
                continue;
            }
            let location = view.standing(pod).location;
            let key = (pod.version.clone(), view.part_of(pod), view.id.clone(), location);
            *counted.entry(key).or_default() += 1;
        }
        let mut found: Vec<Running> = counted
            .into_iter()
            .map(|((version, part, cluster, location), instances)| Running {
                version,
                part,
                cluster,
                location,
                instances,
            })
            .collect();
        found.sort_by_key(|running| std::cmp::Reverse(running.instances));
        found
    }

    /// What an app's workloads say that it is built from: of each line what the first of them says.
    pub fn source_of(&self, app: &AppKey) -> Source {
        let everything = Scope::default();
        let said = self.workloads_of(app, &everything);
        let said = said.filter_map(|(_, workload)| workload.source.clone());
        said.fold(Source::default(), |all, its| all.or(&its))
    }
}

impl ClusterView {
    /// The image of a workload that is built for it: that of the container whose image has the app's own name, else the
    /// first.
    pub fn own_image(&self, object: &ResourceRef, app: &AppKey) -> Option<ImageName> {
        let images = &self.workload(object.kind, &object.key)?.images;
        let mut names = images.iter().filter_map(|image| ImageName::parse(image));
        let is_own = |name: &ImageName| name.repository.rsplit('/').next() == Some(app.name.as_str());
        names.clone().find(is_own).or_else(|| names.next())
    }

    fn part_of(&self, pod: &Pod) -> Part {
        if pod.is_of_twin() {
            return Part::Gray;
        }
        let carrier = pod.workload.as_ref();
        let workload = carrier
            .and_then(|(kind, name)| self.workload(*kind, &ObjectKey::new(pod.key.namespace.clone(), name.clone())));
        let phase = workload.map_or(Phase::Stable, |workload| self.phase_and_since(workload).0);
        match (phase, self.is_newest(pod)) {
            (Phase::Gray { .. } | Phase::GrayFailed { .. }, true) => Part::Gray,
            (Phase::Full { .. } | Phase::Offlining { .. }, false) => Part::Old,
            _ => Part::Full,
        }
    }
}
