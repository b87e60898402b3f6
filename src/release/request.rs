//! The requests of a step: what is written where, in which order, and how it is seen afterwards that it was done.

use serde_json::{Value, json};

use crate::domain::{Clean, Kind, escape};

/// Which kind of object in which version, as request paths spell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub kind: &'static str,
    /// Empty for the core group.
    pub group: &'static str,
    pub version: String,
    pub plural: &'static str,
}

impl Resource {
    /// A kind that is watched, in the version that the server has it in.
    pub fn of(kind: Kind, version: &str) -> Self {
        Self {
            kind: kind.name(),
            group: kind.group(),
            version: version.to_owned(),
            plural: kind.plural(),
        }
    }

    /// Where its objects are created and listed.
    pub fn collection(&self, namespace: &str) -> String {
        let Self {
            group, version, plural, ..
        } = self;
        let root = if group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{group}/{version}")
        };
        format!("{root}/namespaces/{}/{plural}", escape(namespace))
    }
}

/// Which part of an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// `status` is a resource of its own; where a cluster's Rollouts have none, the object takes the same body.
    Status,
    Scale,
}

/// An object, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub resource: Resource,
    pub namespace: String,
    pub name: String,
    pub part: Part,
}

impl Place {
    pub fn new(resource: Resource, object: &Value) -> Self {
        let text = |path: &str| {
            object
                .pointer(path)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            resource,
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name"),
            part: Part::Whole,
        }
    }

    /// Where it is read and written.
    pub fn path(&self) -> String {
        let part = match self.part {
            Part::Whole => "",
            Part::Status => "/status",
            Part::Scale => "/scale",
        };
        let collection = self.resource.collection(&self.namespace);
        format!("{collection}/{}{part}", escape(&self.name))
    }

    #[must_use]
    pub fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }
}

/// What is done to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// Begins with tests of the object it was made of.
    JsonPatch(Value),
    /// Carries the `uid` and the `resourceVersion` of the object it was made of.
    MergePatch(Value),
    /// The whole object, with the `resourceVersion` it was read at.
    Replace(Value),
    /// Its name is the lock: of two that create it one is refused.
    Create(Value),
    /// The options carry preconditions.
    Delete(Value),
}

impl Act {
    pub const fn body(&self) -> &Value {
        match self {
            Self::JsonPatch(body)
            | Self::MergePatch(body)
            | Self::Replace(body)
            | Self::Create(body)
            | Self::Delete(body) => body,
        }
    }
}

impl Act {
    /// Whether it is taken of an object in one state alone, by its `resourceVersion`: that moves on with everything
    /// that is written to the object, its status too.
    pub(crate) fn is_of_one_state(&self) -> bool {
        match self {
            Self::MergePatch(_) => true,
            Self::Delete(options) => options.pointer(STATE_OF_DELETION).is_some(),
            Self::JsonPatch(Value::Array(operations)) => operations.iter().any(is_state),
            _ => false,
        }
    }

    /// Whether an object, or the part of it that is written, is what this is to be taken of.
    pub fn is_met(&self, found: &Value) -> bool {
        let is = |path: &str, wanted: &Value| found.pointer(path).unwrap_or(&Value::Null) == wanted;
        let fields = |of: &Value| {
            let named = ["uid", "resourceVersion"].into_iter();
            let mut named = named.filter_map(|field| Some((field, of.get(field)?)));
            named.all(|(field, wanted)| is(&format!("/metadata/{field}"), wanted))
        };
        match self {
            Self::JsonPatch(operations) => {
                let mut all = operations.as_array().into_iter().flatten();
                all.all(|operation| {
                    let text = |key: &str| operation.get(key).and_then(Value::as_str).unwrap_or_default();
                    let wanted = operation.get("value").unwrap_or(&Value::Null);
                    text("op") != "test" || is(text("path"), wanted)
                })
            }
            Self::MergePatch(body) | Self::Replace(body) => body.get("metadata").is_some_and(fields),
            Self::Delete(options) => options.get("preconditions").is_some_and(fields),
            // Nothing has to be there before.
            Self::Create(_) => true,
        }
    }

    /// Whether it is the same but for the state that it is for.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::MergePatch(one), Self::MergePatch(other)) => {
                ["status", "spec"].iter().all(|part| one.get(part) == other.get(part))
            }
            (Self::JsonPatch(Value::Array(one)), Self::JsonPatch(Value::Array(other))) => {
                let rest = |operations: &[Value]| {
                    operations
                        .iter()
                        .filter(|op| !is_state(op))
                        .cloned()
                        .collect::<Vec<_>>()
                };
                rest(one) == rest(other)
            }
            (Self::Delete(one), Self::Delete(other)) => {
                let uid = |options: &Value| options.pointer("/preconditions/uid").cloned();
                uid(one) == uid(other)
            }
            _ => false,
        }
    }
}

/// Where the options of a deletion say which state the object has to be in.
const STATE_OF_DELETION: &str = "/preconditions/resourceVersion";

/// Whether an operation tests which state the object is in.
fn is_state(operation: &Value) -> bool {
    let is = |key: &str, value: &str| operation.get(key).and_then(Value::as_str) == Some(value);
    is("op", "test") && is("path", "/metadata/resourceVersion")
}

/// What has to be seen before a request is sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Waits {
    #[default]
    Nothing,
    /// The controller of the workload has seen what was written to it before.
    Seen,
    /// This job is complete.
    Complete(Place),
}

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    pub place: Place,
    pub act: Act,
    /// What has to be seen before it is sent.
    pub waits: Waits,
}

impl Request {
    pub const fn new(place: Place, act: Act) -> Self {
        Self {
            place,
            act,
            waits: Waits::Nothing,
        }
    }

    /// Where it is sent.
    pub fn path(&self) -> String {
        match self.act {
            Act::Create(_) => self.place.resource.collection(&self.place.namespace),
            _ => self.place.path(),
        }
    }

    /// Its verb and path: `PATCH /apis/apps/v1/namespaces/gift/deployments/live`.
    pub fn line(&self) -> String {
        let verb = match self.act {
            Act::JsonPatch(_) | Act::MergePatch(_) => "PATCH",
            Act::Replace(_) => "PUT",
            Act::Create(_) => "POST",
            Act::Delete(_) => "DELETE",
        };
        format!("{verb} {}", self.path())
    }

    /// Makes an immutable copy of a `ConfigMap`.
    pub fn copy(map: Value) -> Self {
        let resource = Resource {
            kind: "ConfigMap",
            group: "",
            version: "v1".to_owned(),
            plural: "configmaps",
        };
        Self::new(Place::new(resource, &map), Act::Create(map))
    }

    /// Whether it makes such a copy: that changes nothing that runs, and whoever else makes the same one does no harm.
    pub fn is_copy(&self) -> bool {
        self.place.resource.kind == "ConfigMap" && matches!(self.act, Act::Create(_))
    }

    /// What it is about where a step writes to several objects: `Pod web-1`, `Rollout live, status`.
    pub fn about(&self) -> Clean {
        let Place {
            resource, name, part, ..
        } = &self.place;
        let part = match part {
            Part::Whole => "",
            Part::Status => ", status",
            Part::Scale => ", scale",
        };
        Clean::new(&format!("{} {name}{part}", resource.kind))
    }

    /// Whether an object that was read after an unclear answer shows that this was done. `found` is `None` where
    /// there is none; `after` is what the server's dry run gave.
    pub fn is_done(&self, found: Option<&Value>, after: &Value) -> bool {
        let Some(found) = found else {
            return matches!(self.act, Act::Delete(_));
        };
        let same = |path: &str| found.pointer(path) == after.pointer(path);
        match (&self.act, self.place.part) {
            (Act::Delete(options), _) => {
                found.pointer("/metadata/uid") != options.pointer("/preconditions/uid")
                    || found.pointer("/metadata/deletionTimestamp").is_some()
            }
            (Act::Create(made), _) => {
                let label = |value: &Value| value.pointer("/metadata/labels").cloned();
                // Of a job the server fills in what tells its pods from others', anew with each try.
                let is_same = |path: &&str| (*path == "/spec" && self.place.resource.kind == "Job") || same(path);
                label(found) == label(made) && ["/spec", "/data", "/binaryData", "/immutable"].iter().all(is_same)
            }
            (_, Part::Status) => same("/metadata/uid") && same("/status"),
            (_, Part::Scale) => same("/metadata/uid") && same("/spec"),
            (_, Part::Whole) => same("/metadata/uid") && same("/spec") && same("/metadata/labels"),
        }
    }
}

/// A merge patch that is taken of this very object in this very state, and of no other (409).
#[must_use]
pub fn conditional(body: &Value, object: &Value) -> Value {
    let mut body = body.clone();
    let field = |path: &str| object.pointer(path).cloned().unwrap_or(Value::Null);
    if let Some(fields) = body.as_object_mut() {
        let metadata = json!({"uid": field("/metadata/uid"), "resourceVersion": field("/metadata/resourceVersion")});
        fields.insert("metadata".into(), metadata);
    }
    body
}

/// Options of a deletion: this very object, and all that it owns with it.
pub fn deletion_of(uid: &Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background",
        "preconditions": {"uid": uid},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(part: Part, act: Act) -> Request {
        let object = json!({"metadata": {"namespace": "gift", "name": "live"}});
        Request::new(
            Place::new(Resource::of(Kind::Deployment, "v1"), &object).part(part),
            act,
        )
    }

    #[test]
    fn what_a_write_came_to_is_seen_by_what_it_changes() {
        let after = json!({"metadata": {"uid": "u", "labels": {"a": "1"}}, "spec": {"x": 1}, "status": {"y": 2}});
        let other = json!({"metadata": {"uid": "u", "labels": {"a": "1"}}, "spec": {"x": 0}, "status": {"y": 2}});
        let none = json!({});
        let patch = || Act::JsonPatch(json!([]));
        assert!(request(Part::Whole, patch()).is_done(Some(&after), &after));
        assert!(!request(Part::Whole, patch()).is_done(Some(&other), &after));
        assert!(!request(Part::Whole, patch()).is_done(None, &after));
        assert!(request(Part::Status, patch()).is_done(Some(&other), &after));
        let deletion = request(Part::Whole, Act::Delete(deletion_of(&"u".into())));
        assert!(deletion.is_done(None, &none));
        assert!(!deletion.is_done(Some(&after), &none));
        let going = json!({"metadata": {"uid": "u", "deletionTimestamp": "2026-01-01T00:00:00Z"}});
        assert!(deletion.is_done(Some(&going), &none));
        assert!(deletion.is_done(Some(&json!({"metadata": {"uid": "other"}})), &none));
    }

    #[test]
    fn what_a_write_is_to_be_taken_of_is_said_by_its_tests() {
        let object = json!({"metadata": {"uid": "u", "resourceVersion": "7"}, "spec": {"replicas": 3}});
        let test = |path: &str, value: Value| json!({"op": "test", "path": path, "value": value});
        let change = json!({"op": "replace", "path": "/spec/replicas", "value": 4});
        let patch = |tests: &[Value]| Act::JsonPatch(tests.iter().cloned().chain([change.clone()]).collect());
        let of = |state: &str| json!({"metadata": {"uid": "u", "resourceVersion": state}});
        for (act, is_met) in [
            (patch(&[test("/metadata/uid", "u".into())]), true),
            (patch(&[test("/spec/paused", Value::Null)]), true),
            (
                patch(&[test("/metadata/uid", "u".into()), test("/spec/replicas", 4.into())]),
                false,
            ),
            (Act::MergePatch(of("7")), true),
            (Act::MergePatch(of("6")), false),
            (Act::Replace(of("7")), true),
            (Act::Replace(of("6")), false),
            (Act::Delete(deletion_of(&"u".into())), true),
            (Act::Delete(deletion_of(&"other".into())), false),
            (Act::Create(json!({})), true),
        ] {
            assert_eq!(act.is_met(&object), is_met, "{act:?}");
        }
    }

    #[test]
    fn a_merge_patch_names_the_object_and_its_state() {
        let object = json!({"metadata": {"uid": "u", "resourceVersion": "7", "name": "live"}});
        assert_eq!(
            conditional(&json!({"spec": {"paused": true}}), &object),
            json!({"spec": {"paused": true}, "metadata": {"uid": "u", "resourceVersion": "7"}})
        );
    }
}
