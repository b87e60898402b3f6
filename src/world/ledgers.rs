//! What the ledgers of apps say of what is seen, as far as they were asked.

use rustc_hash::FxHashMap;

use super::World;
use super::cluster::ClusterView;
use super::release::app_of;
use crate::domain::{AppKey, Clean, ClusterId, Kind, ObjectKey, Workload};
use crate::release::against;
use crate::release::known::{Known, Mark};
use crate::release::ledger::Ledger;

pub(super) type Ledgers = FxHashMap<AppKey, Ledger>;

impl ClusterView {
    /// Whether the ledger of an app was asked for.
    pub fn is_ledger_asked(&self, app: &AppKey) -> bool {
        self.ledgers.contains_key(app)
    }

    /// Who says that what a workload's template runs is bad.
    pub fn bad(&self, workload: &Workload) -> Option<&Mark> {
        let ledger = self.ledgers.get(&app_of(workload))?;
        let workload_name = named(workload.kind, &workload.key.name);
        against::bad(&ledger.versions, &workload_name, &texts(&workload.images))
    }

    /// Who says that the version of a workload's revision is bad.
    pub fn bad_revision(&self, app: &AppKey, (kind, name): (Kind, &str), hash: &str) -> Option<&Mark> {
        let workload = named(kind, name);
        let mut known = self.ledgers.get(app)?.versions.all();
        let is_it = |known: &&Known| known.workload == workload && known.hash.as_deref() == Some(hash);
        known.find(is_it)?.bad.as_ref()
    }

    /// Who says that a version of a workload with this image is bad; an image that another version has too is not.
    pub fn bad_image(&self, app: &AppKey, (kind, name): (Kind, &str), image: &str) -> Option<&Mark> {
        let has_it = |images: &[String]| images.iter().any(|other| against::is_same_image(other, image));
        let key = ObjectKey::new(app.namespace.clone(), name);
        let runs = self.workload(kind, &key).map(|workload| texts(&workload.images));
        if runs.is_some_and(|runs| has_it(&runs)) {
            return None;
        }
        let workload = named(kind, name);
        let known = self.ledgers.get(app)?.versions.all();
        let mut known = known.filter(|known| known.workload == workload && has_it(&known.images));
        let marks: Option<Vec<&Mark>> = known.by_ref().map(|known| known.bad.as_ref()).collect();
        marks?.first().copied()
    }

    /// The images of an app that somebody said to be bad, each with the workload that it is of.
    pub fn bad_images(&self, app: &AppKey) -> Vec<(&str, &Mark)> {
        let mut found: Vec<(&str, &Mark)> = Vec::new();
        for known in self.ledgers.get(app).iter().flat_map(|ledger| ledger.versions.all()) {
            let Some((kind, name)) = known.workload.split_once(' ') else {
                continue;
            };
            let kind = Kind::ALL.into_iter().find(|other| other.name() == kind);
            for image in &known.images {
                let mark = kind.and_then(|kind| self.bad_image(app, (kind, name), image));
                if let Some(mark) = mark.filter(|_| !found.iter().any(|(other, _)| other == image)) {
                    found.push((image, mark));
                }
            }
        }
        found
    }
}

fn texts(images: &[Clean]) -> Vec<String> {
    images.iter().map(ToString::to_string).collect()
}

/// As the ledger calls it.
fn named(kind: Kind, name: &str) -> String {
    format!("{kind} {name}")
}

impl World {
    /// Takes what the ledger of an app says; an empty one where it is only asked for.
    pub fn note_ledger(&mut self, id: &ClusterId, app: &AppKey, ledger: &Ledger) {
        if let Some(cluster) = self.clusters.iter_mut().find(|cluster| cluster.id == *id) {
            cluster.ledgers.insert(app.clone(), ledger.bare());
        }
    }
}
