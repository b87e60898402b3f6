//! What a watch does between two rounds: it waits, and says why.

use super::{Next, Refusal, WORTH_A_WORD, Watch};
use crate::cluster::clock;
use crate::domain::access::{Right, Verb};
use crate::domain::{Batch, ClusterReport, Feed};

impl Watch {
    /// Waits as decided.
    pub(super) async fn pause(&mut self, next: Next) {
        match next {
            Next::Now => {}
            Next::Retry(pause, reason) => {
                let retry_at = clock::now() + pause;
                if pause >= WORTH_A_WORD || self.current_at.is_none() {
                    let since = self.current_at.unwrap_or_else(clock::now);
                    self.say(Feed::Stale {
                        since,
                        reason,
                        retry_at: Some(retry_at),
                    })
                    .await;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // The outage is over: what fails from now on is new trouble.
                    _ = self.resumes.changed() => self.backoff.reset(),
                    _ = self.logins.changed() => {}
                    _ = self.rewinds.changed() => self.take_rewind(),
                }
            }
            Next::Refused(pause) => {
                // What may not be seen any more must not look as if it were followed.
                self.sweep_all().await;
                let right = Right::on(Verb::List, self.kind, &self.namespace).to_string();
                self.say(Feed::NoAccess { right: right.into() }).await;
                self.tell_refusal(true);
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = self.logins.changed() => self.refusals = 0,
                }
            }
            Next::Absent(pause) => {
                self.sweep_all().await;
                self.say(Feed::Absent).await;
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    _ = self.served.changed() => {}
                    _ = self.logins.changed() => {}
                }
            }
        }
    }

    pub(super) fn tell_refusal(&self, is_refused: bool) {
        if let Some(refusal) = &self.refusal {
            // Nobody listens any more when the cluster is being left.
            let _ = refusal.send(Refusal {
                kind: self.kind,
                namespace: self.namespace.clone(),
                is_refused,
            });
        }
    }

    /// Reports the state of this watch if it is not what was said last.
    pub(super) async fn say(&mut self, feed: Feed) {
        if self.said.as_ref() != Some(&feed) {
            self.said = Some(feed.clone());
            self.hub.feed(self.kind, &self.namespace, feed).await;
        }
    }

    /// Takes every row away: the kind does not exist any more, or may not be seen.
    async fn sweep_all(&mut self) {
        if std::mem::take(&mut self.has_rows) {
            self.generation = self.hub.next_generation();
            let batch = Batch {
                kind: self.kind,
                namespace: self.namespace.clone(),
                generation: self.generation,
                changes: Vec::new(),
                sweep: true,
            };
            self.hub.report(ClusterReport::Batch(batch)).await;
        }
    }

    pub(super) async fn note_unreadable(&self, count: usize) {
        if count > 0 {
            let objects = if count == 1 { "object" } else { "objects" };
            self.hub
                .notice(format!("{count} {objects} unreadable ({})", self.kind.plural()).into())
                .await;
        }
    }
}
