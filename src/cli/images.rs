//! `pilothouse get images APP`: the tags of an app's images in their registries, and which of them run where.

mod rows;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use chrono::Utc;
use futures::future::join_all;

use super::args::{Args, Get};
use super::ledgers::{self, BadRow};
use super::print::print;
use super::project::is_app;
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet, namespaces, registries};
use crate::cluster::Cluster;
use crate::domain::container::ContainerRole;
use crate::domain::image::Tags;
use crate::domain::{AppKey, Clean, ClusterId, ImageName, Kind, ResourceRef};
use crate::registry::{Registries, RegistryError};
use crate::runtime::Exit;
use crate::world::World;
use crate::world::release::app_of;
use rows::{BadImageRow, Found, ImageRow, RunRow, Running};

/// Of so many tags a repository it is asked what they name, besides those that run.
const LOOKED_AT: usize = 50;

/// Runs the command.
pub(super) fn run(
    args: &Args,
    get: &Get,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let Some(app) = &get.name else {
        return Err(Failure::usage(
            "whose images?",
            "say which app: pilothouse get images APP, or NAMESPACE/APP",
        ));
    };
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    // The demo's images are of no registry.
    let registries = (!args.demo).then(|| registries::of(&setup, environment));
    let waits = fleet::waits_for(Kind::OF_RELEASES, get.wait);
    let (known, unknown, found) = fleet::block_on_told(&waits, environment, err, async {
        let members = fleet::ready_members(args, &setup).await?;
        let mut known = watch::until_known(&members, Kind::OF_RELEASES, get.wait).await;
        let unknown = namespaces::unknown(&args.namespace, &known).await;
        let apps = apps(&known.world, app);
        ledgers::read(&mut known, apps).await;
        let found = read(&known, app, registries.as_ref()).await;
        known.cancel.cancel();
        Ok::<_, Failure>((known, unknown, found))
    })??;
    let mut is_whole = namespaces::told(&args.namespace, &unknown, err)? && known.missing.is_empty();
    fleet::tell_missing(&known, err)?;
    if found.is_empty() {
        return Err(Failure::failed(
            format!("there is no workload of an app '{app}'"),
            "apps are NAME or NAMESPACE/NAME; `pilothouse get apps` lists them",
        ));
    }
    for of in &found {
        is_whole &= of.tell(err)?;
    }
    let rows: Vec<ImageRow> = found.iter().flat_map(Found::rows).collect();
    print(&rows, get.output, Utc::now(), out)?;
    Ok(Exit(if is_whole { Exit::DONE } else { Exit::FAILED }))
}

/// The repositories of an app's images, each asked once.
async fn read(known: &Known, app: &str, registries: Option<&Registries>) -> Vec<Found> {
    let found = repositories(&known.world, app)
        .into_iter()
        .map(|(place, (name, objects, running))| async move {
            let tags = match registries {
                Some(registries) => {
                    let running: BTreeSet<Clean> =
                        running.iter().filter_map(|r| r.name.tag().map(Clean::new)).collect();
                    Some(tags(registries, &name, (&known.clusters, &objects), &running).await)
                }
                None => None,
            };
            Found {
                bad: bad(&known.world, app, &place),
                place: place.into(),
                running,
                tags,
            }
        });
    join_all(found).await
}

/// Asks with the secrets of one workload after the other until the registry answers.
pub(super) async fn tags(
    registries: &Registries,
    name: &ImageName,
    (clusters, objects): (&[Cluster], &[ResourceRef]),
    running: &BTreeSet<Clean>,
) -> Result<Tags, RegistryError> {
    let mut last = None;
    for object in objects {
        let Some(cluster) = clusters.iter().find(|cluster| *cluster.id() == object.cluster) else {
            continue;
        };
        let repository = registries.of_workload(name, cluster, object).await;
        match repository.tags(LOOKED_AT, running).await {
            Err(error @ (RegistryError::Login { .. } | RegistryError::Denied { .. })) => last = Some(error),
            answer => return answer,
        }
    }
    match last {
        Some(error) => Err(error),
        None => registries.repository(name, &[], &[]).tags(LOOKED_AT, running).await,
    }
}

/// The apps that are meant, cluster by cluster.
fn apps(world: &World, app: &str) -> Vec<(ClusterId, AppKey)> {
    let mut found = BTreeSet::new();
    for view in world.clusters() {
        let kinds = Kind::ALL.into_iter().filter(|kind| kind.is_workload());
        let its = kinds
            .flat_map(|kind| view.workloads(kind))
            .map(|workload| app_of(workload));
        let its = its.filter(|its| is_app(app, &its.namespace, &its.name));
        found.extend(its.map(|its| (view.id.clone(), its)));
    }
    found.into_iter().collect()
}

/// Whether an image is of a repository, whatever the registry of each cluster is called.
fn is_of(name: &ImageName, place: &str) -> bool {
    place.split_once('/').is_some_and(|(_, path)| *name.repository == *path)
}

/// The images of a repository that somebody said to be bad.
fn bad(world: &World, app: &str, place: &str) -> Vec<(ImageName, BadImageRow)> {
    let mut found = Vec::new();
    for (id, key) in apps(world, app) {
        let marked = world.cluster(&id).map(|view| view.bad_images(&key)).unwrap_or_default();
        for (image, mark) in marked {
            let Some(name) = ImageName::parse(image).filter(|name| is_of(name, place)) else {
                continue;
            };
            let row = BadImageRow {
                namespace: key.namespace.clone(),
                mark: BadRow::new(mark, &id),
            };
            found.push((name, row));
        }
    }
    found
}

type Repositories = BTreeMap<String, (ImageName, Vec<ResourceRef>, Vec<Running>)>;

/// The repositories of an app's images, each with workloads that may pull from it.
pub(super) fn places_of(world: &World, app: &str) -> Vec<(ImageName, Vec<ResourceRef>)> {
    let places = repositories(world, app).into_values();
    places.map(|(name, objects, _)| (name, objects)).collect()
}

/// The repositories that the templates of an app's workloads name, with a workload of each cluster, and what runs.
fn repositories(world: &World, app: &str) -> Repositories {
    let mut found = Repositories::new();
    for view in world.clusters() {
        let kinds = Kind::ALL
            .into_iter()
            .filter(|kind| kind.is_workload() && *kind != Kind::Job);
        let workloads = kinds.flat_map(|kind| view.workloads(kind));
        let mut apps: BTreeSet<AppKey> = BTreeSet::new();
        for workload in workloads {
            let its = app_of(workload);
            if !is_app(app, &its.namespace, &its.name) {
                continue;
            }
            for name in workload.images.iter().filter_map(|image| ImageName::parse(image)) {
                let (_, objects, _) = found
                    .entry(name.place())
                    .or_insert_with(|| (name, Vec::new(), Vec::new()));
                if objects.iter().all(|object| object.cluster != view.id) {
                    objects.push(ResourceRef {
                        cluster: view.id.clone(),
                        kind: workload.kind,
                        key: workload.key.clone(),
                        uid: workload.uid.clone(),
                    });
                }
            }
            apps.insert(its);
        }
        for key in apps {
            let containers = view.instances_of(&key).flat_map(|pod| pod.containers.iter());
            for container in containers.filter(|container| container.role == ContainerRole::Main) {
                let Some(name) = ImageName::parse(&container.image) else {
                    continue;
                };
                let digest = container.image_id.split_once('@').map(|(_, digest)| Clean::new(digest));
                let (_, _, running) = found
                    .entry(name.place())
                    .or_insert_with(|| (name.clone(), Vec::new(), Vec::new()));
                let digest = digest.or_else(|| name.digest.clone());
                let is_same = |known: &&mut Running| {
                    known.name == name
                        && known.digest == digest
                        && known.run.cluster == view.id
                        && known.run.namespace == key.namespace
                };
                match running.iter_mut().find(is_same) {
                    Some(known) => known.run.instances += 1,
                    None => running.push(Running {
                        name,
                        digest,
                        run: RunRow {
                            cluster: view.id.clone(),
                            namespace: key.namespace.clone(),
                            instances: 1,
                        },
                    }),
                }
            }
        }
    }
    found
}
