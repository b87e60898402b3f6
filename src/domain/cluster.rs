//! A cluster, and whether what we know of it is fresh.

use std::fmt;

use super::moment::Moment;
use super::text::Clean;

/// A cluster's name in this program: the kubeconfig context, or its alias from the configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
pub struct ClusterId(pub Clean);

impl ClusterId {
    pub fn new(name: &str) -> Self {
        Self(Clean::new(name))
    }
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ClusterId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Whether a cluster's tag says that people's production hangs on it.
pub fn is_production(tag: &str) -> bool {
    tag.to_ascii_lowercase().starts_with("prod")
}

/// The connection to a cluster as a person needs to know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// No usable answer yet; why not, once that is known.
    Connecting { reason: Option<Clean> },
    /// Something was heard within the last probe's period.
    Live,
    /// Live, but it has been cut and mended repeatedly of late.
    Unstable { cuts: u32 },
    /// Nothing was ever heard.
    Unreachable { reason: Clean },
    /// Nothing heard since then; the last known data stays on screen.
    Stale { since: Moment, reason: Clean },
    /// The server refuses who we are (401) or all we ask (403); the hint says what to do.
    Denied { reason: Clean, hint: Clean },
}

impl Link {
    /// The first word of a link of which nothing is known.
    pub const CONNECTING: Self = Self::Connecting { reason: None };

    /// Whether what is shown of the cluster is current.
    pub fn is_live(&self) -> bool {
        matches!(self, Self::Live | Self::Unstable { .. })
    }
}

/// What a cluster said about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The server's version, such as `v1.36.3`.
    pub version: Option<Clean>,
    /// Who the server takes us for (`SelfSubjectReview`).
    pub user: Option<Clean>,
    /// The API server's address, without credentials.
    pub server: Clean,
    /// Certificates are not verified (`insecure-skip-tls-verify`): shown in red for as long as it lasts.
    pub insecure: bool,
    /// The server's clock minus ours, in seconds, from the `Date` header.
    pub clock_skew: Option<i64>,
}

impl Identity {
    /// How far the clocks are apart, in seconds, if that is worth a look: ages and tokens are wrong by as much.
    pub fn clock_is_off(&self) -> Option<i64> {
        self.clock_skew.filter(|skew| skew.unsigned_abs() > 5)
    }
}

/// Where a location's machines stand.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Provider {
    #[default]
    Unknown,
    /// Own machine rooms.
    Idc,
    /// A cloud, by name.
    Cloud(Clean),
    /// Machines of several providers.
    Mixed,
}

impl Provider {
    /// The provider of two sets of machines together.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        match (&self, other) {
            (Self::Unknown, _) => other.clone(),
            (_, Self::Unknown) => self,
            (a, b) if a == b => self,
            _ => Self::Mixed,
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unknown => "–",
            Self::Idc => "IDC",
            Self::Cloud(name) => name,
            Self::Mixed => "mixed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_apart_from_more_than_five_seconds_on() {
        for (skew, off) in [
            (None, None),
            (Some(5), None),
            (Some(-5), None),
            (Some(6), Some(6)),
            (Some(-6), Some(-6)),
        ] {
            let identity = Identity {
                clock_skew: skew,
                ..Identity::default()
            };
            assert_eq!(identity.clock_is_off(), off, "{skew:?}");
        }
    }
}
