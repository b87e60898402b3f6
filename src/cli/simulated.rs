//! The simulated fleet: as clusters to watch, and served to `kubectl`.

use std::io::Write;
use std::net::SocketAddr;

use chrono::Utc;
use tokio_util::sync::CancellationToken;

use super::args::{Args, Serve};
use super::members::{self, Member};
use super::setup::Setup;
use super::{Failure, fleet::block_on};
use crate::cluster::Target;
use crate::domain::ClusterId;
use crate::runtime::Exit;
use crate::sim::{Simulation, demo, serve};

/// The fleet that is shown where no seed is named.
pub const SEED: u64 = 7;

/// The clusters of the demo, with the story that goes on in them once [`play`] is called.
pub fn clusters(seed: Option<u64>) -> Vec<(&'static str, Simulation)> {
    demo::clusters(seed.unwrap_or(SEED), Utc::now())
}

/// Lets the story happen; must be called inside the async runtime.
pub fn play(clusters: &[(&'static str, Simulation)]) {
    for (name, simulation) in clusters {
        tokio::spawn(demo::play(name, simulation.clone()));
    }
}

/// The simulated clusters as members of the fleet, limited to the contexts that were asked for.
///
/// # Errors
/// A context that the demo does not have.
pub fn members(args: &Args, setup: &Setup, clusters: &[(&'static str, Simulation)]) -> Result<Vec<Member>, Failure> {
    if let Some(unknown) = args
        .context
        .iter()
        .find(|c| !clusters.iter().any(|(name, _)| name == c))
    {
        let names: Vec<&str> = clusters.iter().map(|(name, _)| *name).collect();
        return Err(Failure::usage(
            format!("the demo has no cluster '{unknown}'"),
            format!("its clusters are {}", names.join(", ")),
        ));
    }
    let options = members::options(args, &setup.config);
    let asked = clusters
        .iter()
        .filter(|(name, _)| args.context.is_empty() || args.context.iter().any(|c| c == name));
    Ok(asked
        .map(|(name, simulation)| {
            let simulation = simulation.clone();
            let answer = move |request| {
                let simulation = simulation.clone();
                async move { simulation.answer(request).await }
            };
            let target = Target::in_process(ClusterId::new(name), answer).with_options(&options);
            members::member(target, args, &setup.config)
        })
        .collect())
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
        let clusters = clusters(seed);
        say_where(args, address, &clusters, out)?;
        play(&clusters);
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        tokio::spawn(async move {
            // Where signals cannot be had, a person's ctrl-c ends the process all the same.
            let _ = tokio::signal::ctrl_c().await;
            stop.cancel();
        });
        let clusters = clusters
            .into_iter()
            .map(|(name, simulation)| (name.to_owned(), simulation));
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
