//! From wire structs to domain values: pure, with everything that repeats shared.
//!
//! One [`Projector`] a cluster; one file a family of kinds.

mod apps;
mod custom;
mod event;
mod job;
mod node;
mod pod;
mod policy;
mod shape;
mod shelf;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Rules;
use super::wire::meta::{Annotation, ObjectMeta, OwnerReference, annotation};
use super::wire::scalar::Time;
use super::wire::{Encoding, Unreadable, Wire};
use crate::domain::pod::Labels;
use crate::domain::terms::{GRAY, GRAY_APP, GRAY_KEY, GRAY_OF, GRAY_SUFFIX, TRACK};
use crate::domain::{Clean, Interner, Kind, Object, ObjectKey, PodShape, Timestamp, Uid, Version};
use shelf::Shelf;

/// The annotation or label that names the commit an instance runs.
const COMMIT: &str = "pilothouse.dev/commit";
/// The label image builders put on images; some pipelines copy it to the pod.
const IMAGE_REVISION: &str = "org.opencontainers.image.revision";

/// An object as the rest of the program knows it, with what a watch needs of it.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) key: ObjectKey,
    /// `metadata.resourceVersion`.
    pub(crate) version: String,
    pub(crate) object: Object,
}

/// Turns wire structs into domain values and shares what repeats.
#[derive(Debug)]
pub(crate) struct Projector {
    pub(super) rules: Arc<Rules>,
    texts: Interner,
    labels: Shelf<[(Clean, Clean)]>,
    shapes: Shelf<PodShape>,
}

impl Projector {
    pub(crate) fn new(rules: Arc<Rules>) -> Self {
        Self {
            rules,
            texts: Interner::default(),
            labels: Shelf::default(),
            shapes: Shelf::default(),
        }
    }

    /// Reads one object of a kind and projects it.
    pub(crate) fn read(&mut self, kind: Kind, bytes: &[u8], encoding: Encoding) -> Result<Item, Unreadable> {
        match kind {
            Kind::Namespace => Wire::read(bytes, encoding).map(|wire| self.namespace(wire)),
            Kind::Node => Wire::read(bytes, encoding).map(|wire| self.node(wire)),
            Kind::Pod => Wire::read(bytes, encoding).map(|wire| self.pod(wire)),
            Kind::Deployment => Wire::read(bytes, encoding).map(|wire| self.deployment(wire)),
            Kind::ReplicaSet => Wire::read(bytes, encoding).map(|wire| self.replica_set(wire)),
            Kind::StatefulSet => Wire::read(bytes, encoding).map(|wire| self.stateful_set(wire)),
            Kind::DaemonSet => Wire::read(bytes, encoding).map(|wire| self.daemon_set(wire)),
            Kind::Job => Wire::read(bytes, encoding).map(|wire| self.job(wire)),
            Kind::Rollout => json(bytes, encoding).map(|wire| self.rollout(wire)),
            Kind::CloneSet => json(bytes, encoding).map(|wire| self.clone_set(wire)),
            Kind::HorizontalPodAutoscaler => Wire::read(bytes, encoding).map(|wire| self.autoscaler(wire)),
            Kind::PodDisruptionBudget => Wire::read(bytes, encoding).map(|wire| self.budget(wire)),
            Kind::ResourceQuota => Wire::read(bytes, encoding).map(|wire| self.quota(wire)),
            Kind::Event => Wire::read(bytes, encoding).map(|wire| self.event(wire)),
        }
        .and_then(|item| {
            if item.key.name.is_empty() {
                Err(Unreadable)
            } else {
                Ok(item)
            }
        })
    }

    fn text(&mut self, raw: &str) -> Clean {
        self.texts.get(raw)
    }

    /// `None` for the empty string.
    fn some(&mut self, raw: &str) -> Option<Clean> {
        (!raw.is_empty()).then(|| self.text(raw))
    }

    fn pairs(&mut self, map: &BTreeMap<String, String>) -> Vec<(Clean, Clean)> {
        map.iter().map(|(k, v)| (self.text(k), self.text(v))).collect()
    }

    fn labels(&mut self, map: &BTreeMap<String, String>) -> Labels {
        let pairs = self.pairs(map);
        self.labels.share_slice(&pairs)
    }

    fn shape(&mut self, shape: PodShape) -> Arc<PodShape> {
        self.shapes.share(shape)
    }

    /// The object's name; only the namespace is shared, names hardly repeat.
    fn key(&mut self, meta: &ObjectMeta) -> ObjectKey {
        ObjectKey {
            namespace: self.text(&meta.namespace),
            name: Clean::new(&meta.name),
        }
    }

    /// The app an object belongs to: the first of `app_labels` it has, else `fallback`. A twin and its instances belong
    /// to the app of the Deployment whose gray release they are, whichever of its labels has another value on them.
    fn app(&mut self, (labels, annotations): (&BTreeMap<String, String>, &[Annotation]), fallback: &str) -> Clean {
        let rules = Arc::clone(&self.rules);
        let is_gray = labels.get(TRACK).is_some_and(|track| track == GRAY);
        let other = annotation(annotations, GRAY_KEY).filter(|_| is_gray);
        let mut keys = rules.app_labels.iter();
        let named = keys.find_map(|key| Some((key, labels.get(key)?)));
        let name = named
            .map(|(key, name)| match name.strip_suffix(GRAY_SUFFIX) {
                Some(own) if other == Some(key) => own,
                _ => name,
            })
            .filter(|name| !name.is_empty());
        let beside = [GRAY_APP, GRAY_OF].into_iter().find_map(|key| labels.get(key));
        let fallback = beside.filter(|_| is_gray).map_or(fallback, String::as_str);
        self.text(name.unwrap_or(fallback))
    }

    /// The app of a workload that was read whole: as its template's labels say, else its own, else its name.
    pub(crate) fn app_of(&self, workload: &serde_json::Value) -> String {
        let label = |path: &str| {
            let labels = workload.pointer(path)?;
            let mut keys = self.rules.app_labels.iter();
            keys.find_map(|key| labels.get(key)?.as_str())
                .filter(|name| !name.is_empty())
        };
        let name = || workload.pointer("/metadata/name").and_then(serde_json::Value::as_str);
        let app = label("/spec/template/metadata/labels").or_else(|| label("/metadata/labels"));
        app.or_else(name).unwrap_or_default().to_owned()
    }

    /// What a pod or template runs: the commit written on it, else what its image's name says.
    fn version(
        &mut self,
        labels: &BTreeMap<String, String>,
        annotations: &[Annotation],
        image: Option<&str>,
    ) -> Version {
        let commit = [COMMIT, IMAGE_REVISION]
            .into_iter()
            .find_map(|key| annotation(annotations, key).or_else(|| labels.get(key).map(String::as_str)));
        match (commit, image) {
            (Some(commit), _) if !commit.is_empty() => Version::Commit(self.text(commit)),
            (_, Some(image)) => match Version::of_image(image) {
                Version::Tag(tag) => Version::Tag(self.text(&tag)),
                Version::Digest(digest) => Version::Digest(self.text(&digest)),
                other @ (Version::Unknown | Version::Commit(_)) => other,
            },
            _ => Version::Unknown,
        }
    }

    fn item(key: ObjectKey, meta: ObjectMeta, object: Object) -> Item {
        Item {
            key,
            version: meta.resource_version,
            object,
        }
    }
}

fn json<T: for<'de> serde::Deserialize<'de>>(bytes: &[u8], encoding: Encoding) -> Result<T, Unreadable> {
    match encoding {
        Encoding::Json => serde_json::from_slice(bytes).map_err(|_| Unreadable),
        Encoding::Protobuf => Err(Unreadable),
    }
}

fn moment(time: Option<Time>) -> Option<Timestamp> {
    time.and_then(Time::moment)
}

fn uid(meta: &ObjectMeta) -> Uid {
    Uid::parse(&meta.uid)
}

/// The owner that manages an object, or the only one it has.
fn controller(meta: &ObjectMeta) -> Option<&OwnerReference> {
    let owners = &meta.owner_references;
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .or_else(|| owners.first())
}

#[cfg(test)]
pub(crate) mod testing {
    //! Objects from JSON text, for the tests of this folder.

    use super::*;

    /// Projects one object under the default rules.
    pub(crate) fn project(kind: Kind, json: &serde_json::Value) -> Object {
        project_with(Rules::default(), kind, json)
    }

    pub(crate) fn project_with(rules: Rules, kind: Kind, json: &serde_json::Value) -> Object {
        let mut projector = Projector::new(Arc::new(rules));
        projector
            .read(kind, json.to_string().as_bytes(), Encoding::Json)
            .expect("readable")
            .object
    }
}
