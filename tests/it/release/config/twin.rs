//! Configuration goes with the version of a gray release in a second Deployment too.

use std::time::Duration;

use pilothouse::release::Phase;
use pilothouse::release::config::Source;
use pilothouse::release::live::Method;
use pilothouse::release::past::Back;
use pilothouse::release::step::{Count, Return, Step};
use serde_json::json;

use super::{back_to, changes, old};
use crate::release::Flow;
use crate::release::same::Act;
use crate::release::twin::TWIN;

fn grow(instances: i32) -> Step {
    Step::Grow(Count::Instances(instances))
}

impl Flow {
    async fn takes_and_rests(&mut self, step: &Step) -> Vec<String> {
        let prepared = self.does(step).await;
        self.observer.rest(Duration::from_mins(2)).await;
        prepared.config.names
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_gray_version_runs_with_is_noted_at_each_of_its_steps() {
    let mut flow = old().await;
    let names = ["configmap/live-config", "secret/db"];
    let begin = Act::Twin("v2", 2).step().unwrap();
    assert_eq!(flow.takes_and_rests(&begin).await, names);
    // What is mended during the gray release belongs to it, what is changed later does not.
    flow.edit(&json!({"MODE": "b"})).await;
    assert_eq!(flow.takes_and_rests(&grow(4)).await, names);
    assert_eq!(flow.takes_and_rests(&Step::KeepOld).await, names);
    assert_eq!(flow.takes_and_rests(&Step::Offline).await, names);
    flow.edit(&json!({"MODE": "c"})).await;
    let next = flow.prepare(&Act::Twin("v3", 2).step().unwrap()).await.unwrap();
    assert_eq!(changes(&next)[0], "ConfigMap live-config: MODE changed");
    for (version, mode) in [("c1", "a"), ("v2", "b")] {
        flow.does(&back_to(version, Source::Recorded)).await;
        flow.until("it is back", &Phase::Stable).await;
        let name = flow.points_at().await[0].clone();
        let map = flow.get(&format!("{}/{name}", super::MAPS)).await;
        assert_eq!(map["data"]["MODE"], mode, "{version}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_way_back_beside_has_the_old_configuration_as_a_copy() {
    let mut flow = Flow::edited().await;
    let back = Step::Rollback(Return {
        gray: Some((Count::Instances(3), Method::Twin)),
        ..Return::to(Back::LastGood)
    });
    flow.takes_and_rests(&back).await;
    let copies = flow.copies().await;
    assert_eq!(copies.len(), 1);
    let copy = copies[0]["metadata"]["name"].as_str().unwrap().to_owned();
    let gray = flow.get(TWIN).await;
    let spec = &gray["spec"]["template"]["spec"];
    assert_eq!(
        spec["containers"][0]["envFrom"][0]["configMapRef"]["name"],
        copy.as_str()
    );
    assert_eq!(spec["containers"][0]["image"], "live:c1");
    assert_eq!(gray["status"]["readyReplicas"], 3);
    assert_eq!(flow.points_at().await, ["live-config"; 3], "not the Deployment yet");
    flow.takes_and_rests(&Step::Abort).await;
    assert_eq!(flow.points_at().await, ["live-config"; 3]);
    flow.takes_and_rests(&back).await;
    assert_eq!(flow.copies().await, copies, "the same one again");
    flow.takes_and_rests(&Step::KeepOld).await;
    assert_eq!(flow.points_at().await, [copy.as_str(); 3]);
    flow.takes_and_rests(&Step::Offline).await;
    assert_eq!(flow.get(TWIN).await["reason"], "NotFound");
}
