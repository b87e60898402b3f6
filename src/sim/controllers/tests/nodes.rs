//! Nodes and what finds room on them.

use serde_json::json;

use super::*;

#[test]
fn what_finds_no_node_says_why_and_goes_when_there_is_room() {
    let mut world = World::with_nodes(2);
    world.create(&DEPLOYMENTS, deployment(17, json!({})));
    world.pass(5);
    let waiting: Vec<String> = world
        .store
        .list(&PODS)
        .filter_map(|pod| {
            condition(pod, "PodScheduled")
                .filter(|c| text(c, &["status"]) == "False")
                .cloned()
        })
        .map(|c| text(&c, &["message"]).to_owned())
        .collect();
    assert_eq!(
        waiting,
        [
            "0/2 nodes are available: 2 Insufficient cpu. no new claims to deallocate, preemption: 0/2 nodes are available: \
          2 No preemption victims found for incoming pod."
        ]
    );
    let more = json!({"metadata": {"name": "node-3"}, "status": {"allocatable": {"cpu": "8", "memory": "16Gi", "pods": "20"}}});
    world.create(&NODES, more);
    world.pass(30);
    assert_eq!(world.counts(), [17, 17, 17, 17, 0]);
}

#[test]
fn a_dead_node_is_given_up_and_its_pods_stay_stuck_until_it_returns() {
    let mut world = World::with_nodes(2);
    world.create(&DEPLOYMENTS, deployment(4, json!({})));
    world.pass(5);
    world.edit(&NODES, "node-1", |node| {
        set(node, &["metadata", "annotations", node::DEAD], "true");
    });
    world.pass(60);
    assert_eq!(world.counts(), [4, 4, 2, 2, 2]);
    assert!(!object::holds(&world.get(&NODES, "node-1"), "Ready"));
    world.pass(360);
    assert_eq!(world.counts(), [4, 4, 4, 4, 0], "replaced on the other node");
    let stuck: Vec<_> = world.store.list(&PODS).filter(|pod| is_deleting(pod)).collect();
    assert_eq!(stuck.len(), 2);
    world.edit(&NODES, "node-1", |node| {
        object::unset(node, &["metadata", "annotations", node::DEAD]);
    });
    world.pass(10);
    assert_eq!((world.store.count(&PODS), world.counts()), (4, [4, 4, 4, 4, 0]));
    let reasons = world.reasons();
    for reason in ["NodeNotReady", "TaintManagerEviction", "NodeReady"] {
        assert!(reasons.iter().any(|r| r == reason), "{reason}");
    }
}
