//! What can go wrong between us and a registry: kinds, each with what a person can do.

use std::error::Error;
use std::time::Duration;

use http::StatusCode;

use crate::domain::Clean;

/// Longest piece of a reason that is kept, in characters.
const LONGEST_REASON: usize = 240;

/// A question to a registry that has no answer. The text holds no credentials.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// 401, with what it was asked with.
    #[error("{host} refuses the login{}", with_colon(.because))]
    Login {
        host: Clean,
        /// Why there is none to show; empty where one was.
        because: Clean,
    },
    /// 403.
    #[error("{host} does not allow it")]
    Denied { host: Clean },
    /// 404.
    #[error("{host} has no {what}")]
    NotFound { host: Clean, what: Clean },
    /// 429.
    #[error("{host} asks to wait{}", how_long(*.wait))]
    Limited { host: Clean, wait: Option<Duration> },
    /// 5xx, and what else is no success.
    #[error("{host} answers {code}")]
    Server { host: Clean, code: u16 },
    #[error("{host} cannot be reached: {reason}")]
    Unreachable { host: Clean, reason: Clean },
    #[error("{host} cannot prove who it is: {reason}")]
    Certificate { host: Clean, reason: Clean },
    #[error("no answer from {host} within {} s", .limit.as_secs())]
    Slow { host: Clean, limit: Duration },
    #[error("what {host} answers is not what a registry says: {what}")]
    Unreadable { host: Clean, what: Clean },
}

fn with_colon(because: &Clean) -> String {
    if because.is_empty() {
        String::new()
    } else {
        format!(": {because}")
    }
}

fn how_long(wait: Option<Duration>) -> String {
    wait.map(|wait| format!(" {} s", wait.as_secs())).unwrap_or_default()
}

impl RegistryError {
    /// What a person can do about it.
    pub fn hint(&self) -> String {
        match self {
            Self::Login { host, .. } => format!(
                "name a pull secret in the workload, or `docker login {host}`; what a helper of docker's keeps is not read"
            ),
            Self::Denied { .. } => "the login has no right to pull this repository".into(),
            Self::NotFound { .. } => {
                "is its name right? some registries say so too of what this login may not see".into()
            }
            Self::Limited { .. } => "ask again later; with a login the limit is often higher".into(),
            Self::Server { .. } => "the registry has trouble; ask again later".into(),
            Self::Unreachable { host, .. } => format!(
                "check its name, the network and the proxy; of one without TLS say `plain_http = true` in [registries.\"{host}\"]"
            ),
            Self::Certificate { host, .. } => {
                format!("name the authority that signed it: `ca = \"FILE\"` in [registries.\"{host}\"]")
            }
            Self::Slow { .. } => "check the network, the VPN and the proxy".into(),
            Self::Unreadable { .. } => "is it a registry? a login page or a proxy may be answering".into(),
        }
    }

    /// The kind of an answer that is no success.
    pub(super) fn of_status(host: &Clean, status: StatusCode, wait: Option<Duration>, what: &str) -> Self {
        let host = host.clone();
        match status.as_u16() {
            401 => Self::Login {
                host,
                because: Clean::default(),
            },
            403 => Self::Denied { host },
            404 => Self::NotFound {
                host,
                what: what.into(),
            },
            429 => Self::Limited { host, wait },
            code => Self::Server { host, code },
        }
    }

    /// The kind of an error below HTTP. Only what the layer that failed says is kept.
    pub(super) fn of_transport(host: &Clean, error: &(dyn Error + 'static)) -> Self {
        let mut innermost = error;
        while let Some(source) = innermost.source() {
            innermost = source;
        }
        let told: String = innermost.to_string().chars().take(LONGEST_REASON).collect();
        let host = host.clone();
        if let Some(reason) = told.strip_prefix("invalid peer certificate: ") {
            let reason = match reason {
                "UnknownIssuer" => "no authority that is known here signed it",
                reason => reason,
            };
            return Self::Certificate {
                host,
                reason: reason.into(),
            };
        }
        let reason = if told.contains("InvalidContentType") {
            "it does not speak TLS".into()
        } else {
            told.into()
        };
        Self::Unreachable { host, reason }
    }

    pub(super) fn unreadable(host: &Clean, what: &str) -> Self {
        Self::Unreadable {
            host: host.clone(),
            what: what.into(),
        }
    }
}
