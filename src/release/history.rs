//! `ControllerRevision`s: the versions that a StatefulSet, DaemonSet or CloneSet was, and which of them an instance is.

use std::sync::Arc;

use serde_json::Value;

use super::known::{Known, images};
use super::live::is_unbuilt;
use super::past::moment;
use super::template::{same, without_hash};
use crate::domain::{Clean, Timestamp, Version};

/// On instances, and on the revisions of a `DaemonSet`: which revision it is.
const HASH: &str = "controller-revision-hash";

/// A revision, as a person is told of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub number: Option<i64>,
    /// By which it is gone back to: its hash, else its name.
    pub hash: Option<Clean>,
    pub version: Version,
    /// Of its template, container after container.
    pub images: Arc<[Clean]>,
    pub created: Option<Timestamp>,
    /// It is the one of the workload's template.
    pub is_newest: bool,
}

impl Told {
    /// Whether instances that say so are of it: a StatefulSet's say its name, a DaemonSet's its hash.
    pub fn is_of(&self, revision: &str) -> bool {
        let hash = self.hash.as_deref().unwrap_or_default();
        hash == revision || hash.rsplit('-').next() == Some(revision) || revision.rsplit('-').next() == Some(hash)
    }

    /// Whether it is the version that a ledger keeps, by its images and its commit.
    pub fn is(&self, known: &Known) -> bool {
        let commit = known.commit.as_deref().map(|commit| Version::Commit(commit.into()));
        self.images
            .iter()
            .map(Clean::as_str)
            .eq(known.images.iter().map(String::as_str))
            && commit.is_none_or(|commit| commit == self.version)
    }
}

/// What a person is told of the revisions of an object, oldest first; one of an app that was never built is none.
pub fn told(object: &Value, revisions: &[Value]) -> Vec<Told> {
    let history = History::of(object, revisions);
    let newest = history.newest().map(number);
    let told = history.all().filter_map(|revision| {
        let template = template_of(revision).filter(|template| !is_unbuilt(template))?;
        let images = images(&template);
        let annotations = template.pointer("/metadata/annotations");
        let commit = annotations.and_then(|all| all.get("pilothouse.dev/commit")?.as_str());
        let of_image = || {
            images
                .first()
                .map_or(Version::Unknown, |image| Version::of_image(image))
        };
        let name = || revision.pointer("/metadata/name")?.as_str();
        Some(Told {
            number: Some(number(revision)),
            hash: hash(revision).or_else(name).map(Clean::new),
            version: commit.map_or_else(of_image, |commit| Version::Commit(Clean::new(commit))),
            images: images.iter().map(|image| Clean::new(image)).collect(),
            created: moment(revision, "/metadata/creationTimestamp"),
            is_newest: newest == Some(number(revision)),
        })
    });
    told.collect()
}

/// The revisions of one workload, as they were read.
#[derive(Clone, Debug)]
pub struct History<'a> {
    object: &'a Value,
    /// Oldest first.
    revisions: Vec<&'a Value>,
}

impl<'a> History<'a> {
    /// Picks an object's own of a namespace's revisions.
    pub fn of(object: &'a Value, revisions: &'a [Value]) -> Self {
        let mut own: Vec<&Value> = revisions.iter().filter(|revision| is_owned(revision, object)).collect();
        own.sort_by_key(|revision| number(revision));
        Self { object, revisions: own }
    }

    /// All of them, oldest first.
    pub fn all(&self) -> impl Iterator<Item = &'a Value> {
        self.revisions.iter().copied()
    }

    /// The one of its template.
    pub fn newest(&self) -> Option<&'a Value> {
        let template = self.object.pointer("/spec/template")?;
        let alike = |revision: &&&Value| template_of(revision).is_some_and(|other| same(template, &other));
        self.revisions.iter().rev().find(alike).copied()
    }

    /// The revision of this number, name or hash.
    pub fn find(&self, wanted: &str) -> Option<&'a Value> {
        let is_it = |revision: &&&Value| {
            let name = revision.pointer("/metadata/name").and_then(Value::as_str);
            let is_hash = |name: &str| name.rsplit('-').next() == Some(wanted);
            number(revision).to_string() == wanted
                || name == Some(wanted)
                || hash(revision) == Some(wanted)
                || name.is_some_and(is_hash)
        };
        self.revisions.iter().rev().find(is_it).copied()
    }

    /// The newest but that of its template.
    pub fn before(&self) -> Option<&'a Value> {
        let newest = self.newest().map(number);
        let mut others = self.revisions.iter().rev();
        others.find(|revision| Some(number(revision)) != newest).copied()
    }

    /// The one that its instances ran before what is under way: by its controller's word where it has one.
    pub fn stable(&self) -> Option<&'a Value> {
        let current = self.object.pointer("/status/currentRevision").and_then(Value::as_str);
        match current {
            Some(name) => self.find(name),
            None => self.before(),
        }
    }

    /// Its own pods of `pods` that do not run its template, in the order of their nodes; `None` where it is not known
    /// which revision that is.
    pub fn outdated<'p>(&self, pods: &'p [Value]) -> Option<Vec<&'p Value>> {
        let newest = self.newest().and_then(hash)?;
        let is_old = |pod: &&Value| {
            let is_going = pod.pointer("/metadata/deletionTimestamp").is_some();
            is_owned(pod, self.object) && !is_going && hash(pod) != Some(newest)
        };
        Some(by_node(pods.iter().filter(is_old).collect()))
    }

    /// All its own pods of `pods`, in the order of their nodes.
    pub fn instances<'p>(&self, pods: &'p [Value]) -> Vec<&'p Value> {
        let is_own = |pod: &&Value| is_owned(pod, self.object) && pod.pointer("/metadata/deletionTimestamp").is_none();
        by_node(pods.iter().filter(is_own).collect())
    }
}

fn by_node(mut pods: Vec<&Value>) -> Vec<&Value> {
    pods.sort_by_key(|pod| pod.pointer("/spec/nodeName").and_then(Value::as_str));
    pods
}

fn is_owned(value: &Value, by: &Value) -> bool {
    let uid = by.pointer("/metadata/uid");
    let owners = value.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    owners.is_some_and(|owners| {
        owners
            .iter()
            .any(|owner| owner.get("controller") == Some(&Value::Bool(true)) && owner.get("uid") == uid)
    })
}

fn number(revision: &Value) -> i64 {
    revision.get("revision").and_then(Value::as_i64).unwrap_or(0)
}

pub(super) fn hash(value: &Value) -> Option<&str> {
    value.pointer("/metadata/labels")?.get(HASH)?.as_str()
}

/// The template that a revision keeps.
pub fn template_of(revision: &Value) -> Option<Value> {
    let mut template = revision.pointer("/data/spec/template")?.clone();
    if let Value::Object(fields) = &mut template {
        // A revision is kept as the patch that brings it back.
        fields.remove("$patch");
    }
    Some(without_hash(&template))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn revision(number: i64, image: &str) -> Value {
        json!({
            "metadata": {"name": format!("db-{image}"), "labels": {HASH: image},
                "ownerReferences": [{"uid": "u", "controller": true}]},
            "revision": number,
            "data": {"spec": {"template": {"$patch": "replace", "spec": {"image": image}}}},
        })
    }

    fn object(image: &str, status: &Value) -> Value {
        json!({"metadata": {"uid": "u"}, "spec": {"template": {"spec": {"image": image}}}, "status": status})
    }

    #[test]
    fn revisions_are_told_by_template_number_name_and_hash() {
        let revisions = [revision(2, "b"), revision(1, "a"), revision(3, "c")];
        let image = |found: Option<&Value>| found.and_then(|r| hash(r)).map(str::to_owned);
        let at_c = object("c", &json!({"currentRevision": "db-a"}));
        let history = History::of(&at_c, &revisions);
        assert_eq!(image(history.newest()).as_deref(), Some("c"));
        assert_eq!(image(history.before()).as_deref(), Some("b"));
        assert_eq!(image(history.stable()).as_deref(), Some("a"), "as its controller says");
        for wanted in ["2", "b", "db-b"] {
            assert_eq!(image(history.find(wanted)).as_deref(), Some("b"), "{wanted}");
        }
        assert_eq!(history.find("d"), None);
        // After a way back the number says nothing about which is newest.
        let at_b = object("b", &json!({}));
        let history = History::of(&at_b, &revisions);
        assert_eq!(image(history.newest()).as_deref(), Some("b"));
        assert_eq!(image(history.stable()).as_deref(), Some("c"));
        let other = json!({"metadata": {"uid": "other"}, "spec": {"template": {"spec": {"image": "c"}}}});
        assert_eq!(History::of(&other, &revisions).newest(), None, "of its own alone");
    }

    #[test]
    fn instances_of_older_versions_come_node_by_node() {
        let pod = |name: &str, node: &str, hash: &str| {
            json!({"metadata": {"name": name, "labels": {HASH: hash}, "ownerReferences": [{"uid": "u", "controller": true}]},
                "spec": {"nodeName": node}})
        };
        let mut going = pod("p4", "n0", "a");
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        let pods = [pod("p1", "n3", "a"), pod("p2", "n1", "a"), pod("p3", "n2", "c"), going];
        let revisions = [revision(1, "a"), revision(3, "c")];
        let object = object("c", &json!({}));
        let names: Vec<_> = History::of(&object, &revisions)
            .outdated(&pods)
            .unwrap()
            .iter()
            .map(|pod| pod["metadata"]["name"].clone())
            .collect();
        assert_eq!(names, ["p2", "p1"]);
        assert_eq!(
            History::of(&object, &[]).outdated(&pods),
            None,
            "nobody knows which is new"
        );
    }

    #[test]
    fn a_person_is_told_of_each_by_what_its_instances_say_of_it() {
        let of = |number: i64, name: &str, hash: Option<&str>, image: &str| {
            let mut revision = json!({
                "metadata": {"name": name, "ownerReferences": [{"uid": "u", "controller": true}]}, "revision": number,
                "data": {"spec": {"template": {"spec": {"containers": [{"image": image}]}}}},
            });
            if let Some(hash) = hash {
                revision["metadata"]["labels"] = json!({HASH: hash});
            }
            revision
        };
        let object =
            json!({"metadata": {"uid": "u"}, "spec": {"template": {"spec": {"containers": [{"image": "db:v2"}]}}}});
        let revisions = [of(2, "db-6c5d", None, "db:v2"), of(1, "db-77aa", Some("77aa"), "db:v1")];
        let told = told(&object, &revisions);
        let words = |told: &Told| (told.number, told.hash.clone().unwrap().to_string(), told.is_newest);
        assert_eq!(
            told.iter().map(words).collect::<Vec<_>>(),
            [(Some(1), "77aa".into(), false), (Some(2), "db-6c5d".into(), true)]
        );
        assert_eq!(told[0].version, Version::Tag("v1".into()));
        for (revision, expected) in [
            ("77aa", [true, false]),
            ("db-77aa", [true, false]),
            ("db-6c5d", [false, true]),
            ("6c5d", [false, true]),
        ] {
            assert_eq!(
                [told[0].is_of(revision), told[1].is_of(revision)],
                expected,
                "{revision}"
            );
        }
    }
}
