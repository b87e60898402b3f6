//! Commands that look at the fleet without a terminal: `get`.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use chrono::Utc;

use super::args::{Args, Get, What};
use super::members::{self, Member};
use super::print::{Row, print};
use super::rows::EventRow;
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, namespaces, project, release, simulated};
use crate::cluster::{Cluster, ClusterError};
use crate::domain::selector::Selector;
use crate::domain::{Clean, ClusterId, Event, Kind};
use crate::runtime::Exit;

/// Events printed a cluster, newest first.
const EVENTS: usize = 1000;

/// After so long without a word it is said what is waited for.
const SILENCE: Duration = Duration::from_secs(2);

/// Threads for the network.
const WORKERS: usize = 2;

/// The clusters asked for, real or simulated.
pub(super) fn members(args: &Args, setup: &Setup, fleet: &simulated::Fleet) -> Result<Vec<Member>, Failure> {
    if args.demo {
        return simulated::members(fleet, args, setup);
    }
    members::of_kubeconfig(args, setup)
}

/// The same for who waits for answers: a simulated fleet is made first, which a busy machine needs seconds for.
pub(super) async fn ready_members(args: &Args, setup: &Setup) -> Result<Vec<Member>, Failure> {
    ready_members_of(args, setup, &simulated::Fleet::new(args.seed)).await
}

/// The same, of this simulated fleet where one is asked for.
pub(super) async fn ready_members_of(
    args: &Args,
    setup: &Setup,
    fleet: &simulated::Fleet,
) -> Result<Vec<Member>, Failure> {
    if args.demo {
        let members = simulated::members(fleet, args, setup)?;
        fleet.make().await?;
        return Ok(members);
    }
    members::of_kubeconfig(args, setup)
}

/// Runs what waits for the network; what still hangs when it is done does not hold the program up.
pub(super) fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    let answer = runtime.block_on(future);
    runtime.shutdown_background();
    Ok(answer)
}

/// The same, and says on a terminal what takes so long.
pub(super) fn block_on_told<T>(
    waits: &str,
    environment: &Environment,
    err: &mut dyn Write,
    future: impl Future<Output = T>,
) -> Result<T, Failure> {
    block_on(async {
        tokio::pin!(future);
        if environment.stderr_is_terminal {
            tokio::select! {
                answer = &mut future => return Ok(answer),
                () = tokio::time::sleep(SILENCE) => writeln!(err, "pilothouse: {waits} …")?,
            }
        }
        Ok(future.await)
    })?
}

/// What a command waits for that needs objects of these kinds.
pub(super) fn waits_for(kinds: &[Kind], most: Duration) -> String {
    let names: Vec<&str> = kinds
        .iter()
        .filter(|kind| !kind.is_custom())
        .map(|kind| kind.plural())
        .collect();
    let what = if names.is_empty() {
        "the servers' answers".to_owned()
    } else {
        format!("{} of all clusters", names.join(", "))
    };
    format!("waiting for {what}, {} s at most", most.as_secs())
}

/// The kinds that must be known before rows are complete.
fn kinds(what: What) -> &'static [Kind] {
    match what {
        What::Releases => Kind::OF_RELEASES,
        What::Apps | What::Clusters => Kind::OF_APPS,
        What::Locations | What::Instances | What::Nodes => &[Kind::Node, Kind::Pod],
        What::Events | What::Images => &[],
    }
}

/// `pilothouse get`
pub(super) fn get(
    args: &Args,
    get: &Get,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let selector = selector(get)?;
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    let waits = waits_for(kinds(get.what), get.wait);
    let (known, events, unknown) = block_on_told(&waits, environment, err, async {
        let members = ready_members(args, &setup).await?;
        let mut known = watch::until_known(&members, kinds(get.what), get.wait).await;
        let mut events = Vec::new();
        match get.what {
            What::Events => events = read_events(args, get.wait, &members, &mut known).await,
            What::Releases => release::read_ledgers(&mut known, get.name.as_deref()).await,
            _ => {}
        }
        let unknown = namespaces::unknown(&args.namespace, &known).await;
        known.cancel.cancel();
        Ok::<_, Failure>((known, events, unknown))
    })??;
    let all_exist = namespaces::told(&args.namespace, &unknown, err)?;
    tell_missing(&known, err)?;
    let found = match get.what {
        What::Clusters => show(project::clusters(&known.world), get, out)?,
        What::Locations => show(project::locations(&known.world), get, out)?,
        What::Apps => {
            let mut rows = project::apps(&known.world);
            rows.retain(|row| row.labels.iter().any(|labels| selector.matches(labels)));
            show(rows, get, out)?
        }
        What::Instances => {
            let mut rows = project::instances(&known.world);
            rows.retain(|row| selector.matches(&row.labels));
            show(rows, get, out)?
        }
        What::Nodes => {
            let mut rows = project::nodes(&known.world);
            rows.retain(|row| selector.matches(&row.labels));
            show(rows, get, out)?
        }
        What::Releases => {
            let mut rows = release::rows(&known.world, Utc::now());
            // As on the screen: what is in flight; what is asked for by name in whichever phase.
            rows.retain(|row| row.under_way || get.name.is_some());
            rows.retain(|row| selector.matches(&row.labels));
            show(rows, get, out)?
        }
        What::Events => show(events, get, out)?,
        // They have a command of their own.
        What::Images => 0,
    };
    if let (Some(name), 0) = (&get.name, found) {
        return Err(Failure::failed(
            format!("there is no '{name}'"),
            "names are NAME or, with more of them, as `-o name` prints",
        ));
    }
    Ok(Exit(if known.missing.is_empty() && all_exist {
        Exit::DONE
    } else {
        Exit::FAILED
    }))
}

/// Says what of which cluster is missing.
pub(super) fn tell_missing(known: &Known, err: &mut dyn Write) -> std::io::Result<()> {
    for (cluster, gaps) in &known.missing {
        for gap in gaps {
            writeln!(err, "pilothouse: {cluster}: {gap}")?;
        }
    }
    Ok(())
}

fn selector(get: &Get) -> Result<Selector, Failure> {
    let Some(text) = &get.selector else {
        return Ok(Selector::default());
    };
    let bare = match get.what {
        What::Apps | What::Instances | What::Nodes | What::Releases => None,
        What::Clusters => Some("clusters"),
        What::Locations => Some("locations"),
        What::Events => Some("events"),
        What::Images => Some("images"),
    };
    if let Some(bare) = bare {
        return Err(Failure::usage(
            format!("{bare} have no labels to select by; apps, instances, nodes and releases have"),
            "leave -l out",
        ));
    }
    Ok(super::selector(Some(text))?.unwrap_or_default())
}

/// Prints the rows of the name asked for, or all; how many they were.
fn show<R: Row>(mut rows: Vec<R>, get: &Get, out: &mut dyn Write) -> Result<usize, Failure> {
    if let Some(name) = &get.name {
        rows.retain(|row| is_called(&row.name(), name));
    }
    if get.name.is_none() || !rows.is_empty() {
        print(&rows, get.output, Utc::now(), out)?;
    }
    Ok(rows.len())
}

/// Whether `cluster/namespace/name` ends in the parts of `asked`.
fn is_called(full: &str, asked: &str) -> bool {
    full == asked || full.strip_suffix(asked).is_some_and(|before| before.ends_with('/'))
}

async fn read_events(args: &Args, wait: Duration, members: &[Member], known: &mut Known) -> Vec<EventRow> {
    let chosen: Vec<Clean> = if args.all_namespaces {
        Vec::new()
    } else {
        args.namespace.iter().map(|name| Clean::new(name)).collect()
    };
    let mut missing: BTreeMap<ClusterId, Vec<Clean>> = BTreeMap::new();
    let mut rows = Vec::new();
    for (member, cluster) in members
        .iter()
        .zip(&known.clusters)
        .filter(|(_, cluster)| !known.missing.contains_key(cluster.id()))
    {
        let (mut events, errors) = events_of(member, cluster, &chosen, wait).await;
        if !errors.is_empty() {
            let told = errors.iter().map(|e| format!("{e} ({})", e.hint()).into());
            missing.insert(cluster.id().clone(), told.collect());
        }
        events.sort_by_key(|event| std::cmp::Reverse(event.last_seen));
        events.truncate(EVENTS);
        rows.extend(events.into_iter().map(|event| project::event(cluster.id(), event)));
    }
    known.missing.extend(missing);
    rows.sort_by_key(|row| std::cmp::Reverse(row.last_seen));
    rows
}

/// The newest events of the namespaces chosen; without a choice of all, or of those that may be seen.
async fn events_of(
    member: &Member,
    cluster: &Cluster,
    chosen: &[Clean],
    wait: Duration,
) -> (Vec<Event>, Vec<ClusterError>) {
    let mut namespaces = chosen.to_vec();
    if namespaces.is_empty() {
        match cluster.recent_events("", EVENTS).await {
            Ok(events) => return (events, Vec::new()),
            Err(refused @ ClusterError::Forbidden { .. }) => {
                namespaces = watch::visible_namespaces(member, wait).await;
                if namespaces.is_empty() {
                    return (Vec::new(), vec![refused]);
                }
            }
            Err(e) => return (Vec::new(), vec![e]),
        }
    }
    let (mut events, mut errors) = (Vec::new(), Vec::new());
    for namespace in &namespaces {
        match cluster.recent_events(namespace, EVENTS).await {
            Ok(found) => events.extend(found),
            Err(e) => errors.push(e),
        }
    }
    (events, errors)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_short_or_whole() {
        for (asked, expected) in [
            ("api", true),
            ("shop/api", true),
            ("a/shop/api", true),
            ("pi", false),
            ("b/shop/api", false),
        ] {
            assert_eq!(is_called("a/shop/api", asked), expected, "{asked}");
        }
    }
}
