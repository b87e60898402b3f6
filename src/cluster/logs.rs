//! Reads one container's log: pieces as they come, until it ends, breaks or the link is found dead.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat};
use http::Method;
use tokio::sync::mpsc;

use super::error::ClusterError;
use super::hub::Hub;
use super::kinds;
use crate::domain::{Clean, ObjectKey};
use crate::logs::Request;

/// A kubelet begins its answer with the first line: a container that writes nothing is answered late. Whether
/// the server is there is the link's to find out.
const HEAD_OF_FOLLOW: Duration = Duration::from_hours(24);
/// How long a log that is not followed may take to begin.
const HEAD: Duration = Duration::from_secs(30);
/// Wait after the first failure, at most, and after many.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// Of a line that is told beside others.
const OF_LINE: usize = 200;

/// Waits for the turn of a request that follows failures: anything up to twice as long each time (full
/// jitter), or until the link is back.
pub(crate) async fn wait(hub: &Hub, failures: u32) {
    if failures == 0 {
        return;
    }
    let most = FIRST_WAIT.saturating_mul(1 << (failures - 1).min(6)).min(LONGEST_WAIT);
    let mut resumes = hub.resumes.subscribe();
    let pause = tokio::time::sleep(hub.spread(Duration::ZERO, most));
    tokio::select! {
        () = pause => {}
        _ = resumes.changed() => {}
    }
}

/// Reads until the log ends. While `pieces` has no room nothing is read, and the server waits.
pub(crate) async fn read(hub: &Hub, request: &Request, pieces: &mpsc::Sender<Bytes>) -> Result<(), ClusterError> {
    let mut resumes = hub.resumes.subscribe();
    let limit = if request.follow { HEAD_OF_FOLLOW } else { HEAD };
    let path = path(request);
    let renewed = || ClusterError::transport("the connection was renewed");
    let answer = tokio::select! {
        answer = hub.door.ask(Method::GET, &path, "*/*", Vec::new(), limit) => answer,
        _ = resumes.changed() => return Err(renewed()),
    };
    let mut body = answer.map_err(in_words)?.body;
    loop {
        let piece = tokio::select! {
            piece = hub.door.next_chunk(&mut body) => piece?,
            _ = resumes.changed() => return Err(renewed()),
        };
        let Some(piece) = piece else { return Ok(()) };
        if pieces.send(piece).await.is_err() {
            return Ok(());
        }
    }
}

/// What a container wrote last, without empty lines: `most` lines at most, of so many bytes.
pub(crate) async fn last(
    hub: &Hub,
    (pod, container): (&ObjectKey, &str),
    previous: bool,
    (most, bytes): (u32, u32),
) -> Result<Vec<Clean>, ClusterError> {
    let (namespace, name) = (kinds::escape(&pod.namespace), kinds::escape(&pod.name));
    let container = kinds::escape(container);
    let previous = if previous { "&previous=true" } else { "" };
    let path = format!(
        "/api/v1/namespaces/{namespace}/pods/{name}/log?container={container}&tailLines={most}&limitBytes={bytes}{previous}"
    );
    let (bytes, _) = hub.door.read(&path, "*/*").await.map_err(in_words)?;
    let log = String::from_utf8_lossy(&bytes);
    let lines = log.lines().map(|line| Clean::new(line).trim().to_owned());
    let lines = lines.filter(|line| !line.is_empty());
    Ok(lines.map(|line| Clean::new(&line)).collect())
}

/// A line with so many characters at most that are of use.
pub(crate) fn cut(line: &Clean) -> Clean {
    if line.chars().count() <= OF_LINE {
        return line.clone();
    }
    let head: String = line.chars().take(OF_LINE - 1).collect();
    Clean::new(&format!("{head}…"))
}

/// `sinceTime` has whole seconds: the server cuts it to them anyway.
fn path(request: &Request) -> String {
    let pod = kinds::escape(&request.pod.name);
    let namespace = kinds::escape(&request.pod.namespace);
    let container = kinds::escape(&request.slot.container);
    let follow = if request.follow { "&follow=true" } else { "" };
    let previous = if request.previous { "&previous=true" } else { "" };
    let tail = request.ask.tail.map(|lines| format!("&tailLines={lines}"));
    let since = request.ask.since.and_then(|second| DateTime::from_timestamp(second, 0));
    let since = since.map(|at| format!("&sinceTime={}", at.to_rfc3339_opts(SecondsFormat::Secs, true)));
    let (tail, since) = (tail.unwrap_or_default(), since.unwrap_or_default());
    format!(
        "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&timestamps=true{follow}{previous}{tail}{since}"
    )
}

/// A refusal names the verb that is missing.
fn in_words(error: ClusterError) -> ClusterError {
    match error {
        ClusterError::Forbidden { message } => ClusterError::Forbidden {
            message: format!("the right `get pods/log` is missing ({message})").into(),
        },
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ClusterId, Uid};
    use crate::logs::Ask;
    use crate::logs::plan::Slot;

    #[test]
    fn a_log_is_asked_for_with_times_from_a_whole_second() {
        let mut request = Request {
            slot: Slot {
                cluster: ClusterId("a".into()),
                uid: Uid::Uuid(1),
                container: "app".into(),
            },
            pod: ObjectKey::new("live", "gift-1"),
            number: 1,
            ask: Ask {
                since: Some(1_795_363_987),
                tail: None,
            },
            previous: false,
            follow: true,
            failures: 0,
        };
        assert_eq!(
            path(&request),
            "/api/v1/namespaces/live/pods/gift-1/log?container=app&timestamps=true&follow=true\
             &sinceTime=2026-11-22T16:13:07Z"
        );
        request.ask = Ask {
            since: None,
            tail: Some(100),
        };
        (request.previous, request.follow) = (true, false);
        assert_eq!(
            path(&request),
            "/api/v1/namespaces/live/pods/gift-1/log?container=app&timestamps=true&previous=true&tailLines=100"
        );
    }
}
