//! Releases by key, from the key to what is in the cluster: what is asked, shown, written, and what is not.

use std::sync::Arc;
use std::time::Duration;

use pilothouse::world::ClusterSetup;
use serde_json::json;
use tokio::sync::Notify;

use super::driven::Driven;

const SECOND: Duration = Duration::from_secs(1);

/// Waits for the dry run, and says yes to what is shown.
pub(super) async fn yes(driven: &mut Driven) {
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    driven.press("y");
}

/// Begins a gray release of an image.
pub(super) async fn start(driven: &mut Driven, tag: &str, count: &str) {
    driven.press("r g");
    driven
        .until("versions are offered", |frame| frame.contains("which version? or type"))
        .await;
    driven.type_in(tag);
    driven.press("enter");
    driven
        .until("how many is asked", |frame| frame.contains("how many new instances?"))
        .await;
    driven.type_in(count);
    driven.press("enter");
}

/// Begins a gray release of two instances, and waits until it waits.
pub(super) async fn gray_of_two(driven: &mut Driven) {
    start(driven, "v2", "2").await;
    yes(driven).await;
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
}

#[tokio::test(start_paused = true)]
async fn from_gray_over_more_and_all_to_the_new_alone() {
    let mut driven = Driven::new().await;
    start(&mut driven, "v2", "2").await;
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let shown = driven.frame();
    for told in [
        "begin a gray release · gift/live",
        "Deployment gift/live in sim",
        "v1 → v2   live:v2",
        "10 → 10 old + 2 new: 2 of 12 = 16.7 % of the requests",
        "live has no readiness probe",
        "[ no ]",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert_eq!(driven.servers[0].written(), [], "nothing but a dry run");
    driven.press("y");
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
    assert_eq!(driven.servers[0].counts().await, [12, 2, 12]);

    driven.press("r +");
    driven
        .until("how many in all", |frame| {
            frame.contains("how many new instances in all?")
        })
        .await;
    driven.type_in("4");
    driven.press("enter");
    yes(&mut driven).await;
    driven.until("four are ready", |frame| frame.contains("4/4")).await;
    assert_eq!(driven.servers[0].counts().await, [14, 4, 14]);

    driven.press("r o");
    driven
        .until("refused", |frame| {
            frame.contains("old offline: 4 new instances are ready")
        })
        .await;
    driven.press("r f");
    yes(&mut driven).await;
    driven.until("all are there", |frame| frame.contains("◐ full")).await;
    assert_eq!(driven.servers[0].counts().await, [20, 10, 20]);

    driven.press("r o");
    yes(&mut driven).await;
    driven
        .until("the new alone", |frame| {
            frame.contains("● stable") && frame.contains("10/10")
        })
        .await;
    assert_eq!(driven.servers[0].counts().await, [10, 10, 10]);
    assert_eq!(driven.servers[0].written().len(), 4, "one write for each yes");

    let attempts = driven.attempts();
    let did: Vec<&str> = attempts.iter().map(|line| line["did"].as_str().unwrap()).collect();
    assert_eq!(did, ["start", "grow", "keep-old", "offline"]);
    assert!(
        attempts.iter().all(|line| line["attempt"]["answer"] == "done"),
        "{attempts:?}"
    );
    driven.press("0");
    let frame = driven.frame();
    assert_eq!(frame.matches("● written").count(), 4, "{frame}");
}

#[tokio::test(start_paused = true)]
async fn back_by_an_abort_and_back_to_an_older_version() {
    let mut driven = Driven::new().await;
    start(&mut driven, "v2", "1").await;
    yes(&mut driven).await;
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
    driven.press("r a");
    yes(&mut driven).await;
    driven.until("the old alone", |frame| frame.contains("● stable")).await;
    assert_eq!(driven.servers[0].image().await, "live:v1");

    start(&mut driven, "v3", "1").await;
    yes(&mut driven).await;
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
    driven.press("r u");
    yes(&mut driven).await;
    driven.until("the new alone", |frame| frame.contains("● stable")).await;
    assert_eq!(driven.servers[0].image().await, "live:v3");

    driven.press("r r");
    driven
        .until("versions", |frame| frame.contains("back to which version?"))
        .await;
    let frame = driven.frame();
    let (first, second) = (frame.find("v1  ").unwrap(), frame.find("v2  ").unwrap());
    assert!(first < second, "what ran last before stands first: {frame}");
    driven.press("enter");
    yes(&mut driven).await;
    driven.until("rolling", |frame| frame.contains("◐ rolling")).await;
    driven.until("the old alone", |frame| frame.contains("● stable")).await;
    assert_eq!(driven.servers[0].image().await, "live:v1");
}

#[tokio::test(start_paused = true)]
async fn every_key_but_one_says_no_and_none_that_was_pressed_before_decides() {
    let mut driven = Driven::new().await;
    // As one types: before the server answered, and before anything was on screen.
    driven.press("r p y");
    driven.rest(SECOND).await;
    assert!(driven.frame().contains("yes (y)"), "it still waits");
    driven.paste("y");
    driven.paste("y\n");
    driven.rest(SECOND).await;
    for no in ["n", "esc", "enter"] {
        driven.press(no);
        driven.rest(SECOND).await;
        let frame = driven.frame();
        assert!(!frame.contains("yes (y)"), "{no}: {frame}");
        driven.press("r p");
        driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    }
    assert_eq!(driven.servers[0].written(), []);
    driven.press("d");
    assert!(driven.frame().contains("spec.paused"), "{}", driven.frame());
    driven.press("y");
    assert_eq!(driven.servers[0].written(), [], "what is read is not answered");
    driven.press("esc y y");
    driven.until("paused", |frame| frame.contains("paused")).await;
    assert_eq!(driven.servers[0].written().len(), 1, "once");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_changes_meanwhile_is_shown_anew_before_it_is_written() {
    let mut driven = Driven::new().await;
    driven.press("r t");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    driven.servers[0]
        .patch(&json!([{"op": "replace", "path": "/spec/replicas", "value": 12}]))
        .await;
    driven
        .until("it is told", |frame| {
            frame.contains("somebody changed it while this was open")
        })
        .await;
    driven
        .until("it is shown anew", |frame| frame.contains("yes (y)"))
        .await;
    assert!(
        driven.frame().contains("12 are replaced by new ones"),
        "{}",
        driven.frame()
    );
    assert_eq!(driven.servers[0].written(), []);
    // Where the change is not seen before the yes, the server refuses it, and it is asked for anew.
    driven.frame();
    driven.servers[0]
        .patch_as(
            "kubectl-scale",
            &json!([{"op": "replace", "path": "/spec/replicas", "value": 11}]),
        )
        .await;
    driven.press("y");
    driven
        .until("it is told", |frame| frame.contains("somebody changed it"))
        .await;

    yes(&mut driven).await;
    driven
        .until("written", |frame| frame.contains("written: restart every instance"))
        .await;
    assert_eq!(
        driven.servers[0].deployment().await["spec"]["replicas"],
        11,
        "theirs stays"
    );
    let attempts = driven.attempts();
    let answer = attempts[0]["attempt"]["answer"].as_str().unwrap();
    assert!(answer.contains("; last written by kubectl-scale at "), "{answer}");
}

fn readonly(name: &str) -> ClusterSetup {
    ClusterSetup {
        readonly: true,
        ..ClusterSetup::named(name)
    }
}

fn by_name(name: &str) -> ClusterSetup {
    ClusterSetup {
        confirms_by_name: true,
        tag: Some("PRODUCTION".into()),
        ..ClusterSetup::named(name)
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_not_write_is_told_why_and_nothing_is_sent() {
    let mut driven = Driven::over(&["sim"], readonly, false).await;
    driven.press("r");
    assert!(driven.frame().contains("not now: read-only"), "{}", driven.frame());
    driven.press("t");
    driven
        .until("refused", |frame| frame.contains("restart: read-only"))
        .await;
    assert!(driven.servers[0].is_untouched());

    let mut driven = Driven::over(&["sim"], ClusterSetup::named, true).await;
    driven.press("r");
    let right = "not now: no access: patch deployments.apps in gift";
    driven
        .until("the right that is missing", |frame| frame.contains(right))
        .await;
    driven.press("t");
    driven.rest(SECOND).await;
    assert!(
        driven
            .frame()
            .contains("restart: no access: patch deployments.apps in gift")
    );
    assert!(driven.servers[0].is_untouched(), "not even a dry run");
}

#[tokio::test(start_paused = true)]
async fn where_a_name_is_wanted_it_is_typed_whole() {
    let mut driven = Driven::over(&["sim"], by_name, false).await;
    driven.press("r p");
    driven
        .until("it is shown", |frame| frame.contains("type live to write it"))
        .await;
    assert!(driven.frame().contains("PRODUCTION  sim"), "{}", driven.frame());
    driven.press("y enter");
    driven.paste("live");
    driven.press("enter");
    driven
        .until("told", |frame| frame.contains("not written: the name is not the app's"))
        .await;
    assert_eq!(driven.servers[0].written(), []);
    driven.press("backspace");
    driven.type_in("live");
    driven.press("enter");
    driven.until("paused", |frame| frame.contains("‖ paused")).await;
    assert_eq!(driven.servers[0].written().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn clusters_come_one_after_the_other_each_with_a_look_at_the_one_before() {
    let mut driven = Driven::over(&["idc-bj", "aliyun"], ClusterSetup::named, false).await;
    start(&mut driven, "v2", "2").await;
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let frame = driven.frame();
    assert!(
        frame.contains("▸ idc-bj gift/live") && frame.contains("◌ aliyun gift/live: after that"),
        "{frame}"
    );
    driven.press("y");
    driven
        .until("followed", |frame| frame.contains("it is followed until it is there"))
        .await;
    driven
        .until("the next", |frame| {
            frame.contains("idc-bj: gray, 2 of 2 ready. Have a look")
        })
        .await;
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    assert_eq!(driven.servers[1].written(), [], "it waits for a yes of its own");
    // Left here, it is taken up again by the same key.
    driven.press("esc");
    start(&mut driven, "v2", "2").await;
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let frame = driven.frame();
    assert!(frame.contains("● idc-bj gift/live: gray, 2 of 2 ready"), "{frame}");
    driven.press("y");
    driven.until("both wait", |frame| frame.contains("4/4")).await;
    let written: Vec<usize> = driven.servers.iter().map(|server| server.written().len()).collect();
    assert_eq!(written, [1, 1]);
}

#[tokio::test(start_paused = true)]
async fn a_write_that_is_left_is_told_and_one_under_way_keeps_the_program() {
    let mut driven = Driven::new().await;
    let gate = Arc::new(Notify::new());
    *driven.servers[0].gate.lock().unwrap() = Some(Arc::clone(&gate));
    driven.press("r p");
    yes(&mut driven).await;
    driven
        .until("being written", |frame| frame.contains("being written …"))
        .await;
    driven.press("esc q");
    driven.rest(SECOND).await;
    assert!(
        !driven.quit && driven.frame().contains("it ends once that is answered"),
        "{}",
        driven.frame()
    );
    gate.notify_one();
    driven.until("told", |frame| frame.contains("· written: pause")).await;
    assert!(driven.quit, "answered: it ends");
    assert_eq!(driven.attempts().len(), 1);

    // Nobody is kept for ever.
    let mut driven = Driven::new().await;
    *driven.servers[0].gate.lock().unwrap() = Some(Arc::new(Notify::new()));
    driven.press("r p");
    yes(&mut driven).await;
    driven.press("q esc q");
    driven.rest(10 * SECOND).await;
    assert!(!driven.quit);
    driven.rest(8 * SECOND).await;
    assert!(driven.quit);
}

fn asked_why(name: &str) -> ClusterSetup {
    ClusterSetup {
        asks_reason: true,
        ..ClusterSetup::named(name)
    }
}

#[tokio::test(start_paused = true)]
async fn why_is_asked_before_a_yes_is_taken_and_is_noted_everywhere() {
    let mut driven = Driven::over(&["sim"], asked_why, false).await;
    driven.press("r t");
    // While the server still tries it; what is typed decides nothing.
    driven.type_in("yny");
    driven.press("enter");
    driven
        .until("it is shown", |frame| {
            frame.contains("reason: yny") && frame.contains("yes (y)")
        })
        .await;
    driven.press("r backspace backspace backspace");
    driven.press("enter");
    driven
        .until("told", |frame| {
            frame.contains("it needs a reason: type why it is written")
        })
        .await;
    driven.type_in("memory leak");
    driven.press("enter");
    assert_eq!(driven.servers[0].written(), [], "a reason is no yes");
    yes(&mut driven).await;
    driven
        .until("written", |frame| frame.contains("written: restart every instance"))
        .await;
    assert_eq!(driven.attempts()[0]["attempt"]["reason"], "memory leak");
    let ledger = driven.servers[0]
        .get("/api/v1/namespaces/gift/configmaps/pilothouse-ledger-live")
        .await;
    let line = ledger["data"]["ledger"].as_str().unwrap();
    assert!(line.contains("\"reason\":\"memory leak\""), "{line}");
    let events = driven.servers[0]
        .get("/api/v1/namespaces/gift/events")
        .await
        .to_string();
    assert!(events.contains("(memory leak)"), "{events}");
}
