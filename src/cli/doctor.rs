//! `pilothouse doctor`: tries each context and says what is right, what is not, and what to do.

use std::io::Write;
use std::time::Duration;

use super::args::Args;
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet, project};
use crate::domain::access::Right;
use crate::domain::{Clean, Kind, Link, Verb};
use crate::runtime::Exit;
use crate::world::ClusterView;

/// How long a server may take to introduce itself.
const WAIT: Duration = Duration::from_secs(10);

/// Clocks further apart than this make ages and tokens wrong, in seconds.
const SKEW: i64 = 5;

/// What is asked about: what watching needs, then what changing needs.
const RIGHTS: [(Verb, Kind); 11] = [
    (Verb::List, Kind::Namespace),
    (Verb::List, Kind::Node),
    (Verb::List, Kind::Pod),
    (Verb::Watch, Kind::Pod),
    (Verb::List, Kind::Deployment),
    (Verb::List, Kind::ReplicaSet),
    (Verb::List, Kind::StatefulSet),
    (Verb::List, Kind::DaemonSet),
    (Verb::List, Kind::Event),
    (Verb::Patch, Kind::Deployment),
    (Verb::Patch, Kind::StatefulSet),
];

/// `pilothouse doctor`
pub(super) fn run(args: &Args, environment: &Environment, out: &mut dyn Write) -> Result<Exit, Failure> {
    let setup = Setup::load(args, environment)?;
    let mut healthy = true;
    writeln!(out, "configuration {}", setup.paths.config.display())?;
    for problem in &setup.problems {
        healthy = false;
        writeln!(out, "  ✖ {}", Printable(&problem.to_string()))?;
    }
    let members = fleet::members(args, &setup)?;
    let namespaces = if args.namespace.is_empty() {
        vec![String::new()]
    } else {
        args.namespace.clone()
    };
    let (known, answers) = fleet::block_on(async {
        let known = watch::until_known(&members, &[], WAIT).await;
        let answers = ask(&known, &namespaces).await;
        known.cancel.cancel();
        (known, answers)
    })?;
    for (view, (member, answers)) in known.world.clusters().iter().zip(members.iter().zip(answers)) {
        writeln!(out, "\n{} (context {})", view.id, Printable(&member.context))?;
        healthy &= report(view, &answers, out)?;
    }
    Ok(Exit(if healthy { Exit::DONE } else { Exit::FAILED }))
}

/// What the user may do, cluster by cluster; nothing for a cluster that cannot be asked.
async fn ask(known: &Known, namespaces: &[String]) -> Vec<Vec<(Right, Option<bool>)>> {
    let mut all = Vec::new();
    for cluster in &known.clusters {
        if known.missing.contains_key(cluster.id()) {
            all.push(Vec::new());
            continue;
        }
        let mut rights = Vec::new();
        for (verb, kind) in RIGHTS {
            let places = if kind.is_namespaced() {
                namespaces
            } else {
                &[String::new()][..]
            };
            rights.extend(places.iter().map(|namespace| Right::on(verb, kind, namespace)));
        }
        let access = cluster.review(&rights).await;
        all.push(
            rights
                .into_iter()
                .map(|right| {
                    let answer = access.allows(&right);
                    (right, answer)
                })
                .collect(),
        );
    }
    all
}

/// Prints what was found of a cluster; whether all is well.
fn report(view: &ClusterView, answers: &[(Right, Option<bool>)], out: &mut dyn Write) -> Result<bool, Failure> {
    let identity = &view.identity;
    match &view.link {
        Link::Live | Link::Unstable { .. } => {
            let server = or(&identity.server, "the server");
            line(out, true, &format!("reachable: {server} answers"))?;
        }
        Link::Denied { reason, hint } => {
            line(out, false, &format!("login refused: {reason}"))?;
            writeln!(out, "    {hint}")?;
            return Ok(false);
        }
        Link::Stale { reason, .. } => {
            let server = or(&identity.server, "in the kubeconfig");
            line(out, false, &format!("not reachable: {reason}"))?;
            writeln!(
                out,
                "    check the address {server}, the network, the VPN and the proxy"
            )?;
            return Ok(false);
        }
        Link::Connecting => {
            let link = project::link(&view.link);
            line(out, false, &format!("{link}: no answer within {} s", WAIT.as_secs()))?;
            return Ok(false);
        }
    }
    line(
        out,
        identity.version.is_some(),
        &format!("version {}", known(identity.version.as_ref())),
    )?;
    line(
        out,
        identity.user.is_some(),
        &format!("you are {}", known(identity.user.as_ref())),
    )?;
    let safe = report_safety(view, out)?;
    Ok(report_rights(answers, out)? && safe)
}

fn report_safety(view: &ClusterView, out: &mut dyn Write) -> Result<bool, Failure> {
    let mut healthy = true;
    if view.identity.insecure {
        healthy = false;
        line(
            out,
            false,
            "certificates are not verified: anyone between could read and change everything",
        )?;
        writeln!(
            out,
            "    take insecure-skip-tls-verify away and give the server's certificate-authority"
        )?;
    }
    match view.identity.clock_skew {
        Some(skew) if skew.abs() > SKEW => {
            healthy = false;
            let side = if skew > 0 { "ahead of" } else { "behind" };
            line(
                out,
                false,
                &format!("the server's clock is {} s {side} ours", skew.abs()),
            )?;
            writeln!(
                out,
                "    set this machine's clock (NTP): ages are wrong, tokens may be refused"
            )?;
        }
        Some(skew) => line(out, true, &format!("clocks agree ({skew} s)"))?,
        None => line(out, true, "the server does not tell its time")?,
    }
    Ok(healthy)
}

fn report_rights(answers: &[(Right, Option<bool>)], out: &mut dyn Write) -> Result<bool, Failure> {
    let mut healthy = true;
    for (right, answer) in answers {
        match answer {
            Some(true) => line(out, true, &format!("you may {right}"))?,
            // Reading is needed; whether one may change things is only worth knowing.
            Some(false) if right.verb == Verb::Patch => {
                writeln!(out, "  – you may not {right}: the keys for it are grey")?;
            }
            Some(false) => {
                healthy = false;
                line(out, false, &format!("you may not {right}"))?;
            }
            None => writeln!(out, "  – the server does not say whether you may {right}")?,
        }
    }
    if answers
        .iter()
        .any(|(right, answer)| right.namespace.is_empty() && *answer == Some(false))
    {
        writeln!(out, "    where you may see single namespaces only, name them with -n")?;
    }
    Ok(healthy)
}

fn line(out: &mut dyn Write, good: bool, text: &str) -> std::io::Result<()> {
    writeln!(out, "  {} {text}", if good { "●" } else { "✖" })
}

fn or<'a>(text: &'a Clean, otherwise: &'a str) -> &'a str {
    if text.is_empty() { otherwise } else { text }
}

fn known(text: Option<&Clean>) -> &str {
    text.map_or("unknown", Clean::as_str)
}
