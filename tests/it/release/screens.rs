//! Frames of what is asked, shown and told before a release's writes, as text.

use insta::assert_snapshot;
use pilothouse::world::ClusterSetup;
use serde_json::json;

use super::driven::Driven;

const SIZES: [(u16, u16); 2] = [(80, 24), (120, 40)];

fn shows(name: &str, driven: &mut Driven) {
    for (width, height) in SIZES {
        let frame = without_ulid(&driven.frame_of((width, height)));
        assert_snapshot!(format!("release-{name}-{width}x{height}"), frame);
    }
    driven.frame_of((120, 40));
}

/// An operation has another name each time.
fn without_ulid(frame: &str) -> String {
    let is_ulid =
        |word: &&str| word.len() == 26 && word.starts_with("01") && word.bytes().all(|b| b.is_ascii_alphanumeric());
    let found = frame.split_whitespace().find(is_ulid).map(str::to_owned);
    found.map_or_else(|| frame.to_owned(), |ulid| frame.replace(&ulid, &"U".repeat(26)))
}

fn production(name: &str) -> ClusterSetup {
    ClusterSetup {
        tag: (name == "idc-bj").then(|| "PRODUCTION".into()),
        confirms_by_name: name == "idc-bj",
        ..ClusterSetup::named(name)
    }
}

#[tokio::test(start_paused = true)]
async fn the_way_to_a_write() {
    let mut driven = Driven::over(&["idc-bj", "aliyun"], production, false).await;
    driven.press("r");
    shows("pending", &mut driven);
    driven.press("g");
    driven.type_in("v2");
    shows("version", &mut driven);
    driven.press("enter");
    driven.type_in("20%");
    shows("how-many", &mut driven);
    driven.type_in("x");
    shows("how-many-wrong", &mut driven);
    driven.press("backspace enter");
    shows("asking", &mut driven);
    let asked = "type live to write it";
    driven.until("it is shown", |frame| frame.contains(asked)).await;
    shows("by-name", &mut driven);
    driven.type_in("live");
    driven.press("enter");
    let next = "Have a look at it before you go on";
    driven
        .until("the next", |frame| frame.contains(next) && frame.contains("yes (y)"))
        .await;
    shows("second", &mut driven);
    driven.press("d");
    shows("differences", &mut driven);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_at_the_last_moment() {
    let mut driven = Driven::new().await;
    driven.press("r a");
    shows("refused", &mut driven);
    driven.press("r t");
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    shows("restart", &mut driven);
    driven.servers[0]
        .patch(&json!([{"op": "add", "path": "/spec/paused", "value": true}]))
        .await;
    driven
        .until("it failed", |frame| frame.contains("✖ it is paused: resume it first"))
        .await;
    shows("failed", &mut driven);
}
