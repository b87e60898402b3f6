//! Which custom kinds a cluster serves, followed by watching their definitions (`CustomResourceDefinition`).
//!
//! Only metadata is asked for: a definition's schema may be a megabyte. That one changed is enough to ask
//! discovery again, which is what requests go by. Who may not watch definitions gets none of this; then
//! each absent kind is looked for from time to time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch::Receiver;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::discovery;
use super::door::Answer;
use super::error::ClusterError;
use super::hub::Hub;
use super::watch::{Backoff, FIRST_REFUSAL, LONGEST_REFUSAL, SILENCE};
use super::wire::frame::EventKind;
use super::wire::meta::MetaOnly;
use super::wire::splitter::Splitter;
use super::wire::{Wire, frame};
use crate::domain::Kind;

const PATH: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// Metadata only; a server that does not know how gives all of it.
const LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1, application/json;q=0.9";
const EVENTS: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1, application/json;q=0.9";
/// The server's discovery follows a definition a moment later: it is asked at once and again after these.
const LAGS: [Duration; 4] = [
    Duration::from_millis(300),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(5),
];
/// The server closes the watch between these.
const LIFE: (Duration, Duration) = (Duration::from_secs(400), Duration::from_secs(560));

/// What is known of custom kinds from their definitions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Served {
    /// Definitions are watched: a kind that comes need not be looked for.
    pub(crate) is_watched: bool,
    /// The version each custom kind is served in; `None`: not at all. Empty before anything was asked.
    pub(crate) versions: BTreeMap<Kind, Option<String>>,
}

/// Follows definitions for ever.
pub(crate) async fn run(hub: Arc<Hub>) {
    let mut backoff = Backoff::default();
    let mut refusals = 0;
    let mut logins = hub.logins.subscribe();
    let mut resumes = hub.resumes.subscribe();
    loop {
        let began = Instant::now();
        let ended = follow(&hub, &mut resumes).await;
        if began.elapsed() > LIFE.0 / 10 {
            backoff = Backoff::default();
            refusals = 0;
        }
        let pause = match ended {
            Ok(()) => Duration::from_secs(1),
            Err(ClusterError::Forbidden { .. } | ClusterError::NotFound { .. }) => {
                hub.served
                    .send_if_modified(|served| std::mem::take(&mut served.is_watched));
                refusals += 1;
                FIRST_REFUSAL
                    .saturating_mul(1 << (refusals - 1).min(4))
                    .min(LONGEST_REFUSAL)
            }
            Err(error) => error.wait().unwrap_or_else(|| {
                let (least, most) = backoff.next();
                hub.spread(least, most)
            }),
        };
        tokio::select! {
            () = sleep(pause) => {}
            _ = resumes.changed(), if refusals == 0 => {}
            _ = logins.changed() => refusals = 0,
        }
    }
}

/// Watches once, from now on; whatever changed before is asked of discovery. Ends also when the link
/// comes back, to go on over a new connection.
async fn follow(hub: &Hub, resumes: &mut Receiver<u64>) -> Result<(), ClusterError> {
    let mut rewinds = hub.rewinds.subscribe();
    let answer = tokio::select! {
        answer = begin(hub) => answer?,
        _ = resumes.changed() => return Ok(()),
    };
    hub.served
        .send_if_modified(|served| !std::mem::replace(&mut served.is_watched, true));
    look(hub).await;
    tokio::select! {
        ended = events(hub, answer) => ended,
        _ = resumes.changed() => Ok(()),
        _ = rewinds.changed() => Ok(()),
    }
}

/// Opens the watch from the version of the moment.
async fn begin(hub: &Hub) -> Result<Answer, ClusterError> {
    let (bytes, encoding) = hub.door.read(&format!("{PATH}?limit=1"), LIST).await?;
    let page = frame::page(&bytes, encoding).map_err(|_| ClusterError::Unreadable)?;
    let life = hub.spread(LIFE.0, LIFE.1).as_secs();
    let version = super::kinds::escape(&page.meta.resource_version);
    let query = format!("watch=1&allowWatchBookmarks=true&timeoutSeconds={life}&resourceVersion={version}");
    hub.door.get(&format!("{PATH}?{query}"), EVENTS).await
}

/// Asks discovery whenever a definition of ours changes, and for a while after that.
async fn events(hub: &Hub, mut answer: Answer) -> Result<(), ClusterError> {
    let mut splitter = Splitter::new(answer.encoding);
    let mut silent_until = Instant::now() + SILENCE;
    let mut looks: Vec<Instant> = Vec::new();
    loop {
        let due = looks.first().copied();
        tokio::select! {
            chunk = timeout_at(silent_until, hub.door.next_chunk(&mut answer.body)) => {
                let Ok(chunk) = chunk else {
                    return Err(ClusterError::transport("nothing heard for 90 s"));
                };
                let Some(bytes) = chunk? else { return Ok(()) };
                silent_until = Instant::now() + SILENCE;
                splitter.push(&bytes);
                let mut is_ours = false;
                while let Some(event) = splitter.next().map_err(|_| ClusterError::Unreadable)? {
                    is_ours |= concerns_us(&event, answer.encoding)?;
                }
                if is_ours {
                    let now = Instant::now();
                    looks = std::iter::once(now).chain(LAGS.map(|lag| now + lag)).collect();
                }
            }
            () = sleep_until(due.unwrap_or(silent_until)), if due.is_some() => {
                looks.remove(0);
                look(hub).await;
            }
        }
    }
}

/// Whether an event is about a definition of a kind that is read here.
fn concerns_us(event: &[u8], encoding: super::wire::Encoding) -> Result<bool, ClusterError> {
    let Ok(event) = frame::event(event, encoding) else {
        return Ok(false);
    };
    match event.kind {
        EventKind::Bookmark => Ok(false),
        EventKind::Error => Err(ClusterError::of_event(event.object, encoding)),
        EventKind::Added | EventKind::Modified | EventKind::Deleted => {
            let meta = MetaOnly::read(event.object, encoding).unwrap_or_default().metadata;
            let name = meta.map(|meta| meta.name).unwrap_or_default();
            Ok(custom_kinds().any(|kind| name == format!("{}.{}", kind.plural(), kind.group())))
        }
    }
}

/// Asks discovery and tells the watches when something else is served than before.
async fn look(hub: &Hub) {
    for kind in custom_kinds() {
        let version = match discovery::version(&hub.door, kind).await {
            Ok(version) => Some(version),
            Err(ClusterError::NotFound { .. }) => None,
            // It says nothing about the kind.
            Err(_) => continue,
        };
        hub.served
            .send_if_modified(|served| served.versions.insert(kind, version.clone()) != Some(version));
    }
}

fn custom_kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.into_iter().filter(|kind| kind.is_custom())
}
