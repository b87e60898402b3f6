//! What was rolled back in one cluster is bad in the others too: by key and on the command line.

use pilothouse::sim::fault::{Body, Fault, Pattern, Verb};
use pilothouse::world::ClusterSetup;
use serde_json::{Value, json};

use super::course::Fleet;
use super::driven::Driven;
use super::send;

const JSON: &str = "application/json";
const MAPS: &str = "/api/v1/namespaces/gift/configmaps";

/// Somebody said in a cluster that a version is bad.
async fn mark(driven: &Driven, cluster: usize) {
    let bad = json!({
        "id": "01K", "workload": "Deployment live", "images": ["live:v2"], "template": {},
        "first": "2026-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z",
        "bad": {"by": "ann", "at": "2026-01-01T00:00:00Z", "reason": "it leaks"},
    });
    let map = json!({
        "metadata": {"name": "pilothouse-ledger-live"}, "data": {"versions": format!("{bad}\n")},
    });
    let (code, _) = send(&driven.servers[cluster].simulation, "POST", MAPS, JSON, &map).await;
    assert_eq!(code, 201);
}

/// Chooses a version and how many of it.
async fn choose(driven: &mut Driven, row: &'static str) {
    driven.press("r g");
    driven.type_in("v2");
    driven
        .until("the row says so", |frame| {
            frame.contains("as typed: v2") && frame.contains(row)
        })
        .await;
    driven.press("enter enter");
}

#[tokio::test(start_paused = true)]
async fn by_key_a_version_that_is_bad_in_another_cluster_is_released_only_where_that_is_overridden() {
    let mut driven = Driven::over(&["a", "b"], ClusterSetup::named, false).await;
    mark(&driven, 1).await;
    let says = "bad in b: by ann at 2026-01-01 00:00 UTC: it leaks";
    choose(&mut driven, says).await;
    driven
        .until("it is shown", |frame| {
            frame.contains(&format!("✖ live:v2 is {says}")) && frame.contains("type why it is written all the same")
        })
        .await;
    assert!(driven.frame().contains("gift/live in a"), "{}", driven.frame());
    driven.type_in("only b lacks the index");
    driven.press("enter");
    driven.until("asked", |frame| frame.contains("yes (y)")).await;
    assert_eq!(driven.servers[0].written(), [], "it is no yes");
    driven.press("y");
    driven
        .until("written", |frame| frame.contains("written: begin a gray release"))
        .await;
    assert_eq!(driven.attempts()[0]["attempt"]["override"], "only b lacks the index");
}

#[tokio::test(start_paused = true)]
async fn what_a_cluster_says_whose_ledger_is_not_read_is_told_not_to_be_known() {
    let mut driven = Driven::over(&["a", "b"], ClusterSetup::named, false).await;
    driven.servers[1].simulation.faults().add(Fault::Reply {
        to: Pattern::plural("configmaps").verb(Verb::Get),
        code: 403,
        retry_after: None,
        body: Body::Empty,
    });
    choose(&mut driven, "live:v2").await;
    driven.until("it is shown", |frame| frame.contains("yes (y)")).await;
    assert!(
        driven.frame().contains("the ledger of b is not read"),
        "{}",
        driven.frame()
    );
}

#[test]
fn on_the_command_line_it_counts_in_every_cluster_that_is_looked_at() {
    let fleet = Fleet::start();
    let start = ["start", "--image", "live:v2", "--gray", "2"];
    for step in [
        &[&start[..], &["--wait"]].concat()[..],
        &["full", "--wait"],
        &["offline", "--wait"],
        &["rollback", "--wait"],
    ] {
        let (code, said) = fleet.release_on(&["a"], step);
        assert_eq!(code, Some(0), "{step:?}: {said}");
    }
    let (code, said) = fleet.release_on(&["c", "a"], &start);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("live:v2 is bad in a: by "), "{said}");
    assert_eq!(fleet.images(), ["live:v1", "live:v1"], "{said}");
    // Who looks at one cluster alone knows what that one says.
    let (code, said) = fleet.release_on(&["c"], &start);
    assert_eq!(code, Some(0), "{said}");
    let told: Value = serde_json::from_str(&fleet.status(&["c", "a"])).unwrap();
    let of_c = told["items"].as_array().unwrap();
    let of_c = of_c.iter().find(|item| item["cluster"] == "c").unwrap();
    assert_eq!(of_c["new"]["bad"]["cluster"], "a", "{of_c}");
    assert_eq!(of_c["old"]["bad"], Value::Null, "{of_c}");
}
