//! The same faults against the simulated API server, which the demo and the other tests run on.

use bytes::Bytes;
use pilothouse::cluster::Target;
use pilothouse::domain::{ClusterId, Kind, Link};
use pilothouse::sim::Simulation;
use pilothouse::sim::fault::{Fault, Pattern};
use pilothouse::sim::store::Store;
use serde_json::{Value, json};

use super::secs;
use crate::support::observer::Observer;
use crate::support::watch_target;

async fn create(simulation: &Simulation, path: &str, object: &Value) {
    let request = http::Request::post(path)
        .header("content-type", "application/json")
        .body(Bytes::from(object.to_string()))
        .unwrap();
    let answer = simulation.handle(request).await;
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

async fn create_pod(simulation: &Simulation, name: &str) {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "gift"},
        "spec": {"containers": [{"name": "c", "image": "i:v1"}]}});
    create(simulation, "/api/v1/namespaces/gift/pods", &pod).await;
}

async fn with_pods(count: usize) -> (Simulation, Observer) {
    let simulation = Simulation::new(Store::new(1));
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gift"}});
    create(&simulation, "/api/v1/namespaces", &namespace).await;
    for n in 0..count {
        create_pod(&simulation, &format!("p{n:03}")).await;
    }
    let server = simulation.clone();
    let target = Target::in_process(ClusterId::new("sim"), move |request| {
        let server = server.clone();
        async move { server.answer(request).await }
    });
    let (_cluster, mut observer) = watch_target(target);
    observer.until_synced().await;
    assert_eq!(observer.seen.names(Kind::Pod).len(), count);
    (simulation, observer)
}

#[tokio::test(start_paused = true)]
async fn f01_f08_a_server_that_stops_or_falls_silent_is_stale_and_then_followed_again() {
    for fault in [Fault::Refuse, Fault::BlackHole] {
        let (simulation, mut observer) = with_pods(20).await;
        let id = simulation.faults().add(fault);
        let is_stale = |link: Option<&Link>| matches!(link, Some(Link::Stale { .. }));
        observer.until("stale", secs(10), |seen| is_stale(seen.link())).await;
        observer.rest(secs(30)).await;
        assert_eq!(observer.seen.names(Kind::Pod).len(), 20, "rows are kept");
        simulation.faults().remove(id);
        create_pod(&simulation, "new").await;
        let is_there = |observer: &crate::support::observer::Seen| observer.object(Kind::Pod, "new").is_some();
        observer
            .until("followed", secs(6), |seen| is_there(seen) && seen.is_live())
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn f03_f04_an_expired_version_is_a_list_in_whichever_form_it_comes() {
    let pods = || Pattern::plural("pods");
    for fault in [Fault::GoneAtWatchStart(pods()), Fault::GoneEvent(pods())] {
        let (simulation, mut observer) = with_pods(20).await;
        simulation.faults().add_times(1, fault);
        let cut = simulation.faults().add(Fault::EndWatches(secs(1)));
        observer.rest(secs(10)).await;
        simulation.faults().remove(cut);
        create_pod(&simulation, "new").await;
        observer
            .until("followed", secs(40), |seen| seen.object(Kind::Pod, "new").is_some())
            .await;
        assert_eq!(observer.seen.fewest_pods, Some(20), "no row flickered");
    }
}
