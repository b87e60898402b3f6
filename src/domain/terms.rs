//! What a workload says of its release in its kind's own terms; `release` makes a phase of it.

use super::Timestamp;
use super::build::BuildFacts;
use super::text::Clean;

/// `spec.minReadySeconds` of a hold: new instances serve, and never count as available, so that the rolling
/// update stops by itself after exactly as many as its surge allows.
pub const HELD_SECONDS: i32 = i32::MAX - 1;

/// Label of a Deployment that is held: how it was set before. This and the next two are labels, for
/// `kubectl rollout undo` replaces all annotations.
pub const HOLD: &str = "pilothouse.dev/hold";
/// The hash of the revision that the release left.
pub const HOLD_FROM: &str = "pilothouse.dev/hold-from";
/// Annotation of an autoscaler whose floor was raised for a while: its bounds before.
pub const FLOOR: &str = "pilothouse.dev/floor";
/// The operation's ULID.
pub const HOLD_OP: &str = "pilothouse.dev/hold-op";

/// Labels of a twin: the Deployment whose gray release it is; and, as of its instances, which side of it they are.
pub const GRAY_OF: &str = "pilothouse.dev/gray-of";
pub const TRACK: &str = "pilothouse.dev/track";
/// The value of [`TRACK`].
pub const GRAY: &str = "gray";
/// Label of a twin's instances: the name of the Deployment beside which they run.
pub const GRAY_APP: &str = "pilothouse.dev/app";
/// Annotation of a twin's template: which label of its instances has another value than the Deployment's; that value
/// ends with [`GRAY_SUFFIX`].
pub const GRAY_KEY: &str = "pilothouse.dev/gray-key";
/// What the name of a twin has beside its Deployment's.
pub const GRAY_SUFFIX: &str = "-gray";

/// The tag of an app's image before its first build.
pub const UNBUILT: &str = "unbuilt";

/// Whether an image stands for one that no build made yet.
pub fn is_unbuilt(image: &str) -> bool {
    image.rsplit_once(':').is_some_and(|(_, tag)| tag == UNBUILT)
}

/// A number of instances, or a share of those wanted (`IntOrString`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    Count(i32),
    Percent(i32),
}

impl Amount {
    /// `3` or `25%`; `None` of anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, make): (&str, fn(i32) -> Self) = match text.strip_suffix('%') {
            Some(number) => (number, Self::Percent),
            None => (text, Self::Count),
        };
        number.parse().ok().filter(|&n| n >= 0).map(make)
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(number) => write!(f, "{number}"),
            Self::Percent(number) => write!(f, "{number}%"),
        }
    }
}

/// A Deployment's rolling update.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rolling {
    /// The number of the revision that its template is.
    pub revision: Option<i64>,
    pub min_ready_seconds: i32,
    pub surge: Option<Amount>,
    pub unavailable: Option<Amount>,
    /// The template got through once: `Progressing` says `NewReplicaSetAvailable`, or there is no deadline to say so.
    pub settled: bool,
    /// It is being deleted.
    pub leaving: bool,
}

impl Rolling {
    /// Whether new instances are kept from counting as available for good.
    pub const fn is_held(&self) -> bool {
        self.min_ready_seconds >= HELD_SECONDS
    }
}

/// What an Argo Rollout says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a field of the object")]
pub struct Argo {
    /// `status.phase`; empty before 1.0.
    pub phase: Clean,
    pub message: Clean,
    /// `status.currentPodHash`, `status.stableRS`.
    pub current: Clean,
    pub stable: Clean,
    pub aborted: bool,
    pub promoting: bool,
    /// `spec.paused`: a person did.
    pub paused: bool,
    pub controller_pause: bool,
    /// Reason and start of the first pause.
    pub pause: Option<(Clean, Option<Timestamp>)>,
    /// The step it is at, from 0, of how many.
    pub step: Option<(i32, i32)>,
    /// The step it is at ends by itself.
    pub timed: bool,
    pub blue_green: bool,
    /// Kind and name of the workload that has its template, where it has none of its own.
    pub template_of: Option<(Clean, Clean)>,
}

/// What a workload's kind says beside the counts that all have.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Terms {
    /// Nothing more.
    #[default]
    Plain,
    Deployment(Rolling),
    /// A StatefulSet or CloneSet: the name of its newest revision.
    Revised(Option<Clean>),
    Rollout(Box<Argo>),
    /// A Job that builds an app.
    Build(Box<BuildFacts>),
}

/// Whoever else releases a workload by controllers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Driver {
    KruiseRollouts,
    Flagger,
    /// An Argo Rollout whose template is the workload's.
    ArgoRollouts,
}

impl Driver {
    pub const fn name(self) -> &'static str {
        match self {
            Self::KruiseRollouts => "Kruise Rollouts",
            Self::Flagger => "Flagger",
            Self::ArgoRollouts => "Argo Rollouts",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_a_count_or_a_share() {
        for (text, amount) in [
            ("3", Some(Amount::Count(3))),
            ("25%", Some(Amount::Percent(25))),
            ("-1", None),
            ("", None),
            ("a%", None),
        ] {
            assert_eq!(Amount::parse(text), amount, "{text}");
            if let Some(amount) = amount {
                assert_eq!(amount.to_string(), text);
            }
        }
    }
}
