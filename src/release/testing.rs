//! What tests of releases are made from.

use serde_json::Value;

use super::config::Today;
use super::ledger::Ledger;
use super::plan::Seen;
use super::request::Resource;
use crate::domain::headroom::PodShape;
use crate::domain::terms::Rolling;
use crate::domain::{Kind, ObjectKey, Resources, Terms, Uid, Version, Workload};

/// A Deployment of ten at revision `number`, all well.
pub(crate) fn deployment(number: i64) -> Workload {
    Workload {
        kind: Kind::Deployment,
        key: ObjectKey::new("gift", "live"),
        uid: Uid::default(),
        app: "live".into(),
        labels: [].into(),
        created: None,
        generation: (7, 7),
        desired: 10,
        instances: 10,
        ready: 10,
        updated: 10,
        available: 10,
        rolls_to: 10,
        paused: false,
        terms: Terms::Deployment(Rolling {
            revision: Some(number),
            settled: true,
            ..Rolling::default()
        }),
        driver: None,
        version: Version::Tag("v2".into()),
        images: [].into(),
        shape: PodShape::plain(Resources::new(500, 1 << 30)).into(),
        owner: None,
        default_location: None,
        min_instances: None,
        max_instances: None,
        source: None,
        conditions: [].into(),
        strategy: [].into(),
    }
}

/// A workload as it was read, with nothing around it.
pub(super) fn seen(kind: Kind, object: Value) -> Seen {
    Seen {
        kind,
        resource: Resource::of(kind, "v1"),
        object,
        revisions: Vec::new(),
        pods: Vec::new(),
        instances: Vec::new(),
        driven: None,
        drivers_unread: None,
        releasing: None,
        autoscalers: Vec::new(),
        autoscalers_unread: None,
        scaled: Vec::new(),
        before: None,
        ledger: Ledger::default(),
        unread: None,
        config: Today::default(),
        twin: None,
        services: Ok(Vec::new()),
    }
}
