//! Steps of a release from the key to the effect: which workloads are meant, what is refused, which answers count.

use pilothouse::domain::access::Right;
use pilothouse::domain::image::{Tag, Tags};
use pilothouse::domain::{Access, AppKey, Clean, ClusterId, ClusterReport, Feed, ImageName, Kind, Timestamp, Verb};
use pilothouse::message::{Action, Effect, Failure, FailureKind, Message, Ticket, Trouble};
use pilothouse::release::ledger::{Entry, Ledger, Operation};
use pilothouse::release::past::Back;
use pilothouse::release::step::Step;

use crate::support::screen::Bench;

/// The apps that a filter leaves.
fn apps(filter: &str) -> Bench {
    let mut bench = Bench::fleet();
    bench.act(&[Action::ShowApps]);
    bench.filter(filter);
    bench
}

fn asked(effects: &[Effect]) -> Vec<String> {
    let word = |effect: &Effect| match effect {
        Effect::Prepare(asked) => {
            let object = &asked.object;
            format!("{} {} {}", asked.step.title(), object.cluster, object.key)
        }
        Effect::Review(id, rights) => {
            let rights: Vec<String> = rights.iter().map(ToString::to_string).collect();
            format!("review {id} {}", rights.join(", "))
        }
        Effect::LoadLedger(id, app) => format!("ledger {id} {app}"),
        Effect::Refuse(refused) => {
            let object = &refused.object;
            let operation = refused.operation.name();
            format!("refused {operation} {} {}: {}", object.cluster, object.key, refused.why)
        }
        Effect::LoadTags(object, image) => format!("tags {} {}", object.cluster, image.place()),
        other => format!("{other:?}"),
    };
    effects.iter().map(word).collect()
}

const REVIEW: &str = "review idc-bj patch deployments.apps in feed";

#[test]
fn each_key_asks_for_its_step_or_for_what_it_needs_first() {
    for (action, asks, overlay) in [
        (
            Action::PauseRelease,
            &[REVIEW, "pause idc-bj feed/timeline"][..],
            "pause · feed/timeline",
        ),
        (
            Action::RestartInstances,
            &[REVIEW, "restart every instance idc-bj feed/timeline"],
            "restart every instance · feed/timeline",
        ),
        (
            Action::GrayRelease,
            &[
                REVIEW,
                "ledger idc-bj feed/timeline",
                "tags idc-bj registry.example/timeline",
            ],
            "which version?",
        ),
        (
            Action::GrowGray,
            &[REVIEW],
            "grow: idc-bj: no gray release is under way",
        ),
        (
            Action::AbortRelease,
            &[REVIEW],
            "abort: idc-bj: no gray release is under way",
        ),
        (
            Action::OldOffline,
            &[REVIEW],
            "old offline: idc-bj: no gray release is under way",
        ),
        (Action::ResumeRelease, &[REVIEW], "resume: idc-bj: it is not paused"),
    ] {
        // It runs in a cluster that does not answer as well: that one is left out.
        let mut bench = apps("feed/timeline");
        let effects = bench.act(&[action]);
        assert_eq!(asked(&effects), asks, "{action:?}");
        let frame = bench.frame(120, 40);
        assert!(frame.contains(overlay), "{action:?}: {frame}");
    }
}

#[test]
fn what_is_shown_tells_the_cluster_that_is_left_out() {
    let mut bench = apps("feed/timeline");
    bench.act(&[Action::PauseRelease]);
    let frame = bench.frame(120, 40);
    let told = "○ mixed-sh feed/timeline: left out, what is known of it is old";
    assert!(frame.contains(told), "{frame}");
}

#[test]
fn a_step_is_of_what_is_marked_or_selected_and_of_workloads_alone() {
    let mut bench = apps("user/");
    bench.act(&[Action::Top, Action::Mark, Action::Mark]);
    assert_eq!(
        asked(&bench.act(&[Action::GrayRelease])),
        ["review idc-bj patch deployments.apps in user"],
        "one right for both"
    );
    assert!(bench.frame(120, 40).contains("a version is of one app"));
    let effects = bench.act(&[Action::RestartInstances]);
    let marked = asked(&effects)
        .into_iter()
        .filter(|word| word.starts_with("restart"))
        .count();
    assert_eq!(marked, 1, "the first of them is tried, the other after it");
    assert!(bench.frame(120, 40).contains("after that"));

    let mut bench = Bench::fleet();
    for screen in [Action::ShowInstances, Action::ShowNodes, Action::ShowFleet] {
        bench.act(&[screen]);
        assert_eq!(bench.act(&[Action::RestartInstances]), []);
        assert!(bench.frame(120, 40).contains("restart: no workload here"));
    }
}

#[test]
fn a_row_of_the_tree_means_its_own_workload() {
    let mut bench = apps("user/login");
    bench.act(&[Action::Open, Action::Top]);
    for _ in 0..3 {
        let effects = bench.act(&[Action::RestartInstances]);
        let word = asked(&effects).pop().unwrap();
        assert_eq!(word, "restart every instance idc-bj user/login");
        bench.act(&[Action::Cancel, Action::CursorDown]);
    }
}

#[test]
fn a_right_that_is_missing_is_told_and_asked_for_again_by_the_next_key() {
    let mut bench = apps("feed/timeline");
    let right = || Right::on(Verb::Patch, Kind::Deployment, "feed");
    let answer = |bench: &mut Bench, given: bool| {
        let access = Access {
            answers: [(right(), given)].into(),
        };
        bench.send(Message::Access(ClusterId::new("idc-bj"), access));
    };
    answer(&mut bench, false);
    assert_eq!(
        asked(&bench.act(&[Action::RestartInstances])),
        [
            REVIEW,
            "refused restart idc-bj feed/timeline: no access: patch deployments.apps in feed"
        ],
        "nothing is tried, and it leaves a line"
    );
    assert!(
        bench
            .frame(120, 40)
            .contains("restart: no access: patch deployments.apps in feed")
    );
    answer(&mut bench, true);
    let effects = bench.act(&[Action::RestartInstances]);
    assert_eq!(asked(&effects), ["restart every instance idc-bj feed/timeline"]);
}

#[test]
fn an_answer_to_what_was_left_is_dropped() {
    let mut bench = apps("feed/timeline");
    let effects = bench.act(&[Action::RestartInstances]);
    let Some(Effect::Prepare(first)) = effects.last() else {
        panic!("{effects:?}");
    };
    assert_eq!(first.step, Step::Restart);
    bench.act(&[Action::Cancel, Action::PauseRelease]);
    let failure = || Failure {
        kind: FailureKind::Refused,
        trouble: Trouble::warning("of the first one"),
        job: None,
    };
    bench.send(Message::Prepared(first.ticket, Err(failure())));
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("tries it without effect") && !frame.contains("of the first one"),
        "{frame}"
    );
    bench.send(Message::CarriedOut(first.ticket, Err(failure())));
    assert!(
        !bench.frame(120, 40).contains("of the first one"),
        "nothing was written"
    );
    bench.send(Message::Prepared(Ticket(first.ticket.0 + 1), Err(failure())));
    assert!(bench.frame(120, 40).contains("✖ of the first one"));
}

/// A step of `timeline` to this image, as its ledger tells it.
fn entry(image: &str) -> Entry {
    Entry {
        id: "01K".into(),
        op: Operation::Start,
        at: Timestamp::from_timestamp(1_759_000_000, 0).unwrap(),
        by: "oncall".into(),
        workload: "Deployment timeline".into(),
        from: None,
        to: Some(image.into()),
        reason: None,
        overridden: None,
        taken_over: None,
        config: Vec::new(),
        pending: false,
        more: serde_json::Map::new(),
    }
}

fn timeline() -> AppKey {
    AppKey {
        namespace: "feed".into(),
        name: Clean::new("timeline"),
    }
}

#[test]
fn what_the_ledger_knows_stands_below_and_moves_no_cursor() {
    let mut ledger = Ledger::default();
    for image in [
        "registry.example/timeline:v7",
        "registry.example/timeline:v8",
        "registry.example/timeline:v7",
    ] {
        ledger.add(entry(image));
    }
    let mut bench = apps("feed/timeline");
    bench.act(&[Action::GrayRelease]);
    bench.text("v9");
    let arrives = |bench: &mut Bench| {
        let read = Ok(Box::new(ledger.clone()));
        bench.send(Message::Ledger(ClusterId::new("idc-bj"), timeline(), read))
    };
    arrives(&mut bench);
    bench.act(&[Action::Accept]);
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("registry.example/timeline:v9"),
        "what was typed: {frame}"
    );
    bench.act(&[Action::Cancel, Action::GrayRelease]);
    arrives(&mut bench);
    arrives(&mut bench);
    let frame = bench.frame(120, 40);
    let (newest, older) = (frame.find("│ v7 ").unwrap(), frame.find("│ v8 ").unwrap());
    assert!(
        newest < older && frame.matches("ago by oncall").count() == 2,
        "each once: {frame}"
    );
}

#[test]
fn what_only_the_registry_knows_stands_below_all_and_is_released_by_its_digest() {
    let digest = format!("sha256:{:0>64}", 7);
    let tag = |name: &str, known: bool| Tag {
        name: name.into(),
        digest: known.then(|| digest.as_str().into()),
        commit: known.then(|| "0123456789abcdef".into()),
        created: known.then(|| Timestamp::from_timestamp(1_759_000_000, 0).unwrap()),
        ..Tag::default()
    };
    let image = ImageName::parse("registry.example/timeline").unwrap();
    let found = vec![tag("v9", true), tag("v8", false), tag("v7", false)];
    let tags = Tags { found, has_more: false };
    let mut bench = apps("feed/timeline");
    bench.act(&[Action::GrayRelease]);
    // In whichever order they come, and of whichever repository.
    bench.send(Message::Tags(image.clone(), Ok(tags.clone())));
    bench.send(Message::Tags(image.clone(), Ok(tags.clone())));
    let other = ImageName::parse("registry.example/other").unwrap();
    bench.send(Message::Tags(other, Ok(tags.clone())));
    let mut ledger = Ledger::default();
    ledger.add(entry("registry.example/timeline:v6"));
    bench.send(Message::Ledger(
        ClusterId::new("idc-bj"),
        timeline(),
        Ok(Box::new(ledger)),
    ));
    let frame = bench.frame(120, 40);
    let places =
        ["│ v6 ", "│ v9 ", "│ v8 "].map(|label| frame.find(label).unwrap_or_else(|| panic!("{label}: {frame}")));
    assert!(places.is_sorted(), "{frame}");
    assert!(frame.contains("old · in the registry · commit 0123456"), "{frame}");
    assert_eq!(frame.matches("in the registry").count(), 3, "each once: {frame}");
    bench.text("v9");
    let effects = bench.act(&[Action::Accept, Action::Accept]);
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Prepare(asked) => Some(asked.step.clone()),
        _ => None,
    });
    let Some(Step::Start(new)) = asked else {
        panic!("{effects:?}")
    };
    assert_eq!(new.image, format!("registry.example/timeline:v9@{digest}"));
    assert_eq!(new.facts.commit.as_deref(), Some("0123456789abcdef"));
}

#[test]
fn a_registry_that_does_not_answer_is_told_and_keeps_nobody() {
    let mut bench = apps("feed/timeline");
    bench.act(&[Action::GrayRelease]);
    let image = ImageName::parse("registry.example/timeline").unwrap();
    let trouble = Trouble::info("the registry could not be asked: registry.example answers 503");
    bench.send(Message::Tags(image, Err(trouble)));
    let frame = bench.frame(120, 40);
    assert!(
        frame.contains("the registry could not be asked: registry.example answers 503"),
        "{frame}"
    );
    assert!(frame.contains("which version?"), "{frame}");
}

#[test]
fn the_last_good_version_is_marked_and_offered_first_with_those_that_no_revision_keeps() {
    let mut bench = apps("feed/timeline");
    assert_eq!(
        asked(&bench.act(&[Action::RollBack])),
        [REVIEW, "ledger idc-bj feed/timeline"]
    );
    let known = |tag: &str, good: bool, bad: &str, last: &str| {
        let bad = if bad.is_empty() {
            serde_json::Value::Null
        } else {
            serde_json::json!({"by": "oncall", "at": last, "reason": bad})
        };
        serde_json::json!({"id": format!("01K{tag}"), "workload": "Deployment timeline",
            "images": [format!("registry.example/timeline:{tag}")], "good": good, "bad": bad,
            "first": last, "last": last, "template": {}})
        .to_string()
    };
    let lines = [
        known("w1", true, "", "2025-09-01T00:00:00Z"),
        known("w2", true, "", "2025-09-02T00:00:00Z"),
        known("w3", true, "errors", "2025-09-03T00:00:00Z"),
    ];
    let ledger = Ledger::of(&serde_json::json!({"versions": lines.join("\n")}));
    let app = AppKey {
        namespace: "feed".into(),
        name: Clean::new("timeline"),
    };
    bench.send(Message::Ledger(ClusterId::new("idc-bj"), app, Ok(Box::new(ledger))));
    let frame = bench.frame(140, 40);
    assert!(
        frame.contains("bad: by oncall at 2025-09-03 00:00 UTC: errors"),
        "{frame}"
    );
    assert_eq!(frame.matches("last good").count(), 1, "{frame}");
    let effects = bench.act(&[Action::Accept]);
    let Some(Effect::Prepare(asked)) = effects.last() else {
        panic!("{effects:?}");
    };
    let Step::Rollback(back) = &asked.step else {
        panic!("{:?}", asked.step);
    };
    assert_eq!(back.to, Back::Known("01Kw2".into()));
}

#[test]
fn where_nodes_may_not_be_listed_the_room_is_not_known_and_the_number_goes_on_without_it() {
    let mut bench = apps("timeline");
    let feed = Feed::NoAccess {
        right: "list nodes".into(),
    };
    let report = ClusterReport::Feed(Kind::Node, Clean::default(), feed);
    bench.send(Message::Cluster(ClusterId::new("idc-bj"), report));
    bench.act(&[Action::ScaleOut]);
    let frame = bench.frame(120, 40);
    let told = "how many more fit is not known: no right to list nodes";
    assert!(frame.contains(told) && !frame.contains("have room nowhere"), "{frame}");
    let effects = asked(&bench.act(&[Action::Accept]));
    assert_eq!(effects, ["change the number of instances idc-bj feed/timeline"]);
}
