//! Apps: what is under way, and what counts in a scope.

use super::*;

#[test]
fn progress_follows_the_controllers_own_words() {
    let base = workload("live", 10);
    for (change, progress) in [
        (workload("live", 10), Phase::Stable),
        (
            Workload {
                updated: 3,
                ..base.clone()
            },
            Phase::Rolling {
                updated: 3,
                desired: 10,
                old: 7,
            },
        ),
        (
            Workload {
                ready: 8,
                ..base.clone()
            },
            Phase::Scaling {
                instances: 8,
                desired: 10,
            },
        ),
        (
            Workload {
                paused: true,
                ..base.clone()
            },
            Phase::Paused,
        ),
        (
            Workload {
                generation: (2, 1),
                ..base.clone()
            },
            Phase::Unseen,
        ),
        (
            Workload {
                conditions: [(
                    "Progressing".into(),
                    "ProgressDeadlineExceeded".into(),
                    "timed out".into(),
                )]
                .into(),
                ..base
            },
            Phase::Stuck {
                reason: "ProgressDeadlineExceeded".into(),
                message: "timed out".into(),
            },
        ),
    ] {
        assert_eq!(Phase::of(&change, &[]), progress);
    }
}

#[test]
fn a_rollout_lasts_until_the_old_instances_are_gone() {
    // With one instance and a surge of one this is the whole rollout.
    let surge = Workload {
        instances: 2,
        ..workload("live", 1)
    };
    let rolling = Phase::Rolling {
        updated: 1,
        desired: 1,
        old: 1,
    };
    assert_eq!(Phase::of(&surge, &[]), rolling);
    let more = Workload {
        instances: 4,
        ready: 4,
        updated: 4,
        ..workload("live", 10)
    };
    let scaling = Phase::Scaling {
        instances: 4,
        desired: 10,
    };
    assert_eq!(Phase::of(&more, &[]), scaling, "none of them is old");
}

#[test]
fn what_a_strategy_holds_back_waits_and_does_not_roll() {
    let gray = |new: i64| Phase::Gray {
        ready: new,
        wanted: new,
        old: 10 - new,
        timed: false,
    };
    let base = workload("live", 10);
    for (change, progress) in [
        // A partition holds back all but two.
        (
            Workload {
                updated: 1,
                rolls_to: 2,
                ..base.clone()
            },
            Phase::Rolling {
                updated: 1,
                desired: 2,
                old: 9,
            },
        ),
        (
            Workload {
                updated: 2,
                rolls_to: 2,
                ..base.clone()
            },
            gray(2),
        ),
        // `OnDelete`: nothing rolls by itself; when all were deleted, nothing is left to do.
        (
            Workload {
                updated: 0,
                rolls_to: 0,
                ..base.clone()
            },
            gray(0),
        ),
        (
            Workload {
                rolls_to: 0,
                ..base.clone()
            },
            Phase::Stable,
        ),
    ] {
        assert_eq!(Phase::of(&change, &[]), progress);
    }
}

#[test]
fn an_app_seen_from_one_location_counts_what_is_there() {
    let mut fleet = Fleet::on_two_nodes("a", "b");
    let crashing = ContainerState::Waiting {
        reason: "CrashLoopBackOff".into(),
        message: Clean::default(),
    };
    fleet
        .pod(Pod {
            version: Version::Tag("v2".into()),
            containers: [Container {
                state: crashing,
                ..Container::default()
            }]
            .into(),
            ..pod("live", 1, Some("node-1"), false)
        })
        .pod(pod("live", 2, Some("node-2"), true))
        .pod(pod("live", 3, Some("node-2"), false));
    fleet.put(Object::Workload(Box::new(workload("live", 3))));
    let app = &fleet.0.apps(&in_location("b"))[0];
    assert_eq!((app.instances, app.ready, app.desired), (2, 1, None));
    assert_eq!(app.requested, Resources::new(1000, 2 << 30));
    assert_eq!(app.versions, [(Version::Tag("v1".into()), 2, 1)]);
    assert_eq!((&app.health[..], &app.trouble), (&[(Health::Starting, 1)][..], &None));
    let app = &fleet.0.apps(&in_location("a"))[0];
    assert_eq!(app.versions, [(Version::Tag("v2".into()), 1, 0)]);
    assert_eq!(app.trouble, Some(("CrashLoopBackOff".into(), 1)));
    let everywhere = &fleet.0.apps(&Scope::default())[0];
    assert_eq!((everywhere.instances, everywhere.desired), (3, Some(3)));
}

#[test]
fn a_job_is_no_app() {
    let mut fleet = Fleet::new();
    fleet.pod(Pod {
        owner: Some(("Job".into(), "nightly".into())),
        ..pod("nightly", 1, None, false)
    });
    fleet.put(Object::Workload(Box::new(Workload {
        kind: Kind::Job,
        ..workload("nightly", 1)
    })));
    assert!(fleet.0.apps(&Scope::default()).is_empty());
    assert_eq!(fleet.0.instance_count(), 1);
}

#[test]
fn a_jobs_pods_take_room_and_count_as_instances_nowhere() {
    let mut fleet = Fleet::new();
    fleet.node(node("node-1", "a", NodeHealth::Ready));
    fleet.pod(pod("live", 1, Some("node-1"), true));
    fleet.pod(Pod {
        owner: Some(("Job".into(), "nightly".into())),
        ..pod("nightly", 1, Some("node-1"), true)
    });
    let everything = Scope::default();
    let node = &fleet.0.nodes(&everything)[0];
    assert_eq!((node.instances, node.ready, node.taken.pods), (1, 1, 2));
    assert_eq!(node.taken.requested, Resources::new(1000, 2 << 30));
    let location = &fleet.0.locations(&everything)[0];
    assert_eq!((location.instances, location.ready), (1, 1));
    let cluster = fleet.0.clusters()[0].summary(&everything);
    assert_eq!((cluster.instances, cluster.ready, cluster.apps), (1, 1, 1));

    fleet.node(super::node("node-1", "a", NodeHealth::Unknown));
    let loss = fleet.0.clusters()[0].loss(&"node-1".into()).unwrap();
    assert_eq!((loss.was, loss.stuck.len()), (1, 1));
}

/// Two apps of two teams on one node of each location.
fn two_teams() -> Fleet {
    let mut fleet = Fleet::new();
    let of_feed = |pod: Pod| Pod {
        key: ObjectKey::new("feed", pod.key.name.clone()),
        ..pod
    };
    fleet
        .node(node("node-1", "a", NodeHealth::Ready))
        .node(node("node-2", "b", NodeHealth::Unknown));
    fleet
        .pod(pod("live", 1, Some("node-1"), true))
        .pod(pod("live", 2, Some("node-1"), false))
        .pod(of_feed(pod("timeline", 1, Some("node-1"), true)))
        .pod(of_feed(pod("timeline", 2, Some("node-2"), true)));
    fleet
}

#[test]
fn counts_follow_the_scope_of_namespaces_and_what_machines_have_stays_whole() {
    let fleet = two_teams();
    let everything = Scope::default();
    let of_feed = Scope {
        namespaces: ["feed".into()].into(),
        ..Scope::default()
    };
    let counts = |scope: &Scope| {
        let cluster = fleet.0.clusters()[0].summary(scope);
        let locations: Vec<_> = fleet
            .0
            .locations(scope)
            .iter()
            .map(|l| (l.instances, l.ready, l.stuck))
            .collect();
        let mut nodes = fleet.0.nodes(scope);
        nodes.sort_by(|a, b| a.node.name.cmp(&b.node.name));
        let nodes: Vec<_> = nodes.iter().map(|n| (n.instances, n.ready, n.stuck)).collect();
        assert_eq!(nodes, locations, "one node a location");
        ((cluster.apps, cluster.instances, cluster.ready, cluster.stuck), nodes)
    };
    assert_eq!(counts(&everything), ((2, 4, 2, 1), vec![(3, 2, 0), (1, 0, 1)]));
    assert_eq!(counts(&of_feed), ((1, 2, 1, 1), vec![(1, 1, 0), (1, 0, 1)]));
    let taken = |scope: &Scope| {
        let cluster = fleet.0.clusters()[0].summary(scope);
        (cluster.requested, cluster.allocatable, cluster.headroom, cluster.nodes)
    };
    assert_eq!(taken(&of_feed), taken(&everything));
}

#[test]
fn a_cluster_seen_from_one_location_counts_what_is_there() {
    let fleet = two_teams();
    let sum = fleet.0.clusters()[0].summary(&in_location("b"));
    assert_eq!((sum.locations, sum.nodes, sum.nodes_ready), (1, 1, 0));
    assert_eq!((sum.apps, sum.instances, sum.ready, sum.stuck), (1, 1, 0, 1));
    assert_eq!(sum.allocatable, Resources::new(4000, 8 << 30));
    assert_eq!(sum.requested, Resources::new(500, 1 << 30));
}

#[test]
fn instances_are_known_where_their_namespace_is() {
    let mut fleet = Fleet::new();
    fleet.put(Object::Workload(Box::new(workload("live", 3))));
    let known = |fleet: &Fleet| fleet.0.app(&app("live"), &Scope::default()).unwrap().pods_known;
    assert!(known(&fleet));
    fleet.feed(
        Kind::Pod,
        Feed::NoAccess {
            right: "list pods".into(),
        },
    );
    assert!(!known(&fleet));
    fleet.tell(ClusterReport::Scope(Some(vec!["gift".into(), "feed".into()])));
    fleet.tell(ClusterReport::Feed(Kind::Pod, "gift".into(), Feed::Live));
    assert!(known(&fleet), "one namespace is watched by itself");
    let right = "list pods in gift".into();
    fleet.tell(ClusterReport::Feed(Kind::Pod, "gift".into(), Feed::NoAccess { right }));
    assert!(!known(&fleet));
}

#[test]
fn of_a_cluster_that_never_answered_nothing_is_known() {
    let mut world = World::new([ClusterSetup::named("idc-bj")]);
    let link = Link::Unreachable {
        reason: "connection refused".into(),
    };
    world.apply(&cluster(), ClusterReport::Link(link), at(0));
    let cut = Feed::Stale {
        since: at(0),
        reason: "connection refused".into(),
        retry_at: None,
    };
    world.apply(&cluster(), ClusterReport::Feed(Kind::Pod, Clean::default(), cut), at(0));
    assert!(!world.clusters()[0].summary(&Scope::default()).pods_known);
    assert!(!world.clusters()[0].link.is_live());
}

#[test]
fn a_watch_that_ended_blanks_nothing() {
    let mut fleet = Fleet::new();
    fleet.put(Object::Workload(Box::new(workload("live", 3))));
    let known = |fleet: &Fleet| fleet.0.app(&app("live"), &Scope::default()).unwrap().pods_known;
    let right = "list pods in gift".into();
    fleet.tell(ClusterReport::Feed(Kind::Pod, "gift".into(), Feed::NoAccess { right }));
    assert!(!known(&fleet));
    fleet.tell(ClusterReport::Ended(Kind::Pod, "gift".into()));
    assert!(known(&fleet), "pods of all namespaces are watched");
    let cluster = &fleet.0.clusters()[0];
    assert_eq!(cluster.feed(Kind::Pod), Some(&Feed::Live));
    assert_eq!(cluster.feed_log.of(Kind::Pod, &"gift".into()).since, None);
}

#[test]
fn a_refused_watch_of_all_namespaces_says_nothing_where_others_stand_in_for_it() {
    let refused = |right: &str| Feed::NoAccess { right: right.into() };
    let mut fleet = Fleet::new();
    fleet.feed(Kind::Pod, refused("list pods in all namespaces"));
    fleet.feed(Kind::Node, refused("list nodes in all namespaces"));
    fleet.tell(ClusterReport::Scope(Some(vec!["gift".into()])));
    let said = |fleet: &Fleet, kind| fleet.0.clusters()[0].feed(kind).cloned();
    assert_eq!(said(&fleet, Kind::Pod), Some(refused("list pods in all namespaces")));
    fleet.tell(ClusterReport::Feed(Kind::Pod, "gift".into(), Feed::Live));
    assert_eq!(said(&fleet, Kind::Pod), Some(Feed::Live));
    assert_eq!(said(&fleet, Kind::Node), Some(refused("list nodes in all namespaces")));
    fleet.tell(ClusterReport::Feed(
        Kind::Pod,
        "feed".into(),
        refused("list pods in feed"),
    ));
    assert_eq!(said(&fleet, Kind::Pod), Some(refused("list pods in feed")));
}
