//! The part of the fleet a person looks at: clusters, locations, namespaces.

use std::collections::BTreeSet;

use super::place::LocationKey;
use crate::domain::{Clean, ClusterId};

/// What lists are limited to; an empty set limits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    pub clusters: BTreeSet<ClusterId>,
    pub locations: BTreeSet<LocationKey>,
    pub namespaces: BTreeSet<Clean>,
}

impl Scope {
    pub fn is_everything(&self) -> bool {
        self.clusters.is_empty() && self.locations.is_empty() && self.namespaces.is_empty()
    }

    /// Whether a cluster is in scope, by itself or by one of its locations.
    pub fn has_cluster(&self, id: &ClusterId) -> bool {
        (self.clusters.is_empty() || self.clusters.contains(id))
            && (self.locations.is_empty() || self.locations.iter().any(|l| l.cluster == *id))
    }

    pub fn has_location(&self, cluster: &ClusterId, location: &str) -> bool {
        self.locations.is_empty()
            || self
                .locations
                .iter()
                .any(|l| l.cluster == *cluster && l.name == location)
    }

    pub fn has_namespace(&self, namespace: &str) -> bool {
        self.namespaces.is_empty() || self.namespaces.contains(namespace)
    }
}
