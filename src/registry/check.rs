//! Whether what is about to be released is there to be pulled; asked beside the server's dry run.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::transport::Registries;
use crate::cluster::Cluster;
use crate::domain::{Clean, ImageName, ResourceRef};
use crate::release::warning::Warning;

/// How long a step waits for the word of registries before it is shown without.
const PATIENCE: Duration = Duration::from_secs(4);

impl Registries {
    /// What speaks against these images of a workload: one that its registry does not have, or cannot be asked for.
    pub async fn doubts(&self, cluster: &Cluster, object: &ResourceRef, images: &[Clean]) -> Vec<Warning> {
        let asked = images.iter().map(|image| async move {
            let late = || {
                Some(Warning::unasked(
                    image,
                    &format!("no answer within {} s", PATIENCE.as_secs()),
                ))
            };
            timeout(PATIENCE, self.doubt(cluster, object, image))
                .await
                .unwrap_or_else(|_| late())
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn doubt(&self, cluster: &Cluster, object: &ResourceRef, image: &Clean) -> Option<Warning> {
        let Some(name) = ImageName::parse(image) else {
            return Some(Warning::NoSuchImage(image.to_string()));
        };
        let repository = self.of_workload(&name, cluster, object).await;
        match repository.has(name.reference()).await {
            Ok(true) => None,
            Ok(false) => Some(Warning::NoSuchImage(image.to_string())),
            Err(error) => Some(Warning::unasked(image, &error.to_string())),
        }
    }
}
