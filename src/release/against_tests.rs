//! What speaks against a version: that somebody said it is bad, that it is older than what runs; and what does not.

use crate::release::bytes::Digests;
use serde_json::json;

use super::*;
use crate::domain::Kind;
use crate::release::config::Source;
use crate::release::known::Known;
use crate::release::ledger::{Ledger, Line};
use crate::release::live::Method;
use crate::release::past::Back;
use crate::release::step::{Count, New, Return};
use crate::release::template::Facts;
use crate::release::testing;

/// A template with these images.
fn template(images: &[&str]) -> Value {
    let containers = images.iter().enumerate();
    let containers: Vec<Value> = containers
        .map(|(place, image)| json!({"name": format!("c{place}"), "image": image}))
        .collect();
    json!({"spec": {"containers": containers}})
}

fn at(minute: u32) -> Timestamp {
    format!("2026-01-01T10:{minute:02}:00Z").parse().unwrap()
}

/// A Deployment of the first image, with a revision of each, made in this minute.
fn seen(revisions: &[(&str, u32)]) -> Seen {
    let sets = revisions.iter().map(|(image, minute)| {
        json!({
            "metadata": {
                "name": format!("live-{minute}"), "creationTimestamp": at(*minute),
                "labels": {"pod-template-hash": format!("h{minute}")},
                "annotations": {"deployment.kubernetes.io/revision": minute.to_string()},
                "ownerReferences": [{"controller": true, "uid": "u"}],
            },
            "spec": {"template": template(&[image])},
        })
    });
    Seen {
        revisions: sets.collect(),
        ..testing::seen(
            Kind::Deployment,
            json!({
                "metadata": {"name": "live", "uid": "u"}, "spec": {"template": template(&[revisions[0].0])},
            }),
        )
    }
}

fn known(images: &[&str], bad: bool) -> Known {
    Known {
        id: "01K".into(),
        workload: "Deployment live".into(),
        images: images.iter().map(ToString::to_string).collect(),
        digest: None,
        digests: Digests::new(),
        commit: None,
        hash: None,
        first: at(0),
        last: at(0),
        good: !bad,
        bad: bad.then(|| Mark {
            by: "oncall".into(),
            at: at(5),
            reason: "errors".into(),
            operation: None,
            images: Vec::new(),
        }),
        template: template(images),
        config: None,
        more: serde_json::Map::new(),
    }
}

fn ledger(all: Vec<Known>) -> Ledger {
    let lines = all.into_iter().map(|known| Line::Entry(Box::new(known)));
    Ledger {
        versions: Versions { lines: lines.collect() },
        ..Ledger::default()
    }
}

fn start(image: &str) -> Step {
    Step::Start(Box::new(New {
        image: image.into(),
        container: None,
        facts: Facts::default(),
        method: Method::Surge,
        count: Count::Instances(1),
        config: Source::Current,
    }))
}

fn told(step: &Step, seen: &Seen) -> String {
    words(&judge(step, seen).against)
}

fn back(to: &str) -> Step {
    Step::Rollback(Return::to(Back::Named(to.into())))
}

#[test]
fn an_older_version_is_one_that_came_before_what_runs_whichever_was_made_last() {
    let of_two = seen(&[("live:v2", 2), ("live:v1", 1)]);
    assert_eq!(
        told(&start("live:v1"), &of_two),
        "live:v1 is of 2026-01-01T10:01:00Z, older than what runs (2026-01-01T10:02:00Z)"
    );
    for (image, why) in [("live:v3", "nobody knows it"), ("live:v2", "it is what runs")] {
        assert_eq!(told(&start(image), &of_two), "", "{why}");
    }
    // After the way back the newer one is no older one.
    let gone_back = seen(&[("live:v1", 1), ("live:v2", 2)]);
    assert_eq!(told(&start("live:v2"), &gone_back), "");
    // Whoever restarts what runs makes it no newer.
    let restarted = seen(&[("live:v1", 1), ("live:v1", 9), ("live:v2", 2)]);
    assert_eq!(told(&start("live:v2"), &restarted), "");
    // However an image is spelt, it is the same.
    let full = "docker.io/library/live:v1";
    assert!(told(&start(full), &of_two).contains("older than what runs"));
    // Without a revision the ledger knows.
    let mut forgotten = seen(&[("live:v2", 2)]);
    forgotten.ledger = ledger(vec![known(&["live:v1"], false)]);
    assert!(told(&start("live:v1"), &forgotten).contains("older than what runs"));
}

#[test]
fn a_bad_version_is_told_with_who_and_why_until_one_of_its_images_is_another() {
    let mut seen = seen(&[("live:v3", 3)]);
    seen.ledger = ledger(vec![known(&["live:v2"], true)]);
    let all = judge(&start("live:v2"), &seen);
    assert_eq!(all.brings, ["live:v2"]);
    let told_bad = "live:v2 is bad: by oncall at 2026-01-01 10:05 UTC: errors";
    assert!(words(&all.against).starts_with(told_bad), "{:?}", all.against);
    assert_eq!(told(&start("live:v4"), &seen), "");
    // What ran since with the same images, and well, counts.
    seen.ledger = ledger(vec![known(&["live:v2"], true), known(&["live:v2"], false)]);
    assert!(!told(&start("live:v2"), &seen).contains("is bad"));
    // A tag with its digest is the tag; another digest is another image.
    let digest = |of: u8| format!("live:v2@sha256:{of:0>64}");
    for (marked, meant, is_bad) in [
        ("live:v2".to_owned(), digest(1), true),
        (digest(1), digest(2), false),
        ("r/live:v2".to_owned(), "live:v2".to_owned(), false),
    ] {
        seen.ledger = ledger(vec![known(&[&marked], true)]);
        assert_eq!(
            told(&start(&meant), &seen).contains("is bad"),
            is_bad,
            "{marked} {meant}"
        );
    }
}

#[test]
fn a_way_back_is_never_kept_and_says_whether_it_goes_back() {
    let mut two = seen(&[("live:v1", 1), ("live:v2", 2)]);
    two.ledger = ledger(vec![Known {
        first: at(2),
        ..known(&["live:v2"], true)
    }]);
    let forward = judge(&back("v2"), &two);
    assert_eq!((forward.against, forward.undoes), (vec![], false), "to a later one");
    assert!(forward.warning.unwrap().words().contains("is bad: by oncall"));
    let two = seen(&[("live:v2", 2), ("live:v1", 1)]);
    let backward = judge(&back("v1"), &two);
    assert_eq!(
        (backward.against, backward.undoes, backward.warning),
        (vec![], true, None)
    );
}

#[test]
fn who_goes_back_to_other_settings_of_the_same_images_undoes_no_version() {
    let mut two = seen(&[("live:v2", 2), ("live:v2", 1)]);
    let template = two.revisions[1].pointer_mut("/spec/template/spec/containers/0");
    template.unwrap()["env"] = json!([{"name": "LOG", "value": "debug"}]);
    let step = Step::Rollback(Return::to(Back::LastGood));
    assert!(past::find(&Back::LastGood, &two).is_ok());
    assert!(!judge(&step, &two).undoes);
}

#[test]
fn what_is_tried_again_is_what_was_given_up() {
    let mut given_up = seen(&[("live:v2", 2), ("live:v1", 1)]);
    assert_eq!(told(&Step::Retry, &given_up), "");
    given_up.ledger = ledger(vec![known(&["live:v2"], true)]);
    assert!(told(&Step::Retry, &given_up).starts_with("live:v2 is bad"));
    assert_eq!(told(&Step::Full, &given_up), "");
}

#[test]
fn a_mark_is_of_the_image_that_the_version_was_left_for_whatever_its_sidecars_are() {
    let of = |images: &[&str]| images.iter().map(ToString::to_string).collect::<Vec<_>>();
    let left = |images: &[&str], back: &[&str]| known(images, true).left_for(&of(back));
    assert_eq!(left(&["live:v2", "mesh:1"], &["live:v1", "mesh:1"]), ["live:v2"]);
    assert_eq!(
        left(&["live:v2", "mesh:2"], &["live:v1", "mesh:1"]),
        ["live:v2"],
        "the app's own"
    );
    assert_eq!(
        left(&["live:v1", "mesh:2"], &["live:v1", "mesh:1"]),
        ["mesh:2"],
        "the sidecar alone"
    );
    let mut second = known(&["mesh:2", "live:v2"], true);
    second.template["metadata"] = json!({"annotations": {"kubectl.kubernetes.io/default-container": "c1"}});
    assert_eq!(
        second.left_for(&of(&["mesh:1", "live:v1"])),
        ["live:v2"],
        "as the template says"
    );

    let marked = |images: &[&str], bad: &[&str]| {
        let mut known = known(images, true);
        known.bad.as_mut().unwrap().images = of(bad);
        known
    };
    let is_bad = |all: Vec<Known>, meant: &[&str]| bad(&ledger(all).versions, "Deployment live", &of(meant)).is_some();
    for (images, reason, meant, is) in [
        (["live:v2", "mesh:1"], "live:v2", ["live:v2", "mesh:3"], true),
        (["live:v2", "mesh:1"], "live:v2", ["live:v3", "mesh:1"], false),
        (["live:v1", "mesh:2"], "mesh:2", ["live:v3", "mesh:2"], true),
        (["live:v1", "mesh:2"], "mesh:2", ["live:v1", "mesh:1"], false),
    ] {
        assert_eq!(
            is_bad(vec![marked(&images, &[reason])], &meant),
            is,
            "{images:?} {meant:?}"
        );
    }
    // Where nobody said which, it is the first.
    let unsaid = known(&["live:v2", "mesh:1"], true);
    assert!(is_bad(vec![unsaid.clone()], &["live:v2", "mesh:2"]));
    assert!(!is_bad(vec![unsaid], &["live:v3", "mesh:1"]));
    // What ran well since with the image that was bad counts, and no other workload's.
    let marked = marked(&["live:v2", "mesh:1"], &["live:v2"]);
    let well = known(&["live:v2", "mesh:2"], false);
    assert!(!is_bad(vec![marked.clone(), well.clone()], &["live:v2", "mesh:1"]));
    assert!(is_bad(vec![well.clone(), marked.clone()], &["live:v2", "mesh:1"]));
    let of_another = Known {
        workload: "Deployment worker".into(),
        ..well
    };
    assert!(is_bad(vec![marked, of_another], &["live:v2", "mesh:1"]));
}

#[test]
fn a_mark_of_another_cluster_is_of_the_same_image_in_whichever_registry() {
    let digest = |of: u8| format!("@sha256:{of:0>64}");
    let one = |image: &str| Elsewhere {
        cluster: ClusterId::new("b"),
        images: vec![image.into()],
        mark: known(&["x"], true).bad.unwrap(),
    };
    for (marked, meant, is) in [
        ("idc.local/gift/live:v2", "cloud.local/gift/live:v2".to_owned(), true),
        ("idc.local/gift/live:v2", "cloud.local/gift/live:v3".to_owned(), false),
        ("idc.local/gift/live:v2", "cloud.local/other/live:v2".to_owned(), false),
        ("live:v2", format!("live:v2{}", digest(1)), true),
    ] {
        assert_eq!(
            one(marked).is_of(&[meant.clone(), "mesh:1".into()]),
            is,
            "{marked} {meant}"
        );
    }
    let by_digest = one(&format!("idc.local/live:v2{}", digest(1)));
    assert!(by_digest.is_of(&[format!("cloud.local/mirror/live:v9{}", digest(1))]));
    assert!(!by_digest.is_of(&[format!("idc.local/live:v2{}", digest(2))]));
    // What ran well here since outlives it; what did before says nothing.
    for (minute, is) in [(4, false), (6, true)] {
        let well = Known {
            last: at(minute),
            ..known(&["live:v2"], false)
        };
        let versions = ledger(vec![well]).versions;
        assert_eq!(one("live:v2").is_outlived(&versions, "Deployment live"), is);
    }
}
