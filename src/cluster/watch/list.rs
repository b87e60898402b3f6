//! Reading a list in pages; rows go out as pages arrive.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinHandle;

use super::{WORTH_A_WORD, Watch};
use crate::cluster::clock;
use crate::cluster::error::ClusterError;
use crate::cluster::hub::Hub;
use crate::cluster::kinds;
use crate::cluster::wire::meta::ListMeta;
use crate::cluster::wire::{Encoding, frame};
use crate::domain::{Batch, Change, ClusterReport, Feed, Kind};

/// Objects a page.
const PAGE: usize = 500;
/// A list that is not of one moment is read again, so often in all.
const PASSES: u32 = 3;
/// A page that fails is asked for again this often before the list starts over.
const TRIES: u32 = 3;

/// A page on its way; dropped, it is given up.
pub(super) struct Fetch(JoinHandle<Result<(Bytes, Encoding), ClusterError>>);

impl Drop for Fetch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Fetch {
    /// Asks for a page in a task of its own, so that it comes in while the one before is read.
    pub(super) fn start(hub: &Arc<Hub>, kind: Kind, path: String) -> Self {
        let hub = Arc::clone(hub);
        Self(tokio::spawn(
            async move { hub.door.read(&path, kinds::accept(kind)).await },
        ))
    }

    /// The answer; may be given up and waited for again.
    pub(super) async fn answer(&mut self) -> Result<(Bytes, Encoding), ClusterError> {
        match (&mut self.0).await {
            Ok(answer) => answer,
            // A bug, to be said by who keeps this watch, not trouble of the connection.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(ClusterError::transport("the request was given up")),
        }
    }
}

impl Watch {
    /// Lists everything and gives the version to watch from.
    pub(super) async fn list(
        &mut self,
        path: &str,
        turn: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<String, ClusterError> {
        if self.kind == Kind::Event {
            // A busy cluster has hundreds of thousands of them: from now on only, older ones on demand.
            let meta = self.glance(path).await?;
            self.note_list(&meta).await;
            return Ok(meta.resource_version);
        }
        let (mut version, mut is_whole) = self.pages(path, turn).await?;
        drop(turn.take());
        for _ in 1..PASSES {
            if is_whole {
                break;
            }
            // The server went on with newer objects than it began with; what changed in between on the
            // first pages is missing. Once more, behind the rows that are shown already.
            (version, is_whole) = self.pages(path, turn).await?;
        }
        if !is_whole {
            let kind = self.kind.plural();
            let text = format!("{kind} take longer to read than the server keeps them: some may be old for 10 minutes");
            self.hub.notice(text.into()).await;
        }
        self.audit.listed(self.next_audit(), is_whole);
        self.position = Some(version.clone());
        Ok(version)
    }

    /// Reads all pages; `false` when they are not of one moment.
    async fn pages(
        &mut self,
        path: &str,
        turn: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<(String, bool), ClusterError> {
        self.generation = self.hub.next_generation();
        let mut rows = 0;
        let mut is_whole = true;
        let mut tries = 0;
        let mut token = String::new();
        let mut fetch = Fetch::start(&self.hub, self.kind, page_path(path, ""));
        loop {
            let answer = tokio::select! {
                answer = fetch.answer() => answer,
                // The link was lost and is back: the page may never come over the old connection.
                _ = self.resumes.changed() => {
                    fetch = Fetch::start(&self.hub, self.kind, page_path(path, &token));
                    continue;
                }
            };
            let (bytes, encoding) = match answer {
                Ok(page) => page,
                Err(ClusterError::Gone { go_on: Some(newer) }) if tries < TRIES => {
                    tries += 1;
                    is_whole = false;
                    token = newer;
                    fetch = Fetch::start(&self.hub, self.kind, page_path(path, &token));
                    continue;
                }
                Err(error) if is_passing(&error) && !token.is_empty() && tries < TRIES => {
                    tries += 1;
                    // Others need not wait for this one.
                    drop(turn.take());
                    self.rest(&error).await;
                    fetch = Fetch::start(&self.hub, self.kind, page_path(path, &token));
                    continue;
                }
                Err(error) => return Err(error),
            };
            tries = 0;
            let page = frame::page(&bytes, encoding).map_err(|_| ClusterError::Unreadable)?;
            token.clone_from(&page.meta.continue_token);
            let is_last = token.is_empty();
            let next = (!is_last).then(|| Fetch::start(&self.hub, self.kind, page_path(path, &token)));
            // A new task waits in a place of this worker that no other may take from: let it send its
            // request before this page is read, else the server rests meanwhile.
            tokio::task::yield_now().await;
            if rows == 0 {
                self.note_list(&page.meta).await;
            }
            rows += page.items.len();
            self.send_page(&page, encoding, is_last).await;
            let Some(next) = next else {
                self.count = rows;
                return Ok((page.meta.resource_version, is_whole));
            };
            fetch = next;
            let rest = page.meta.remaining_item_count.and_then(|n| usize::try_from(n).ok());
            self.say(Feed::Listing {
                rows,
                total: rest.map(|rest| rows + rest),
            })
            .await;
        }
    }

    /// Waits before a page is asked for again, as long as the server says if it does.
    async fn rest(&mut self, error: &ClusterError) {
        let pause = error.wait().unwrap_or_else(|| self.step());
        if pause >= WORTH_A_WORD {
            self.say_stale(pause, error.to_string().into()).await;
        }
        tokio::time::sleep(pause).await;
    }

    async fn send_page(&mut self, page: &frame::Page<'_>, encoding: Encoding, sweep: bool) {
        let read = self.hub.project(self.kind, page.items.iter().copied(), encoding);
        let unreadable = read.iter().filter(|item| item.is_err()).count();
        let changes: Vec<Change> = read
            .into_iter()
            .flatten()
            .map(|item| Change::Upsert(item.object))
            .collect();
        self.has_rows |= !changes.is_empty();
        self.current_at = Some(clock::now());
        let batch = Batch {
            kind: self.kind,
            namespace: self.namespace.clone(),
            generation: self.generation,
            changes,
            sweep,
        };
        self.hub.report(ClusterReport::Batch(batch)).await;
        self.note_unreadable(unreadable).await;
    }

    /// Asks for one object only, to learn the version of the moment.
    async fn glance(&mut self, path: &str) -> Result<ListMeta, ClusterError> {
        let (path, accept) = (format!("{path}?limit=1"), kinds::accept(self.kind));
        let (bytes, encoding) = self
            .ask(|hub| {
                let path = path.clone();
                async move { hub.door.read(&path, accept).await }
            })
            .await?;
        frame::page(&bytes, encoding)
            .map(|page| page.meta)
            .map_err(|_| ClusterError::Unreadable)
    }

    /// Sees whether the server's history is behind what we have seen of it. A watch from a version in
    /// the server's future would be accepted, and silently lack events (kubernetes#107457).
    pub(super) async fn check_history(&mut self, path: &str) -> Result<(), ClusterError> {
        let meta = self.glance(path).await?;
        if self.is_behind(&meta.resource_version) {
            self.rewind().await;
        }
        Ok(())
    }

    /// Takes note of a list's version.
    async fn note_list(&mut self, meta: &ListMeta) {
        if self.is_behind(&meta.resource_version) {
            self.rewind().await;
        }
        self.note_version(&meta.resource_version);
    }

    /// Tells every watch of the cluster to list anew; this one is about to.
    pub(super) async fn rewind(&mut self) {
        self.hub.rewound(self.rewinds_seen).await;
        self.take_rewind();
    }

    /// Whether a version is lower than one seen before. Versions of one resource compare as numbers.
    pub(super) fn is_behind(&self, version: &str) -> bool {
        match (version.parse::<u64>(), self.highest) {
            (Ok(version), Some(highest)) => version < highest,
            _ => false,
        }
    }

    /// Takes note of a version; gives it as a number if it is one.
    pub(super) fn note_version(&mut self, version: &str) -> Option<u64> {
        let version = version.parse::<u64>().ok()?;
        self.highest = Some(self.highest.map_or(version, |highest| highest.max(version)));
        Some(version)
    }
}

/// Where the page of a continue token is asked for; the first without one.
fn page_path(path: &str, token: &str) -> String {
    if token.is_empty() {
        return format!("{path}?limit={PAGE}");
    }
    format!("{path}?limit={PAGE}&continue={}", kinds::escape(token))
}

/// Errors after which the same page may come.
fn is_passing(error: &ClusterError) -> bool {
    matches!(
        error,
        ClusterError::Transport { .. } | ClusterError::Server { .. } | ClusterError::Throttled { .. }
    )
}
