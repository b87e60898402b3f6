//! `pilothouse top`: measures what runs and prints what it uses, without a terminal.

use std::io::Write;
use std::time::Duration;

use chrono::Utc;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::args::{Args, Top, TopSource};
use super::members::Member;
use super::print::print;
use super::sample::{self, Question, TopRow};
use super::setup::Setup;
use super::watch::{self, Known};
use super::{Environment, Failure, Printable, fleet};
use crate::domain::{ClusterId, Kind};
use crate::metrics::source::{Choice, Report, Source};
use crate::runtime::Exit;
use crate::world::ClusterView;

/// Between two prints with `--watch`: the kubelet measures about as often.
const AGAIN: Duration = Duration::from_secs(15);
/// How long the networks' rates are waited for once the others are known: the kubelet measures every 10 to 15 s.
const LATE: Duration = Duration::from_secs(20);
/// Reports that may wait to be taken in.
const REPORTS: usize = 256;

type Figures = mpsc::Receiver<(ClusterId, Report)>;

/// Measures and prints, once or until it is ended.
pub(super) fn run(
    args: &Args,
    top: &Top,
    environment: &Environment,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let selector = super::selector(top.selector.as_deref())?.unwrap_or_default();
    let question = Question {
        what: top.what,
        selector: &selector,
    };
    let setup = Setup::load(args, environment)?;
    for problem in &setup.problems {
        writeln!(err, "pilothouse: {}", Printable(&problem.to_string()))?;
    }
    fleet::block_on(async {
        let mut members = fleet::ready_members(args, &setup).await?;
        if let Some(source) = top.source {
            for member in &mut members {
                member.measuring.choice = choice(source);
            }
        }
        let mut known = watch::until_known(&members, &[Kind::Node, Kind::Pod], top.wait).await;
        for (cluster, gaps) in &known.missing {
            for gap in gaps {
                writeln!(err, "pilothouse: {cluster}: {gap}")?;
            }
        }
        let mut figures = start(&members, &mut known, &question);
        gather(&mut known, &mut figures, &question, Instant::now() + top.wait, true).await;
        let is_whole = show(&known, &question, top, out, err)?;
        if !top.watch {
            known.cancel.cancel();
            return Ok(Exit(if is_whole { Exit::DONE } else { Exit::FAILED }));
        }
        loop {
            gather(&mut known, &mut figures, &question, Instant::now() + AGAIN, false).await;
            want(&mut known, &question);
            show(&known, &question, top, out, err)?;
        }
    })?
}

fn choice(source: TopSource) -> Choice {
    match source {
        TopSource::Auto => Choice::Auto,
        TopSource::Prometheus => Choice::Only(Source::Prometheus),
        TopSource::Cadvisor => Choice::Only(Source::Cadvisor),
        TopSource::MetricsApi => Choice::Only(Source::MetricsApi),
    }
}

/// Starts to measure what is asked for in every cluster.
fn start(members: &[Member], known: &mut Known, question: &Question<'_>) -> Figures {
    let (sender, figures) = mpsc::channel(REPORTS);
    want(known, question);
    for (cluster, member) in known.clusters.iter().zip(members) {
        cluster.measure(member.measuring.clone(), sender.clone(), known.cancel.clone());
    }
    figures
}

/// Says what is to be measured: what is selected now.
fn want(known: &mut Known, question: &Question<'_>) {
    for cluster in &known.clusters {
        if let Some(view) = known.world.cluster(cluster.id()) {
            let wanted = question.wanted(view);
            known.world.show(cluster.id(), &wanted);
            cluster.want(wanted);
        }
    }
}

/// Takes reports in until the time is over, or where that is enough until everything asked for is known.
async fn gather(known: &mut Known, figures: &mut Figures, question: &Question<'_>, until: Instant, is_enough: bool) {
    let mut until = until;
    let mut is_answered = false;
    loop {
        let now = Utc::now().timestamp_millis();
        if is_enough && !is_answered && of_all(known, |view| question.is_answered(view, now)) {
            is_answered = true;
            until = until.min(Instant::now() + LATE);
        }
        if is_answered && of_all(known, |view| question.is_complete(view, now)) {
            return;
        }
        tokio::select! {
            Some((id, report)) = figures.recv() => known.world.measured(&id, report),
            Some((id, report)) = known.reports.recv() => watch::apply(&mut known.world, &id, report),
            () = sleep_until(until) => return,
        }
    }
}

/// Whether it is so of every cluster of which nothing is missing.
fn of_all(known: &Known, is: impl Fn(&ClusterView) -> bool) -> bool {
    let mut views = known.world.clusters().iter();
    views.all(|view| known.missing.contains_key(&view.id) || is(view))
}

/// Prints what is known; says whether nothing is missing.
fn show(
    known: &Known,
    question: &Question<'_>,
    top: &Top,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<bool, Failure> {
    let now = Utc::now();
    let mut rows: Vec<TopRow> = Vec::new();
    let mut is_whole = known.missing.is_empty();
    for view in known.world.clusters() {
        rows.extend(question.rows(view, now.timestamp_millis()));
        if known.missing.contains_key(&view.id) {
            continue;
        }
        for reason in sample::reasons(view) {
            is_whole = false;
            writeln!(err, "pilothouse: {}: {reason}", view.id)?;
        }
    }
    sample::busiest_first(&mut rows);
    print(&rows, top.output, now, out)?;
    out.flush()?;
    Ok(is_whole)
}
