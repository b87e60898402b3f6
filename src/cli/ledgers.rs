//! What the ledgers of apps say beside what is seen: asked for the apps that are told of.

use futures::StreamExt;
use futures::stream;
use serde::Serialize;

use super::watch::Known;
use crate::domain::{AppKey, Clean, ClusterId, Timestamp};
use crate::release::against::in_words;
use crate::release::known::Mark;

/// Ledgers that are asked for at the same time.
const AT_ONCE: usize = 8;

/// Who says that a version is bad, for scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BadRow {
    /// In whose ledger it stands.
    pub cluster: ClusterId,
    pub by: Clean,
    pub at: Timestamp,
    pub reason: Clean,
}

impl BadRow {
    pub(super) fn new(mark: &Mark, cluster: &ClusterId) -> Self {
        Self {
            cluster: cluster.clone(),
            by: Clean::new(&mark.by),
            at: mark.at,
            reason: Clean::new(&mark.reason),
        }
    }

    /// `bad: by oncall at 2026-01-01 14:32 UTC: errors`, with the cluster where that is not the one that is told of.
    pub fn words(&self, of: &ClusterId) -> String {
        let mark = Mark {
            by: self.by.to_string(),
            at: self.at,
            reason: self.reason.to_string(),
            operation: None,
            images: Vec::new(),
        };
        in_words(&mark, Some(&self.cluster).filter(|cluster| *cluster != of))
    }
}

/// Reads them into the world; what cannot be read is not known.
pub(super) async fn read(known: &mut Known, mut apps: Vec<(ClusterId, AppKey)>) {
    apps.sort();
    apps.dedup();
    let clusters = &known.clusters;
    let asked = apps.into_iter().filter_map(|(id, app)| {
        let cluster = clusters.iter().find(|cluster| *cluster.id() == id)?;
        Some(async move { (cluster.ledger(&app).await, id, app) })
    });
    let read: Vec<_> = stream::iter(asked).buffer_unordered(AT_ONCE).collect().await;
    for (ledger, id, app) in read {
        if let Ok(ledger) = ledger {
            known.world.note_ledger(&id, &app, &ledger);
        }
    }
}
