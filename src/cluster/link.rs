//! The link to a cluster: probed every 5 seconds, so that a loss shows within 10 and every watch goes on
//! within 5 of the network's return.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::clock;
use super::door::{Answer, JSON};
use super::error::ClusterError;
use super::hub::Hub;
use crate::domain::cluster::{Identity, Link};
use crate::domain::{Clean, ClusterReport, Moment, Timestamp};

const PERIOD: Duration = Duration::from_secs(5);
/// How long a probe may take; `--request-timeout` does not make it longer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// Between probes while there is no answer.
const PERIOD_WHEN_LOST: Duration = Duration::from_secs(1);
/// A probe may fail without a word while something else was heard this recently.
const RECENT: Duration = Duration::from_secs(4);
/// So many server errors in a row, a second apart, are a loss whatever else is heard.
const USELESS: u32 = 3;
/// So many cuts within a minute make a link unstable.
const UNSTABLE: u32 = 5;
/// Differences of clocks below this are the network's.
const SKEW_STEP: i64 = 2;

/// What the probe knows between two looks.
struct Probe {
    hub: Arc<Hub>,
    identity: Identity,
    /// The server said who it is since the connection was last made.
    is_introduced: bool,
    is_lost: bool,
    /// Looks in a row that a server error answered, as of a proxy that has nobody behind it.
    errors: u32,
    /// When the server last answered as it should.
    found_at: Moment,
    said: Option<Link>,
}

/// Probes for ever.
pub(crate) async fn run(hub: Arc<Hub>) {
    let mut logins = hub.logins.subscribe();
    let mut probe = Probe::new(Arc::clone(&hub));
    hub.report(ClusterReport::Identity(probe.identity.clone())).await;
    probe.say(Link::CONNECTING).await;
    loop {
        let pause = probe.look().await;
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = hub.probe_now.notified() => {}
            _ = logins.changed() => probe.is_introduced = false,
        }
    }
}

impl Probe {
    fn new(hub: Arc<Hub>) -> Self {
        Self {
            identity: hub.first_identity.clone(),
            is_introduced: false,
            is_lost: false,
            errors: 0,
            found_at: hub.door.last_heard(),
            said: None,
            hub,
        }
    }

    /// Looks once; gives the time until the next look.
    async fn look(&mut self) -> Duration {
        let began = Instant::now();
        match self.ask().await {
            Ok(answer) => {
                let skew = answer
                    .as_ref()
                    .and_then(|a| skew(&a.headers, clock::now(), began.elapsed()));
                self.found(skew).await;
                PERIOD.saturating_sub(began.elapsed())
            }
            Err(ClusterError::Login { reason }) => {
                self.is_lost = true;
                let hint = ClusterError::Login { reason: reason.clone() }.hint().into();
                self.say(Link::Denied { reason, hint }).await;
                PERIOD
            }
            // Nothing was asked of the server yet: it connects for as long as that takes.
            Err(error) if self.hub.door.silence().is_none() && self.hub.door.is_logging_in() => {
                self.connecting(&error).await;
                PERIOD_WHEN_LOST
            }
            Err(error) => {
                self.lost(&error).await;
                PERIOD_WHEN_LOST
            }
        }
    }

    /// `/readyz`, else `/version`. Any answer from Kubernetes will do, also a refusal.
    async fn ask(&self) -> Result<Option<Answer>, ClusterError> {
        let door = &self.hub.door;
        match door.probe("/readyz", TIMEOUT).await {
            Ok(answer) => return Ok(Some(answer)),
            Err(
                error
                @ (ClusterError::Login { .. } | ClusterError::Transport { .. } | ClusterError::Certificate { .. }),
            ) => {
                return Err(error);
            }
            Err(_) => {}
        }
        match door.probe("/version", TIMEOUT).await {
            Ok(answer) => Ok(Some(answer)),
            Err(ClusterError::Forbidden { .. } | ClusterError::NotFound { .. } | ClusterError::Throttled { .. }) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    async fn found(&mut self, skew: Option<i64>) {
        self.errors = 0;
        self.found_at = self.hub.door.last_heard();
        if std::mem::take(&mut self.is_lost) {
            self.hub.resumes.send_modify(|count| *count += 1);
            self.is_introduced = false;
        }
        let cuts = self.hub.recent_cuts();
        let link = if self.hub.is_refused.load(Ordering::Relaxed) {
            let nothing = ClusterError::Forbidden {
                message: Clean::default(),
            };
            Link::Denied {
                reason: "you may not list anything here".into(),
                hint: nothing.hint().into(),
            }
        } else if cuts >= UNSTABLE {
            Link::Unstable { cuts }
        } else {
            Link::Live
        };
        self.say(link).await;
        self.introduce(skew).await;
    }

    async fn lost(&mut self, error: &ClusterError) {
        let silence = self.hub.door.silence();
        let is_timeout = matches!(error, ClusterError::Transport { reason } if reason.starts_with("no answer"));
        let is_heard = silence.is_some_and(|silence| silence < RECENT);
        if is_timeout && !is_heard {
            // Whatever lies in the pool is as dead as this one.
            self.hub.door.drop_dead();
        }
        if is_heard && matches!(self.said, Some(Link::Connecting { .. } | Link::Unreachable { .. })) {
            self.connecting(error).await;
            return;
        }
        self.errors = match error {
            ClusterError::Server { .. } => self.errors + 1,
            _ => 0,
        };
        let is_useless = self.errors >= USELESS;
        if !self.is_lost && is_heard && !is_useless {
            return;
        }
        self.is_lost = true;
        let reason = error.to_string().into();
        self.say(match silence {
            None => Link::Unreachable { reason },
            Some(_) => Link::Stale {
                since: if is_useless {
                    self.found_at
                } else {
                    self.hub.door.last_heard()
                },
                reason,
            },
        })
        .await;
    }

    /// It was never of any use, and is not given up: whoever waits is told why.
    async fn connecting(&mut self, error: &ClusterError) {
        let reason = Some(error.to_string().into());
        self.say(Link::Connecting { reason }).await;
    }

    async fn say(&mut self, link: Link) {
        let is_same = match (&self.said, &link) {
            // While it lasts it began once.
            (Some(Link::Stale { reason: before, .. }), Link::Stale { reason, .. }) => before == reason,
            (Some(before), now) => before == now,
            (None, _) => false,
        };
        if !is_same {
            self.said = Some(link.clone());
            self.hub.report(ClusterReport::Link(link)).await;
        }
    }

    /// Asks who the server is and who it takes us for, once a connection.
    async fn introduce(&mut self, skew: Option<i64>) {
        let mut identity = self.identity.clone();
        if !self.is_introduced {
            self.is_introduced = true;
            (identity.server, identity.insecure) = self.hub.door.address();
            let (version, user) = tokio::join!(timeout(TIMEOUT, self.version()), timeout(TIMEOUT, self.user()));
            // What took too long is asked again with the next probe; the probe must not wait for it.
            self.is_introduced = version.is_ok() && user.is_ok();
            let (version, user) = (version.ok().flatten(), user.ok().flatten());
            identity.version = version.or(identity.version);
            identity.user = user.or(identity.user);
        }
        let moved = match (identity.clock_skew, skew) {
            (Some(before), Some(now)) => (before - now).abs() >= SKEW_STEP,
            (None, Some(_)) => true,
            (_, None) => false,
        };
        if moved {
            identity.clock_skew = skew;
        }
        if identity != self.identity {
            self.identity = identity.clone();
            self.hub.report(ClusterReport::Identity(identity)).await;
        }
    }

    async fn version(&self) -> Option<Clean> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            git_version: String,
        }
        let (bytes, _) = self.hub.door.read("/version", JSON).await.ok()?;
        serde_json::from_slice::<Version>(&bytes)
            .ok()
            .map(|version| version.git_version.into())
    }

    async fn user(&self) -> Option<Clean> {
        let question = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
        let answer = self.hub.door.review(path, &question).await.ok()?;
        answer.pointer("/status/userInfo/username")?.as_str().map(Clean::new)
    }
}

/// The server's clock minus ours in seconds. `Date` is cut to seconds, so half of one is added.
fn skew(headers: &http::HeaderMap, now: Timestamp, took: Duration) -> Option<i64> {
    let date = headers.get(http::header::DATE)?.to_str().ok()?;
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.with_timezone(&Utc);
    let half_way = chrono::TimeDelta::from_std(took / 2).ok()?;
    let millis = (theirs - (now - half_way)).num_milliseconds() + 500;
    Some(millis.div_euclid(1000) + i64::from(millis.rem_euclid(1000) >= 500))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::connect::{Options, targets};

    #[tokio::test]
    async fn connections_are_kept_while_something_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        let text = "{current-context: t, clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}], \
                    contexts: [{name: t, context: {cluster: c, user: u}}], users: [{name: u, user: {token: t}}]}";
        std::fs::write(&path, text).unwrap();
        let options = Options {
            kubeconfig: vec![path],
            ..Options::default()
        };
        let target = targets(&options).unwrap().remove(0);
        let (reports, _kept) = tokio::sync::mpsc::channel(16);
        let hub = Arc::new(Hub::new(&target, Arc::default(), reports));
        let mut probe = Probe::new(Arc::clone(&hub));
        hub.door.get("/readyz", JSON).await.unwrap_err();
        let timeout = ClusterError::transport("no answer within 3 s");
        hub.door.note_heard();
        probe.lost(&timeout).await;
        assert!(hub.door.is_connected() && !probe.is_lost);
        tokio::time::pause();
        tokio::time::advance(RECENT).await;
        probe.lost(&timeout).await;
        assert!(!hub.door.is_connected() && probe.is_lost);
    }

    #[test]
    fn skew_is_what_the_servers_clock_is_ahead() {
        let mut headers = http::HeaderMap::new();
        headers.insert("date", "Sun, 22 Nov 2026 17:00:10 GMT".parse().unwrap());
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        for (now, seconds) in [
            ("2026-11-22T17:00:10.400Z", 0),
            ("2026-11-22T16:00:10.500Z", 3600),
            ("2026-11-22T18:00:10.500Z", -3600),
        ] {
            assert_eq!(
                skew(&headers, at(now), Duration::from_millis(20)),
                Some(seconds),
                "{now}"
            );
        }
        assert_eq!(
            skew(&http::HeaderMap::new(), at("2026-11-22T17:00:10Z"), Duration::ZERO),
            None
        );
    }
}
