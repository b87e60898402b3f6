//! What a watch does between two rounds: it waits, and says why.

use std::time::Duration;

use super::{Next, Refusal, WORTH_A_WORD, Watch};
use crate::cluster::clock;
use crate::domain::access::{Right, Verb};
use crate::domain::{Batch, Clean, ClusterReport, Feed};

impl Watch {
    /// Waits as decided.
    pub(super) async fn pause(&mut self, next: Next) {
        match next {
            Next::Now => {}
            Next::Retry(pause, reason) => {
                if pause >= WORTH_A_WORD || self.current_at.is_none() {
                    self.say_stale(pause, reason).await;
                }
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    // The outage is over: what fails from now on is new trouble.
                    _ = self.resumes.changed() => self.backoff.reset(),
                    _ = self.logins.changed() => {}
                    _ = self.rewinds.changed() => self.take_rewind(),
                }
            }
            Next::Refused(verb, pause) => {
                let right = Right::on(verb, self.kind, &self.namespace).to_string();
                if verb == Verb::List {
                    // What may not be seen any more must not look as if it were followed.
                    self.sweep_all().await;
                    self.say(Feed::NoAccess { right: right.into() }).await;
                } else {
                    // It may be seen, so it is listed again from time to time.
                    self.say_stale(pause, format!("no access: {right}").into()).await;
                }
                self.tell_refusal(verb == Verb::List);
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

    /// Tells that this watch may not list, or after that, that it may.
    pub(super) fn tell_refusal(&mut self, is_refused: bool) {
        let was_refused = std::mem::replace(&mut self.is_refused, is_refused);
        if let Some(refusal) = self.refusal.as_ref().filter(|_| is_refused || was_refused) {
            // Nobody listens any more when the cluster is being left.
            let _ = refusal.send(Refusal {
                kind: self.kind,
                namespace: self.namespace.clone(),
                is_refused,
            });
        }
    }

    /// Says that what was read may be old until `pause` is over, and why.
    pub(super) async fn say_stale(&mut self, pause: Duration, reason: Clean) {
        self.say(Feed::Stale {
            since: self.current_at.unwrap_or_else(clock::now),
            reason,
            retry_at: Some(clock::now() + pause),
        })
        .await;
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
