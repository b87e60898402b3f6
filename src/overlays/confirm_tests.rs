//! What a yes needs, what answers lead to, how places follow one another.

use super::*;
use crate::domain::{Kind, ObjectKey, Timestamp, Uid};
use crate::release::config::goes::Carried;
use crate::release::live::Method;
use crate::release::past::Back;
use crate::release::stand::Stand;
use crate::release::step::{Count, Return};

fn place(cluster: &str, by_name: bool) -> Place {
    Place {
        object: ResourceRef {
            cluster: ClusterId::new(cluster),
            kind: Kind::Deployment,
            key: ObjectKey::new("gift", "live"),
            uid: Uid::parse(cluster),
        },
        app: AppKey {
            namespace: "gift".into(),
            name: "live".into(),
        },
        driver: None,
        step: Step::KeepOld,
        counts: Counts::default(),
        version: Version::Unknown,
        old: None,
        tag: None,
        by_name,
        asks_reason: false,
        trouble: None,
        about: Vec::new(),
        fate: Fate::Ahead,
    }
}

fn prepared(place: &Place) -> Box<Prepared> {
    Box::new(Prepared {
        object: place.object.clone(),
        step: place.step.clone(),
        driver: None,
        at: Timestamp::UNIX_EPOCH,
        operation: "01K".into(),
        generation: 3,
        differences: Vec::new(),
        warnings: Vec::new(),
        config: Carried::default(),
        leaves: None,
        by_tag: Vec::new(),
        against: Vec::new(),
        held: None,
        brings: Vec::new(),
        becomes: Vec::new(),
        undoes: false,
        desired: 10,
        requests: Vec::new(),
    })
}

const WRITTEN: Written = Written {
    generation: 4,
    twin: None,
    leads_to: None,
    asked: None,
};
const DONE: Done = Done {
    written: WRITTEN,
    told: Vec::new(),
    unnoted: Vec::new(),
};

fn failure(kind: FailureKind) -> Failure {
    Failure {
        kind,
        trouble: Trouble::warning("no"),
        job: None,
    }
}

/// One of these places, whose dry run is there.
fn ready(places: Vec<Place>) -> Confirm {
    let mut confirm = Confirm::new(places, Vec::new()).unwrap();
    confirm.ask(Ticket(1), None).unwrap();
    let prepared = prepared(confirm.place().unwrap());
    assert_eq!(confirm.prepared(Ticket(1), Ok(prepared)), Tried::Shown);
    confirm
}

#[test]
fn a_yes_counts_once_it_was_shown_and_only_once() {
    let mut confirm = ready(vec![place("a", false)]);
    assert_eq!(confirm.confirm(), None, "nobody saw it");
    confirm.seen();
    confirm.tick();
    confirm.tick();
    let (ticket, written) = confirm.confirm().unwrap();
    assert_eq!((ticket, written.generation), (Ticket(1), 3), "what was shown");
    assert_eq!(confirm.confirm(), None, "it is being written");
    assert_eq!(confirm.carried_out(Ticket(1), &Ok(DONE)), Next::Close);
}

#[test]
fn a_key_that_is_held_down_says_no_more_than_once() {
    let mut confirm = Confirm::new(vec![place("a", false)], Vec::new()).unwrap();
    confirm.ask(Ticket(1), None).unwrap();
    assert_eq!(confirm.confirm(), None, "nothing is there yet");
    let ready = prepared(&place("a", false));
    confirm.prepared(Ticket(1), Ok(ready));
    confirm.seen();
    for second in 0..5 {
        for _ in 0..30 {
            assert_eq!(confirm.confirm(), None, "second {second}: it was never let go");
        }
        confirm.tick();
    }
    confirm.tick();
    assert!(confirm.confirm().is_some(), "it was let go, and pressed again");
}

#[test]
fn a_name_is_typed_whole() {
    let mut confirm = ready(vec![place("a", true)]);
    confirm.seen();
    for typed in ["", "liv", "live2", "gift/live"] {
        confirm.field = Field::new(typed);
        assert_eq!(confirm.confirm(), None, "{typed}");
    }
    confirm.field = Field::new("live");
    assert!(confirm.confirm().is_some());
}

#[test]
fn answers_that_nobody_waits_for_change_nothing() {
    let mut confirm = Confirm::new(vec![place("a", false)], Vec::new()).unwrap();
    confirm.ask(Ticket(2), None);
    let late = prepared(&place("a", false));
    assert_eq!(confirm.prepared(Ticket(1), Ok(late.clone())), Tried::Late);
    assert_eq!(*confirm.stage(), Stage::Asking);
    assert_eq!(confirm.prepared(Ticket(2), Ok(late.clone())), Tried::Shown);
    assert_eq!(
        confirm.prepared(Ticket(2), Ok(late)),
        Tried::Late,
        "one answer is enough"
    );
    assert_eq!(
        confirm.carried_out(Ticket(2), &Ok(DONE)),
        Next::Nothing,
        "nothing is being written"
    );
}

#[test]
fn what_somebody_changed_is_asked_for_anew_and_what_failed_stays() {
    for (kind, next) in [
        (FailureKind::Changed, Next::Anew),
        (FailureKind::Refused, Next::Nothing),
        (FailureKind::Unclear, Next::Nothing),
    ] {
        let mut confirm = ready(vec![place("a", false)]);
        confirm.seen();
        confirm.confirm().unwrap();
        assert_eq!(confirm.carried_out(Ticket(1), &Err(failure(kind))), next, "{kind:?}");
        assert_eq!(matches!(confirm.stage(), Stage::Failed(_)), next == Next::Nothing);
        confirm.ask(Ticket(2), None);
        assert_eq!(confirm.confirm(), None, "what is shown next needs a yes of its own");
    }
}

#[test]
fn places_follow_one_another_each_with_a_yes_of_its_own() {
    let mut skipped = place("b", false);
    skipped.fate = Fate::Skipped("read-only".into());
    let mut confirm = ready(vec![place("a", false), skipped, place("c", false)]);
    confirm.seen();
    confirm.confirm().unwrap();
    assert_eq!(confirm.carried_out(Ticket(1), &Ok(DONE)), Next::Nothing);
    assert_eq!(*confirm.stage(), Stage::Following { written: WRITTEN });
    assert!(!confirm.stands(Stand::Going, &"gray, 1 of 2 ready".into()));
    assert!(confirm.refusal().is_some(), "it is not there yet");
    assert!(confirm.stands(Stand::There, &"gray, 2 of 2 ready".into()));
    assert_eq!(confirm.place().unwrap().object.cluster, ClusterId::new("c"));
    confirm.ask(Ticket(2), None).unwrap();
    assert!(confirm.refusal().is_some());
    let next = prepared(confirm.place().unwrap());
    confirm.prepared(Ticket(2), Ok(next));
    confirm.seen();
    confirm.confirm().unwrap();
    assert_eq!(confirm.carried_out(Ticket(2), &Ok(DONE)), Next::Close);
}

#[test]
fn a_place_that_fails_or_that_somebody_changes_ends_it() {
    for stand in [Stand::Failed, Stand::Foreign] {
        let mut confirm = ready(vec![place("a", false), place("b", false)]);
        confirm.seen();
        confirm.confirm().unwrap();
        confirm.carried_out(Ticket(1), &Ok(DONE));
        assert!(!confirm.stands(stand, &"CrashLoopBackOff".into()));
        assert!(matches!(confirm.stage(), Stage::Failed(trouble) if trouble.text.contains("CrashLoopBackOff")));
        assert_eq!(
            confirm.place().unwrap().object.cluster,
            ClusterId::new("a"),
            "it stops there"
        );
    }
}

#[test]
fn without_a_place_ahead_there_is_nothing_to_confirm() {
    let mut there = place("a", false);
    there.fate = Fate::There("full".into());
    assert!(Confirm::new(vec![there], Vec::new()).is_none());
}

/// A place that needs a reason, named or not, whose dry run is there.
fn asked_why(by_name: bool) -> Confirm {
    let place = Place {
        asks_reason: true,
        ..place("a", by_name)
    };
    let mut confirm = ready(vec![place]);
    confirm.seen();
    confirm
}

#[test]
fn where_a_reason_is_asked_for_no_yes_counts_without_one() {
    let mut confirm = asked_why(false);
    assert_eq!(confirm.blank(), Some(Blank::Reason));
    assert_eq!(confirm.confirm(), None, "nobody said why");
    confirm.field = Field::new("  ");
    assert!(confirm.fill().is_err(), "nothing is no reason");
    confirm.field = Field::new(" slow start ");
    // Somebody else changes it meanwhile: what is being typed stays.
    confirm.ask(Ticket(2), None).unwrap();
    assert_eq!(confirm.blank(), Some(Blank::Reason), "typed on while it is tried");
    let prepared = prepared(confirm.place().unwrap());
    confirm.prepared(Ticket(2), Ok(prepared));
    confirm.seen();
    assert_eq!(confirm.fill(), Ok(()));
    assert_eq!(confirm.blank(), None);
    assert_eq!(confirm.why().reason.as_deref(), Some("slow start"));
    assert!(confirm.confirm().is_some());
}

#[test]
fn the_reason_comes_before_the_name_and_may_be_given_where_nobody_asks() {
    let mut confirm = asked_why(true);
    confirm.field = Field::new("live");
    assert_eq!(confirm.fill(), Ok(()));
    assert_eq!(confirm.blank(), Some(Blank::Name));
    assert_eq!(
        confirm.refusal(),
        Some("the name is not the app's"),
        "the reason is not the name"
    );
    let mut confirm = ready(vec![place("a", false)]);
    assert_eq!(confirm.blank(), None);
    confirm.give_reason();
    assert_eq!(confirm.blank(), Some(Blank::Reason));
    assert_eq!(confirm.fill(), Ok(()), "none is needed");
    assert_eq!((confirm.blank(), &confirm.why().reason), (None, &None));
}

#[test]
fn a_way_back_through_a_gray_release_is_one_of_all_places_that_are_left() {
    let back = |cluster: &str, kind: Kind| {
        let mut place = place(cluster, false);
        place.object.kind = kind;
        place.counts.in_place = kind == Kind::StatefulSet;
        place.step = Step::Rollback(Return::to(Back::LastGood));
        place
    };
    let mut done = back("a", Kind::Deployment);
    done.fate = Fate::There("stable".into());
    let rollout = back("d", Kind::Rollout);
    let places = vec![done, back("b", Kind::Deployment), back("c", Kind::StatefulSet), rollout];
    let mut confirm = ready(places);
    assert_eq!(confirm.is_gray(), Some(false));
    confirm.go_back_by(Some((Count::Instances(2), Method::Twin)));
    assert_eq!(confirm.is_gray(), Some(true));
    let gray = |place: &Place| match &place.step {
        Step::Rollback(back) => back.gray.map(|(_, method)| method),
        other => panic!("{other:?}"),
    };
    let by: Vec<Option<Method>> = confirm.places().iter().map(gray).collect();
    assert_eq!(by, [None, Some(Method::Twin), Some(Method::Replace), None]);
    confirm.go_back_by(None);
    assert_eq!(confirm.is_gray(), Some(false));
    // A Rollout's own steps say how many, and no other step goes back.
    assert_eq!(ready(vec![back("d", Kind::Rollout)]).is_gray(), None);
    assert_eq!(ready(vec![place("a", false)]).is_gray(), None);
}

/// More instances in two clusters, tried both and shown together.
fn scaled(second: Place) -> Confirm {
    let scale = |place: Place| Place {
        step: Step::Scale(12),
        ..place
    };
    let mut confirm = Confirm::new(vec![scale(place("a", false)), scale(second)], Vec::new()).unwrap();
    confirm.ask(Ticket(1), None).unwrap();
    let first = prepared(confirm.place().unwrap());
    assert_eq!(confirm.prepared(Ticket(1), Ok(first)), Tried::More);
    confirm.ask(Ticket(2), None).unwrap();
    let second = prepared(confirm.place().unwrap());
    assert_eq!(confirm.prepared(Ticket(2), Ok(second)), Tried::Shown);
    confirm.seen();
    confirm
}

#[test]
fn one_yes_to_several_needs_what_the_strictest_of_them_asks_for() {
    assert!(scaled(place("b", false)).confirm().is_some(), "none asks for more");

    let mut named = scaled(place("b", true));
    assert_eq!(named.blank(), Some(Blank::Name));
    assert_eq!(named.confirm(), None, "the second one is confirmed by its name");
    named.field = Field::new("live");
    assert!(named.confirm().is_some());

    let mut reasoned = scaled(Place {
        asks_reason: true,
        ..place("b", false)
    });
    assert_eq!(
        (reasoned.blank(), reasoned.confirm()),
        (Some(Blank::Reason), None),
        "the second one needs a reason"
    );

    let other = Place {
        app: AppKey {
            namespace: "gift".into(),
            name: "wall".into(),
        },
        ..place("b", true)
    };
    let both = Confirm {
        places: vec![
            Place {
                by_name: true,
                step: Step::Scale(12),
                ..place("a", true)
            },
            other.clone(),
        ],
        ..scaled(other)
    };
    assert_eq!(
        both.named().as_deref(),
        Some("all 2"),
        "of several apps no name is that of all"
    );
}

#[test]
fn a_way_back_goes_on_past_a_cluster_that_does_not_answer_or_refuses_and_a_new_version_stops_there() {
    let back = |cluster| Place {
        step: Step::Rollback(Return::to(Back::Named("v1".into()))),
        ..place(cluster, false)
    };
    for kind in [FailureKind::Silent, FailureKind::Refused] {
        let silent = failure(kind);
        let mut tried = Confirm::new(vec![back("a"), back("b")], Vec::new()).unwrap();
        tried.ask(Ticket(1), None).unwrap();
        assert_eq!(tried.prepared(Ticket(1), Err(silent.clone())), Tried::More);
        assert_eq!(tried.place().unwrap().object.cluster, ClusterId::new("b"));

        let mut written = ready(vec![back("a"), back("b")]);
        written.seen();
        written.confirm().unwrap();
        assert_eq!(
            written.carried_out(Ticket(1), &Err(silent.clone())),
            Next::Past("no".into())
        );
        assert_eq!(written.place().unwrap().object.cluster, ClusterId::new("b"));
        assert!(
            matches!(written.places()[0].fate, Fate::Failed(_)),
            "what is left is told"
        );

        let mut new = ready(vec![place("a", false), place("b", false)]);
        new.seen();
        new.confirm().unwrap();
        assert_eq!(new.carried_out(Ticket(1), &Err(silent.clone())), Next::Nothing);
        assert!(matches!(new.stage(), Stage::Failed(_)));
    }
}
