//! Watches: the changes since a version as lines of JSON, with bookmarks, until the time is up.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chrono::Duration;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::super::cluster::Inner;
use super::super::fault::{Fault, Garbage, Seen};
use super::super::json;
use super::super::resource::Resource;
use super::super::status::{Cause, Status};
use super::super::store::{Change, Page, Store, Stored, Timestamp, Verb};
use super::list::{Selection, parse_version};
use super::request::Request;
use super::view::View;

/// How long a watch lasts if the client does not say.
const DEFAULT_TIMEOUT: Duration = Duration::minutes(30);
/// How often a bookmark is sent.
const BOOKMARK_EVERY: Duration = Duration::minutes(1);
/// A last bookmark is sent this long before the end.
const BOOKMARK_BEFORE_END: Duration = Duration::seconds(2);
/// Lines are gathered up to this many bytes before they are sent.
const CHUNK: usize = 64 * 1024;

/// An accepted watch, not yet started.
#[derive(Debug)]
pub(super) struct Plan {
    resource: Arc<Resource>,
    namespace: String,
    selection: Selection,
    /// Changes after this are sent.
    since: u64,
    /// What is there already, sent first.
    initial: Vec<Stored>,
    bookmarks: bool,
    timeout: Duration,
    pub(super) view: View,
}

/// Checks a watch and notes where it starts.
pub(super) fn plan(store: &Store, request: &Request, ignore_initial_events: bool) -> Result<Plan, Status> {
    let query = &request.query;
    let selection = Selection::of(request)?;
    let version = query.get("resourceVersion");
    let since = if version.is_empty() {
        0
    } else {
        parse_version(version).map_err(|why| Status::new(500, "", why))?
    };
    if !query.get("sendInitialEvents").is_empty() && !ignore_initial_events {
        let field = "sendInitialEvents";
        let why = "sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
        return Err(Status::invalid_options("ListOptions", &Cause::forbidden(field, why)));
    }
    let namespace = Some(request.namespace.as_str()).filter(|namespace| !namespace.is_empty());
    let revision = store.revision();
    let mut initial = Vec::new();
    if since == 0 {
        let page = Page {
            namespace,
            after: None,
            revision,
        };
        initial.extend(
            store
                .page(&request.resource, &page)?
                .filter(|object| selection.matches(object))
                .cloned(),
        );
    }
    let timeout = query
        .get("timeoutSeconds")
        .parse::<i64>()
        .ok()
        .filter(|seconds| *seconds > 0);
    Ok(Plan {
        resource: request.resource.clone(),
        namespace: request.namespace.clone(),
        selection,
        since: if since == 0 { revision } else { since },
        initial,
        bookmarks: query.flag("allowWatchBookmarks"),
        timeout: timeout.map_or(DEFAULT_TIMEOUT, Duration::seconds),
        view: View::of(&request.headers, query),
    })
}

/// The ERROR event of a version that is no longer kept.
pub(super) fn expired_event(since: u64, oldest: u64) -> Vec<u8> {
    let status = Status::expired(format!("too old resource version: {since} ({oldest})"));
    line("ERROR", &status.to_json())
}

/// A watch that is running.
struct Running {
    plan: Plan,
    seen: Seen,
    cluster: Arc<Inner>,
    lines: mpsc::Sender<io::Result<Bytes>>,
    end: Timestamp,
    bookmark_at: Timestamp,
    /// A table's column definitions are sent once.
    first: bool,
}

/// Starts the watch; it ends when the client goes, or time is up.
pub(super) fn start(cluster: Arc<Inner>, plan: Plan, seen: Seen) -> mpsc::Receiver<io::Result<Bytes>> {
    let (lines, receiver) = mpsc::channel(8);
    let now = cluster.now();
    let cut = cluster.faults.take(|fault| match fault {
        Fault::EndWatches(after) => Duration::from_std(*after).ok(),
        _ => None,
    });
    let end = now + cut.unwrap_or(plan.timeout).min(plan.timeout);
    let bookmark_at = (now + BOOKMARK_EVERY).min(end - BOOKMARK_BEFORE_END);
    let running = Running {
        plan,
        seen,
        cluster,
        lines,
        end,
        bookmark_at,
        first: true,
    };
    tokio::spawn(running.run());
    receiver
}

impl Running {
    async fn run(mut self) {
        let mut revisions = self.cluster.revisions();
        let mut faults = self.cluster.faults.changes();
        let initial = std::mem::take(&mut self.plan.initial);
        let initial: Vec<(&str, Stored)> = initial.into_iter().map(|object| ("ADDED", object)).collect();
        if self.send_events(initial).await.is_err() {
            return;
        }
        loop {
            self.cluster.faults.while_silent().await;
            if self.cluster.faults.is_on(|fault| *fault == Fault::Refuse) {
                let cut = io::Error::new(io::ErrorKind::ConnectionReset, "the simulated server is gone");
                let _ = self.lines.send(Err(cut)).await;
                return;
            }
            revisions.mark_unchanged();
            let Ok(events) = self.news() else {
                let oldest = self.cluster.with_store(Store::compacted);
                let _ = self.lines.send(Ok(expired_event(self.plan.since, oldest).into())).await;
                return;
            };
            if self.send_events(events).await.is_err() || self.send_bookmark().await.is_err() {
                return;
            }
            if self.cluster.now() >= self.end {
                return;
            }
            let wake = if self.plan.bookmarks {
                self.end.min(self.bookmark_at)
            } else {
                self.end
            };
            let cluster = self.cluster.clone();
            tokio::select! {
                _ = revisions.changed() => {}
                _ = faults.changed() => {}
                () = cluster.sleep_until(wake) => {}
                () = self.lines.closed() => return,
            }
        }
    }

    /// The changes that are not sent yet; an error if some of them are no longer kept.
    fn news(&mut self) -> Result<Vec<(&'static str, Stored)>, ()> {
        let plan = &mut self.plan;
        self.cluster.with_store(|store| {
            if plan.since < store.compacted() {
                return Err(());
            }
            let mut events = Vec::new();
            for change in store.changes_since(plan.since) {
                let same = change.resource.same(&plan.resource);
                if same && (plan.namespace.is_empty() || json::meta(&change.object, "namespace") == plan.namespace) {
                    events.extend(event(change, &plan.selection));
                }
            }
            plan.since = plan.since.max(store.revision());
            Ok(events)
        })
    }

    async fn send_events(&mut self, events: Vec<(&str, Stored)>) -> Result<(), ()> {
        let mut chunk = Vec::new();
        for (kind, object) in events {
            if let Some(how) = self.garbage() {
                self.send_garbage(std::mem::take(&mut chunk), kind, &object, how)
                    .await?;
                continue;
            }
            match self.plan.view {
                View::Object => chunk.append(&mut line(kind, &object)),
                View::Table(_) | View::Partial => {
                    let shown = self
                        .plan
                        .view
                        .one(&self.plan.resource, &object, self.cluster.now(), self.first);
                    self.first = false;
                    chunk.append(&mut line(kind, &shown));
                }
            }
            if chunk.len() >= CHUNK {
                self.send(std::mem::take(&mut chunk)).await?;
            }
        }
        if chunk.is_empty() {
            Ok(())
        } else {
            self.send(chunk).await
        }
    }

    async fn send_bookmark(&mut self) -> Result<(), ()> {
        let now = self.cluster.now();
        if !self.plan.bookmarks || now < self.bookmark_at || self.bookmark_at > self.end {
            return Ok(());
        }
        let before_end = self.end - BOOKMARK_BEFORE_END;
        let next = now + BOOKMARK_EVERY;
        self.bookmark_at = if now < before_end {
            next.min(before_end)
        } else {
            self.end + BOOKMARK_EVERY
        };
        if self.cluster.faults.is_on(|fault| *fault == Fault::NoBookmarks) {
            return Ok(());
        }
        let (resource, version) = (&self.plan.resource, self.plan.since.to_string());
        let metadata = json!({"resourceVersion": version});
        let mut bookmark = json!({"kind": resource.kind, "apiVersion": resource.api_version(), "metadata": metadata});
        if let View::Table(_) = self.plan.view {
            bookmark = self.plan.view.one(resource, &Arc::new(bookmark), now, false);
        }
        self.send(line("BOOKMARK", &bookmark)).await
    }

    fn garbage(&self) -> Option<Garbage> {
        self.cluster.faults.take_for(&self.seen, |fault| match fault {
            Fault::Garbage { to, how } => Some((to, *how)),
            _ => None,
        })
    }

    async fn send_garbage(&mut self, before: Vec<u8>, kind: &str, object: &Value, how: Garbage) -> Result<(), ()> {
        self.send(before).await?;
        let whole = line(kind, object);
        match how {
            Garbage::Unreadable | Garbage::WrongTypes | Garbage::Nulls => {
                self.send(line(kind, &super::broken::object(object, how))).await
            }
            Garbage::Truncated => {
                let half = whole.get(..whole.len() / 2).unwrap_or_default().to_vec();
                self.send(half).await?;
                Err(())
            }
            Garbage::Endless => {
                self.send(whole.get(..whole.len() / 2).unwrap_or_default().to_vec())
                    .await?;
                loop {
                    self.send(super::broken::FILLER.to_vec()).await?;
                }
            }
        }
    }

    async fn send(&self, bytes: Vec<u8>) -> Result<(), ()> {
        self.lines.send(Ok(bytes.into())).await.map_err(|_| ())
    }
}

/// What a selecting watch sees of a change: an object that comes to match is added, one that no longer does is deleted.
fn event(change: &Change, selection: &Selection) -> Option<(&'static str, Stored)> {
    let before = change
        .previous
        .as_ref()
        .is_some_and(|previous| selection.matches(previous));
    let after = change.verb != Verb::Deleted && selection.matches(&change.object);
    let kind = match (before, after) {
        (false, false) => return None,
        (false, true) => "ADDED",
        (true, true) => "MODIFIED",
        (true, false) => "DELETED",
    };
    Some((kind, change.object.clone()))
}

/// One line of a watch.
fn line(kind: &str, object: &Value) -> Vec<u8> {
    let mut line = format!("{{\"type\":\"{kind}\",\"object\":").into_bytes();
    // Writing JSON to memory cannot fail.
    let _ = serde_json::to_writer(&mut line, object);
    line.extend_from_slice(b"}\n");
    line
}
