//! The reading of one log from a server: in pieces, with refusals, waits and no room.

use bytes::Bytes;
use pilothouse::cluster::{Cluster, ClusterError};
use pilothouse::domain::{ClusterId, ObjectKey, Uid};
use pilothouse::logs::plan::Slot;
use pilothouse::logs::{Ask, Request};
use serde_json::json;
use tokio::sync::mpsc;

use crate::support::api::{Api, Reply};
use crate::support::watch;

const LOG: &str = "/api/v1/namespaces/gift/pods/p00000/log";

fn request(failures: u32) -> Request {
    Request {
        slot: Slot {
            cluster: ClusterId::new("test"),
            uid: Uid::Uuid(1),
            container: "app".into(),
        },
        pod: ObjectKey::new("gift", "p00000"),
        number: 1,
        ask: Ask::default(),
        previous: false,
        follow: true,
        failures,
    }
}

async fn read(cluster: &Cluster, request: &Request) -> (Result<(), ClusterError>, Vec<u8>) {
    let (sender, mut pieces) = mpsc::channel(64);
    let outcome = cluster.read_log(request, &sender).await;
    drop(sender);
    let mut bytes = Vec::new();
    while let Some(piece) = pieces.recv().await {
        bytes.extend(piece);
    }
    (outcome, bytes)
}

#[tokio::test(start_paused = true)]
async fn a_log_is_handed_on_in_pieces_and_a_refusal_names_the_right() {
    let api = Api::with_pods(1);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    let log = api.rule(|asked| {
        let chunks = vec![Bytes::from("a\nb"), Bytes::from("\nc\n")];
        (asked.path == LOG).then_some(Reply::Stream(chunks, false))
    });
    assert_eq!(read(&cluster, &request(0)).await, (Ok(()), b"a\nb\nc\n".to_vec()));
    api.forget(log);
    api.rule(|asked| (asked.path == LOG).then(|| Reply::status(403, &json!({"message": "no"}))));
    let (outcome, bytes) = read(&cluster, &request(0)).await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("get pods/log") && bytes.is_empty(), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_log_waits_longer_after_more_failures_and_never_more_than_half_a_minute() {
    let api = Api::with_pods(1);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.rule(|asked| (asked.path == LOG).then_some(Reply::Stream(Vec::new(), false)));
    let mut longest = Vec::new();
    for failures in [0, 1, 4, 30] {
        let mut waits = Vec::new();
        for _ in 0..20 {
            let begun = tokio::time::Instant::now();
            read(&cluster, &request(failures)).await.0.unwrap();
            waits.push(begun.elapsed().as_millis());
        }
        longest.push(waits.into_iter().max().unwrap());
    }
    assert!(
        longest[0] < 50 && longest[1] <= 550 && longest[2] <= 4_050 && longest[3] <= 30_050,
        "{longest:?}"
    );
    assert!(longest[2] > 1_000 && longest[3] > 10_000, "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn a_view_without_room_stops_the_reading() {
    let api = Api::with_pods(1);
    let (cluster, mut observer) = watch(&api);
    observer.until_synced().await;
    api.rule(|asked| {
        let chunks = (0..100).map(|n| Bytes::from(format!("{n}\n"))).collect();
        (asked.path == LOG).then_some(Reply::Stream(chunks, false))
    });
    let (sender, mut pieces) = mpsc::channel(1);
    let request = request(0);
    let reading = cluster.read_log(&request, &sender);
    let waited = tokio::time::timeout(std::time::Duration::from_mins(1), reading).await;
    assert!(waited.is_err(), "nobody took anything");
    assert_eq!(pieces.recv().await, Some(Bytes::from("0\n")));
}
