//! Many clusters, some of them in trouble.

use pilothouse::domain::{Kind, Link};
use tokio::time::{Duration, Instant};

use super::secs;
use crate::support::api::{Api, Reply};
use crate::support::watch;

#[tokio::test(start_paused = true)]
async fn f52_dead_and_slow_clusters_do_not_delay_the_others() {
    let apis: Vec<Api> = (0..10).map(|_| Api::with_pods(200)).collect();
    for dead in &apis[..2] {
        dead.rule(|_| Some(Reply::Hang));
    }
    apis[2].rule(|_| Some(Reply::Refuse));
    let slow_until = Instant::now() + secs(8);
    apis[3].rule(move |asked| (Instant::now() < slow_until && asked.path != "/readyz").then_some(Reply::Hang));
    let mut fleet: Vec<_> = apis.iter().map(watch).collect();
    let began = Instant::now();
    for (_, observer) in &mut fleet[4..] {
        observer
            .until("its rows", secs(1), |seen| seen.names(Kind::Pod).len() == 200)
            .await;
    }
    assert!(began.elapsed() < Duration::from_millis(500), "{:?}", began.elapsed());
    for (_, observer) in &mut fleet[..3] {
        observer
            .until("unreachable", secs(10), |seen| {
                matches!(seen.link(), Some(Link::Unreachable { .. }))
            })
            .await;
    }
    let slow = &mut fleet[3].1;
    slow.until("late rows", secs(60), |seen| seen.names(Kind::Pod).len() == 200)
        .await;
}
