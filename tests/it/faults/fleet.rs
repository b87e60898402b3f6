//! Many clusters, some of them in trouble.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use pilothouse::cluster::{Measuring, Rules, Target};
use pilothouse::domain::{ClusterId, ClusterReport, Kind, Link};
use pilothouse::message::Message;
use pilothouse::runtime::activity::ActivityLog;
use pilothouse::runtime::{Handles, fleet};
use pilothouse::sim::fleet::sized;
use pilothouse::sim::{SimBody, Simulation};
use tokio::sync::mpsc;
use tokio::time::{Duration, Instant, sleep, timeout_at};

use super::secs;

/// Of more than one page.
const PODS: usize = 1_200;

/// How a cluster's server behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Server {
    /// Every answer takes this long to begin.
    Answers(Duration),
    Hangs,
    Refuses,
    Errs,
}

/// A server at the distance of another city.
const HEALTHY: Server = Server::Answers(Duration::from_millis(40));
const SLOW: Server = Server::Answers(Duration::from_secs(2));

impl Server {
    async fn answer(self, simulation: Simulation, request: Request<Bytes>) -> io::Result<Response<SimBody>> {
        match self {
            Self::Answers(after) => {
                sleep(after).await;
                simulation.answer(request).await
            }
            Self::Hangs => pending().await,
            Self::Refuses => Err(io::ErrorKind::ConnectionRefused.into()),
            Self::Errs => {
                let mut answer = Response::new(SimBody::whole(Bytes::new()));
                *answer.status_mut() = http::StatusCode::SERVICE_UNAVAILABLE;
                Ok(answer)
            }
        }
    }
}

/// What a person sees of one cluster, and after how long.
#[derive(Debug, Default)]
struct Seen {
    first_rows: Option<Duration>,
    pods: usize,
    all_rows: Option<Duration>,
    link: Option<Link>,
}

/// Starts the clusters as the program does and takes what they report for a minute, in order.
async fn watch(servers: &[Server]) -> Vec<Seen> {
    let simulation = Simulation::manual(
        sized(1, chrono::DateTime::UNIX_EPOCH, 100, 120, PODS),
        chrono::DateTime::UNIX_EPOCH,
    );
    let members = servers.iter().enumerate().map(|(number, &server)| {
        let simulation = simulation.clone();
        let answer = move |request| server.answer(simulation.clone(), request);
        let target = Target::in_process(ClusterId::new(&number.to_string()), answer).with_seed(7);
        (target, Arc::new(Rules::default()), Measuring::default())
    });
    let (messages, mut inbox) = mpsc::channel(64);
    let handles = Handles {
        runtime: tokio::runtime::Handle::current(),
        messages,
    };
    let began = Instant::now();
    let _perform = fleet::start(
        members.collect(),
        fleet::Beside::default(),
        ".".into(),
        ActivityLog::open(None, String::new()),
        &handles,
    );
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    while let Ok(Some(message)) = timeout_at(began + secs(60), inbox.recv()).await {
        let Message::Cluster(id, report) = message else {
            continue;
        };
        let seen = seen.entry(id.to_string()).or_default();
        match report {
            ClusterReport::Link(link) => seen.link = Some(link),
            ClusterReport::Batch(batch) if batch.kind == Kind::Pod => {
                let now = began.elapsed();
                seen.pods += batch.changes.len();
                seen.first_rows.get_or_insert(now);
                if batch.sweep {
                    seen.all_rows.get_or_insert(now);
                }
            }
            _ => {}
        }
    }
    (0..servers.len())
        .map(|number| seen.remove(&number.to_string()).unwrap_or_default())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn f52_dead_and_slow_clusters_do_not_delay_the_others() {
    let alone = watch(&[HEALTHY]).await.remove(0);
    let (first, all) = (alone.first_rows.unwrap(), alone.all_rows.unwrap());
    assert!(
        first >= Duration::from_millis(40) && all > first && alone.pods > 500,
        "{alone:?}"
    );
    let mut servers = vec![Server::Hangs, Server::Refuses, Server::Errs, SLOW];
    servers.resize(10, HEALTHY);
    let fleet = watch(&servers).await;
    for healthy in &fleet[4..] {
        for (took, alone) in [(healthy.first_rows, first), (healthy.all_rows, all)] {
            let ratio = took.unwrap().as_secs_f64() / alone.as_secs_f64();
            assert!((0.9..=1.1).contains(&ratio), "{took:?}, alone {alone:?}");
        }
        assert_eq!(healthy.link, Some(Link::Live));
    }
    let links: Vec<_> = fleet[..4].iter().map(|seen| seen.link.as_ref().unwrap()).collect();
    assert!(
        matches!(
            links[..],
            [
                Link::Unreachable { .. },
                Link::Unreachable { .. },
                Link::Connecting { reason: Some(_) },
                Link::Live
            ]
        ),
        "{links:?}"
    );
    assert!(fleet[..3].iter().all(|dead| dead.pods == 0), "{fleet:?}");
    assert!(
        fleet[3].pods == alone.pods && fleet[3].first_rows.unwrap() > 10 * first,
        "{fleet:?}"
    );
}
