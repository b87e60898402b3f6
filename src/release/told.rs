//! What the activity log says of a step beside whose it is: from what to what it leads, and by which requests.

use super::past::Back;
use super::prepared::Prepared;
use super::step::{Count, Difference, Step};
use crate::domain::Clean;

/// From what to what a step leads, in the words of what it changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// `None`: nothing was there before, or it is not known.
    pub from: Option<Clean>,
    pub to: Option<Clean>,
}

impl Change {
    fn of(from: impl Into<Clean>, to: impl Into<Clean>) -> Self {
        Self {
            from: Some(from.into()),
            to: Some(to.into()),
        }
    }

    fn to(to: impl Into<Clean>) -> Self {
        Self {
            from: None,
            to: Some(to.into()),
        }
    }

    /// `live:v1 → live:v2`; empty where nothing is known of it.
    pub fn words(&self) -> Clean {
        let text = |side: &Option<Clean>| side.as_ref().map_or_else(|| "–".to_owned(), ToString::to_string);
        match self {
            Self { from: None, to: None } => Clean::default(),
            Self {
                from: None,
                to: Some(to),
            } => to.clone(),
            Self { from, to } => format!("{} → {}", text(from), text(to)).into(),
        }
    }
}

impl Step {
    /// What it leads to as far as the step itself says.
    pub fn change(&self, name: &str) -> Change {
        match self {
            Self::Start(new) => Change::to(new.image.as_str()),
            Self::Grow(count) => Change::to(gray(*count)),
            Self::Scale(to) => Change::to(instances(*to)),
            Self::Rollback(back) => Change::to(match &back.to {
                Back::LastGood => "the last that was good",
                Back::Named(word) | Back::Known(word) => word,
            }),
            Self::KeepOld => Change::of("gray", "full, the old kept"),
            Self::Full => Change::of("gray", "full"),
            Self::Offline => Change::of("the old kept", "the old offline"),
            Self::Abort => Change::of("the new version", "the old version"),
            Self::Repair => Change::of("a hold without end", "an ordinary rolling update"),
            Self::Pause => Change::of("running", "paused"),
            Self::Resume => Change::of("paused", "running"),
            Self::Restart => Change::to("every instance anew"),
            Self::Promote => Change::to("the next step"),
            Self::Retry => Change::of("aborted", "tried again"),
            Self::EndFloor => Change::of("a temporary floor", "the floor as it was"),
            Self::Delete => Change::of(name, "deleted"),
            Self::Cancel => Change::of(name, "cancelled"),
        }
    }
}

impl Prepared {
    /// From what to what it leads, by the server's dry run.
    pub fn change(&self) -> Change {
        let found = match self.step {
            Step::Delete | Step::Cancel => None,
            Step::Scale(to) => Some(self.floor().unwrap_or_else(|| self.scaled(to))),
            Step::EndFloor => self.floor(),
            Step::Grow(_) | Step::KeepOld => self.grown(),
            Step::Promote => self.promoted(),
            _ => self.version(),
        };
        found.unwrap_or_else(|| self.step.change(&self.object.key.name))
    }

    /// The requests, verb and path, in their order; `is_sent`: they were more than tried.
    pub fn requests(&self, is_sent: bool) -> String {
        let lines: Vec<String> = self.requests.iter().map(|(request, _)| request.line()).collect();
        let dry = if is_sent { "" } else { " (dry run)" };
        format!("{}{dry}", lines.join("; "))
    }

    fn at(&self, ends: &[&str]) -> Option<&Difference> {
        let mut all = self.differences.iter();
        all.find(|difference| ends.iter().any(|end| difference.place.ends_with(end)))
    }

    /// The floor of an autoscaler.
    fn floor(&self) -> Option<Change> {
        let floor = self.at(&["spec.minReplicas", "spec.minReplicaCount"])?;
        let words = |side: &Option<Clean>| {
            side.as_ref()
                .map_or_else(|| "no floor".into(), |least| Clean::from(format!("floor {least}")))
        };
        Some(Change::of(words(&floor.from), words(&floor.to)))
    }

    fn scaled(&self, to: i64) -> Change {
        Change::of(instances(self.desired), instances(to))
    }

    /// How many new instances there were, and are to be.
    fn grown(&self) -> Option<Change> {
        const SURGE: [&str; 2] = ["rollingUpdate.maxSurge", ": spec.replicas"];
        const PARTITION: &str = "pdateStrategy.rollingUpdate.partition";
        let number = |side: &Option<Clean>| side.as_ref().and_then(|text| text.parse::<i64>().ok());
        let of_all = |left: i64| self.desired.saturating_sub(left);
        let (from, to) = if let Some(surge) = self.at(&SURGE) {
            (number(&surge.from), number(&surge.to))
        } else if let Some(kept) = self.at(&[PARTITION, "updateStrategy.partition"]) {
            (number(&kept.from).map(of_all), number(&kept.to).map(of_all))
        } else {
            (None, None)
        };
        let to = to.or_else(|| self.asked().map(|asked| asked.instances))?;
        let words = |count: i64| Clean::from(format!("gray {}", instances(count)));
        Some(Change {
            from: from.map(words),
            to: Some(words(to)),
        })
    }

    fn promoted(&self) -> Option<Change> {
        let step = self.at(&["status.currentStepIndex"])?;
        let words = |side: &Option<Clean>| side.as_ref().map(|index| Clean::from(format!("step {index}")));
        Some(Change {
            from: words(&step.from),
            to: words(&step.to),
        })
    }

    /// The images, else the commits.
    fn version(&self) -> Option<Change> {
        let images = self.images();
        let (from, to) = if images == (None, None) {
            self.commits()?
        } else {
            images
        };
        Some(Change {
            from: from.cloned(),
            to: to.cloned(),
        })
    }
}

fn instances(count: i64) -> String {
    if count == 1 {
        "1 instance".to_owned()
    } else {
        format!("{count} instances")
    }
}

fn gray(count: Count) -> String {
    match count {
        Count::Instances(count) => format!("gray {}", instances(count.into())),
        Count::Percent(percent) => format!("gray {percent}%"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::prepared::testing::prepared;
    use super::*;

    fn differs(place: &str, from: Option<&str>, to: &str) -> Difference {
        Difference {
            place: place.into(),
            from: from.map(Clean::from),
            to: Some(to.into()),
        }
    }

    #[test]
    fn from_what_to_what_a_step_leads_is_said_in_its_own_words() {
        let surge = differs("spec.strategy.rollingUpdate.maxSurge", Some("2"), "3");
        let partition = differs("spec.updateStrategy.rollingUpdate.partition", Some("2"), "1");
        let twin = differs("Deployment live-gray: spec.replicas", Some("1"), "2");
        let floor = differs("HorizontalPodAutoscaler live: spec.minReplicas", Some("3"), "10");
        let image = differs("spec.template.spec.containers[live].image", Some("live:v1"), "live:v2");
        for (step, difference, told) in [
            (Step::Scale(14), None, "3 instances → 14 instances"),
            (Step::Scale(10), Some(floor), "floor 3 → floor 10"),
            (
                Step::Grow(Count::Instances(3)),
                Some(surge.clone()),
                "gray 2 instances → gray 3 instances",
            ),
            (
                Step::Grow(Count::Instances(2)),
                Some(partition),
                "gray 1 instance → gray 2 instances",
            ),
            (
                Step::Grow(Count::Instances(2)),
                Some(twin),
                "gray 1 instance → gray 2 instances",
            ),
            (Step::KeepOld, Some(surge), "gray 2 instances → gray 3 instances"),
            (Step::Abort, Some(image), "live:v1 → live:v2"),
            (Step::Pause, None, "running → paused"),
            (Step::Delete, None, "live → deleted"),
            (Step::Restart, None, "every instance anew"),
        ] {
            let mut tried = prepared(step.clone(), &json!({}));
            tried.differences = difference.into_iter().collect();
            assert_eq!(tried.change().words(), told, "{step:?}");
        }
    }

    #[test]
    fn a_request_is_its_verb_and_its_path_and_whether_it_was_only_tried() {
        let tried = prepared(Step::Pause, &json!({}));
        let line = "PATCH /apis/apps/v1/namespaces/gift/deployments/live";
        assert_eq!(tried.requests(true), line);
        assert_eq!(tried.requests(false), format!("{line} (dry run)"));
    }
}
