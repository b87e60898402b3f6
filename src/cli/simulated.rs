//! The simulated fleet: as clusters to watch, and served to `kubectl`.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::Utc;
use futures::future::{BoxFuture, try_join_all};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::args::Args;
use super::members::{self, Member};
use super::setup::Setup;
use super::{Failure, fleet::block_on};
use crate::build::source::Address;
use crate::cluster::Target;
use crate::config::Config;
use crate::domain::near::closest;
use crate::domain::{ClusterId, Timestamp};
use crate::git::{Question, Stand};
use crate::runtime::Exit;
use crate::sim::repository::Repository;
use crate::sim::{Simulation, fleet, serve};

/// The fleet that is shown where no seed is named.
pub const SEED: u64 = 7;

/// The names of the demo's clusters, known before they are made.
const NAMES: [&str; 3] = ["idc-bj", "aliyun", "mixed-sh"];

#[derive(Clone, Debug, clap::Args)]
pub struct Serve {
    /// The address to listen on; only this machine's own are taken
    #[arg(long, default_value = "127.0.0.1:8001", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Write a kubeconfig with a context for each simulated cluster
    #[arg(long, value_name = "FILE")]
    pub kubeconfig_out: Option<PathBuf>,
    /// One plain cluster of this size instead of the demo's three, for measuring
    #[arg(long, value_name = "NODES,APPS,INSTANCES", value_parser = parse_size)]
    pub size: Option<Size>,
}

/// How large a simulated cluster is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    pub nodes: usize,
    pub apps: usize,
    pub instances: usize,
}

/// `5000,10000,150000`
fn parse_size(text: &str) -> Result<Size, String> {
    let numbers: Result<Vec<usize>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match numbers.as_deref() {
        Ok(&[nodes, apps, instances]) if nodes > 0 && apps > 0 => Ok(Size { nodes, apps, instances }),
        _ => Err("write three numbers: nodes, apps, instances, such as 400,700,6000".into()),
    }
}

/// The simulated fleet. A cluster is made when the first request asks for it, on a thread of its own, so that
/// the first frame waits for nothing and no cluster for another.
#[derive(Clone, Debug)]
pub struct Fleet {
    seed: u64,
    made: Arc<[(&'static str, OnceCell<Simulation>)]>,
    /// By address, as they were when somebody first asked: what is released later was committed before.
    repositories: Arc<Mutex<BTreeMap<String, Option<Repository>>>>,
}

impl Fleet {
    pub fn new(seed: Option<u64>) -> Self {
        Self {
            seed: seed.unwrap_or(SEED),
            made: NAMES.map(|name| (name, OnceCell::new())).into(),
            repositories: Arc::default(),
        }
    }

    /// One plain cluster of any size, called `sized`; must be called inside the async runtime.
    fn sized(seed: Option<u64>, size: Size) -> Self {
        let seed = seed.unwrap_or(SEED);
        let store = fleet::sized(seed, Utc::now(), size.nodes, size.apps, size.instances);
        let simulation = Simulation::new(store).with_controllers(seed);
        Self {
            seed,
            made: [("sized", OnceCell::new_with(Some(simulation)))].into(),
            repositories: Arc::default(),
        }
    }

    /// The fleet at a moment at which its clock stands still.
    pub fn still(now: Timestamp) -> Self {
        let clusters = fleet::demo(SEED, now)
            .into_iter()
            .map(|cluster| cluster.start_still(now));
        Self {
            seed: SEED,
            made: clusters
                .map(|(name, simulation)| (name, OnceCell::new_with(Some(simulation))))
                .collect(),
            repositories: Arc::default(),
        }
    }

    /// All clusters, made now if they are not yet.
    pub(super) async fn clusters(&self) -> io::Result<Vec<(&'static str, Simulation)>> {
        let names = self.made.iter().map(|(name, _)| *name);
        try_join_all(names.map(|name| async move { Ok((name, self.cluster(name).await?)) })).await
    }

    /// Makes the clusters now: for who waits for their answers with a limit.
    pub(super) async fn make(&self) -> io::Result<()> {
        self.clusters().await.map(|_| ())
    }

    /// A cluster, made now if it is not yet; its story begins then.
    async fn cluster(&self, name: &'static str) -> io::Result<Simulation> {
        let (_, cluster) = self
            .made
            .iter()
            .find(|(own, _)| *own == name)
            .ok_or(io::ErrorKind::NotFound)?;
        let seed = self.seed;
        let make = || async move {
            let made = tokio::task::spawn_blocking(move || fleet::one(seed, Utc::now(), name)).await;
            let made = made.map_err(io::Error::other)?.ok_or(io::ErrorKind::NotFound)?;
            Ok::<_, io::Error>(made.start().1)
        };
        cluster.get_or_try_init(make).await.cloned()
    }
}

/// The repositories of the company: of what its clusters run.
impl Stand for Fleet {
    fn answer<'a>(&'a self, address: &'a Address, question: Question<'a>) -> BoxFuture<'a, Option<Vec<u8>>> {
        Box::pin(async move {
            let clusters = self.clusters().await.ok()?;
            let address = address.to_string();
            let mut known = self.repositories.lock().unwrap_or_else(PoisonError::into_inner);
            let make = || repository(&address, &clusters);
            let repository = known.entry(address.clone()).or_insert_with(make).as_ref()?;
            match question {
                Question::Refs => Some(repository.refs()),
                Question::Log(of, count) => repository.log(&of.whole(), count),
            }
        })
    }
}

/// The repository of an address that workloads of these clusters name.
fn repository(address: &str, clusters: &[(&str, Simulation)]) -> Option<Repository> {
    let mut versions: BTreeMap<String, Timestamp> = BTreeMap::new();
    for (id, at) in clusters
        .iter()
        .flat_map(|(_, simulation)| simulation.versions_of(address))
    {
        let known = versions.entry(id).or_insert(at);
        *known = at.min(*known);
    }
    let now = clusters.iter().map(|(_, simulation)| simulation.now()).max()?;
    (!versions.is_empty()).then(|| Repository::new(address, &versions, now))
}

/// The simulated clusters as members of the fleet, limited to the contexts that were asked for.
///
/// # Errors
/// A context that the demo does not have.
pub fn members(fleet: &Fleet, args: &Args, setup: &Setup) -> Result<Vec<Member>, Failure> {
    if let Some(unknown) = args.context.iter().find(|context| !NAMES.contains(&context.as_str())) {
        let near = closest(unknown, NAMES).map_or_else(String::new, |near| format!("did you mean '{near}'? "));
        return Err(Failure::usage(
            format!("the demo has no cluster '{unknown}'"),
            format!("{near}its clusters are {}", NAMES.join(", ")),
        ));
    }
    Ok(members_of(fleet, args, &setup.config))
}

/// The clusters of a simulated fleet, those that were asked for.
pub fn members_of(fleet: &Fleet, args: &Args, config: &Config) -> Vec<Member> {
    let options = members::options(args);
    let asked = NAMES
        .into_iter()
        .filter(|name| args.context.is_empty() || args.context.iter().any(|c| c == name));
    asked
        .map(|name| {
            let fleet = fleet.clone();
            let answer = move |request| {
                let fleet = fleet.clone();
                async move { fleet.cluster(name).await?.answer(request).await }
            };
            let target = Target::in_process(ClusterId::new(name), answer).with_options(&options);
            members::member(target, args, config)
        })
        .collect()
}

/// `pilothouse demo serve`: until it is interrupted.
pub(super) fn serve(args: &Serve, seed: Option<u64>, out: &mut dyn Write) -> Result<Exit, Failure> {
    if !args.listen.ip().is_loopback() {
        return Err(Failure::usage(
            format!("{} is not an address of this machine alone", args.listen.ip()),
            "the simulated clusters trust whoever connects: use 127.0.0.1 or [::1]",
        ));
    }
    block_on(async {
        let listener = tokio::net::TcpListener::bind(args.listen).await.map_err(|e| {
            Failure::failed(
                format!("{} cannot be listened on: {e}", args.listen),
                "take another port, or 0 for any",
            )
        })?;
        let address = listener.local_addr()?;
        let fleet = match args.size {
            None => Fleet::new(seed),
            Some(size) => Fleet::sized(seed, size),
        };
        let clusters = fleet.clusters().await?;
        say_where(args, address, &clusters, out)?;
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        tokio::spawn(async move {
            // Where signals cannot be had, a person's ctrl-c ends the process all the same.
            let _ = tokio::signal::ctrl_c().await;
            stop.cancel();
        });
        let clusters = clusters
            .iter()
            .map(|(name, simulation)| ((*name).to_owned(), simulation.clone()));
        serve::serve(clusters.collect(), listener, cancel).await?;
        Ok(Exit(Exit::DONE))
    })?
}

fn say_where(
    args: &Serve,
    address: SocketAddr,
    clusters: &[(&'static str, Simulation)],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let names: Vec<&str> = clusters.iter().map(|(name, _)| *name).collect();
    writeln!(out, "serving {} at http://{address}/clusters/NAME", names.join(", "))?;
    if let Some(path) = &args.kubeconfig_out {
        serve::write_kubeconfig(path, &names, address).map_err(|e| {
            Failure::failed(
                format!("{} cannot be written: {e}", path.display()),
                "name another file",
            )
        })?;
        writeln!(out, "kubectl --kubeconfig {} get pods -A", path.display())?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_told_beforehand_are_those_of_the_demo() {
        let made: Vec<&str> = fleet::demo(SEED, Utc::now())
            .iter()
            .map(|cluster| cluster.name)
            .collect();
        assert_eq!(made, NAMES);
    }

    #[test]
    fn a_size_is_three_numbers() {
        let size = Size {
            nodes: 400,
            apps: 700,
            instances: 6000,
        };
        for (text, read) in [
            ("400,700,6000", Some(size)),
            ("400,700", None),
            ("0,1,1", None),
            ("a,b,c", None),
        ] {
            assert_eq!(parse_size(text).ok(), read, "{text}");
        }
    }
}
