//! Figures from every node's kubelet, through the API server's node proxy.
//!
//! `nodes/proxy` is a strong right (it lets one run commands in containers): it is used where the user
//! has it, and never asked for.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use http::Method;
use rustc_hash::FxHashSet;
use tokio::time::Instant;

use super::purse::{Purse, Ticket};
use super::rotation::{FIRST_GUESS, Rotation, Turn};
use super::{Bench, choice, now};
use crate::cluster::error::ClusterError;
use crate::cluster::hub::Hub;
use crate::cluster::kinds;
use crate::domain::Clean;
use crate::metrics::exposition::Scanner;
use crate::metrics::source::{Source, Supply, Wanted};
use crate::metrics::{Collector, Meter, Scrape};

/// How long a node may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Between two looks at how often nodes are asked.
const LOOK_AT_PACE: Duration = Duration::from_secs(5);
/// The largest answer that is read; cAdvisor's default metrics of 250 pods are some 3 MB.
const LARGEST: u64 = 64 << 20;
/// So long after a question without any answer some nodes from all over the cluster are tried: a machine room that
/// is off must not speak for all. What is on screen is asked every 10 s, so it is known within 30 s that nobody
/// answers.
const DOUBTFUL: Duration = Duration::from_secs(10);

/// What a node was asked and what came.
pub(super) struct Answer {
    pub(super) node: Clean,
    asked: Instant,
    bytes: u64,
    pub(super) outcome: Result<Scrape, ClusterError>,
}

/// Asks the nodes in turn until nobody answers any more, or the right to ask is gone: then why, if it is known.
pub(super) async fn run(bench: &Bench, supply: &mut Supply) -> Option<choice::Failure> {
    let mut wanted = bench.wanted.clone();
    let mut resumes = bench.hub.resumes.subscribe();
    let mut rotation = Rotation::new(bench.settings.budget.bytes_per_second);
    rotation.want(&wanted.borrow_and_update(), Instant::now());
    let (mut meter, mut failing) = (Meter::default(), BTreeMap::new());
    let mut silence = Silence::from(Instant::now());
    let mut pace_at = Instant::now();
    let mut under_way = FuturesUnordered::new();
    loop {
        let doubtful = silence.doubtful();
        if doubtful.is_some_and(|at| at <= Instant::now()) {
            under_way.clear();
            if let Err(failure) = look_around(bench, &mut rotation, &mut failing).await {
                return Some(failure);
            }
            silence = Silence::from(Instant::now());
            say(bench, supply, &failing).await;
            continue;
        }
        let begin = |node, ticket| under_way.push(ask(&bench.hub, node, ticket));
        let (wake, is_full) = ask_due(&bench.purse, &mut rotation, begin);
        tokio::select! {
            Some(answer) = under_way.next() => {
                let spacing = supply.pace.spacing(rotation.stays_shown(&answer.node));
                rotation.done(&answer.node, answer.bytes, answer.outcome.is_ok(), Instant::now());
                keep_pace(bench, supply, &rotation, &mut pace_at).await;
                match answer.outcome {
                    Ok(scrape) => {
                        silence = Silence::from(Instant::now());
                        failing.remove(&answer.node);
                        bench.measured(meter.take(&answer.node, &scrape, now(), spacing)).await;
                    }
                    Err(ClusterError::Forbidden { .. }) => return None,
                    Err(error) => {
                        silence.lasts(answer.asked);
                        failing.insert(answer.node, reason(&error));
                    }
                }
                say(bench, supply, &failing).await;
            }
            changed = wanted.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                let wanted = wanted.borrow_and_update().clone();
                keep_to(&wanted, &mut failing, &mut meter);
                rotation.want(&wanted, Instant::now());
                say(bench, supply, &failing).await;
            }
            // The link was down: what failed then says nothing of the nodes.
            Ok(()) = resumes.changed() => {
                silence = Silence::from(Instant::now());
                rotation.forgive(Instant::now());
            }
            () = bench.purse.room(), if is_full => {}
            () = sleep_until(wake.into_iter().chain(doubtful).min()) => {}
        }
    }
}

/// Since when nobody answers.
struct Silence {
    heard: Instant,
    /// When the first was asked that failed since somebody was heard.
    since: Option<Instant>,
}

impl Silence {
    /// Somebody was heard then.
    const fn from(heard: Instant) -> Self {
        Self { heard, since: None }
    }

    /// A question that was asked then failed.
    fn lasts(&mut self, asked: Instant) {
        self.since = self.since.or(Some(asked.max(self.heard)));
    }

    /// From when on it is to be doubted that anybody answers.
    fn doubtful(&self) -> Option<Instant> {
        self.since.map(|since| since + DOUBTFUL)
    }
}

/// Gives up whoever was being asked, and tries some nodes from all over the cluster.
async fn look_around(
    bench: &Bench,
    rotation: &mut Rotation,
    failing: &mut BTreeMap<Clean, Clean>,
) -> Result<(), choice::Failure> {
    let late = rotation.abandon(Instant::now());
    failing.extend(late.into_iter().map(|node| (node, "no answer".into())));
    choice::try_source(bench, Source::Cadvisor).await.map(drop)
}

/// Forgets the nodes that are gone.
fn keep_to(wanted: &Wanted, failing: &mut BTreeMap<Clean, Clean>, meter: &mut Meter) {
    let nodes: FxHashSet<Clean> = wanted.nodes.iter().cloned().collect();
    failing.retain(|node, _| nodes.contains(node));
    meter.keep_nodes(&nodes);
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Asks whose turn it is, as far as the budget goes; says when to look again, and whether requests are what is lacking.
fn ask_due<'a>(
    purse: &'a Purse,
    rotation: &mut Rotation,
    begin: impl Fn(Clean, Ticket<'a>),
) -> (Option<Instant>, bool) {
    loop {
        match rotation.next(purse, Instant::now()) {
            Turn::Ask(node, ticket) => begin(node, ticket),
            Turn::Wait(at) => return (Some(at), false),
            Turn::Full => return (None, true),
            Turn::Idle => return (None, false),
        }
    }
}

/// Says how often nodes are asked, when that is news; it is looked at now and then.
async fn keep_pace(bench: &Bench, supply: &mut Supply, rotation: &Rotation, due: &mut Instant) {
    let now = Instant::now();
    if *due > now {
        return;
    }
    *due = now + LOOK_AT_PACE;
    let pace = supply.pace.or_still(rotation.pace(now));
    if supply.pace != pace {
        supply.pace = pace;
        bench.supply(supply).await;
    }
}

/// Says how many nodes fail, when that is news.
async fn say(bench: &Bench, supply: &mut Supply, failing: &BTreeMap<Clean, Clean>) {
    let failure = failing.values().next().cloned();
    if (supply.failing, &supply.failure) != (failing.len(), &failure) {
        supply.failing = failing.len();
        supply.failure = failure;
        bench.supply(supply).await;
    }
}

/// Asks a node, of which nothing is known yet, when the budget allows it.
pub(super) async fn try_node(bench: &Bench, node: &Clean) -> Answer {
    let ticket = bench.purse.pay(FIRST_GUESS).await;
    ask(&bench.hub, node.clone(), ticket).await
}

/// Asks a node; what is late is a failure.
async fn ask(hub: &Hub, node: Clean, mut ticket: Ticket<'_>) -> Answer {
    let begun = Instant::now();
    let asked = tokio::time::timeout(TIMEOUT, scrape(hub, &node, &mut ticket)).await;
    let outcome = asked.unwrap_or_else(|_| {
        Err(ClusterError::transport(&format!(
            "no answer within {} s",
            TIMEOUT.as_secs()
        )))
    });
    Answer {
        node,
        asked: begun,
        bytes: ticket.came(),
        outcome,
    }
}

/// Reads a node's figures as they arrive; what came before a failure is paid for too.
async fn scrape(hub: &Hub, node: &str, ticket: &mut Ticket<'_>) -> Result<Scrape, ClusterError> {
    let path = format!("/api/v1/nodes/{}/proxy/metrics/cadvisor", kinds::escape(node));
    let answer = hub
        .door
        .ask(Method::GET, &path, "text/plain", Vec::new(), TIMEOUT)
        .await?;
    let mut body = answer.body;
    let mut collector = Collector::new(now());
    let mut scanner = Scanner::default();
    while let Some(chunk) = hub.door.next_chunk(&mut body).await? {
        ticket.spend(chunk.len());
        if ticket.came() > LARGEST {
            return Err(ClusterError::transport("the answer is too large"));
        }
        scanner.push(&chunk, &mut collector);
    }
    let counts = scanner.finish();
    if counts.samples == 0 {
        return Err(ClusterError::Unreadable);
    }
    Ok(collector.finish(counts))
}

/// A failure in words: what the API server says of a kubelet it cannot reach, without the address.
pub(super) fn reason(error: &ClusterError) -> Clean {
    match error {
        ClusterError::Server { code, message, .. } if message.contains("error trying to reach service") => {
            format!("the API server cannot reach the kubelet ({code})").into()
        }
        ClusterError::NotFound { message } if message.is_empty() => "the kubelet has no metrics/cadvisor (404)".into(),
        ClusterError::Unreadable => "the answer holds no figures of containers".into(),
        other => other.to_string().into(),
    }
}
