//! The configuration that goes with a version: which `ConfigMap`s and Secrets a template uses, what was in them when
//! it ran ([`record`]), what is different now ([`change`], [`value`]), and how an old version gets back what it ran with
//! ([`copy`]).
//!
//! Names are always those that people know: a copy goes by the name of what it is a copy of.

pub mod change;
pub mod copy;
pub mod goes;
pub mod hash;
pub mod record;
#[cfg(test)]
mod tests;
pub mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What holds configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Holder {
    ConfigMap,
    Secret,
}

impl Holder {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
        }
    }

    pub const fn plural(self) -> &'static str {
        match self {
            Self::ConfigMap => "configmaps",
            Self::Secret => "secrets",
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which configuration a version is to run with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// What it ran with; of a new version what runs now.
    Recorded,
    /// What is in the `ConfigMap`s today.
    Current,
}

impl Source {
    pub const fn words(self) -> &'static str {
        match self {
            Self::Recorded => "the configuration that was noted of it",
            Self::Current => "today's configuration",
        }
    }

    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Recorded => Self::Current,
            Self::Current => Self::Recorded,
        }
    }
}

/// What a template uses, by the name it stands there with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Used {
    pub holder: Holder,
    pub name: String,
    /// Instances start without it.
    pub optional: bool,
}

/// A place in a template: where the reference is, its field with the name, and of what.
type Place = (&'static str, &'static str, Holder);

const OF_VARIABLE: [Place; 2] = [
    ("/valueFrom/configMapKeyRef", "name", Holder::ConfigMap),
    ("/valueFrom/secretKeyRef", "name", Holder::Secret),
];
const OF_VARIABLES: [Place; 2] = [
    ("/configMapRef", "name", Holder::ConfigMap),
    ("/secretRef", "name", Holder::Secret),
];
const OF_VOLUME: [Place; 2] = [
    ("/configMap", "name", Holder::ConfigMap),
    ("/secret", "secretName", Holder::Secret),
];
const OF_PROJECTION: [Place; 2] = [
    ("/configMap", "name", Holder::ConfigMap),
    ("/secret", "name", Holder::Secret),
];

/// All that a template uses, each once; what one place needs is not optional. What images are pulled with is not among
/// it: instances never see it.
pub fn used(template: &Value) -> Vec<Used> {
    let mut all: BTreeMap<(Holder, String), bool> = BTreeMap::new();
    each(&mut template.clone(), &mut |holder, name, optional| {
        let known = all.entry((holder, name.clone())).or_insert(true);
        *known &= optional;
    });
    let used = |((holder, name), optional)| Used { holder, name, optional };
    all.into_iter().map(used).collect()
}

/// Looks at every reference of a template: what holds it, its name, and whether it is optional.
fn each(template: &mut Value, see: &mut dyn FnMut(Holder, &mut String, bool)) {
    for containers in ["/spec/initContainers", "/spec/containers"] {
        for container in items(template, containers) {
            for variable in items(container, "/env") {
                references(variable, &OF_VARIABLE, see);
            }
            for variables in items(container, "/envFrom") {
                references(variables, &OF_VARIABLES, see);
            }
        }
    }
    for volume in items(template, "/spec/volumes") {
        references(volume, &OF_VOLUME, see);
        for projection in items(volume, "/projected/sources") {
            references(projection, &OF_PROJECTION, see);
        }
    }
}

fn items<'a>(parent: &'a mut Value, path: &str) -> &'a mut [Value] {
    let items = parent.pointer_mut(path).and_then(Value::as_array_mut);
    items.map_or(&mut [], Vec::as_mut_slice)
}

fn references(parent: &mut Value, places: &[Place], see: &mut dyn FnMut(Holder, &mut String, bool)) {
    for (path, field, holder) in places {
        let Some(Value::Object(reference)) = parent.pointer_mut(path) else {
            continue;
        };
        let optional = reference.get("optional") == Some(&Value::Bool(true));
        if let Some(Value::String(name)) = reference.get_mut(*field)
            && !name.is_empty()
        {
            see(*holder, name, optional);
        }
    }
}

/// A `ConfigMap` or Secret as it is today. What is in it is never printed.
#[derive(Clone, PartialEq)]
pub enum Found {
    There(Value),
    Absent,
    /// Why it was not read.
    Unread(String),
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::There(_) => f.write_str("There(…)"),
            Self::Absent => f.write_str("Absent"),
            Self::Unread(why) => write!(f, "Unread({why})"),
        }
    }
}

/// What a step looks at as it is today. What is in it is never printed.
#[derive(Clone, Default, PartialEq)]
pub struct Today(BTreeMap<(Holder, String), Found>);

impl fmt::Debug for Today {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Today {
    pub fn new(all: impl IntoIterator<Item = ((Holder, String), Found)>) -> Self {
        Self(all.into_iter().collect())
    }

    pub fn get(&self, holder: Holder, name: &str) -> Found {
        let found = self.0.get(&(holder, name.to_owned())).cloned();
        found.unwrap_or_else(|| Found::Unread("nobody looked at it".to_owned()))
    }

    /// Whether anything was looked at.
    pub fn is_known(&self) -> bool {
        !self.0.is_empty()
    }

    /// With a `ConfigMap` that is to be created.
    #[must_use]
    pub fn with(mut self, name: &str, map: Value) -> Self {
        self.0.insert((Holder::ConfigMap, name.to_owned()), Found::There(map));
        self
    }
}
