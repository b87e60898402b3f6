//! Reading a watch: events are projected at once and sent together a moment later.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::audit::{Audit, Difference, Verdict};
use super::breath::Breath;
use super::list::Fetch;
use super::pending::Pending;
use super::{Ended, Watch};
use crate::cluster::clock;
use crate::cluster::door::Answer;
use crate::cluster::error::ClusterError;
use crate::cluster::hub::Hub;
use crate::cluster::kinds;
use crate::cluster::wire::frame::EventKind;
use crate::cluster::wire::meta::MetaOnly;
use crate::cluster::wire::splitter::{Splitter, TooLong};
use crate::cluster::wire::{Encoding, Wire, frame};
use crate::domain::{Batch, Change, ClusterId, ClusterReport, Feed, ObjectKey};

/// The server sends a bookmark every minute; without anything for this long the connection is suspect.
pub(crate) const SILENCE: Duration = Duration::from_secs(90);
/// Events wait this long for others, so that a burst is one batch.
const GATHER: Duration = Duration::from_millis(120);
/// The server closes a watch between these, so that not all are renewed at the same moment.
const LIFE: (Duration, Duration) = (Duration::from_secs(400), Duration::from_secs(560));

impl Watch {
    /// Watches from `position` until it ends.
    pub(super) async fn stream(&mut self, path: &str, position: String) -> Result<Ended, ClusterError> {
        let life = self.hub.spread(LIFE.0, LIFE.1).as_secs();
        let version = kinds::escape(&position);
        self.position = Some(position);
        let query = format!("watch=1&allowWatchBookmarks=true&timeoutSeconds={life}&resourceVersion={version}");
        let (watched, accept) = (format!("{path}?{query}"), kinds::accept(self.kind));
        let answer = self
            .ask(|hub| {
                let watched = watched.clone();
                async move { hub.door.get(&watched, accept).await }
            })
            .await?;
        self.live_since = Some(Instant::now());
        self.current_at = Some(clock::now());
        self.refusals = 0;
        self.tell_refusal(false);
        self.say(Feed::Live).await;
        let mut pending = Pending::default();
        let ended = self.events(path, answer, &mut pending).await;
        while !pending.is_empty() {
            let batch = self.batch(&mut pending);
            self.hub.report(batch).await;
        }
        ended
    }

    async fn events(&mut self, path: &str, mut answer: Answer, pending: &mut Pending) -> Result<Ended, ClusterError> {
        let hub = std::sync::Arc::clone(&self.hub);
        let encoding = answer.encoding;
        let mut splitter = Splitter::new(encoding);
        let mut silent_until = Instant::now() + SILENCE;
        let mut send_at = Instant::now();
        let mut breath = Breath::default();
        let mut question: Option<Fetch> = None;
        self.audit.give_up();
        loop {
            // The socket is read whatever the receiver of reports does: a server drops a watcher that
            // does not keep up. What cannot be sent yet gathers, at most once an object.
            tokio::select! {
                chunk = next_chunk(&hub, &mut answer, &mut breath, silent_until) => {
                    let Some(bytes) = chunk? else {
                        return Ok(Ended::Closed);
                    };
                    silent_until = Instant::now() + SILENCE;
                    splitter.push(&bytes);
                    if pending.is_empty() {
                        send_at = Instant::now() + GATHER;
                    }
                    if let Some(ended) = self.take_events(&mut splitter, encoding, pending).await? {
                        return Ok(ended);
                    }
                }
                permit = permit_at(&hub.reports, send_at), if !pending.is_empty() => {
                    let batch = self.batch(pending);
                    if let Some(permit) = permit {
                        permit.send((hub.id.clone(), batch));
                    }
                }
                _ = self.resumes.changed() => return Ok(Ended::Resume),
                _ = self.rewinds.changed() => {
                    self.take_rewind();
                    return Ok(Ended::Rewound);
                }
                _ = self.served.changed(), if self.kind.is_custom() => {
                    if self.is_moved(path) {
                        return Ok(Ended::Moved);
                    }
                }
                () = audit_at(&self.audit), if question.is_none() => {
                    if self.audit.is_patched() {
                        self.forget_history();
                        return Ok(Ended::Resynchronised);
                    }
                    self.audit.ask(self.highest.unwrap_or_default(), self.count);
                    question = Some(Fetch::start(&self.hub, self.kind, format!("{path}?limit=1")));
                }
                answer = answered(&mut question) => {
                    question = None;
                    self.take_total(answer.ok().and_then(|(bytes, encoding)| total(&bytes, encoding)));
                    if self.compare().await {
                        return Ok(Ended::Resynchronised);
                    }
                }
            }
        }
    }

    fn batch(&mut self, pending: &mut Pending) -> ClusterReport {
        self.has_rows = true;
        ClusterReport::Batch(Batch {
            kind: self.kind,
            namespace: self.namespace.clone(),
            generation: self.generation,
            changes: pending.take(),
            sweep: false,
        })
    }

    /// Reads the events that are there.
    async fn take_events(
        &mut self,
        splitter: &mut Splitter,
        encoding: Encoding,
        pending: &mut Pending,
    ) -> Result<Option<Ended>, ClusterError> {
        let mut unreadable = 0;
        loop {
            let event = match splitter.next() {
                Ok(Some(event)) => event,
                Ok(None) => break,
                Err(TooLong) => {
                    self.position = None;
                    return Err(ClusterError::transport("an event of more than 32 MiB"));
                }
            };
            self.current_at = Some(clock::now());
            let Ok(event) = frame::event(&event, encoding) else {
                unreadable += 1;
                continue;
            };
            match event.kind {
                EventKind::Error => return Err(ClusterError::of_event(event.object, encoding)),
                EventKind::Bookmark => {
                    let version = version_of(event.object, encoding);
                    if self.is_behind(&version) {
                        self.rewind().await;
                        return Ok(Some(Ended::Rewound));
                    }
                    self.advance(version);
                }
                EventKind::Added | EventKind::Modified | EventKind::Deleted => {
                    match event.kind {
                        EventKind::Added => self.count += 1,
                        EventKind::Deleted => self.count = self.count.saturating_sub(1),
                        EventKind::Modified | EventKind::Bookmark | EventKind::Error => {}
                    }
                    unreadable += self.take_object(&event, encoding, pending);
                }
            }
        }
        self.note_unreadable(unreadable).await;
        Ok(self.compare().await.then_some(Ended::Resynchronised))
    }

    /// Takes one object's change; 1 when it could not be read.
    fn take_object(&mut self, event: &frame::WatchEvent<'_>, encoding: Encoding, pending: &mut Pending) -> usize {
        let is_deleted = event.kind == EventKind::Deleted;
        let read = self
            .hub
            .project(self.kind, std::iter::once(event.object), encoding)
            .pop();
        if let Some(Ok(item)) = read {
            self.advance(item.version);
            let change = if is_deleted {
                Change::Delete(item.key.clone())
            } else {
                Change::Upsert(item.object)
            };
            pending.put(item.key, change);
            return 0;
        }
        // Its name may still be readable: a deletion counts, and the watch goes on behind it.
        if let Ok(MetaOnly { metadata: Some(meta) }) = MetaOnly::read(event.object, encoding) {
            if is_deleted && !meta.name.is_empty() {
                let key = ObjectKey::new(meta.namespace.as_str(), meta.name.as_str());
                pending.put(key.clone(), Change::Delete(key));
            }
            self.advance(meta.resource_version);
        }
        1
    }

    /// Whether requests of this kind go to another path by now, or to none.
    fn is_moved(&mut self, path: &str) -> bool {
        let served = self.served.borrow_and_update();
        match served.versions.get(&self.kind) {
            Some(Some(version)) => kinds::collection(self.kind, version, &self.namespace) != path,
            Some(None) => true,
            None => false,
        }
    }

    /// When numbers are compared next.
    pub(super) fn next_audit(&self) -> Instant {
        let (least, most) = Audit::period();
        Instant::now() + self.hub.spread(least, most)
    }

    /// Takes the answer to an audit's question.
    fn take_total(&mut self, total: Option<(u64, usize)>) {
        match total {
            Some((version, total)) if self.audit.is_asking() => self.audit.answered(version, total),
            _ => self.audit.put_off(self.next_audit()),
        }
    }

    /// Compares numbers if there are any to compare; whether everything has to be read anew.
    async fn compare(&mut self) -> bool {
        let (hub, (least, most)) = (&self.hub, Audit::period());
        let verdict = self.audit.compare(Instant::now(), || hub.spread(least, most));
        let Verdict::Differs(Difference { ours, theirs }) = verdict else {
            return false;
        };
        let kind = self.kind.plural();
        let text = format!("{kind} resynchronised: {ours} were known, the server has {theirs}");
        self.hub.notice(text.into()).await;
        self.forget_history();
        true
    }

    fn advance(&mut self, version: String) {
        if !version.is_empty() {
            if let Some(version) = self.note_version(&version).filter(|_| self.audit.is_asking()) {
                self.audit.passed(version, self.count);
            }
            self.position = Some(version);
        }
    }
}

/// The next piece of the answer, asked for when it is time; a silence is an error.
async fn next_chunk(
    hub: &Hub,
    answer: &mut Answer,
    breath: &mut Breath,
    silent_until: Instant,
) -> Result<Option<Bytes>, ClusterError> {
    if let Some(at) = breath.pause() {
        tokio::time::sleep_until(at).await;
    }
    let asked = Instant::now();
    let chunk = tokio::time::timeout_at(silent_until, hub.door.next_chunk(&mut answer.body)).await;
    breath.taken(Instant::now(), asked.elapsed());
    chunk.unwrap_or_else(|_| Err(ClusterError::transport("nothing heard for 90 s")))
}

/// When the next audit is due; never while one goes on, or before anything was listed.
async fn audit_at(audit: &Audit) {
    match audit.due() {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// The answer to an audit's question; never without one.
async fn answered(question: &mut Option<Fetch>) -> Result<(Bytes, Encoding), ClusterError> {
    match question {
        Some(fetch) => fetch.answer().await,
        None => std::future::pending().await,
    }
}

/// The version and number of objects in a list cut to one; `None` where the server does not count.
fn total(bytes: &[u8], encoding: Encoding) -> Option<(u64, usize)> {
    let page = frame::page(bytes, encoding).ok()?;
    let rest = match page.meta.remaining_item_count {
        Some(rest) => usize::try_from(rest).ok()?,
        None if page.meta.continue_token.is_empty() => 0,
        None => return None,
    };
    Some((page.meta.resource_version.parse().ok()?, page.items.len() + rest))
}

fn version_of(object: &[u8], encoding: Encoding) -> String {
    MetaOnly::read(object, encoding)
        .ok()
        .and_then(|object| object.metadata)
        .map(|meta| meta.resource_version)
        .unwrap_or_default()
}

type Reports = tokio::sync::mpsc::Sender<(ClusterId, ClusterReport)>;
type Permit<'a> = tokio::sync::mpsc::Permit<'a, (ClusterId, ClusterReport)>;

/// Room for a report, not before `at`; `None` when nobody receives any more.
async fn permit_at(reports: &Reports, at: Instant) -> Option<Permit<'_>> {
    tokio::time::sleep_until(at).await;
    reports.reserve().await.ok()
}
