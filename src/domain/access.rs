//! What the server lets this user do, as far as it was asked.

use std::collections::BTreeMap;

use super::resource::Kind;
use super::text::Clean;

/// RBAC verbs this program uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verb {
    List,
    Watch,
    Get,
    Patch,
    Update,
    Create,
    Delete,
}

impl Verb {
    pub const fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Watch => "watch",
            Self::Get => "get",
            Self::Patch => "patch",
            Self::Update => "update",
            Self::Create => "create",
            Self::Delete => "delete",
        }
    }
}

/// A right: a verb on a resource (with its subresource, as RBAC writes it: `pods/log`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Right {
    pub verb: Verb,
    pub group: Clean,
    pub resource: Clean,
    /// Empty for all namespaces.
    pub namespace: Clean,
}

impl Right {
    pub fn on(verb: Verb, kind: Kind, namespace: &str) -> Self {
        Self {
            verb,
            group: kind.group().into(),
            resource: kind.plural().into(),
            namespace: namespace.into(),
        }
    }
}

impl std::fmt::Display for Right {
    /// `list pods in gift`, `patch deployments.apps in all namespaces`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.verb.name(), self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if self.namespace.is_empty() {
            f.write_str(" in all namespaces")
        } else {
            write!(f, " in {}", self.namespace)
        }
    }
}

/// Answers of `SelfSubjectAccessReview`, kept until asked again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Access {
    pub answers: BTreeMap<Right, bool>,
}

impl Access {
    /// Whether the right is given; `None` while the server has not answered.
    pub fn allows(&self, right: &Right) -> Option<bool> {
        self.answers.get(right).copied()
    }
}
