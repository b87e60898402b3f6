//! Versions as the ledger keeps them.

use super::*;
use crate::release::bytes::Digests;
use chrono::DateTime;
use serde_json::json;

fn at(minutes: i64) -> Timestamp {
    DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
}

fn known(image: &str, minutes: i64) -> Known {
    Known {
        id: format!("01K{image}"),
        workload: "Deployment live".into(),
        images: vec![image.into()],
        digest: None,
        digests: Digests::new(),
        commit: None,
        hash: Some("6c5".into()),
        first: at(minutes),
        last: at(minutes + 10),
        good: true,
        bad: None,
        template: json!({"spec": {"containers": [{"name": "live", "image": image}]}}),
        config: None,
        more: Map::new(),
    }
}

fn mark() -> Mark {
    Mark {
        by: "oncall".into(),
        at: at(3),
        reason: "errors".into(),
        operation: None,
        images: Vec::new(),
    }
}

fn images_of(versions: &Versions) -> Vec<&str> {
    versions.all().map(|known| known.images[0].as_str()).collect()
}

#[test]
fn a_version_is_a_line_with_its_whole_template_and_what_is_not_understood_stays() {
    let mut versions = Versions::parse("not json\n");
    versions.keep(known("live:v1", 0));
    let text = versions.text();
    assert!(
        text.starts_with("not json\n{\"id\":\"01Klive:v1\",\"workload\":\"Deployment live\""),
        "{text}"
    );
    assert!(text.contains("\"template\":{\"spec\":{\"containers\":[{"), "{text}");
    assert_eq!(Versions::parse(&text), versions);
    let newer = text.replace("\"good\":true", "\"good\":true,\"mood\":\"fine\"");
    assert!(Versions::parse(&newer).text().contains("\"mood\":\"fine\""));
}

#[test]
fn what_runs_again_is_one_version_and_the_last_to_run_comes_first() {
    let mut versions = Versions::default();
    versions.keep(known("live:v1", 0));
    versions.keep(known("live:v2", 20));
    let mut again = known("live:v1", 40);
    again.template["metadata"] = json!({"annotations": {"kubectl.kubernetes.io/restartedAt": "x"}});
    versions.keep(Known {
        id: "other".into(),
        ..again
    });
    assert_eq!(images_of(&versions), ["live:v1", "live:v2"]);
    let first = versions.all().next().unwrap();
    assert_eq!(
        (first.id.as_str(), first.first, first.last),
        ("01Klive:v1", at(0), at(50))
    );
    // Another workload's of the same template is its own.
    versions.keep(Known {
        workload: "Deployment other".into(),
        ..known("live:v1", 60)
    });
    assert_eq!(versions.of("Deployment live").count(), 2);
}

#[test]
fn a_bad_one_stays_bad_until_it_ran_well() {
    let mut versions = Versions::default();
    versions.keep(known("live:v1", 0));
    versions.keep(Known {
        good: false,
        bad: Some(mark()),
        ..known("live:v1", 20)
    });
    let told = versions.all().next().unwrap();
    assert!(told.good && !told.is_good(), "{told:?}");
    assert_eq!(
        told.bad.as_ref().unwrap().words(),
        "by oncall at 2027-01-15 08:03 UTC: errors"
    );
    versions.keep(Known {
        good: false,
        ..known("live:v1", 40)
    });
    assert!(!versions.all().next().unwrap().is_good(), "it ran, not well");
    versions.keep(known("live:v1", 60));
    assert!(versions.all().next().unwrap().is_good());
}

#[test]
fn releases_that_fail_push_out_no_version_to_go_back_to() {
    let mut versions = Versions::default();
    for number in 0..3 {
        versions.keep(known(&format!("live:v{number}"), number));
    }
    for number in 3..40 {
        versions.keep(Known {
            good: false,
            bad: Some(mark()),
            ..known(&format!("live:v{number}"), number)
        });
    }
    let good = versions.all().filter(|known| known.is_good()).map(Known::name);
    assert_eq!(good.collect::<Vec<_>>(), ["v2", "v1", "v0"]);
    assert_eq!(versions.lines.len(), 3 + MOST_VERSIONS);
}

#[test]
fn what_an_operation_said_is_taken_back_and_nothing_else() {
    let mut versions = Versions::default();
    let by = |operation: &str| Mark {
        operation: Some(operation.into()),
        ..mark()
    };
    for (number, mark) in [by("01A"), by("01B"), mark()].into_iter().enumerate() {
        versions.keep(Known {
            bad: Some(mark),
            ..known(&format!("live:v{number}"), number as i64)
        });
    }
    versions.unmark("Deployment other", "01A", None);
    versions.unmark("Deployment live", "01A", None);
    let good = versions.all().filter(|known| known.is_good()).map(Known::name);
    assert_eq!(good.collect::<Vec<_>>(), ["v0"]);
}

#[test]
fn versions_are_bounded_in_number_and_in_bytes() {
    let mut versions = Versions::default();
    for number in 0..25 {
        assert_eq!(versions.keep(known(&format!("live:v{number}"), number)), []);
    }
    assert_eq!(versions.lines.len(), MOST_VERSIONS);
    assert_eq!(images_of(&versions).last(), Some(&"live:v5"));
    let mut large = known("live:large", 30);
    large.template["spec"]["padding"] = "x".repeat(MOST_BYTES - 2000).into();
    let dropped = versions.keep(large);
    assert!(versions.text().len() <= MOST_BYTES);
    assert_eq!(
        dropped.first().map(Known::name).as_deref(),
        Some("v6"),
        "the twentieth is missed by nobody"
    );
    assert_eq!(images_of(&versions).first(), Some(&"live:large"));
}
