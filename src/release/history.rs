//! `ControllerRevision`s: the versions that a StatefulSet, DaemonSet or CloneSet was, and which of them an instance is.

use serde_json::Value;

use super::template::{same, without_hash};

/// On instances, and on the revisions of a `DaemonSet`: which revision it is.
const HASH: &str = "controller-revision-hash";

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
}
