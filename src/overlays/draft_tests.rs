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
        room: Room::default(),
        about: Vec::new(),
        containers: Vec::new(),
        tag: None,
        by_name: false,
        asks_reason: false,
        refused: is_lost.then(|| "its cluster does not answer".to_owned()),
        is_lost,
        behind: None,
    }
}

fn behind(cluster: &str, lost: &str) -> Aim {
    Aim {
        behind: Some(ClusterId::new(lost)),
        ..aim(cluster, false)
    }
}

#[test]
fn nothing_new_is_begun_behind_a_cluster_that_does_not_answer() {
    let fates = |operation| {
        let draft = Draft {
            operation,
            aims: vec![aim("a", false), aim("b", true), behind("c", "b"), behind("e", "d")],
            untouched: Vec::new(),
            unreached: Vec::new(),
            version: None,
            method: Method::Surge,
        };
        let places = draft.places(None).into_iter();
        let is_ahead = places.map(|place| place.fate == Fate::Ahead);
        is_ahead.collect::<Vec<_>>()
    };
    assert_eq!(fates(Operation::Restart), [true, false, false, false]);
    assert_eq!(
        fates(Operation::Abort),
        [true, false, true, true],
        "what goes back goes on past it"
    );
}

fn scaling(aims: Vec<Aim>, unreached: &[&str]) -> Draft {
    Draft {
        operation: Operation::Scale,
        aims,
        untouched: Vec::new(),
        unreached: unreached.iter().map(|id| ClusterId::new(id)).collect(),
        version: None,
        method: Method::Surge,
    }
}

fn counted(cluster: &str, is_lost: bool, now: i64) -> Aim {
    Aim {
        counts: Counts {
            desired: now,
            ..Counts::default()
        },
        room: Room {
            cluster: cluster.into(),
            now,
            fits: Some(20),
            ..Room::default()
        },
        ..aim(cluster, is_lost)
    }
}

#[test]
fn a_number_in_all_needs_every_cluster_and_so_many_more_go_on_past_one() {
    let draft = scaling(vec![counted("a", false, 10), counted("b", true, 30)], &["b", "c"]);
    let why = draft.undivided(Amount::To(69)).unwrap();
    assert!(
        why.contains("69 are of all clusters together, and b does not answer"),
        "{why}"
    );
    assert_eq!(draft.undivided(Amount::By(12)), None);
    let told: Vec<String> = draft
        .scaled_to(Amount::By(12))
        .into_iter()
        .map(|(_, told)| told)
        .collect();
    assert_eq!(
        told,
        [
            "10 → 22 instances (+120 %)",
            "a live: 10 → 22 (+12)",
            "b live is left out: its cluster does not answer",
            "c is left out, whatever it has of it: it does not answer",
        ]
    );
}

#[test]
fn what_cannot_be_scaled_here_keeps_its_part_of_a_number_in_all() {
    let kept = Aim {
        refused: Some("read-only".into()),
        ..counted("b", false, 30)
    };
    let draft = scaling(vec![counted("a", false, 10), kept], &[]);
    assert_eq!(draft.undivided(Amount::To(45)), None);
    let (division, _) = draft.division(Amount::To(45));
    assert_eq!(division.iter().map(|(_, to)| *to).collect::<Vec<_>>(), [15]);
}
