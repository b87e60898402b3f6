//! What tests of releases are made from.

use crate::domain::headroom::PodShape;
use crate::domain::terms::Rolling;
use crate::domain::{Kind, ObjectKey, Resources, Terms, Uid, Version, Workload};

/// A Deployment of ten at revision `number`, all well.
pub(super) fn deployment(number: i64) -> Workload {
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
        conditions: [].into(),
        strategy: [].into(),
    }
}
