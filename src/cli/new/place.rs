//! Where a new app is to run: which clusters, which of their locations, told by which labels.

use std::io::Write;

use super::super::Failure;
use super::super::watch::Known;
use super::Place;
use super::ask::New;
use crate::create::{App, Ground, Label};
use crate::domain::{AppKey, Clean};
use crate::world::ClusterView;
use crate::world::Scope;
use crate::world::ground::ToldBy;
use crate::world::place::LocationKey;

/// The clusters it is to run in, with their locations.
///
/// # Errors
/// A location or group is not there, several clusters have one of this name, or no label tells its nodes.
pub(super) fn places(known: &Known, asked: &New, app: &App) -> Result<Vec<Place>, Failure> {
    let chosen = chosen(known, &asked.location)?;
    let mut places = Vec::new();
    for cluster in &known.clusters {
        let of_cluster: Vec<Clean> = chosen
            .iter()
            .filter(|key| key.cluster == *cluster.id())
            .map(|key| key.name.clone())
            .collect();
        let Some(view) = known.world.cluster(cluster.id()) else {
            continue;
        };
        if !chosen.is_empty() && of_cluster.is_empty() {
            continue;
        }
        let ground = ground(view, (of_cluster, asked.group.as_deref(), asked.exclusive))
            .map_err(|(what, hint)| Failure::usage(format!("{}: {what}", view.id), hint))?;
        let key = AppKey {
            namespace: app.namespace.as_str().into(),
            name: app.name.as_str().into(),
        };
        let mut sites = view.sites(&key, &ground.shape(app));
        sites.retain(|site| ground.locations.is_empty() || ground.locations.contains(&site.location.name));
        places.push(Place {
            cluster: cluster.clone(),
            ground,
            sites,
            objects: Vec::new(),
            answers: Vec::new(),
            written: false,
        });
    }
    Ok(places)
}

/// The locations that were named, in that order.
fn chosen(known: &Known, names: &[String]) -> Result<Vec<LocationKey>, Failure> {
    let all: Vec<LocationKey> = known
        .world
        .locations(&Scope::default())
        .into_iter()
        .map(|location| location.key)
        .collect();
    let mut chosen = Vec::new();
    for name in names {
        let is_named =
            |key: &&LocationKey| key.name.as_str() == name || format!("{}/{}", key.cluster, key.name) == *name;
        let found: Vec<&LocationKey> = all.iter().filter(is_named).collect();
        let spelt = |keys: &[&LocationKey]| {
            let spelt: Vec<String> = keys.iter().map(|key| format!("{}/{}", key.cluster, key.name)).collect();
            spelt.join(", ")
        };
        match found.as_slice() {
            [one] => chosen.push((*one).clone()),
            [] => {
                let all: Vec<&LocationKey> = all.iter().collect();
                return Err(Failure::usage(
                    format!("there is no location '{name}'"),
                    format!("there are {}", spelt(&all)),
                ));
            }
            several => {
                return Err(Failure::usage(
                    format!("several clusters have a location '{name}'"),
                    format!("say which one: {}", spelt(several)),
                ));
            }
        }
    }
    Ok(chosen)
}

/// Where in a cluster it is to run.
///
/// # Errors
/// What cannot be told of it, and what to do.
pub(super) fn ground(
    view: &ClusterView,
    (locations, group, exclusive): (Vec<Clean>, Option<&str>, bool),
) -> Result<Ground, (String, String)> {
    let labels = if locations.is_empty() {
        Vec::new()
    } else {
        match view.locations_told_by(&locations) {
            ToldBy::Label(key) => locations
                .iter()
                .map(|name| Label {
                    key: key.clone(),
                    value: name.clone(),
                })
                .collect(),
            ToldBy::Whole => Vec::new(),
            ToldBy::Nothing => {
                let what = format!("no one label tells the nodes of {}", locations.join(", "));
                return Err((what, "give them the label pilothouse.dev/location".into()));
            }
        }
    };
    let group = match group {
        None => None,
        Some(name) => {
            let all: Vec<String> = view.groups_in(&locations).iter().map(ToString::to_string).collect();
            if !all.iter().any(|known| known == name) {
                return Err((
                    format!("there is no group '{name}' there"),
                    format!("there are {}", all.join(", ")),
                ));
            }
            let key = view.group_told_by(name);
            let key = key.ok_or_else(|| {
                let what = format!("no label tells the nodes of the group {name}");
                (what, "give them the label pilothouse.dev/group".to_owned())
            })?;
            Some(Label {
                key,
                value: name.into(),
            })
        }
    };
    Ok(Ground {
        locations,
        labels,
        group,
        exclusive,
    })
}

/// Says how much room there is where it is to run, and who else is there.
pub(super) fn tell(place: &Place, app: &App, err: &mut dyn Write) -> std::io::Result<()> {
    for site in &place.sites {
        writeln!(
            err,
            "{}: {}: {}",
            site.location.cluster,
            site.location.name,
            site.words()
        )?;
    }
    let kept: u32 = place.sites.iter().map(|site| site.kept).sum();
    if place.ground.exclusive && kept == 0 {
        writeln!(
            err,
            "▲ {}: no node is kept for it yet: kubectl taint nodes NODE pilothouse.dev/exclusive={}:NoSchedule",
            place.cluster.id(),
            app.name
        )?;
    }
    if place.ground.exclusive && place.ground.group.is_none() {
        writeln!(
            err,
            "▲ {}: without --group its instances may land on shared nodes as well: a taint keeps others out, and nobody in",
            place.cluster.id()
        )?;
    }
    Ok(())
}
