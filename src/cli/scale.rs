//! `pilothouse scale`: so many instances of an app, divided over its clusters by the room they have.

use std::io::Write;

use super::args::Args;
use super::release::act;
use super::release::ask::Ask;
use super::release::targets::Target;
use super::release::what::What;
use super::watch::Known;
use super::{Environment, Failure};
use crate::domain::{ClusterId, Kind, Workload};
use crate::release::scale::{Amount, Room, divide, lacks_room};
use crate::release::step::Step;
use crate::runtime::Exit;
use crate::world::headroom::AppHeadroom;

#[derive(Clone, Debug, clap::Args)]
pub struct Scale {
    #[command(flatten)]
    pub ask: Ask,
    /// So many more (+12, +50%), or how many in all (69)
    #[arg(value_name = "+N|+P%|N", allow_hyphen_values = true, required_unless_present = "end_floor", value_parser = Amount::parse)]
    pub amount: Option<Amount>,
    /// Divide them over all clusters of the app, by the room they have
    #[arg(long)]
    pub split: bool,
    /// Take away the floor that was written to an autoscaler: its bounds are as they were before
    #[arg(long, conflicts_with_all = ["amount", "split"])]
    pub end_floor: bool,
}

/// Runs the command.
pub(super) fn run(
    args: &Args,
    asked: &Scale,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let what = match asked.amount {
        Some(amount) => What::Scale {
            amount,
            across: asked.split,
        },
        None => What::Step(Step::EndFloor),
    };
    act::run(args, &asked.ask, &what, environment, (out, err))
}

/// What each workload gets; those that get nothing new are left out.
pub(super) fn steps(
    known: &Known,
    targets: Vec<Target>,
    (amount, across): (Amount, bool),
    err: &mut dyn Write,
) -> Result<Vec<(Target, Step)>, Failure> {
    let counted: Vec<Counted> = targets
        .into_iter()
        .filter_map(|target| counted(known, target))
        .collect();
    let mut clusters: Vec<&str> = counted
        .iter()
        .map(|(target, ..)| target.object.cluster.as_str())
        .collect();
    clusters.dedup();
    match clusters.as_slice() {
        [] => {
            return Err(Failure::failed(
                "no workload of it has a number of instances",
                "a DaemonSet has one a node, a Job as many as it is told when it is made",
            ));
        }
        [_] => {}
        several if !across => {
            return Err(Failure::usage(
                format!("the app runs in several clusters: {}", several.join(", ")),
                "divide it over them with --split, or choose one with --context",
            ));
        }
        _ => {}
    }
    if let (Amount::To(all), Some((lost, why))) = (amount, unreached(known)) {
        return Err(Failure::failed(
            format!(
                "{lost}: what it has of the app is not known ({why}), and {all} are of all clusters together: nothing was written"
            ),
            "say how many more, such as +12, which goes on past it, or choose the clusters with --context",
        ));
    }
    let rooms: Vec<Room> = counted.iter().map(|(_, room, _)| room.clone()).collect();
    let unknown = counted.iter().find(|(_, room, _)| room.fits.is_none());
    if let Some((target, _, Err(why))) = unknown.filter(|_| lacks_room(amount, &rooms)) {
        return Err(Failure::failed(
            format!("{}: how many more fit is not known: {why}", target.object.cluster),
            "they are divided by the room there is: choose one cluster with --context, or ask for the right",
        ));
    }
    let division = divide(amount, &rooms);
    for (counted, to) in counted.iter().zip(&division.to) {
        tell(counted, *to, err)?;
    }
    for doubt in division.doubts() {
        writeln!(err, "▲ {doubt}")?;
    }
    let steps = counted.into_iter().zip(division.to);
    let steps: Vec<(Target, Step)> = steps
        .filter(|((_, room, _), to)| *to != room.now)
        .map(|((target, ..), to)| (target, Step::Scale(to)))
        .collect();
    if steps.is_empty() {
        return Err(Failure::failed(
            "nothing changes: it has as many already, or there is room for none",
            "`pilothouse get locations` shows the room there is",
        ));
    }
    Ok(steps)
}

/// Says how many a workload gets, and how many more fit.
fn tell((target, room, places): &Counted, to: i64, err: &mut dyn Write) -> std::io::Result<()> {
    let name = format!("{}: {}", target.object.cluster, target.object.key);
    let fits = match (room.fits, places) {
        (Some(fits), Ok(places)) => format!("fits {fits} more{}", told(places)),
        (_, Err(why)) => format!("how many more fit is not known: {why}"),
        (None, Ok(_)) => "how many more fit is not known".to_owned(),
    };
    writeln!(err, "{name}: {} → {to}, {fits}", room.now)
}

/// A workload with how many it has and how many more fit, location by location, or why that is not known.
type Counted = (Target, Room, Result<Vec<AppHeadroom>, String>);

fn counted(known: &Known, target: Target) -> Option<Counted> {
    let view = known.world.cluster(&target.object.cluster)?;
    let workload = view.workload(target.object.kind, &target.object.key)?;
    if !is_counted(workload) {
        return None;
    }
    let (room, places) = view.room_of(workload);
    Some((target, room, places))
}

/// The first cluster of which it is not known what it has, and why.
fn unreached(known: &Known) -> Option<(&ClusterId, String)> {
    let views = known
        .clusters
        .iter()
        .filter_map(|cluster| known.world.cluster(cluster.id()));
    let lost = views
        .map(|view| (view, &view.id))
        .find(|(view, _)| !view.knows_workloads())?
        .1;
    let why = known.missing.get(lost).and_then(|why| why.first());
    Some((lost, why.map_or_else(|| "no answer".to_owned(), ToString::to_string)))
}

/// Whether a person says how many instances it has.
fn is_counted(workload: &Workload) -> bool {
    !matches!(workload.kind, Kind::DaemonSet | Kind::Job)
}

/// `: idc-bj-a 20, aliyun-h 14`
fn told(places: &[AppHeadroom]) -> String {
    let places = places.iter().filter(|place| place.fits > 0);
    let told: Vec<String> = places
        .map(|place| format!("{} {}", place.location.name, place.fits))
        .collect();
    if told.is_empty() {
        String::new()
    } else {
        format!(": {}", told.join(", "))
    }
}
