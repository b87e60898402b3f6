//! What a person should know before a release: what may undo it, what keeps instances from being replaced without a
//! loss, what they need that may not be there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::bytes;
use super::config::goes::Doubt;
use super::known::own_container;
use super::room::{self, Short};
use super::step::Step;
use crate::domain::{Clean, Kind, Version};

/// What stands around a workload in its namespace; of what could not be read, why.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub autoscalers: Read,
    pub budgets: Read,
    pub quotas: Read,
    /// The volume claims that the template names, by their names.
    pub claims: Vec<(String, Result<Value, String>)>,
}

/// Objects, or why they are not known.
#[derive(Clone, Debug)]
pub struct Read(pub Result<Vec<Value>, String>);

impl Default for Read {
    fn default() -> Self {
        Self(Ok(Vec::new()))
    }
}

/// A reason to look twice; none keeps a release from being begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// Another tool owns the object, under a name of its own, and would put a version back.
    Owned {
        tool: &'static str,
        name: Option<String>,
        back: Option<String>,
    },
    /// An autoscaler, by its name: during a hold it counts the new instances as well.
    Autoscaled(String),
    /// A disruption budget, by its name, that lets no instance be evicted now.
    NoDisruption(String),
    /// A quota has no room for the instances that are added.
    NoRoom(Short),
    /// A container without a readiness probe is ready as soon as it runs.
    NoReadiness(String),
    /// A container that asks for neither CPU nor memory.
    NoRequests(String),
    SingleReplica,
    /// A volume claim that all instances share, and that only one node may use.
    SharedClaim(String),
    /// A volume claim of which it could not be read who may use it, with why.
    UnknownClaim(String, String),
    /// The version that is gone back to is marked bad: what it is, by whom, when and why.
    Bad(String),
    /// The strategy is made `RollingUpdate` for the hold.
    Recreate,
    /// The instances of a twin have another value of this label.
    OtherLabel(String),
    /// The Deployment's selector matches the instances of its twin too.
    SameLabels,
    /// The image's registry does not have it, or does not show it.
    NoSuchImage(String),
    /// Whether there is such an image is not known: which, and why.
    ImageUnasked(String, String),
    /// Of which bytes an image by tag is.
    Bytes(bytes::Doubt),
    /// The job, by its template's name, that ran before the version that is left: what it changed stays.
    JobStays(String),
    /// The job, by its name, that runs before it has none of the images that are released.
    JobOfOthers(String),
    /// Of the configuration that goes with the version.
    Config(Doubt),
    /// What is not known, and why.
    Unknown(&'static str, String),
}

impl Warning {
    /// Whether it is worth a look before this step: what tells of two versions beside each other, or of how a version's
    /// instances come, says nothing where their version stays.
    pub const fn concerns(&self, step: &Step) -> bool {
        match step {
            Step::Scale(_) => matches!(
                self,
                Self::Owned { .. } | Self::NoRequests(_) | Self::NoRoom(_) | Self::Unknown(..)
            ),
            Step::EndFloor | Step::Delete | Step::Cancel => matches!(self, Self::Owned { .. } | Self::Unknown(..)),
            _ => true,
        }
    }

    /// Of each image of which instances have several bytes.
    pub fn several_bytes(found: BTreeMap<String, Vec<String>>) -> impl Iterator<Item = Self> {
        let found = found.into_iter();
        found.map(|(image, digests)| Self::Bytes(bytes::Doubt::Several(image, digests)))
    }

    /// The registry of an image could not be asked.
    pub fn unasked(image: &str, why: &str) -> Self {
        Self::ImageUnasked(image.to_owned(), why.to_owned())
    }

    /// In words that a terminal can show, whoever wrote what is in them.
    pub fn words(&self) -> String {
        Clean::new(&self.text()).to_string()
    }

    fn text(&self) -> String {
        match self {
            Self::Owned { tool, name, back } => {
                let name = name.as_ref().map_or_else(String::new, |name| format!(" ({name})"));
                let back = back.as_deref().unwrap_or("its own version");
                format!("{tool}{name} owns it, and it would put {back} back when it syncs: release there, or stop it")
            }
            Self::Autoscaled(name) => format!(
                "autoscaler {name} counts new and old instances: its target may move while both run (up to 1.8 times as many)"
            ),
            Self::NoDisruption(name) => {
                format!("disruption budget {name} lets no instance be evicted now: a drain of their nodes waits")
            }
            Self::NoRoom(short) => short.words(),
            Self::NoReadiness(container) => {
                format!("{container} has no readiness probe: it counts as ready as soon as it runs")
            }
            Self::NoRequests(container) => {
                format!("{container} asks for no CPU and no memory: whether it fits cannot be told")
            }
            Self::SingleReplica => "it has a single instance".into(),
            Self::SharedClaim(claim) => {
                format!("all instances share the volume claim {claim}, which only one node may use: new ones may wait")
            }
            Self::UnknownClaim(claim, why) => {
                format!("all instances share the volume claim {claim}; how many nodes may use it is not known: {why}")
            }
            Self::NoSuchImage(image) => {
                format!("no such image in the registry: {image}; a node that does not have it already cannot pull it")
            }
            Self::ImageUnasked(image, why) => {
                format!("the registry could not be asked for {image}: {why}")
            }
            Self::Bytes(doubt) => doubt.words(),
            Self::Bad(words) => words.clone(),
            Self::Recreate => "its strategy is Recreate: while gray, two versions run beside each other".into(),
            Self::JobStays(name) => {
                format!(
                    "what the job {name} changed before this version was released stays: see that the old one can live with it"
                )
            }
            Self::JobOfOthers(name) => {
                format!("the job {name} runs none of the images that are released: see that it fits the version")
            }
            Self::Config(doubt) => doubt.words(),
            Self::OtherLabel(key) => format!(
                "its gray instances have another value of {key}: its Services send to them all the same, but whatever else selects by it does not see them, such as network policies, budgets and spreading rules"
            ),
            Self::SameLabels => {
                "no label that its Services do not select by tells the gray instances apart: whatever counts the Deployment's instances counts them too".into()
            }
            Self::Unknown(what, why) => format!("{what} is not known: {why}"),
        }
    }
}

/// A tool that owns objects: how they are marked by it (the beginning of labels and annotations), the labels and
/// annotations that name what it owns them for, and the managers that its writes carry.
struct Owner {
    tool: &'static str,
    marks: &'static str,
    names: &'static [&'static str],
    managers: &'static [&'static str],
}

const OWNERS: [Owner; 3] = [
    Owner {
        tool: "Argo CD",
        marks: "argocd.argoproj.io/",
        names: &["argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id"],
        managers: &["argocd-controller", "argocd-application-controller"],
    },
    Owner {
        tool: "Flux",
        marks: "kustomize.toolkit.fluxcd.io/",
        names: &["kustomize.toolkit.fluxcd.io/name"],
        managers: &["kustomize-controller", "helm-controller"],
    },
    Owner {
        tool: "Helm",
        marks: "meta.helm.sh/",
        names: &["meta.helm.sh/release-name"],
        managers: &["helm"],
    },
];

/// What there is to know of a workload before it becomes what the server's dry run says.
pub fn of(kind: Kind, (before, after): (&Value, &Value), around: &Surroundings) -> Vec<Warning> {
    let mut found: Vec<Warning> = owner(before, after).into_iter().collect();
    found.extend(from_around(kind, (before, after), around));
    // What runs beside the app is seldom asked: that the app itself is ready is what counts.
    let own = after.pointer("/spec/template").and_then(own_container);
    if let Some(own) = own.filter(|own| own.get("readinessProbe").is_none_or(Value::is_null)) {
        found.push(Warning::NoReadiness(text(own, "/name").unwrap_or_default().to_owned()));
    }
    let list = |path: &str| list(after, path);
    for container in list("/spec/template/spec/containers") {
        let name = text(container, "/name").unwrap_or_default().to_owned();
        let requests = container.pointer("/resources/requests").and_then(Value::as_object);
        if requests.is_none_or(serde_json::Map::is_empty) {
            found.push(Warning::NoRequests(name));
        }
    }
    found.extend(around.claims.iter().filter_map(claim));
    if before.pointer("/spec/replicas").and_then(Value::as_i64) == Some(1) {
        found.push(Warning::SingleReplica);
    }
    if text(before, "/spec/strategy/type") == Some("Recreate") {
        found.push(Warning::Recreate);
    }
    found
}

/// The volume claims that a workload's instances share, by their names.
pub fn claims(object: &Value) -> impl Iterator<Item = &str> {
    let volumes = list(object, "/spec/template/spec/volumes").iter();
    volumes.filter_map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
}

fn from_around(kind: Kind, (before, after): (&Value, &Value), around: &Surroundings) -> Vec<Warning> {
    let name = text(before, "/metadata/name");
    let mut found = Vec::new();
    match &around.autoscalers.0 {
        Ok(autoscalers) => found.extend(autoscalers.iter().filter_map(|hpa| {
            let target = |field: &str| text(hpa, &format!("/spec/scaleTargetRef/{field}"));
            let is_its = target("kind") == Some(kind.name()) && target("name") == name;
            is_its.then(|| Warning::Autoscaled(named(hpa)))
        })),
        Err(why) => found.push(Warning::Unknown("whether an autoscaler counts them", why.clone())),
    }
    match &around.budgets.0 {
        Ok(budgets) => found.extend(budgets.iter().filter_map(|budget| {
            let allowed = budget.pointer("/status/disruptionsAllowed").and_then(Value::as_i64);
            let is_full = allowed == Some(0) && selects(budget.pointer("/spec/selector"), before);
            is_full.then(|| Warning::NoDisruption(named(budget)))
        })),
        Err(why) => found.push(Warning::Unknown("whether a disruption budget holds them", why.clone())),
    }
    match &around.quotas.0 {
        Ok(quotas) => found.extend(room::short(kind, before, after, quotas).map(Warning::NoRoom)),
        Err(why) => found.push(Warning::Unknown("whether a quota has room", why.clone())),
    }
    found
}

fn claim((name, read): &(String, Result<Value, String>)) -> Option<Warning> {
    let claim = match read {
        Ok(claim) => claim,
        Err(why) => return Some(Warning::UnknownClaim(name.clone(), why.clone())),
    };
    let mut modes = list(claim, "/spec/accessModes").iter().filter_map(Value::as_str);
    let is_of_many = modes.any(|mode| matches!(mode, "ReadWriteMany" | "ReadOnlyMany"));
    (!is_of_many).then(|| Warning::SharedClaim(name.clone()))
}

fn text<'a>(object: &'a Value, path: &str) -> Option<&'a str> {
    object.pointer(path).and_then(Value::as_str)
}

fn list<'a>(object: &'a Value, path: &str) -> &'a [Value] {
    let list = object.pointer(path).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

fn named(object: &Value) -> String {
    text(object, "/metadata/name").unwrap_or_default().to_owned()
}

/// Whether a label selector selects a workload's instances; one of a `policy/v1` budget that is empty selects all.
fn selects(selector: Option<&Value>, workload: &Value) -> bool {
    let Some(selector @ Value::Object(_)) = selector else {
        return false;
    };
    let labels = workload.pointer("/spec/template/metadata/labels");
    let value = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let mut wanted = wanted.into_iter().flatten();
    wanted.all(|(key, wanted)| value(key) == wanted.as_str())
        && list(selector, "/matchExpressions").iter().all(|one| {
            let label = value(text(one, "/key").unwrap_or_default());
            let is_in = || label.is_some_and(|label| list(one, "/values").iter().any(|value| *value == *label));
            match text(one, "/operator") {
                Some("In") => is_in(),
                Some("NotIn") => !is_in(),
                Some("Exists") => label.is_some(),
                Some("DoesNotExist") => label.is_none(),
                _ => false,
            }
        })
}

/// The tool that would put its own version back, and which that is, where the step changes it.
fn owner(before: &Value, after: &Value) -> Option<Warning> {
    let maps = || {
        let paths = ["/metadata/labels", "/metadata/annotations"].into_iter();
        paths.filter_map(|path| before.pointer(path)?.as_object())
    };
    let value = |key: &str| maps().find_map(|map| map.get(key)?.as_str());
    let managers = list(before, "/metadata/managedFields");
    let is_owner = |owner: &&Owner| {
        let marked = maps().any(|map| map.keys().any(|key| key.starts_with(owner.marks)));
        let mut managers = managers.iter().filter_map(|field| text(field, "/manager"));
        marked || managers.any(|manager| owner.managers.contains(&manager))
    };
    let found = OWNERS.iter().find(is_owner);
    let by_label = || {
        let is_helm = value("app.kubernetes.io/managed-by") == Some("Helm");
        OWNERS.iter().find(|owner| is_helm && owner.tool == "Helm")
    };
    let owner = found.or_else(by_label)?;
    // A tracking id is `APP:GROUP/KIND:NAMESPACE/NAME`.
    let name = owner.names.iter().find_map(|key| value(key));
    let name = name.and_then(|name| name.split(':').next()).map(str::to_owned);
    Some(Warning::Owned {
        tool: owner.tool,
        name,
        back: version_left(before, after),
    })
}

/// The version that a step leaves: the commit of the template, else what the image is tagged that it changes.
fn version_left(before: &Value, after: &Value) -> Option<String> {
    let image = |object: &Value, name: &str| {
        let mut containers = list(object, "/spec/template/spec/containers").iter();
        let container = containers.find(|container| text(container, "/name") == Some(name))?;
        text(container, "/image").map(str::to_owned)
    };
    let names = list(before, "/spec/template/spec/containers")
        .iter()
        .filter_map(|one| text(one, "/name"));
    let mut changed = names.filter(|name| image(before, name) != image(after, name));
    let left = image(before, changed.next()?)?;
    let commit = before
        .pointer("/spec/template/metadata/annotations")
        .and_then(|all| all.get("pilothouse.dev/commit"));
    let version = commit
        .and_then(Value::as_str)
        .map(|commit| Version::Commit(commit.into()));
    Some(version.unwrap_or_else(|| Version::of_image(&left)).short().to_owned())
}

#[cfg(test)]
#[path = "warning_tests.rs"]
mod tests;
