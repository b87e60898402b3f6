//! Images as they are typed, and where nothing new is begun.

use super::*;

#[test]
fn a_tag_is_another_of_the_image_that_runs() {
    for (typed, runs, meant) in [
        (
            "v42",
            "registry.local:5000/gift/live:v41",
            "registry.local:5000/gift/live:v42",
        ),
        ("v42", "live", "live:v42"),
        (" v42 ", "live@sha256:12", "live:v42"),
        ("other:v1", "live:v1", "other:v1"),
        ("registry/app", "live:v1", "registry/app"),
        ("live@sha256:34", "live:v1", "live@sha256:34"),
    ] {
        assert_eq!(image_meant(typed, Some(runs)).unwrap(), meant);
    }
    assert!(image_meant("a b", Some("live")).is_err());
    assert!(image_meant("", Some("live")).is_err());
    assert!(image_meant("v42", None).is_err());
}

fn aim(cluster: &str, is_lost: bool) -> Aim {
    Aim {
        object: ResourceRef {
            cluster: ClusterId::new(cluster),
            kind: Kind::Deployment,
            key: crate::domain::ObjectKey::new("gift", "live"),
            uid: crate::domain::Uid::parse(cluster),
        },
        app: AppKey {
            namespace: "gift".into(),
            name: "live".into(),
        },
        driver: None,
        phase: Phase::Stable,
        counts: Counts::default(),
        version: Version::Unknown,
        old: None,
        images: Arc::default(),
        room: Some(0),
        about: Vec::new(),
        containers: Vec::new(),
        tag: None,
        by_name: false,
        asks_reason: false,
        refused: is_lost.then(|| "its cluster does not answer".to_owned()),
        is_lost,
    }
}

#[test]
fn nothing_new_is_begun_behind_a_cluster_that_does_not_answer() {
    let fates = |operation| {
        let draft = Draft {
            operation,
            aims: vec![aim("a", false), aim("b", true), aim("c", false)],
            untouched: Vec::new(),
            version: None,
            method: Method::Surge,
        };
        let places = draft.places(None).into_iter();
        let is_ahead = places.map(|place| place.fate == Fate::Ahead);
        is_ahead.collect::<Vec<_>>()
    };
    assert_eq!(fates(Operation::Restart), [true, false, false]);
    assert_eq!(
        fates(Operation::Abort),
        [true, false, true],
        "what goes back goes on past it"
    );
}
