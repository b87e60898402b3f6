//! Whether what is about to be released is there to be pulled, and whether a tag that is gone back to names the bytes
//! that it did; asked beside the server's dry run.

use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::error::RegistryError;
use super::repository::Repository;
use super::transport::Registries;
use crate::cluster::{ActError, Cluster};
use crate::domain::{Clean, Driver, ImageName, ResourceRef};
use crate::release::Prepared;
use crate::release::against::Against;
use crate::release::bytes::{ByTag, Digests, Doubt, is_by_tag};
use crate::release::step::Step;
use crate::release::warning::Warning;

/// How long a step waits for the word of registries before it is shown without.
const PATIENCE: Duration = Duration::from_secs(4);

/// What a registry says of a tag that is gone back to.
enum Word {
    /// It names the bytes that it did.
    Same,
    /// It names others, or none where there is no such tag; whether the old ones are there.
    Moved { now: Option<String>, is_there: bool },
}

/// What comes of the tags that a step goes back to.
#[derive(Default)]
struct Compared {
    pins: Digests,
    warnings: Vec<Warning>,
    against: Vec<Against>,
}

impl Registries {
    /// Prepares a step with what registries say: what a tag names that is released, whether one that is gone back to
    /// names what it did, and what may not be there.
    ///
    /// # Errors
    /// Those of [`Cluster::prepare`].
    pub async fn prepare(
        &self,
        cluster: &Cluster,
        object: &ResourceRef,
        (step, driver): (&Step, Option<Driver>),
    ) -> Result<Prepared, ActError> {
        let step = match self.named(cluster, object, step).await {
            Some(digest) => step.with_digest(&digest),
            None => step.clone(),
        };
        let mut prepared = cluster.prepare(object, &step, driver).await?;
        let by_tag: Vec<ByTag> = prepared.by_tag().cloned().collect();
        let compared = self.compared(cluster, object, (&step, &by_tag)).await;
        if !compared.pins.is_empty() {
            prepared = cluster.prepare(object, &step.with_pins(&compared.pins), driver).await?;
        }
        let mut warnings = compared.warnings;
        warnings.extend(self.doubts(cluster, object, &prepared.published()).await);
        prepared.warnings.splice(0..0, warnings);
        prepared.against.extend(compared.against);
        Ok(prepared)
    }

    /// What the tag names now that a step releases.
    async fn named(&self, cluster: &Cluster, object: &ResourceRef, step: &Step) -> Option<String> {
        let Step::Start(new) = step else { return None };
        let is_known = new.facts.image_digest.is_some() || !is_by_tag(&new.image);
        let name = ImageName::parse(&new.image).filter(|_| !is_known)?;
        let asked = async {
            let repository = self.of_workload(&name, cluster, object).await;
            repository.digest(name.reference()).await.ok().flatten()
        };
        let digest = timeout(PATIENCE, asked).await.ok().flatten();
        digest.map(|digest| digest.to_string())
    }

    /// Whether tags name the bytes that they did.
    async fn compared(&self, cluster: &Cluster, object: &ResourceRef, (step, by_tag): (&Step, &[ByTag])) -> Compared {
        let is_aborted = *step == Step::Abort;
        let asked = by_tag.iter().map(|one| async move {
            let digest = one.digest.as_deref()?;
            let name = ImageName::parse(&one.image)?;
            let asked = async {
                let repository = self.of_workload(&name, cluster, object).await;
                compare(&repository, name.reference(), digest).await
            };
            timeout(PATIENCE, asked).await.ok()?.ok()
        });
        let words = join_all(asked).await;
        let mut found = Compared::default();
        for (ByTag { image, digest }, word) in by_tag.iter().zip(words) {
            let Some(then) = digest.clone() else {
                found.warnings.push(Warning::Bytes(Doubt::Unknown(image.clone())));
                continue;
            };
            let moved = |now| {
                Warning::Bytes(Doubt::Moved {
                    image: image.clone(),
                    then: then.clone(),
                    now,
                    is_aborted,
                })
            };
            let image = image.clone();
            match word {
                Some(Word::Moved { now, .. }) if is_aborted => found.warnings.push(moved(now)),
                Some(Word::Moved { now, is_there: true }) => {
                    found.warnings.push(moved(now));
                    found.pins.insert(image, then);
                }
                Some(Word::Moved { now: Some(now), .. }) => found.against.push(Against::Bytes {
                    image: Clean::new(&image),
                    then,
                    now,
                }),
                // Where there is neither, that is told of the image.
                Some(Word::Same | Word::Moved { now: None, .. }) => {}
                None if is_aborted => found
                    .warnings
                    .push(Warning::unasked(&image, "whether its tag went elsewhere is not known")),
                None => {
                    found
                        .warnings
                        .push(Warning::Bytes(Doubt::Unasked(image.clone(), then.clone())));
                    found.pins.insert(image, then);
                }
            }
        }
        found
    }

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

/// Whether a tag names these bytes; of an index of several platforms nodes may tell the one that they took.
async fn compare(repository: &Repository, tag: &str, then: &str) -> Result<Word, RegistryError> {
    let now = match repository.digest(tag).await {
        Ok(now) => now,
        Err(RegistryError::NotFound { .. }) => {
            let is_there = repository.has(then).await?;
            return Ok(Word::Moved { now: None, is_there });
        }
        Err(error) => return Err(error),
    };
    let Some(now) = now else {
        return Err(RegistryError::unreadable(repository.host(), "its digest"));
    };
    if now == *then || repository.is_member(tag, then).await? {
        return Ok(Word::Same);
    }
    let is_there = repository.has(then).await?;
    Ok(Word::Moved {
        now: Some(now.to_string()),
        is_there,
    })
}
