//! Where a cluster's figures come from, what was tried, and how it went: plain values between the one
//! who asks and the one who shows.

use std::sync::Arc;

use super::Millis;
use super::figure::Figure;
use super::meter::Measured;
use super::pace::Pace;
use crate::domain::{Clean, ObjectKey};

/// Who knows what containers use, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Has a past, and answers for fleets that are too large to be asked node by node.
    Prometheus,
    /// Every node's kubelet, through the API server's node proxy.
    Cadvisor,
    /// `metrics.k8s.io`: CPU and working set, nothing else.
    MetricsApi,
}

impl Source {
    pub const ALL: [Self; 3] = [Self::Prometheus, Self::Cadvisor, Self::MetricsApi];

    /// As configuration, command line and JSON spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::Cadvisor => "cadvisor",
            Self::MetricsApi => "metrics-api",
        }
    }
}

/// Which source is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The best one that works.
    #[default]
    Auto,
    Only(Source),
    Off,
}

/// One source that was tried, or was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub source: Source,
    pub outcome: Outcome,
}

/// What came of trying.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answers; where it is, and what it says of itself.
    Works(Clean),
    Fails {
        reason: Clean,
        hint: Clean,
    },
    /// A better one works, or another was asked for.
    NotTried,
}

/// Where a cluster's figures come from now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// `None`: nothing is known, and `attempts` say why.
    pub current: Option<Source>,
    pub attempts: Vec<Attempt>,
    /// Nodes, or questions, that failed when they were last asked, with the reason of one of them.
    pub failing: usize,
    pub failure: Option<Clean>,
    /// How often nodes are asked.
    pub pace: Pace,
}

impl Supply {
    /// What came of trying a source.
    pub fn outcome(&self, source: Source) -> Option<&Outcome> {
        self.attempts
            .iter()
            .find(|attempt| attempt.source == source)
            .map(|attempt| &attempt.outcome)
    }

    /// In a line: what is used, or why nothing is.
    pub fn sentence(&self) -> Clean {
        if let Some(source) = self.current {
            let place = match self.outcome(source) {
                Some(Outcome::Works(place)) if !place.is_empty() => format!(" ({place})"),
                _ => String::new(),
            };
            let failing = match (&self.failure, self.failing) {
                (Some(reason), failing) if failing > 0 => format!("; {failing} do not answer: {reason}"),
                _ => String::new(),
            };
            let often = self.pace.words().map_or_else(String::new, |words| format!("; {words}"));
            return format!("{}{place}{often}{failing}", source.name()).into();
        }
        let mut reasons = self.attempts.iter().filter_map(|attempt| match &attempt.outcome {
            Outcome::Fails { reason, .. } => Some(format!("{}: {reason}", attempt.source.name())),
            Outcome::Works(_) | Outcome::NotTried => None,
        });
        match reasons.next() {
            None => "not looked for".into(),
            Some(first) => reasons.fold(first, |all, next| format!("{all}; {next}")).into(),
        }
    }
}

/// What is wanted of a cluster's figures: which nodes there are, and which carry what is on screen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Asked first and most often.
    pub shown: Arc<[Clean]>,
    /// All that answer, `shown` among them.
    pub nodes: Arc<[Clean]>,
    /// The instances on screen; a single one is looked at closely, with its past.
    pub pods: Arc<[ObjectKey]>,
    /// The namespaces that are watched; empty: all. Where only some may be seen only these are asked about.
    pub namespaces: Arc<[Clean]>,
    /// Every figure of every instance is wanted, not only what fits on a screen.
    pub everything: bool,
    /// A figure of every instance that is wanted beside [`Figure::BACKGROUND`]: a list is sorted by it.
    pub figure: Option<Figure>,
}

/// What a cluster's measuring task has to say.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    Supply(Supply),
    /// New figures; the clock is this program's.
    Measured {
        at: Millis,
        items: Vec<Measured>,
    },
}
