//! Which bytes a version by tag is, and what is said of a tag that moved.

use serde_json::json;

use super::*;
use crate::domain::Timestamp;
use crate::release::known::Known;
use crate::release::past::Back;
use crate::release::step::Return;
use crate::release::testing;

fn digest(letter: char) -> String {
    format!("sha256:{}", letter.to_string().repeat(64))
}

fn pod(hash: &str, image: &str, image_id: &str) -> Value {
    json!({
        "metadata": {"labels": {"pod-template-hash": hash}},
        "spec": {"containers": [{"name": "live", "image": image}]},
        "status": {"containerStatuses": [{"name": "live", "imageID": image_id}]},
    })
}

fn template(image: &str) -> Value {
    json!({"metadata": {"annotations": {"pilothouse.dev/image-digest": digest('9')}},
        "spec": {"containers": [{"name": "live", "image": image}]}})
}

/// A Deployment that runs v2, beside the revision of v1.
fn seen(instances: Vec<Value>) -> Seen {
    let set = |number: i64, image: &str| {
        json!({"metadata": {"name": format!("live-{number}"), "labels": {"pod-template-hash": format!("h{number}")},
            "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
            "ownerReferences": [{"uid": "u", "controller": true}]}, "spec": {"template": template(image)}})
    };
    let object = json!({"metadata": {"uid": "u", "name": "live"}, "spec": {"template": template("r/live:v2")}});
    Seen {
        revisions: vec![set(1, "r/live:v1"), set(2, "r/live:v2")],
        instances,
        ..testing::seen(Kind::Deployment, object)
    }
}

#[test]
fn only_what_names_a_repository_is_an_images_digest() {
    let a = digest('a');
    for (image_id, found) in [
        (format!("r.corp/live@{a}"), true),
        (format!("docker-pullable://r.corp/live@{a}"), true),
        (a.clone(), false),
        (format!("@{a}"), false),
        ("r.corp/live@sha256:12".to_owned(), false),
        (format!("r.corp/live@sha512:{}", "a".repeat(64)), false),
        (String::new(), false),
    ] {
        assert_eq!(digest_of(&image_id), found.then_some(a.as_str()), "{image_id}");
    }
}

#[test]
fn instances_say_which_bytes_a_version_is_unless_they_differ() {
    let of = |hash: &str, letter: char| pod(hash, "r/live:v1", &format!("r/live@{}", digest(letter)));
    let by_digest = format!("r/live@{}", digest('d'));
    let others = [
        pod("h1", "r/live:v1", "sha256:0123"),
        pod("h1", &by_digest, &by_digest),
        of("h2", 'b'),
    ];
    let one = resolved(
        &[
            of("h1", 'a'),
            of("h1", 'a'),
            others[0].clone(),
            others[1].clone(),
            others[2].clone(),
        ],
        "h1",
    );
    assert_eq!(one.digests, Digests::from([("r/live:v1".into(), digest('a'))]));
    assert!(one.several.is_empty());
    let two = resolved(&[of("h1", 'c'), of("h1", 'a')], "h1");
    assert!(two.digests.is_empty());
    assert_eq!(two.several["r/live:v1"], [digest('a'), digest('c')]);
    let mut of_set = of("", 'a');
    of_set["metadata"]["labels"] = json!({"controller-revision-hash": "live-6c5"});
    assert_eq!(
        resolved(&[of_set], "6c5").digests.len(),
        1,
        "a StatefulSet's label is the revision's name"
    );
}

#[test]
fn the_version_that_is_left_is_noted_with_what_its_instances_run_and_not_with_what_is_annotated() {
    let runs = seen(vec![pod("h2", "r/live:v2", &format!("r/live@{}", digest('b')))]);
    let known = Known::of(&runs, None, ("01K", Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!(known.digest, Some(digest('b')));
    assert_eq!(known.digests, Digests::from([("r/live:v2".into(), digest('b'))]));
    let nothing = Known::of(&seen(Vec::new()), None, ("01K", Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!((nothing.digest, nothing.digests), (Some(digest('9')), Digests::new()));
}

#[test]
fn a_way_back_knows_the_bytes_that_the_ledger_and_instances_know() {
    let back = Step::Rollback(Return::to(Back::Named("v1".into())));
    let by_tag = |seen: &Seen| super::back(&back, seen, &Value::Null);
    let unknown = ByTag {
        image: "r/live:v1".into(),
        digest: None,
    };
    let with = |letter| ByTag {
        digest: Some(digest(letter)),
        ..unknown.clone()
    };
    let mut seen = seen(Vec::new());
    assert_eq!(
        by_tag(&seen),
        std::slice::from_ref(&unknown),
        "what is annotated may be of another image"
    );
    let v1 = Seen {
        object: json!({"metadata": {"uid": "u", "name": "live"}, "spec": {"template": template("r/live:v1")}}),
        instances: vec![pod("h1", "r/live:v1", &format!("r/live@{}", digest('a')))],
        ..seen.clone()
    };
    seen.ledger
        .versions
        .keep(Known::of(&v1, None, ("01K", Timestamp::UNIX_EPOCH)).unwrap());
    assert_eq!(by_tag(&seen), [with('a')]);
    // It is kept when the same version is noted again by somebody who saw none of its instances.
    let blind = Seen {
        instances: Vec::new(),
        ..v1
    };
    seen.ledger
        .versions
        .keep(Known::of(&blind, None, ("01L", Timestamp::UNIX_EPOCH)).unwrap());
    assert_eq!(by_tag(&seen), [with('a')]);
    seen.instances = vec![pod("h1", "r/live:v1", &format!("r/live@{}", digest('c')))];
    assert_eq!(by_tag(&seen), [with('c')], "what runs counts more");
    seen.instances
        .push(pod("h1", "r/live:v1", &format!("r/live@{}", digest('d'))));
    assert_eq!(by_tag(&seen), [unknown], "of several none is taken");
}

#[test]
fn the_tag_stays_beside_the_digest() {
    let pins = Digests::from([("r/live:v1".into(), digest('a'))]);
    let pinned = with_digests(&template("r/live:v1"), &pins);
    let image = format!("r/live:v1@{}", digest('a'));
    assert_eq!(pinned, template(&image));
    assert_eq!(with_digests(&pinned, &pins), pinned);
    let none = Digests::new();
    assert!(are_same_bytes((&template("r/live:v1"), &pins), (&pinned, &none)));
    assert!(!are_same_bytes((&template("r/live:v1"), &none), (&pinned, &none)));
}

#[test]
fn what_is_said_of_a_tag_that_moved_names_both() {
    let (then, now) = (digest('a'), digest('c'));
    assert_eq!(
        moved("r/live:v41", &then, Some(&now), false),
        "tag v41 names other bytes now: sha256:aaaaaaaaaaaa then, sha256:cccccccccccc now; the old ones are released by digest"
    );
    assert_eq!(
        moved("r/live:v41", &then, None, false),
        "tag v41 is gone; its bytes were sha256:aaaaaaaaaaaa; the old ones are released by digest"
    );
    assert!(moved("r/live:v41", &then, Some(&now), true).contains("roll back to this version"));
}
