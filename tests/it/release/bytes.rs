//! A version by tag whose tag was pushed anew: what it was is noted, and a way back is to those bytes.

use std::collections::BTreeMap;

use pilothouse::domain::Clean;
use pilothouse::registry::{Logins, Registries, Rules};
use pilothouse::release::step::Step;
use pilothouse::release::warning::Warning;
use pilothouse::release::{Phase, Prepared};
use serde_json::{Value, json};

use super::past::{back, old, start};
use super::{Flow, gray};
use crate::support::registry::{Auth, Hub};

const PODS: &str = "/api/v1/namespaces/gift/pods";
const IMAGE: &str = "/spec/template/spec/containers/0/image";

/// An app whose versions are in a registry, two of which it was.
struct Tagged {
    flow: Flow,
    hub: Hub,
    registries: Registries,
    /// What v41 was.
    digest: String,
}

impl Tagged {
    async fn new() -> Self {
        let hub = Hub::serve(Auth::Anybody).await;
        let rules = Rules {
            plain_http: true,
            ca: None,
        };
        let registries = Registries::new(BTreeMap::from([(hub.host(), rules)]), Logins::parse(b"{}"));
        let mut flow = old().await;
        let mut digest = String::new();
        for tag in ["v41", "v42"] {
            flow.takes(&start(&image(&hub, tag))).await;
            flow.until("two beside ten", &gray(2, 10)).await;
            flow.takes(&Step::KeepOld).await;
            flow.until("all", &Phase::Full { new: 10, old: 10 }).await;
            flow.takes(&Step::Offline).await;
            flow.until("the new alone", &Phase::Stable).await;
            let runs = resolved(&flow).await;
            hub.point("gift/live", tag, &runs);
            if tag == "v41" {
                digest = runs;
            }
        }
        Self {
            flow,
            hub,
            registries,
            digest,
        }
    }

    async fn asked(&self, step: &Step) -> Prepared {
        // A registry answers in time that goes on.
        tokio::time::resume();
        let object = self.flow.object();
        let prepared = self.registries.prepare(&self.flow.cluster, &object, (step, None)).await;
        tokio::time::pause();
        prepared.unwrap()
    }

    /// What the way back to v41 publishes, and what is said of it.
    async fn back(&self) -> (Clean, String, Vec<String>) {
        let prepared = self.asked(&back("v41")).await;
        let warnings = prepared.warnings.iter().map(Warning::words);
        let against = prepared.against.iter().map(|one| one.words().to_string());
        let to = prepared.images().1.cloned().unwrap_or_default();
        let words: Vec<String> = warnings
            .filter(|words| words.contains("tag") || words.contains("digest"))
            .collect();
        (to, words.join("; "), against.collect())
    }

    fn image(&self) -> String {
        image(&self.hub, "v41")
    }

    fn pinned(&self) -> String {
        format!("{}@{}", self.image(), self.digest)
    }
}

fn image(hub: &Hub, tag: &str) -> String {
    format!("{}/gift/live:{tag}", hub.host())
}

/// What the node resolved the image to that the first instance runs.
async fn resolved(flow: &Flow) -> String {
    let (_, pods) = flow.send("GET", PODS, "application/json", &Value::Null).await;
    let id = pods.pointer("/items/0/status/containerStatuses/0/imageID");
    let (_, digest) = id.and_then(Value::as_str).unwrap().split_once('@').unwrap();
    digest.to_owned()
}

fn other() -> String {
    format!("sha256:{}", "c".repeat(64))
}

#[tokio::test(start_paused = true)]
async fn a_way_back_by_tag_is_to_the_bytes_that_ran() {
    let tagged = Tagged::new().await;
    let nothing: Vec<String> = Vec::new();
    let (by_tag, pinned) = (tagged.image(), tagged.pinned());
    let then = pilothouse::release::bytes::short(&tagged.digest);
    assert_eq!(
        tagged.back().await,
        (by_tag.as_str().into(), String::new(), nothing.clone()),
        "the tag names what it did"
    );
    tagged.hub.point("gift/live", "v41", &other());
    let (to, said, against) = tagged.back().await;
    assert_eq!((to.as_str(), against), (pinned.as_str(), nothing.clone()));
    let moved = format!(
        "tag v41 names other bytes now: {then} then, sha256:cccccccccccc now; the old ones are released by digest"
    );
    assert_eq!(said, moved);
    tagged.hub.take_away("gift/live", "v41");
    let (to, said, against) = tagged.back().await;
    assert_eq!((to.as_str(), against), (pinned.as_str(), nothing.clone()));
    assert!(said.contains("tag v41 is gone"), "{said}");
    tagged.hub.point("gift/live", "v41", &other());
    tagged.hub.take_away("gift/live", &tagged.digest);
    let (to, _, against) = tagged.back().await;
    assert_eq!(to.as_str(), by_tag, "there is nothing else");
    let gone = format!("the bytes that {by_tag} was ({then}) are not in its registry any more");
    assert!(against.len() == 1 && against[0].starts_with(&gone), "{against:?}");
    tagged.hub.answer_instead(503, Vec::new(), "");
    let (to, said, against) = tagged.back().await;
    assert_eq!((to.as_str(), against), (pinned.as_str(), nothing));
    assert!(said.contains("still is not known"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn bytes_that_are_gone_are_released_anew_only_where_somebody_says_so() {
    let tagged = Tagged::new().await;
    tagged.hub.point("gift/live", "v41", &other());
    tagged.hub.take_away("gift/live", &tagged.digest);
    let prepared = tagged.asked(&back("v41")).await;
    let refused = tagged.flow.carry_out(&prepared).await.unwrap_err();
    assert!(
        refused.to_string().contains("are not in its registry any more"),
        "{refused}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_was_released_by_digest_runs_and_is_one_version_with_its_tag() {
    let mut tagged = Tagged::new().await;
    tagged.hub.point("gift/live", "v41", &other());
    let prepared = tagged.asked(&back("v41")).await;
    tagged.flow.carry_out(&prepared).await.unwrap();
    tagged.flow.until("the old alone", &Phase::Stable).await;
    let deployment = tagged.flow.deployment().await;
    assert_eq!(deployment.pointer(IMAGE), Some(&json!(tagged.pinned())));
    assert_eq!(resolved(&tagged.flow).await, tagged.digest);
}

#[tokio::test(start_paused = true)]
async fn what_a_tag_names_when_it_is_released_is_written_with_the_version() {
    let tagged = Tagged::new().await;
    tagged.hub.point("gift/live", "v43", &other());
    let annotation = "/spec/template/metadata/annotations/pilothouse.dev~1image-digest";
    for (tag, said) in [("v43", Some(json!(other()))), ("v44", None)] {
        let prepared = tagged.asked(&start(&image(&tagged.hub, tag))).await;
        let written = prepared.differences.iter();
        let written = written.filter(|one| one.place.ends_with("pilothouse.dev/image-digest"));
        let written: Vec<Value> = written.map(|one| json!(one.to.as_ref().unwrap().as_str())).collect();
        assert_eq!(written, said.into_iter().collect::<Vec<_>>(), "{tag}");
    }
    let prepared = tagged.asked(&start(&image(&tagged.hub, "v43"))).await;
    tagged.flow.carry_out(&prepared).await.unwrap();
    assert_eq!(
        tagged.flow.deployment().await.pointer(annotation),
        Some(&json!(other()))
    );
}
