//! The words a filter is held against.

use super::*;

#[test]
fn a_filter_finds_an_instance_by_what_it_is_now() {
    let mut fleet = Fleet::new();
    let grouped = |group: &str, health| Node {
        group: Some(group.into()),
        ..node("Node-1", "a", health)
    };
    fleet.node(grouped("green", NodeHealth::Ready));
    let on_node = pod("live", 1, Some("Node-1"), true);
    let key = on_node.key.clone();
    fleet.pod(on_node.clone());
    let kept = |fleet: &Fleet| -> (Vec<String>, Health) {
        let cluster = fleet.0.cluster(&cluster()).unwrap();
        let (words, health) = cluster.words_of(cluster.pods.slot(&key).unwrap());
        (words.lines().map(str::to_owned).collect(), health)
    };
    let has = |fleet: &Fleet, word: &str| kept(fleet).0.iter().any(|w| w == word);
    for word in ["live-1", "gift/live", "node-1", "v1", "a", "green"] {
        assert!(has(&fleet, word), "{word} is not in {:?}", kept(&fleet));
    }
    assert_eq!(kept(&fleet).1, Health::Ready);

    fleet.node(grouped("green", NodeHealth::Unknown));
    assert_eq!(kept(&fleet).1, Health::Unknown);
    fleet.node(grouped("Blue", NodeHealth::Ready));
    assert_eq!(kept(&fleet).1, Health::Ready, "and back");
    assert!(has(&fleet, "blue") && !has(&fleet, "green"));

    fleet.pod(Pod {
        ip: Some([10, 0, 0, 7].into()),
        ready: false,
        ..on_node
    });
    assert_eq!(kept(&fleet).1, Health::Starting);
    assert!(has(&fleet, "10.0.0.7"));
}
