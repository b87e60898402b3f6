//! Which version is meant by a way back.

use super::*;
use crate::release::bytes::Digests;
use crate::release::known::Mark;
use crate::release::ledger::Ledger;
use crate::release::testing;
use chrono::DateTime;
use serde_json::json;

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "live"}}, "spec": {"containers": [{"name": "live", "image": image}]}})
}

fn set(number: i64, image: &str) -> Value {
    json!({
        "metadata": {"name": format!("live-h{number}"), "labels": {"pod-template-hash": format!("h{number}")},
            "annotations": {"deployment.kubernetes.io/revision": number.to_string()},
            "ownerReferences": [{"uid": "u", "controller": true}]},
        "spec": {"template": template(image)},
    })
}

/// A Deployment at revision 3, with what its ledger knows.
fn seen(known: Vec<Known>) -> Seen {
    let mut ledger = Ledger::default();
    for known in known {
        ledger.versions.keep(known);
    }
    Seen {
        revisions: vec![set(1, "live:v1"), set(3, "live:v3"), set(2, "live:v2")],
        ledger,
        ..testing::seen(
            Kind::Deployment,
            json!({"metadata": {"uid": "u", "name": "live"}, "spec": {"template": template("live:v3")}}),
        )
    }
}

fn known(image: &str, minutes: i64, bad: bool) -> Known {
    let at = |minutes: i64| DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap();
    Known {
        id: format!("01K{image}"),
        workload: "Deployment live".into(),
        images: vec![image.into()],
        digest: None,
        digests: Digests::new(),
        commit: None,
        hash: None,
        first: at(minutes),
        last: at(minutes + 20),
        good: true,
        bad: bad.then(|| Mark {
            by: "oncall".into(),
            at: at(minutes),
            reason: "errors".into(),
            operation: None,
            images: Vec::new(),
        }),
        template: template(image),
        config: None,
        more: serde_json::Map::new(),
    }
}

fn image(found: Result<Past, Refusal>) -> Result<String, String> {
    let found = found.map_err(|refusal| refusal.to_string())?;
    Ok(images(&found.template)[0].clone())
}

fn back(to: &Back, seen: &Seen) -> Result<String, String> {
    image(find(to, seen))
}

#[test]
fn by_itself_it_is_the_last_good_one_else_the_one_before() {
    let to = |known: Vec<Known>| back(&Back::LastGood, &seen(known));
    let ok = |image: &str| Ok(image.to_owned());
    assert_eq!(to(vec![]), ok("live:v2"), "nobody knows of a good one");
    assert_eq!(to(vec![known("live:v1", 0, false)]), ok("live:v1"));
    assert_eq!(
        to(vec![
            known("live:v1", 0, false),
            known("live:v2", 30, false),
            known("live:v3", 60, false)
        ]),
        ok("live:v2"),
        "not the one that runs"
    );
    assert_eq!(
        to(vec![known("live:v2", 0, true)]),
        ok("live:v1"),
        "the bad one is passed over"
    );
    assert_eq!(
        to(vec![known("live:v0", 0, false), known("live:v2", 9, true)]),
        ok("live:v0"),
        "the ledger alone has it"
    );
    let all_bad = to(vec![known("live:v1", 0, true), known("live:v2", 9, true)]).unwrap_err();
    assert!(
        all_bad.contains("revision 2, hash h2, live:v2 is bad: by oncall at 2027-01-15 08:09 UTC: errors"),
        "{all_bad}"
    );
}

#[test]
fn a_version_is_found_by_whatever_it_is_called() {
    let mut one = seen(vec![known("reg/live:v0@sha256:0123456789abcdef", 0, false)]);
    one.revisions[0]["spec"]["template"]["metadata"]["annotations"] = json!({
        "pilothouse.dev/commit": "c04d21b9f31c", "pilothouse.dev/image-digest": "sha256:fedcba9876543210"});
    for (word, found) in [
        ("2", "live:v2"),
        ("h2", "live:v2"),
        ("live-h2", "live:v2"),
        ("v2", "live:v2"),
        ("live:v2", "live:v2"),
        ("c04d21b", "live:v1"),
        ("sha256:fedcba987654", "live:v1"),
        ("v0", "reg/live:v0@sha256:0123456789abcdef"),
        ("0123456789ab", "reg/live:v0@sha256:0123456789abcdef"),
    ] {
        assert_eq!(back(&Back::Named(word.into()), &one), Ok(found.to_owned()), "{word}");
    }
    for word in ["v9", "c04", "live", "0123"] {
        let refused = find(&Back::Named(word.into()), &one).unwrap_err();
        assert_eq!(refused, Refusal::RevisionGone(word.into()));
    }
    assert_eq!(find(&Back::Named("v3".into()), &one), Err(Refusal::SameTemplate));
    let by_id = Back::Known("01Kreg/live:v0@sha256:0123456789abcdef".into());
    assert!(find(&by_id, &one).is_ok());
}

#[test]
fn what_is_called_the_same_twice_is_told_and_a_restart_is_no_other_version() {
    let mut two = seen(vec![]);
    two.revisions.push(set(4, "other:v2"));
    let refused = back(&Back::Named("v2".into()), &two).unwrap_err();
    assert_eq!(
        refused,
        "several versions are called v2: revision 4, hash h4, other:v2; revision 2, hash h2, live:v2; say which by its \
         revision or hash"
    );
    let mut restarted = seen(vec![]);
    restarted.revisions.push(set(4, "live:v2"));
    restarted.revisions[3]["spec"]["template"]["metadata"]["annotations"] =
        json!({"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"});
    let found = find(&Back::Named("v2".into()), &restarted).unwrap();
    assert_eq!(found.number, Some(4), "the newest of them");
}
