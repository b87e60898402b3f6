//! `pilothouse new`: a new app from a template, printed, written to files, tried by the servers, created.

pub mod ask;
mod files;
mod place;
mod templates;
mod write;

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};

use super::args::Args;
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet, namespaces, screen};
use crate::cluster::Cluster;
use crate::create::{App, Ground, Template, objects, told};
use crate::domain::Kind;
use crate::runtime::Exit;
use crate::runtime::activity::ActivityLog;
use crate::world::ground::Site;

pub use ask::New;
use ask::NewFormat;

/// Without `--yes`: it was shown, and nothing was written.
const ONLY_SHOWN: u8 = 3;

/// The new app in one cluster.
struct Place {
    cluster: Cluster,
    ground: Ground,
    /// The locations that it was given, or all of the cluster.
    sites: Vec<Site>,
    objects: Vec<Value>,
    /// What the server said of each object, in their order.
    answers: Vec<String>,
    /// Whether all of them are there now.
    written: bool,
}

/// Runs the command.
pub(super) fn run(
    args: &Args,
    asked: &New,
    environment: &Environment,
    (out, err): (&mut dyn Write, &mut dyn Write),
) -> Result<Exit, Failure> {
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    let template = templates::find(&asked.template, &setup.paths.templates())?;
    let app = asked.app(&template, &args.namespace)?;
    if !asked.needs_clusters(args) {
        let objects = objects(&app, &Ground::default(), &template);
        let items = [(None, objects.as_slice())];
        files::write(asked, &template, &items, err)?;
        show(asked, &app, &[], &objects, out)?;
        return Ok(Exit(Exit::DONE));
    }
    let activity = ActivityLog::open(Some(&setup.paths.activity()), screen::person(environment));
    fleet::block_on(async {
        // Where it is to be says nothing of what takes room: that is counted in all namespaces.
        let everywhere = Args {
            namespace: Vec::new(),
            all_namespaces: true,
            ..args.clone()
        };
        let members = fleet::ready_members(&everywhere, &setup).await?;
        let known = watch::until_known(&members, Kind::OF_APPS, Duration::from_mins(1)).await;
        let done = in_clusters(args, (asked, &template, &app), &known, (&activity, out, err)).await;
        known.cancel.cancel();
        done
    })?
}

async fn in_clusters(
    args: &Args,
    (asked, template, app): (&New, &Template, &App),
    known: &Known,
    (activity, out, err): (&ActivityLog, &mut dyn Write, &mut dyn Write),
) -> Result<Exit, Failure> {
    let unknown = namespaces::unknown(&args.namespace, known).await;
    namespaces::told(&args.namespace, &unknown, err)?;
    fleet::tell_missing(known, err)?;
    let mut places = place::places(known, asked, app)?;
    for place in &mut places {
        place.objects = objects(app, &place.ground, template);
        place::tell(place, app, err)?;
    }
    let tried = if asked.is_tried() {
        write::try_all(&mut places, err).await?
    } else {
        true
    };
    let items: Vec<(Option<&str>, &[Value])> = places
        .iter()
        .map(|place| (Some(place.cluster.id().as_str()), place.objects.as_slice()))
        .collect();
    files::write(asked, template, &items, err)?;
    drop(items);
    let is_json = asked.output == NewFormat::Json;
    if !is_json {
        show(asked, app, &places, &[], out)?;
    }
    let exit = match (tried, asked.apply, asked.yes) {
        (false, ..) => Exit(Exit::FAILED),
        (true, true, true) => write::create_all(&mut places, (app, known, activity), err).await?,
        (true, true, false) => {
            writeln!(err, "nothing was written; repeat it with --yes to do it")?;
            Exit(ONLY_SHOWN)
        }
        (true, false, _) => Exit(Exit::DONE),
    };
    if is_json {
        show(asked, app, &places, &[], out)?;
    }
    Ok(exit)
}

/// Prints the objects: as YAML those of each cluster, once where they are the same everywhere.
fn show(asked: &New, app: &App, places: &[Place], nowhere: &[Value], out: &mut dyn Write) -> Result<(), Failure> {
    if asked.output == NewFormat::Json {
        let mut items: Vec<Value> = places
            .iter()
            .map(|place| item(app, Some(place), &place.objects))
            .collect();
        if places.is_empty() {
            items.push(item(app, None, nowhere));
        }
        let text = serde_json::to_string_pretty(&json!({"items": items})).unwrap_or_default();
        writeln!(out, "{text}")?;
        return Ok(());
    }
    let mut groups: Vec<(Vec<&str>, &[Value])> = Vec::new();
    for place in places {
        let id = place.cluster.id().as_str();
        match groups.iter_mut().find(|(_, objects)| *objects == place.objects) {
            Some((ids, _)) => ids.push(id),
            None => groups.push((vec![id], &place.objects)),
        }
    }
    if places.is_empty() {
        groups.push((Vec::new(), nowhere));
    }
    for (ids, objects) in groups {
        if !ids.is_empty() {
            writeln!(out, "# {}", ids.join(", "))?;
        }
        write!(out, "{}", told::yaml(objects))?;
    }
    Ok(())
}

fn item(app: &App, place: Option<&Place>, objects: &[Value]) -> Value {
    let answers = place.map_or(&[][..], |place| &place.answers);
    let told = objects
        .iter()
        .enumerate()
        .map(|(number, object)| json!({"kind": object.get("kind"), "answer": answers.get(number), "object": object}));
    let sites = place.map_or(&[][..], |place| &place.sites).iter().map(|site| {
        let others: u32 = site.others.iter().map(|(_, count)| count).sum();
        json!({
            "location": site.location.name.as_str(), "nodes": site.nodes,
            "headroom": site.room.as_ref().map(|room| room.quota.as_ref().map_or(room.fits, |(_, most)| *most)),
            "apps": site.others.len(), "instances": others,
        })
    });
    json!({
        "cluster": place.map(|place| place.cluster.id().as_str()),
        "namespace": app.namespace, "name": app.name,
        "locations": sites.collect::<Vec<_>>(),
        "objects": told.collect::<Vec<_>>(),
        "written": place.is_some_and(|place| place.written),
    })
}
