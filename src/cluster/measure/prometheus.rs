//! Figures from Prometheus: at an address from the configuration, or found as a Service and reached
//! through the API server's service proxy. It alone has a past.

mod gathered;

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use http::Request;
use http_body_util::{BodyExt, Limited};
use kube::client::Body;
use strum::VariantArray;
use tokio::time::{Instant, timeout};

use self::gathered::Gathered;
use super::{Bench, now};
use crate::cluster::door::JSON;
use crate::cluster::error::ClusterError;
use crate::cluster::hub::Hub;
use crate::domain::{Clean, ObjectKey};
use crate::metrics::prometheus::{Answer, By, Question, Selection, When, read, target};
use crate::metrics::source::{Supply, Wanted};
use crate::metrics::{Figure, Millis};

/// Between two questions about everything.
const PERIOD: Duration = Duration::from_secs(30);
/// Between two questions about what is on screen.
const SHOWN_PERIOD: Duration = Duration::from_secs(15);
/// What comes on screen is asked for after so long: a person who scrolls is not done.
const SOON: Duration = Duration::from_millis(500);
/// How long Prometheus may take; its own limit is two minutes.
const TIMEOUT: Duration = Duration::from_secs(20);
const LARGEST: usize = 64 << 20;
const AT_ONCE: usize = 4;
const HOPELESS: u32 = 4;
/// Windows that rates are tried over: four scrapes of 15 s, 30 s and 60 s.
const WINDOWS: [u32; 3] = [60, 120, 300];
/// What is asked of the past: how far back, and how fine.
const PAST: [(Millis, u32); 2] = [(6 * 3_600_000, 60), (15 * 60_000, 15)];
/// Instances on screen that are asked for by name.
const MOST_PODS: usize = 100;
const MANY_PODS: usize = 3 * MOST_PODS;

/// How Prometheus is reached.
#[derive(Clone)]
pub(super) enum Place {
    /// By its own address.
    Outside(kube::Client),
    /// By this path of the API server.
    Proxy(String),
}

/// Prometheus that answers: where, and the window its rates can be taken over.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) window_s: u32,
}

impl std::fmt::Debug for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Outside(_) => f.write_str("Outside"),
            Self::Proxy(path) => f.debug_tuple("Proxy").field(path).finish(),
        }
    }
}

impl Place {
    /// By an address without credentials of ours: Prometheus is asked as anybody.
    pub(super) fn outside(address: &str) -> Result<Self, Clean> {
        let uri = address
            .trim_end_matches('/')
            .parse()
            .map_err(|_| Clean::new(&format!("{address} is no address")))?;
        let config = kube::Config::new(uri);
        let client = kube::Client::try_from(config).map_err(|_| Clean::new("no connection can be made"))?;
        Ok(Self::Outside(client))
    }

    async fn fetch(&self, hub: &Hub, path: &str) -> Result<Bytes, ClusterError> {
        let late = || ClusterError::transport(&format!("no answer within {} s", TIMEOUT.as_secs()));
        match self {
            Self::Proxy(prefix) => {
                let path = format!("{prefix}{path}");
                let asked = hub.door.read(&path, JSON);
                let (bytes, _) = timeout(TIMEOUT, asked).await.map_err(|_| late())??;
                Ok(bytes)
            }
            Self::Outside(client) => timeout(TIMEOUT, outside(client, path)).await.map_err(|_| late())?,
        }
    }
}

async fn outside(client: &kube::Client, path: &str) -> Result<Bytes, ClusterError> {
    let request = Request::get(path)
        .body(Body::empty())
        .map_err(|_| ClusterError::transport("request cannot be formed"))?;
    let answer = client
        .send(request)
        .await
        .map_err(|error| ClusterError::of_transport(&error))?;
    let code = answer.status().as_u16();
    let whole = Limited::new(answer.into_body(), LARGEST).collect().await;
    let bytes = whole
        .map_err(|_| ClusterError::transport("the answer broke off or is too large"))?
        .to_bytes();
    // Prometheus answers a refused question with its own words in the body.
    if code >= 400 && read(&bytes).is_ok() || code >= 500 || matches!(code, 401 | 403 | 404) {
        return Err(ClusterError::of_answer(code, None, &bytes));
    }
    Ok(bytes)
}

/// Whether it answers, and over which window rates are to be had.
///
/// # Errors
/// In words: it cannot be reached, refuses, or knows nothing of containers.
pub(super) async fn probe(bench: &Bench, place: Place) -> Result<Found, Clean> {
    let seen = bench.namespaces();
    let namespaces: Vec<&str> = seen.iter().map(Clean::as_str).collect();
    for window_s in WINDOWS {
        let question = Question {
            figure: Figure::Cpu,
            by: By::Namespace,
            of: Selection {
                namespaces: &namespaces,
                ..Selection::default()
            },
            window_s,
        };
        let answer = ask(bench, &place, &question, When::At(now())).await?;
        if !answer.lines.is_empty() {
            return Ok(Found { place, window_s });
        }
    }
    Err("it knows no container (is cAdvisor scraped?)".into())
}

/// Asks a question when the budget allows it.
async fn ask(bench: &Bench, place: &Place, question: &Question<'_>, when: When) -> Result<Answer, Clean> {
    let mut ticket = bench.purse.pay(0).await;
    let fetched = place.fetch(&bench.hub, &target(question, when)).await;
    let bytes = fetched.map_err(|error| match (&error, place) {
        (ClusterError::Forbidden { .. }, Place::Proxy(_)) => "no right to get services/proxy".into(),
        _ => Clean::new(&error.to_string()),
    })?;
    ticket.spend(bytes.len());
    read(&bytes).map_err(|error| Clean::new(&error.to_string()))
}

/// Asks until it no longer answers.
pub(super) async fn run(bench: &Bench, found: &Found, supply: &mut Supply) {
    let mut wanted = bench.wanted.clone();
    let mut seen = wanted.borrow_and_update().clone();
    let mut in_a_row = 0;
    let (mut all_at, mut shown_at) = (Instant::now(), Instant::now());
    // Whose past is told, and from when on it is asked for again where it was not.
    let (mut past_of, mut past_at): (Option<ObjectKey>, _) = (None, Instant::now());
    while in_a_row < HOPELESS {
        let begun = Instant::now();
        let mut outcome = None;
        if let [one] = &*seen.pods
            && past_of.as_ref() != Some(one)
            && begun >= past_at
            && !seen.everything
        {
            let told = past(bench, found, one).await;
            past_of = told.is_ok().then(|| one.clone());
            past_at = begun + PERIOD;
            outcome = Some(told);
        } else if begun >= all_at && (seen.pods.is_empty() || !seen.everything) {
            all_at = begun + PERIOD;
            outcome = Some(everything(bench, found, seen.figure).await);
        } else if begun >= shown_at && !seen.pods.is_empty() {
            shown_at = begun + SHOWN_PERIOD;
            outcome = Some(on_screen(bench, found, &seen).await);
        }
        if let Some(outcome) = outcome {
            in_a_row = if outcome.is_ok() { 0 } else { in_a_row + 1 };
            let (failing, failure) = outcome.err().map_or((0, None), |reason| (1, Some(reason)));
            if (supply.failing, &supply.failure) != (failing, &failure) {
                (supply.failing, supply.failure) = (failing, failure);
                bench.supply(supply).await;
            }
        }
        tokio::select! {
            () = tokio::time::sleep_until(next(&seen, all_at, shown_at)) => {}
            changed = wanted.changed() => {
                if changed.is_err() {
                    return std::future::pending().await;
                }
                let before = std::mem::replace(&mut seen, wanted.borrow_and_update().clone());
                if before.pods != seen.pods {
                    // What it did while nobody looked is asked for when it is looked at again.
                    past_of = past_of.filter(|of| matches!(&*seen.pods, [one] if one == of));
                    past_at = Instant::now();
                }
                if before.pods != seen.pods || before.figure != seen.figure {
                    shown_at = shown_at.min(Instant::now() + SOON);
                }
                if before.figure != seen.figure {
                    all_at = all_at.min(Instant::now() + SOON);
                }
            }
        }
    }
}

/// When something is asked next. Where nothing is on screen the time to ask for that never comes.
fn next(wanted: &Wanted, all_at: Instant, shown_at: Instant) -> Instant {
    if wanted.pods.is_empty() {
        all_at
    } else if wanted.everything {
        shown_at
    } else {
        all_at.min(shown_at)
    }
}

/// What every instance uses.
async fn everything(bench: &Bench, found: &Found, asked: Option<Figure>) -> Result<(), Clean> {
    let asked = asked.filter(|figure| !Figure::BACKGROUND.contains(figure));
    let seen = bench.namespaces();
    let namespaces: Vec<&str> = seen.iter().map(Clean::as_str).collect();
    let questions = Figure::BACKGROUND.into_iter().chain(asked).map(|figure| Question {
        figure,
        by: By::Pod,
        of: Selection {
            namespaces: &namespaces,
            ..Selection::default()
        },
        window_s: found.window_s,
    });
    questions_at(bench, found, &questions.collect::<Vec<_>>(), When::At(now())).await
}

/// What the containers of the instances on screen use.
async fn on_screen(bench: &Bench, found: &Found, wanted: &Wanted) -> Result<(), Clean> {
    let when = When::At(now());
    let pods = &*wanted.pods;
    if wanted.everything {
        // Beyond some hundred names it costs Prometheus less to tell of all.
        let names = if pods.len() > MANY_PODS { &[] } else { pods };
        let mut outcome = Ok(());
        for some in names.chunks(MOST_PODS).chain(names.is_empty().then_some(names)) {
            outcome = outcome.and(closely(bench, found, some, when).await);
        }
        return outcome;
    }
    if pods.len() == 1 {
        return closely(bench, found, pods, when).await;
    }
    let (namespaces, names) = names(pods.iter().take(MOST_PODS));
    let of = Selection {
        namespaces: &namespaces,
        pods: &names,
        container: "",
    };
    let usual = [Figure::Cpu, Figure::MemoryWorkingSet, Figure::MemoryRss];
    let asked = wanted
        .figure
        .filter(|figure| !usual.contains(figure) && !figure.is_network());
    let questions = usual.into_iter().chain(asked).map(|figure| Question {
        figure,
        by: By::Container,
        of: of.clone(),
        window_s: found.window_s,
    });
    questions_at(bench, found, &questions.collect::<Vec<_>>(), when).await
}

/// Every figure of some instances, of all where none are named, and of their containers.
async fn closely(bench: &Bench, found: &Found, pods: &[ObjectKey], when: When) -> Result<(), Clean> {
    let (namespaces, names) = names(pods.iter());
    let questions = Figure::VARIANTS.iter().map(|&figure| Question {
        figure,
        by: if figure.is_network() { By::Pod } else { By::Container },
        of: Selection {
            namespaces: &namespaces,
            pods: &names,
            container: "",
        },
        window_s: found.window_s,
    });
    questions_at(bench, found, &questions.collect::<Vec<_>>(), when).await
}

/// The past of one instance.
async fn past(bench: &Bench, found: &Found, pod: &ObjectKey) -> Result<(), Clean> {
    let to = now();
    for (back, step_s) in PAST {
        let from = to - back;
        closely(
            bench,
            found,
            std::slice::from_ref(pod),
            When::Range { from, to, step_s },
        )
        .await?;
    }
    Ok(())
}

fn names<'a>(pods: impl Iterator<Item = &'a ObjectKey>) -> (Vec<&'a str>, Vec<&'a str>) {
    let (mut namespaces, mut names): (Vec<&str>, Vec<&str>) = pods.map(|pod| (&*pod.namespace, &*pod.name)).unzip();
    for list in [&mut namespaces, &mut names] {
        list.sort_unstable();
        list.dedup();
    }
    (namespaces, names)
}

/// Asks several questions at a time and reports what came of those that were answered; fails if one did.
async fn questions_at(bench: &Bench, found: &Found, questions: &[Question<'_>], when: When) -> Result<(), Clean> {
    let mut gathered = Gathered::new(found.window_s);
    let mut failure = None;
    for some in questions.chunks(AT_ONCE) {
        let asked = some.iter().map(|question| ask(bench, &found.place, question, when));
        for (question, answer) in some.iter().zip(join_all(asked).await) {
            match answer {
                Ok(answer) => answer.lines.iter().for_each(|line| gathered.take(question, line)),
                Err(reason) => failure = Some(reason),
            }
        }
    }
    bench.measured(gathered.measured()).await;
    failure.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_waits_for_what_it_will_ask() {
        let now = Instant::now();
        let (all_at, shown_at) = (now + PERIOD, now);
        let wanted = |pods: &[ObjectKey], everything| Wanted {
            pods: pods.into(),
            everything,
            ..Wanted::default()
        };
        let some = [ObjectKey::new("gift", "web-0")];
        for (pods, everything, expected) in [
            (&some[..], true, shown_at),
            (&some[..], false, shown_at),
            (&[], false, all_at),
            (&[], true, all_at),
        ] {
            assert_eq!(
                next(&wanted(pods, everything), all_at, shown_at),
                expected,
                "{pods:?} {everything}"
            );
        }
    }
}
