//! Which custom kinds a cluster has, and in which version.

use serde::Deserialize;

use super::door::{Door, JSON};
use super::error::ClusterError;
use super::kinds;
use crate::domain::Kind;

/// The version in which a custom kind is read here: the newest that both sides know.
///
/// # Errors
/// [`ClusterError::NotFound`] when the cluster does not have the kind.
pub(crate) async fn version(door: &Door, kind: Kind) -> Result<String, ClusterError> {
    #[derive(Deserialize)]
    struct Group {
        #[serde(default)]
        versions: Vec<GroupVersion>,
    }
    #[derive(Deserialize)]
    struct GroupVersion {
        version: String,
    }
    #[derive(Deserialize)]
    struct Resources {
        #[serde(default)]
        resources: Vec<Resource>,
    }
    #[derive(Deserialize)]
    struct Resource {
        name: String,
    }
    let group: Group = read(door, &format!("/apis/{}", kind.group())).await?;
    for known in kinds::custom_versions(kind) {
        if group.versions.iter().any(|v| v.version == *known) {
            let resources: Resources = read(door, &format!("/apis/{}/{known}", kind.group())).await?;
            if resources.resources.iter().any(|r| r.name == kind.plural()) {
                return Ok((*known).to_owned());
            }
        }
    }
    Err(ClusterError::NotFound {
        message: format!("{}.{}", kind.plural(), kind.group()).into(),
    })
}

async fn read<T: for<'de> Deserialize<'de>>(door: &Door, path: &str) -> Result<T, ClusterError> {
    let (bytes, _) = door.read(path, JSON).await?;
    serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)
}
