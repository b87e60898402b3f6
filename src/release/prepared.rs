//! A write that was tried without effect, to be shown and confirmed, and what came of it once it was sent.

use serde_json::Value;

use super::against::{Against, Others, marked_elsewhere};
use super::bytes::ByTag;
use super::claim::{Claim, Holder};
use super::config::goes::Carried;
use super::known::Known;
use super::live::{Live, Method};
use super::request::{Part, Request, Waits};
use super::stand::Asked;
use super::step::{Difference, Step};
use super::template::is_never_pulled;
use super::warning::Warning;
use crate::domain::{Clean, Driver, Kind, ResourceRef, Timestamp, Uid};

/// What is not known where nobody can say to others that they release an app.
pub const UNCLAIMED: &str = "who else releases it";

/// A write that was tried without effect.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    pub object: ResourceRef,
    pub step: Step,
    /// Who else releases it.
    pub driver: Option<Driver>,
    /// When it was prepared.
    pub at: Timestamp,
    /// The operation's ULID; the steps of one release share it.
    pub operation: String,
    /// `metadata.generation` of the object that it was made of.
    pub generation: i64,
    /// What the object would be, by the server's dry run.
    pub differences: Vec<Difference>,
    pub warnings: Vec<Warning>,
    /// What speaks against it: it is written only if that is overridden.
    pub against: Vec<Against>,
    /// Who else says that they release the app: it is written only if it is taken over.
    pub held: Option<Holder>,
    pub desired: i64,
    /// The images of a version that it releases anew; none of a way back.
    pub(crate) brings: Vec<String>,
    /// The images of its template after it.
    pub(crate) becomes: Vec<String>,
    /// It goes back to a version of other images, from before the one that it leaves.
    pub(crate) undoes: bool,
    /// What the version it publishes runs with.
    pub config: Carried,
    /// The version that it leaves, and since when it runs in full.
    pub(crate) leaves: Option<(Box<Known>, Option<Timestamp>)>,
    /// The images of a way back that say no more than a tag.
    pub(crate) by_tag: Vec<ByTag>,
    /// Each with what the server's dry run made of it, in the order in which they are sent.
    pub(crate) requests: Vec<(Request, Value)>,
}

impl Prepared {
    /// The same with what came of claiming the app.
    #[must_use]
    pub fn with_claim(mut self, claim: Claim) -> Self {
        match claim {
            Claim::Ours | Claim::TakenOver(_) => {}
            Claim::Theirs(holder) => self.held = Some(holder),
            Claim::Unknown(why) => self.warnings.push(Warning::Unknown(UNCLAIMED, why.to_string())),
        }
        self
    }

    /// The same with what the ledgers of other clusters say of the version that it publishes. A way back is not kept.
    #[must_use]
    pub fn with_others(mut self, others: &Others) -> Self {
        let is_back = matches!(self.step, Step::Rollback(_));
        let is_said = self.against.iter().any(|one| matches!(one, Against::Bad { .. }));
        if is_said || (self.brings.is_empty() && !is_back) {
            return self;
        }
        let meant = if is_back { &self.becomes } else { &self.brings };
        match marked_elsewhere(others, meant) {
            Some(against) if is_back => self.warnings.insert(0, Warning::Bad(against.words().to_string())),
            Some(against) => self.against.push(against),
            None => {}
        }
        for cluster in &others.unread {
            let why = format!("the ledger of {cluster} is not read");
            self.warnings
                .push(Warning::Unknown("whether another cluster calls it bad", why));
        }
        self
    }

    /// As the ledger calls it.
    pub fn workload(&self) -> String {
        format!("{} {}", self.object.kind, self.object.key.name)
    }

    /// The image before and after, where the step changes it.
    pub fn images(&self) -> (Option<&Clean>, Option<&Clean>) {
        let mut images = self
            .differences
            .iter()
            .filter(|difference| difference.place.ends_with(".image"));
        let image = images.next();
        (
            image.and_then(|image| image.from.as_ref()),
            image.and_then(|image| image.to.as_ref()),
        )
    }

    /// The job that runs, and has to end well, before anything of the workload is written.
    pub fn job(&self) -> Option<&str> {
        self.requests.iter().find_map(|(request, _)| match &request.waits {
            Waits::Complete(place) => Some(place.name.as_str()),
            Waits::Nothing | Waits::Seen => None,
        })
    }

    /// The commit before and after, where the step changes it.
    pub fn commits(&self) -> Option<(Option<&Clean>, Option<&Clean>)> {
        const PLACE: &str = "spec.template.metadata.annotations.pilothouse.dev/commit";
        let mut all = self.differences.iter();
        let change = all.find(|difference| difference.place.ends_with(PLACE))?;
        Some((change.from.as_ref(), change.to.as_ref()))
    }

    /// The images that the step publishes anew and that nodes may have to pull.
    pub fn published(&self) -> Vec<Clean> {
        let mut images: Vec<Clean> = match &self.step {
            Step::Start(new) => vec![Clean::new(&new.image)],
            Step::Rollback(_) => {
                let changed = self.differences.iter();
                let changed = changed.filter(|difference| difference.place.ends_with(".image"));
                changed.filter_map(|difference| difference.to.clone()).collect()
            }
            _ => Vec::new(),
        };
        images.sort();
        images.dedup();
        images.retain(|image| !self.is_never_pulled(image));
        images
    }

    /// The images of a way back by tag that nodes may have to pull.
    pub fn by_tag(&self) -> impl Iterator<Item = &ByTag> {
        self.by_tag.iter().filter(|one| !self.is_never_pulled(&one.image))
    }

    fn is_never_pulled(&self, image: &str) -> bool {
        let mut templates = self
            .requests
            .iter()
            .filter_map(|(_, after)| after.pointer("/spec/template"));
        templates.any(|template| is_never_pulled(template, image))
    }
}

impl Prepared {
    /// The step of an Argo Rollout that a promotion leads to at least; `None` of any other write.
    pub(crate) fn leads_to(&self) -> Option<i32> {
        if self.step != Step::Promote || self.driver.is_some() {
            return None;
        }
        let (request, after) = self
            .requests
            .iter()
            .find(|(request, _)| request.place.part == Part::Status)?;
        let index = "/status/currentStepIndex";
        let asked = request.act.body().pointer(index).and_then(Value::as_i64);
        let at = after.pointer(index).and_then(Value::as_i64);
        // Past a pause its controller goes on by itself.
        i32::try_from(asked.or(at.map(|at| at + 1))?).ok()
    }

    /// How many new instances it is for; a Rollout's steps say that by themselves.
    pub(crate) fn asked(&self) -> Option<Asked> {
        let count = self.step.gray()?;
        let method = match self.object.kind {
            Kind::Rollout => return None,
            // Of a gray release that grows only the object knows by which method.
            Kind::Deployment => self.requests.iter().find_map(|(request, after)| {
                let is_its = request.place.resource.kind == Kind::Deployment.name();
                is_its.then(|| Live::alone(after).surge().0)
            })?,
            _ => Method::Replace,
        };
        let desired = i32::try_from(self.desired).unwrap_or(i32::MAX);
        Some(Asked {
            instances: count.of(desired, method).instances.into(),
            of: self.desired,
        })
    }
}

/// Why a write is made: what a person said to it, and what was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// Why it is made.
    pub reason: Option<Clean>,
    /// Why what speaks against it does not count.
    pub overridden: Option<Clean>,
    /// From whom the app was taken over.
    pub taken_over: Option<Clean>,
    /// Why the new instances fail of what it aborts, where they do and it is their version's doing.
    pub fails: Option<Clean>,
}

/// What was written, by which it is known whether what is seen is older: that says nothing yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// The workload's `metadata.generation` after it.
    pub generation: i64,
    /// The twin that was written to, with its generation after it; `None` of one that was deleted.
    pub twin: Option<(Uid, Option<i64>)>,
    /// The step of an Argo Rollout that a promotion leads to at least: a status that is written to keeps its
    /// generation.
    pub leads_to: Option<i32>,
    /// How many new instances it was for; `None` where that is not its to say.
    pub asked: Option<Asked>,
}

/// A write that was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    pub written: Written,
    /// What came of what ran before it.
    pub told: Vec<Clean>,
    /// What could not be noted beside it, with why.
    pub unnoted: Vec<Clean>,
}

/// Writes for tests.
#[cfg(test)]
pub(crate) mod testing {
    use serde_json::json;

    use super::super::request::{Act, Place, Resource};
    use super::*;
    use crate::domain::{ClusterId, ObjectKey};

    /// A step whose dry run has this template, and changes the image of a container.
    pub(crate) fn prepared(step: Step, template: &Value) -> Prepared {
        let difference = |container: &str, to: &str| Difference {
            place: format!("spec.template.spec.containers[{container}].image").into(),
            from: Some("r/live:v1".into()),
            to: Some(to.into()),
        };
        let after =
            json!({"metadata": {"namespace": "gift", "name": "live"}, "spec": {"template": {"spec": template}}});
        let place = Place::new(Resource::of(Kind::Deployment, "v1"), &after);
        let request = Request::new(place, Act::JsonPatch(json!([])));
        Prepared {
            object: ResourceRef {
                cluster: ClusterId::new("a"),
                kind: Kind::Deployment,
                key: ObjectKey::new("gift", "live"),
                uid: Uid::default(),
            },
            step,
            driver: None,
            at: Timestamp::UNIX_EPOCH,
            operation: String::new(),
            generation: 1,
            against: Vec::new(),
            held: None,
            brings: Vec::new(),
            becomes: Vec::new(),
            undoes: false,
            differences: vec![difference("live", "r/live:v0"), difference("also", "r/live:v0")],
            config: Carried::default(),
            leaves: None,
            by_tag: Vec::new(),
            warnings: Vec::new(),
            desired: 3,
            requests: vec![(request, after)],
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::config::Source;
    use super::super::live::Method;
    use super::super::past::Back;
    use super::super::step::{Count, New, Return};
    use super::super::template::Facts;
    use super::testing::prepared;
    use super::*;

    #[test]
    fn images_that_may_have_to_be_pulled_are_those_that_the_step_publishes() {
        let start = Step::Start(Box::new(New {
            image: "r/live:v2".into(),
            container: None,
            facts: Facts::default(),
            method: Method::Surge,
            count: Count::Instances(1),
            config: Source::Current,
        }));
        let with = |policy: &str, image: &str| json!({"containers": [{"name": "live", "image": image, "imagePullPolicy": policy}]});
        for (step, template, images) in [
            (start.clone(), with("Always", "r/live:v2"), &["r/live:v2"][..]),
            (start.clone(), with("Never", "r/live:v1"), &["r/live:v2"]),
            (start, with("Never", "r/live:v2"), &[]),
            (
                Step::Rollback(Return::to(Back::LastGood)),
                with("IfNotPresent", "r/live:v0"),
                &["r/live:v0"],
            ),
            (
                Step::Rollback(Return::to(Back::LastGood)),
                with("Never", "r/live:v0"),
                &[],
            ),
            (Step::KeepOld, with("Always", "r/live:v2"), &[]),
        ] {
            let found = prepared(step.clone(), &template).published();
            assert_eq!(found, images, "{step:?} {template}");
        }
    }
}
