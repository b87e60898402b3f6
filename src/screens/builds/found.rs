//! What a build is called elsewhere: by its object, by its pod.

use crate::build::Build;
use crate::domain::{Kind, ObjectKey, ResourceRef};
use crate::world::ClusterView;

/// The object of a build that is in its cluster.
pub fn object_of(build: &Build) -> Option<ResourceRef> {
    Some(ResourceRef {
        cluster: build.cluster.clone(),
        kind: Kind::Job,
        key: key_of(build),
        uid: build.uid.clone()?,
    })
}

/// The namespace and name of its object.
pub fn key_of(build: &Build) -> ObjectKey {
    ObjectKey::new(build.namespace.clone(), build.name.clone())
}

/// The pod of a build that is there still.
pub fn pod_of(cluster: &ClusterView, build: &Build) -> Option<ResourceRef> {
    let key = ObjectKey::new(build.namespace.clone(), build.pod.clone()?);
    Some(ResourceRef {
        cluster: cluster.id.clone(),
        kind: Kind::Pod,
        uid: cluster.pod(&key)?.uid.clone(),
        key,
    })
}
