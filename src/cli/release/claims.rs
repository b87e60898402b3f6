//! The claims on an app while a step is taken on it: others see who does it, and it sees them.

use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::super::Failure;
use super::ask::Ask;
use super::targets::Target;
use crate::cluster::Cluster;
use crate::domain::{AppKey, Clean, ClusterId};
use crate::release::claim::{Claim, HOLDS, Holder, RENEWED_AFTER};
use crate::release::step::Step;
use crate::runtime::{Exit, signals};

/// How long somebody else's claim is looked at where it does not change, and how often.
const LOOKED_AT: Duration = HOLDS.saturating_add(BETWEEN_LOOKS);
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// How long it may take to leave what was claimed.
const LEFT_WITHIN: Duration = Duration::from_secs(5);

/// One claim a cluster, renewed until it is left.
pub(super) struct Claims {
    me: String,
    held: Mutex<Vec<Held>>,
    /// Taken while a claim is asked for: the server may give what nobody waits for any more.
    asking: tokio::sync::Mutex<()>,
}

struct Held {
    cluster: Cluster,
    app: AppKey,
    taken_over: Option<Clean>,
    renewal: AbortHandle,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

impl Claims {
    /// None yet.
    pub(super) const fn new(me: String) -> Self {
        Self {
            me,
            held: Mutex::new(Vec::new()),
            asking: tokio::sync::Mutex::const_new(()),
        }
    }

    /// Leaves all that was claimed once something ended, however it did, or was told to end; what cannot be left ends
    /// by itself.
    pub(super) async fn leave_after(
        &self,
        something: impl Future<Output = Result<Exit, Failure>>,
    ) -> Result<Exit, Failure> {
        let mut something = std::pin::pin!(something);
        let ended = tokio::select! {
            ended = &mut something => ended,
            exit = signals::told_to_end() => {
                let answered = async {
                    tokio::select! {
                        _ = &mut something => {}
                        _ = self.asking.lock() => {}
                    }
                };
                drop(tokio::time::timeout(LEFT_WITHIN, answered).await);
                Ok(exit)
            }
        };
        let leave = async {
            let held = std::mem::take(&mut *self.held());
            for held in held {
                held.renewal.abort();
                drop(held.cluster.let_go(&held.app, &self.me).await);
            }
        };
        drop(tokio::time::timeout(LEFT_WITHIN, leave).await);
        ended
    }

    fn held(&self) -> MutexGuard<'_, Vec<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a claim; who has to end waits for the answer.
    async fn claim(&self, cluster: &Cluster, app: &AppKey, takes_over: bool) -> Claim {
        let _asking = self.asking.lock().await;
        cluster.claim(app, &self.me, takes_over).await
    }

    /// Claims the app in each cluster before a step is written; of one that is only shown it says who has it.
    ///
    /// # Errors
    /// Somebody else has it, and it is not taken over.
    pub(super) async fn take(&self, targets: &[(Target, Step)], ask: &Ask, err: &mut dyn Write) -> Result<(), Failure> {
        let mut looked_at = Vec::new();
        for (target, _) in targets.iter().filter(|(_, step)| step.is_claimed()) {
            let id = target.cluster.id();
            if !ask.yes {
                if !looked_at.contains(&id) {
                    self.tell_holder(target, err).await?;
                }
                looked_at.push(id);
                continue;
            }
            let is_held = self.held().iter().any(|held| held.cluster.id() == id);
            if !is_held {
                self.add(target, ask, err).await?;
            }
        }
        Ok(())
    }

    async fn tell_holder(&self, target: &Target, err: &mut dyn Write) -> std::io::Result<()> {
        let cluster = &target.cluster;
        match cluster.holder(&target.app_key(), &self.me).await {
            Ok(None) => Ok(()),
            Ok(Some(holder)) => writeln!(
                err,
                "{}: {}; wait until they are through, or take it over with --take-over",
                cluster.id(),
                holder.words()
            ),
            Err(error) => tell_unknown(cluster, &Clean::new(&error.to_string()), err),
        }
    }

    async fn add(&self, target: &Target, ask: &Ask, err: &mut dyn Write) -> Result<(), Failure> {
        let (cluster, app) = (&target.cluster, target.app_key());
        let mut taken_over = None;
        match self.claim(cluster, &app, ask.take_over).await {
            Claim::Ours => {}
            Claim::TakenOver(from) => taken_over = Some(from),
            Claim::Unknown(why) => tell_unknown(cluster, &why, err)?,
            Claim::Theirs(holder) => self.wait(cluster, &app, (ask, holder), err).await?,
        }
        let renewal = tokio::spawn(renew(cluster.clone(), app.clone(), self.me.clone()));
        let renewal = renewal.abort_handle();
        self.held().push(Held {
            cluster: cluster.clone(),
            app,
            taken_over,
            renewal,
        });
        Ok(())
    }

    /// Waits for who has the app: with `--wait` until they are through, else until it is known whether they are there.
    async fn wait(
        &self,
        cluster: &Cluster,
        app: &AppKey,
        (ask, mut holder): (&Ask, Holder),
        err: &mut dyn Write,
    ) -> Result<(), Failure> {
        let id = cluster.id();
        let until = Instant::now() + if ask.wait { ask.timeout } else { LOOKED_AT };
        writeln!(err, "{id}: {}; it is seen whether they still are", holder.words())?;
        while Instant::now() < until {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            match self.claim(cluster, app, false).await {
                Claim::Ours | Claim::TakenOver(_) => return Ok(()),
                Claim::Unknown(why) => return Ok(tell_unknown(cluster, &why, err)?),
                // Whoever renews it is there.
                Claim::Theirs(now) if now != holder && !ask.wait => break,
                Claim::Theirs(now) => holder = now,
            }
        }
        Err(Failure::failed(
            format!("{id}: {}", holder.words()),
            "wait until they are through (--wait does), or go on all the same with --take-over",
        ))
    }

    /// From whom it was taken over in a cluster.
    pub(super) fn taken_over(&self, id: &ClusterId) -> Option<Clean> {
        let held = self.held();
        held.iter().find(|held| held.cluster.id() == id)?.taken_over.clone()
    }
}

fn tell_unknown(cluster: &Cluster, why: &Clean, err: &mut dyn Write) -> std::io::Result<()> {
    writeln!(
        err,
        "pilothouse: {}: who else releases it is not known: {why}",
        cluster.id()
    )
}

async fn renew(cluster: Cluster, app: AppKey, me: String) {
    loop {
        tokio::time::sleep(RENEWED_AFTER).await;
        // Who took it over has it: only a free one, or one's own, is taken again.
        cluster.claim(&app, &me, false).await;
    }
}
