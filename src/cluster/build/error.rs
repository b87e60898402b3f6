//! Why a build is not begun.

use crate::build::needs::Level;
use crate::build::template::TemplateError;
use crate::cluster::ClusterError;
use crate::domain::Clean;
use crate::domain::access::Right;

/// Why a build is not begun, or whether it was is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    #[error("{0}")]
    Cluster(#[from] ClusterError),
    #[error("{0}")]
    Template(#[from] TemplateError),
    /// The server says so before anything is sent.
    #[error("you may not {0}")]
    Forbidden(Right),
    #[error("the namespace {namespace} refuses its pod: it enforces the Pod Security level {}, and the build needs {}", .enforced.name(), .needed.name())]
    Security {
        namespace: Clean,
        enforced: Level,
        needed: Level,
    },
    #[error("the namespace {namespace} has no Secret {name}, and the build needs it")]
    NoSecret { namespace: Clean, name: Clean },
    #[error("{} builds run in {namespace}, and {most} may: {}", .running.len(), .running.join(", "))]
    TooMany {
        running: Vec<Clean>,
        most: usize,
        namespace: Clean,
    },
    /// An object that builds something else has the name.
    #[error("there is a Job {0} that builds something else")]
    Taken(Clean),
    #[error("no answer came ({0}), and the Job is not there; it may still arrive")]
    Unclear(ClusterError),
}

impl BuildError {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Cluster(error) => error.hint().to_owned(),
            Self::Template(error) => error.hint.clone(),
            Self::Forbidden(_) => "`pilothouse rbac builder` prints the rights that it needs".into(),
            Self::Security { .. } => "choose another template with --builder, or have the namespace's label \
                 pod-security.kubernetes.io/enforce changed"
                .into(),
            Self::NoSecret { .. } => "create it, or take it out of the template".into(),
            Self::TooMany { .. } => {
                "wait until one is done, cancel one, or raise `builds_at_once` in the configuration".into()
            }
            Self::Taken(_) => "look what it is with kubectl, and delete it if nobody needs it".into(),
            Self::Unclear(_) => "repeat it: a Job that arrived meanwhile is joined".into(),
        }
    }
}
