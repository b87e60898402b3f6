//! A gray release in a second Deployment by key.

use super::driven::Driven;
use super::keys::yes;
use super::twin::TWIN;

#[tokio::test(start_paused = true)]
async fn beside_it_in_a_second_deployment_and_away_again() {
    let mut driven = Driven::new().await;
    driven.press("r g");
    driven
        .until("versions are offered", |frame| frame.contains("which version? or type"))
        .await;
    driven.type_in("v2");
    driven.press("enter");
    driven
        .until("the ways are told", |frame| {
            frame.contains("by hold, beside the old ones")
        })
        .await;
    driven.type_in("2");
    driven.press("up");
    assert!(
        driven.frame().contains("by twin: in a second Deployment"),
        "{}",
        driven.frame()
    );
    driven.press("enter");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let shown = driven.frame();
    for told in [
        "v1 → v2   live:v2",
        "10 → 10 old + 2 new: 2 of 12 = 16.7 % of the requests",
        "by twin: in a second Deployment beside it",
        "its gray instances have another value of app",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    driven.press("y");
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
    assert!(driven.frame().contains("10 + 2/2"), "{}", driven.frame());
    for (key, refused) in [
        ("r o", "old offline: its Deployment has not the new version in full yet"),
        ("r t", "a gray release is under way beside it"),
    ] {
        driven.press(key);
        driven.until(refused, |frame| frame.contains(refused)).await;
    }
    driven.press("r f");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let told = "10 old + 2 new → 10 new + 2 gray";
    assert!(driven.frame().contains(told), "{}", driven.frame());
    driven.press("y");
    driven.until("all are there", |frame| frame.contains("◐ full")).await;
    driven.press("r o");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    let told = "10 new + 2 gray → 10 new: the gray ones go at once";
    assert!(driven.frame().contains(told), "{}", driven.frame());
    driven.press("y");
    driven
        .until("the new alone", |frame| {
            frame.contains("● stable") && frame.contains("10/10")
        })
        .await;
    assert_eq!(driven.servers[0].counts().await, [10, 10, 10]);
}

#[tokio::test(start_paused = true)]
async fn more_instances_are_the_deployment_s_and_never_of_the_gray_ones() {
    let mut driven = Driven::new().await;
    driven.press("r g");
    driven
        .until("versions are offered", |frame| frame.contains("which version? or type"))
        .await;
    driven.type_in("v2");
    driven.press("enter");
    driven
        .until("the ways are told", |frame| {
            frame.contains("by hold, beside the old ones")
        })
        .await;
    driven.type_in("2");
    driven.press("up enter");
    yes(&mut driven).await;
    driven.until("it waits", |frame| frame.contains("10 + 2/2")).await;
    driven.press("+");
    driven
        .until("how many is asked", |frame| frame.contains("how many instances?"))
        .await;
    assert!(
        driven.frame().contains("10 → 15 instances (+50 %)"),
        "{}",
        driven.frame()
    );
    driven.type_in("12");
    driven.press("enter");
    yes(&mut driven).await;
    driven
        .until("all are there", |frame| frame.contains("12 instances are ready"))
        .await;
    driven.until("it waits on", |frame| frame.contains("12 + 2/2")).await;
    let twin = driven.servers[0].get(TWIN).await;
    assert_eq!(twin["spec"]["replicas"], 2);
    assert_eq!(driven.servers[0].counts().await, [12, 12, 12]);
}
