//! `pilothouse doctor`: tries each context and says what is right, what is not, and what to do.

use std::io::Write;
use std::time::Duration;

use futures::future;
use serde::Serialize;

use super::args::{Args, Doctor, Report};
use super::checkup::{self, Answers, Checkup, State};
use super::members::Member;
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet};
use crate::cluster::Cluster;
use crate::domain::access::Right;
use crate::domain::{Kind, Verb};
use crate::metrics::source::Supply;
use crate::runtime::Exit;

/// How long a server may take to introduce itself, and then to say what one may do.
const WAIT: Duration = Duration::from_secs(10);

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

/// What `-o json` prints.
#[derive(Serialize)]
struct Document {
    /// What is wrong in the configuration.
    configuration: Vec<String>,
    items: Vec<Checkup>,
}

/// `pilothouse doctor`
pub(super) fn run(
    args: &Args,
    doctor: &Doctor,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let setup = Setup::load(args, environment)?;
    let namespaces = if args.namespace.is_empty() {
        vec![String::new()]
    } else {
        args.namespace.clone()
    };
    let waits = fleet::waits_for(&[], WAIT);
    let (known, members, found) = fleet::block_on_told(&waits, environment, err, async {
        let members = fleet::ready_members(args, &setup).await?;
        let known = watch::until_known(&members, &[], WAIT).await;
        let sources = known.clusters.iter().zip(&members);
        let sources = sources.map(|(cluster, member)| sources_of(&known, cluster, member));
        let asked = ask_each(&known, &members, &namespaces).zip(sources);
        let found = future::join_all(asked.map(|(answers, sources)| future::join(answers, sources))).await;
        known.cancel.cancel();
        Ok::<_, Failure>((known, members, found))
    })??;
    let items: Vec<Checkup> = known
        .world
        .clusters()
        .iter()
        .zip(members.iter().zip(&found))
        .map(|(view, (member, (answers, supply)))| {
            let checkup = checkup::of(view, &member.context, answers.as_ref(), WAIT);
            checkup.with_sources(supply.as_ref())
        })
        .collect();
    let healthy = setup.problems.is_empty() && items.iter().all(|item| item.healthy);
    match doctor.output {
        Report::Text => print(&setup, &items, out)?,
        Report::Json => {
            let configuration = setup.problems.iter().map(ToString::to_string).collect();
            serde_json::to_writer_pretty(&mut *out, &Document { configuration, items })
                .map_err(std::io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(Exit(if healthy { Exit::DONE } else { Exit::FAILED }))
}

fn rights(namespaces: &[String]) -> Vec<Right> {
    let mut rights = Vec::new();
    for (verb, kind) in RIGHTS {
        let places = if kind.is_namespaced() {
            namespaces
        } else {
            &[String::new()][..]
        };
        rights.extend(places.iter().map(|namespace| Right::on(verb, kind, namespace)));
    }
    rights
}

/// Asks every cluster at once. Who may not see all namespaces is asked about those that may be seen.
fn ask_each<'a>(
    known: &'a Known,
    members: &'a [Member],
    namespaces: &'a [String],
) -> impl Iterator<Item = impl Future<Output = Option<Answers>>> {
    known
        .clusters
        .iter()
        .zip(members)
        .map(move |(cluster, member)| async move {
            let answers = ask(known, cluster, &rights(namespaces)).await?;
            let everywhere = Right::on(Verb::List, Kind::Pod, "");
            if !answers.contains(&(everywhere, Some(false))) {
                return Some(answers);
            }
            let visible = watch::visible_namespaces(member, WAIT).await;
            if visible.is_empty() {
                return Some(answers);
            }
            let visible: Vec<String> = visible.iter().map(ToString::to_string).collect();
            ask(known, cluster, &rights(&visible)).await
        })
}

/// What the user may do in one cluster; `None` if it cannot be asked or takes too long, which delays no other.
async fn ask(known: &Known, cluster: &Cluster, rights: &[Right]) -> Option<Answers> {
    if known.missing.contains_key(cluster.id()) {
        return None;
    }
    let access = tokio::time::timeout(WAIT, cluster.review(rights)).await.ok()?;
    let answer = |right: &Right| (right.clone(), access.allows(right));
    Some(rights.iter().map(answer).collect())
}

/// Where one cluster's figures can come from; `None` if it takes too long, or nothing can be asked.
async fn sources_of(known: &Known, cluster: &Cluster, member: &Member) -> Option<Supply> {
    known.world.cluster(cluster.id()).filter(|view| view.link.is_live())?;
    let everywhere = Right::on(Verb::List, Kind::Pod, "");
    let access = cluster.review(std::slice::from_ref(&everywhere));
    let access = tokio::time::timeout(WAIT, access).await.ok()?;
    let namespaces = if access.allows(&everywhere) == Some(false) {
        watch::visible_namespaces(member, WAIT).await
    } else {
        Vec::new()
    };
    let sources = cluster.sources(member.measuring.clone(), namespaces);
    tokio::time::timeout(WAIT, sources).await.ok()
}

fn print(setup: &Setup, items: &[Checkup], out: &mut dyn Write) -> std::io::Result<()> {
    writeln!(out, "configuration {}", setup.paths.config.display())?;
    for problem in &setup.problems {
        writeln!(out, "  ✖ {}", Printable(&problem.to_string()))?;
    }
    for item in items {
        writeln!(out, "\n{} (context {})", item.cluster, item.context)?;
        let mut findings = item.findings.iter().peekable();
        while let Some(finding) = findings.next() {
            let mark = match finding.state {
                State::Good => "●",
                State::Bad => "✖",
                State::Note => "–",
            };
            writeln!(out, "  {mark} {}", Printable(&finding.what))?;
            // Said once for several of a kind.
            if let Some(hint) = &finding.hint
                && findings.peek().is_none_or(|next| next.hint != finding.hint)
            {
                writeln!(out, "    {}", Printable(hint))?;
            }
        }
    }
    Ok(())
}
