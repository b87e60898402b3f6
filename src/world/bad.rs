//! Who says that a version is bad: the ledger of the app in its own cluster, or in another one.

use super::World;
use super::cluster::ClusterView;
use super::ledgers::named;
use super::release::app_of;
use crate::domain::{AppKey, Clean, ClusterId, ImageName, Kind, ResourceRef, Workload};
use crate::release::against::{self, Elsewhere, Others, in_words, marks};
use crate::release::known::Mark;

/// A mark on a version.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub mark: &'a Mark,
    /// In whose ledger it stands; `None`: in that of the cluster that was asked about.
    pub elsewhere: Option<&'a ClusterId>,
}

impl Said<'_> {
    /// `bad: by oncall at 2026-01-01 14:32 UTC: errors`, with the cluster where it is another's ledger that says so.
    pub fn words(&self) -> Clean {
        Clean::new(&in_words(self.mark, self.elsewhere))
    }
}

/// A workload of an app in a cluster, whether it is there or not.
pub type Place<'a> = (&'a ClusterId, &'a AppKey, (Kind, &'a str));

impl World {
    /// Who says that a version of a workload is bad that consists of these images.
    pub fn bad<'a>(&'a self, (cluster, app, (kind, name)): Place<'_>, meant: &[String]) -> Option<Said<'a>> {
        let workload = named(kind, name);
        let own = self.cluster(cluster).and_then(|view| view.ledgers.get(app));
        let of_own = own.and_then(|ledger| against::bad(&ledger.versions, &workload, meant));
        if let Some(mark) = of_own {
            return Some(Said { mark, elsewhere: None });
        }
        let mut others = self.marks_elsewhere((cluster, app, (kind, name)));
        others.find_map(|(id, mark, one)| {
            one.is_of(meant).then_some(Said {
                mark,
                elsewhere: Some(id),
            })
        })
    }

    /// Who says that what the newest version of a workload runs is bad.
    pub fn bad_now<'a>(&'a self, view: &ClusterView, workload: &Workload) -> Option<Said<'a>> {
        let newest = view.twin_of(workload).map_or(workload, AsRef::as_ref);
        let place = (workload.kind, workload.key.name.as_str());
        self.bad((&view.id, &app_of(workload), place), &texts(&newest.images))
    }

    /// Who says that the version of a workload's revision is bad.
    pub fn bad_revision<'a>(&'a self, view: &ClusterView, workload: &Workload, hash: &str) -> Option<Said<'a>> {
        let revisions = view.revisions_of(workload);
        let sets = revisions.iter().map(|revision| (&revision.hash, &revision.images));
        let told = view.history_of(workload).unwrap_or_default().iter();
        let mut all = sets.chain(told.map(|told| (&told.hash, &told.images)));
        let (_, images) = all.find(|(own, _)| own.as_deref() == Some(hash))?;
        let place = (workload.kind, workload.key.name.as_str());
        self.bad((&view.id, &app_of(workload), place), &texts(images))
    }

    /// Who says that the version is bad which a workload would be with this image.
    pub fn bad_image<'a>(&'a self, object: &ResourceRef, app: &AppKey, image: &str) -> Option<Said<'a>> {
        let workload = self.cluster(&object.cluster)?.workload(object.kind, &object.key);
        let runs = workload.map_or_else(Vec::new, |workload| texts(&workload.images));
        let place = (object.kind, object.key.name.as_str());
        self.bad((&object.cluster, app, place), &with_image(runs, image))
    }

    /// What the ledgers of other clusters say of the versions of a workload.
    pub fn others(&self, object: &ResourceRef, app: &AppKey) -> Others {
        let place = (&object.cluster, app, (object.kind, object.key.name.as_str()));
        let lacks = |view: &&ClusterView| {
            view.id != object.cluster && view.tally.app(app).is_some() && !view.ledgers.contains_key(app)
        };
        let unread = self.clusters.iter().filter(lacks);
        Others {
            marks: self.marks_elsewhere(place).map(|(_, _, mark)| mark).collect(),
            unread: unread.map(|view| view.id.clone()).collect(),
        }
    }

    /// The marks that stand in other clusters on what has the same name there, but for those that a version outlived
    /// which runs well here.
    fn marks_elsewhere<'a>(
        &'a self,
        (cluster, app, (kind, name)): Place<'_>,
    ) -> impl Iterator<Item = (&'a ClusterId, &'a Mark, Elsewhere)> {
        let workload = named(kind, name);
        let own = self.cluster(cluster).and_then(|view| view.ledgers.get(app));
        let mut found = Vec::new();
        for view in self.clusters.iter().filter(|view| view.id != *cluster) {
            let ledger = view.ledgers.get(app);
            for one in ledger.into_iter().flat_map(|ledger| marks(&ledger.versions)) {
                let is_its = one.workload.split_once(' ').is_some_and(|(_, other)| other == name);
                let mark = Elsewhere {
                    cluster: view.id.clone(),
                    images: one.images.to_vec(),
                    mark: one.mark.clone(),
                };
                if is_its && !own.is_some_and(|own| mark.is_outlived(&own.versions, &workload)) {
                    found.push((&view.id, one.mark, mark));
                }
            }
        }
        found.into_iter()
    }
}

impl ClusterView {
    /// The images of an app that its own ledger says to be bad.
    pub fn bad_images(&self, app: &AppKey) -> Vec<(&str, &Mark)> {
        let mut found: Vec<(&str, &Mark)> = Vec::new();
        let ledger = self.ledgers.get(app);
        for one in ledger.into_iter().flat_map(|ledger| marks(&ledger.versions)) {
            for image in one.images {
                if !found.iter().any(|(other, _)| other == image) {
                    found.push((image, one.mark));
                }
            }
        }
        found
    }
}

/// Images as a ledger spells them.
pub fn texts(images: &[Clean]) -> Vec<String> {
    images.iter().map(ToString::to_string).collect()
}

/// The images of a workload with one of them for those of the same repository; that one alone where none is.
fn with_image(mut runs: Vec<String>, image: &str) -> Vec<String> {
    let new = ImageName::parse(image);
    let is_alike = |other: &String| {
        let other = ImageName::parse(other);
        new.as_ref()
            .zip(other)
            .is_some_and(|(new, other)| new.is_same_repository(&other))
    };
    let mut is_there = false;
    for other in runs.iter_mut().filter(|other| is_alike(other)) {
        image.clone_into(other);
        is_there = true;
    }
    if is_there { runs } else { vec![image.to_owned()] }
}
