//! Back to an older version by key: at once, or through a gray release.

use pilothouse::world::ClusterSetup;
use serde_json::json;

use super::driven::Driven;
use super::keys::{start, yes};

/// The new version alone runs everywhere, and a way back is shown.
async fn before_a_way_back(driven: &mut Driven, clusters: usize) {
    start(driven, "v2", "1").await;
    for place in 1..=clusters {
        yes(driven).await;
        if place < clusters {
            driven
                .until("the next", |frame| {
                    frame.contains("b gift/live") && frame.contains("yes (y)")
                })
                .await;
        }
    }
    driven
        .until("it waits everywhere", |frame| {
            frame.contains("· your turn") && frame.contains(&format!("{0} + {1}/{1}", 10 * clusters, clusters))
        })
        .await;
    driven.press("r u");
    for _ in 0..clusters {
        yes(driven).await;
    }
    let all = format!("{0}/{0}", 10 * clusters);
    driven
        .until("the new alone", |frame| {
            frame.contains("● stable") && frame.contains(&all) && !frame.contains("yes (y)")
        })
        .await;
    driven.press("r r");
    driven
        .until("versions", |frame| frame.contains("back to which version?"))
        .await;
    driven.press("enter");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
}

/// Goes through a gray release of so many.
async fn through_gray(driven: &mut Driven, keys: &str) {
    driven.press("g");
    driven
        .until("how many is asked", |frame| frame.contains("how many new instances?"))
        .await;
    driven.press(keys);
    driven
        .until("it is shown", |frame| {
            frame.contains("roll back through a gray release") && frame.contains("yes (y)")
        })
        .await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_back_to_may_come_through_a_gray_release() {
    let mut driven = Driven::new().await;
    before_a_way_back(&mut driven, 1).await;
    let at_once = driven.frame();
    for told in ["10 are replaced, a few at a time", "v2 → v1", "g through gray"] {
        assert!(at_once.contains(told), "{told}: {at_once}");
    }
    through_gray(&mut driven, "3 enter").await;
    let gray = driven.frame();
    for told in [
        "10 → 10 old + 3 new: 3 of 13 = 23.1 % of the requests",
        "v2 → v1",
        "g at once",
        "tried anew: back through a gray release",
    ] {
        assert!(gray.contains(told), "{told}: {gray}");
    }
    // And at once again, which nobody has to count.
    driven.press("g");
    driven
        .until("at once", |frame| {
            frame.contains("10 are replaced") && frame.contains("yes (y)")
        })
        .await;
    // Who leaves the count leaves it as it was.
    driven.press("g esc");
    driven
        .until("as before", |frame| frame.contains("g through gray"))
        .await;
    through_gray(&mut driven, "2 down enter").await;
    let replacing = driven.frame();
    for told in ["10 → 8 old + 2 new", "by hold, in place of old ones"] {
        assert!(replacing.contains(told), "{told}: {replacing}");
    }
    let before = driven.servers[0].written().len();
    driven.press("y");
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
    assert_eq!(driven.servers[0].written().len(), before + 1, "one write");
    assert_eq!(driven.servers[0].counts().await, [10, 2, 10]);
    assert_eq!(driven.servers[0].image().await, "live:v1");
    driven.press("r a");
    yes(&mut driven).await;
    driven.until("as it was", |frame| frame.contains("● stable")).await;
    assert_eq!(driven.servers[0].image().await, "live:v2");
}

#[tokio::test(start_paused = true)]
async fn in_several_clusters_each_goes_back_through_a_gray_release_with_a_yes_of_its_own() {
    let mut driven = Driven::over(&["a", "b"], ClusterSetup::named, false).await;
    before_a_way_back(&mut driven, 2).await;
    through_gray(&mut driven, "2 enter").await;
    driven.press("y");
    driven
        .until("the next", |frame| {
            frame.contains("a: gray, 2 of 2 ready") && frame.contains("yes (y)")
        })
        .await;
    let next = driven.frame();
    assert!(next.contains("10 → 10 old + 2 new"), "{next}");
    driven.press("y");
    driven.until("both wait", |frame| frame.contains("20 + 4/4")).await;
    for server in &driven.servers {
        assert_eq!(server.counts().await, [12, 2, 12]);
        assert_eq!(server.image().await, "live:v1");
    }
}

#[tokio::test(start_paused = true)]
async fn where_a_reason_is_asked_the_other_way_is_chosen_while_it_is_typed() {
    fn asks(name: &str) -> ClusterSetup {
        ClusterSetup {
            asks_reason: true,
            ..ClusterSetup::named(name)
        }
    }
    let mut driven = Driven::over(&["sim"], asks, false).await;
    let image = json!([{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "live:v2"}]);
    driven.servers[0].patch(&image).await;
    driven.until("rolling", |frame| frame.contains("◐ rolling")).await;
    driven.until("the new alone", |frame| frame.contains("● stable")).await;
    driven.press("r r");
    driven
        .until("versions", |frame| frame.contains("back to which version?"))
        .await;
    driven.press("enter");
    driven
        .until("it is tried", |frame| {
            frame.contains("type the reason first")
                && frame.contains("10 are replaced, a few")
                && frame.contains("ctrl-o")
        })
        .await;
    driven.type_in("errors");
    driven.press("ctrl-o");
    driven
        .until("how many is asked", |frame| frame.contains("how many new instances?"))
        .await;
    driven.press("4 enter");
    driven
        .until("what was typed is there", |frame| {
            frame.contains("10 old + 4 new") && frame.contains("› errors")
        })
        .await;
    driven.press("enter");
    yes(&mut driven).await;
    driven.until("it waits", |frame| frame.contains("· your turn")).await;
    assert_eq!(driven.servers[0].counts().await, [14, 4, 14]);
    assert_eq!(driven.attempts()[0]["attempt"]["reason"], "errors");
}
