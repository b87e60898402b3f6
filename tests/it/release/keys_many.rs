//! One yes for several places: more instances in all clusters by three keys, instances that are deleted.

use pilothouse::world::ClusterSetup;

use super::driven::Driven;

#[tokio::test(start_paused = true)]
async fn three_keys_lead_to_more_instances_in_all_clusters() {
    let mut driven = Driven::over(&["a", "b"], ClusterSetup::named, false).await;
    driven.press("+");
    driven
        .until("how many is asked", |frame| frame.contains("how many instances?"))
        .await;
    let asked = driven.frame();
    assert!(asked.contains("20 → 30 instances (+50 %)"), "{asked}");
    assert!(
        asked.contains("a live: 10 → 15 (+5)") && asked.contains("fits "),
        "{asked}"
    );
    driven.press("enter");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let shown = driven.frame();
    for told in [
        "20 → 30 instances in these",
        "a Deployment live: 10 → 15",
        "b Deployment live: 10 → 15",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert!(
        driven.servers.iter().all(|server| server.written().is_empty()),
        "nothing but dry runs"
    );
    driven.press("y");
    driven.until("followed", |frame| frame.contains("of 15 ready")).await;
    driven
        .until("all are there", |frame| frame.contains("30 instances are ready"))
        .await;
    for server in &driven.servers {
        assert_eq!(server.counts().await, [15, 15, 15]);
        assert_eq!(server.written().len(), 1, "each once");
    }
}

#[tokio::test(start_paused = true)]
async fn marked_instances_are_deleted_by_one_yes() {
    let mut driven = Driven::new().await;
    driven.press("4");
    driven.until("instances", |frame| frame.contains("live-")).await;
    for key in ["space", "j", "space", "r d"] {
        driven.press(key);
    }
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let shown = driven.frame();
    assert_eq!(
        shown.matches("this one goes, its controller makes another").count(),
        2,
        "{shown}"
    );
    driven.press("y");
    driven
        .until("both are gone", |frame| {
            frame.matches("written:").count() > 0 && !frame.contains("yes (y)")
        })
        .await;
    driven.until("ten are ready", |_| true).await;
    assert_eq!(driven.servers[0].counts().await[0], 10);
}

#[tokio::test(start_paused = true)]
async fn what_was_just_confirmed_has_its_room_when_more_is_asked_for() {
    let mut driven = Driven::new().await;
    let fits = |frame: &str| -> i64 {
        let told = frame.split("fits ").nth(1).unwrap_or_else(|| panic!("{frame}"));
        told.split_whitespace().next().unwrap().parse().unwrap()
    };
    driven.press("+");
    driven.until("how many is asked", |frame| frame.contains("fits ")).await;
    let before = fits(&driven.frame());
    driven.press("enter");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    driven.press("y");
    driven.until("it is written", |frame| frame.contains("written: ")).await;
    driven.press("esc");
    driven.press("+");
    driven.until("it is asked again", |frame| frame.contains("fits ")).await;
    let after = fits(&driven.frame());
    assert_eq!(before - after, 5, "wherever the five are on their way");
}
