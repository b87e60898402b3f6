//! What tests share: clusters that exist only in a test, an observer that keeps what they report, a small
//! fleet with troubles, keys, frames as text.

pub(crate) mod answer;
pub(crate) mod api;
pub(crate) mod builds;
pub(crate) mod fleet;
pub(crate) mod logs;
pub(crate) mod measured;
mod objects;
pub(crate) mod observer;
pub(crate) mod registry;
pub(crate) mod rights;
pub(crate) mod screen;
pub(crate) mod served;
pub(crate) mod socket;

use std::sync::Arc;

use pilothouse::cluster::{Cluster, Rules, Target, start};
use pilothouse::domain::ClusterId;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use api::Api;
use observer::Observer;

/// Watches a scripted cluster as the program would.
pub(crate) fn watch(api: &Api) -> (Cluster, Observer) {
    watch_target(Target::from_client(ClusterId::new("test"), api.client()))
}

/// Watches any cluster as the program would.
pub(crate) fn watch_target(target: Target) -> (Cluster, Observer) {
    watch_with_room(target, 256)
}

/// The same with room for so many reports before the cluster has to wait.
pub(crate) fn watch_with_room(target: Target, room: usize) -> (Cluster, Observer) {
    let (sender, reports) = mpsc::channel(room);
    let cancel = CancellationToken::new();
    let cluster = start(target.with_seed(7), Arc::new(Rules::default()), sender, cancel.clone());
    (cluster, Observer::new(reports, cancel))
}
