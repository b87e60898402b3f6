//! A way back that brings its configuration: the program ends before the copy, after it, and after the template.

use pilothouse::domain::Kind;
use pilothouse::release::Phase;
use pilothouse::release::config::Source;
use pilothouse::release::step::Step;
use serde_json::{Value, json};

use super::{App, End, MOST_REQUESTS, Program, brought, start};
use crate::release::config::{MAPS, back_to, configured};
use crate::release::send;

/// Whoever comes next finishes it, and nothing is made twice; whether there was a middle.
async fn cut_with_config(end: End) -> bool {
    let app = App::new(Kind::Deployment).await;
    configured(&app.simulation).await;
    let (program, left) = brought(&app, &[start(), Step::Full], false).await;
    let (shared, kind) = (format!("{MAPS}/live-config"), "application/merge-patch+json");
    let edit = json!({"data": {"MODE": "b"}});
    send(&app.simulation, "PATCH", &shared, kind, &edit).await;
    let shown = app.read(&shared).await;
    let at = app.generation().await;
    let step = back_to("c1", Source::Recorded);
    let is_whole = program.take_and_end(&step, end).await;
    drop(program);

    let mut next = Program::over(&app).await;
    let phase = next.phase().await;
    if app.generation().await == at {
        assert_eq!(phase, left, "{end:?}");
        next.take(&step)
            .await
            .unwrap_or_else(|error| panic!("{end:?}: {error}"));
    } else {
        let again = next.take(&step).await;
        assert!(again.is_err(), "{end:?}: it runs that already");
    }
    assert_eq!(next.phase().await, Phase::Stable, "{end:?}");
    assert_eq!(app.generation().await, at + 1, "{end:?}: one write");
    let maps = app.read(MAPS).await;
    let is_copy = |map: &&Value| map["metadata"]["annotations"]["pilothouse.dev/copy-of"] == "live-config";
    let copies: Vec<&Value> = maps["items"].as_array().unwrap().iter().filter(is_copy).collect();
    assert_eq!(copies.len(), 1, "{end:?}");
    assert_eq!(copies[0]["data"]["MODE"], "a", "{end:?}");
    let template = app.workload().await["spec"]["template"].to_string();
    let name = copies[0]["metadata"]["name"].to_string();
    assert_eq!(template.matches(&name).count(), 3, "{end:?}: {template}");
    assert_eq!(app.read(&shared).await, shown, "{end:?}: the shared one is untouched");
    !is_whole
}

#[tokio::test(start_paused = true)]
async fn a_way_back_with_its_configuration_cut_anywhere() {
    let mut requests = 0;
    while cut_with_config(End::Before(requests + 1)).await {
        requests += 1;
        assert!(cut_with_config(End::After(requests)).await);
        assert!(requests < MOST_REQUESTS);
    }
    println!("with its configuration: {requests} requests, {} ends", 2 * requests);
    assert!(requests >= 10, "{requests}");
}
