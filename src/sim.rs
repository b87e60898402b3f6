//! Simulated clusters: a service in the process that speaks the Kubernetes API to any client of it.
//!
//! | module | what it is |
//! |---|---|
//! | [`store`], [`resource`], [`deletion`], [`garbage`] | one cluster's objects, their history and how they go |
//! | `api` | requests to answers: lists, watches, writes, tables, discovery |
//! | [`controllers`] | what makes the objects live |
//! | [`fleet`], [`scenario`] | the demo's company and what goes on in it |
//! | `load`, [`used`], `journal` | what the containers use and print at any moment |
//! | [`repository`] | the commits of the company's apps, as git tells them |
//! | [`fault`], [`meter`] | what goes wrong on purpose, the log of requests, what passed through proxies |
//! | [`serve`] | the same over HTTP, for `kubectl` |
//!
//! Exec and the controllers of Jobs and autoscalers belong beside these; none of them is here yet.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use http::{Request, Response};

mod api;
mod body;
mod clock;
mod cluster;
pub mod controllers;
pub mod defaults;
pub mod deletion;
pub mod fault;
pub mod fleet;
pub mod garbage;
mod journal;
pub mod json;
mod load;
pub mod meter;
pub mod repository;
mod residents;
pub mod resource;
pub mod scenario;
pub mod selector;
pub mod serve;
pub mod status;
pub mod store;
pub mod used;
mod validation;

pub use api::Identity;
pub use body::SimBody;
pub use cluster::Controller;

use clock::Clock;
use cluster::Inner;
use controllers::Controllers;
use fault::Faults;
use store::{Store, Timestamp};

/// One simulated cluster. Clones are the same cluster.
#[derive(Clone, Debug)]
pub struct Simulation {
    inner: Arc<Inner>,
}

impl Simulation {
    /// A cluster that lives in real time, or in tokio's paused time.
    pub fn new(store: Store) -> Self {
        Self::behind(store, TimeDelta::zero())
    }

    /// The same, with a clock that is behind.
    pub fn behind(store: Store, behind: TimeDelta) -> Self {
        Self {
            inner: Arc::new(Inner::new(store, Clock::real(behind))),
        }
    }

    /// A cluster whose clock stands still but for [`Simulation::advance`].
    pub fn manual(store: Store, now: Timestamp) -> Self {
        Self {
            inner: Arc::new(Inner::new(store, Clock::manual(now))),
        }
    }

    /// Adds what reacts to writes and to time; it is called at once.
    #[must_use]
    pub fn with_controller(self, controller: Controller) -> Self {
        self.inner.add_controller(controller);
        self
    }

    /// Adds the controllers that make the objects live; their dice come from the seed.
    #[must_use]
    pub fn with_controllers(self, seed: u64) -> Self {
        let mut controllers = Controllers::new(seed);
        self.with_controller(Box::new(move |store, now| controllers.step(store, now)))
    }

    /// Who its clients are if they do not say (`Impersonate-User`); a member of `system:masters` at first.
    pub fn set_identity(&self, identity: Identity) {
        self.inner.set_identity(identity);
    }

    /// Sets what the containers do beside what their pods say.
    pub(crate) fn set_load(&self, load: load::Plan) {
        self.inner.set_load(load);
    }

    /// Answers a request.
    ///
    /// # Errors
    /// A connection error while [`fault::Fault::Refuse`] is on.
    pub async fn answer(&self, request: Request<Bytes>) -> io::Result<Response<SimBody>> {
        self.inner.drive();
        api::answer(&self.inner, request).await
    }

    /// Answers a request; where the server is gone, with a 502 that has no body.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<SimBody> {
        self.answer(request).await.unwrap_or_else(|_| {
            let mut gone = Response::new(SimBody::whole(Bytes::new()));
            *gone.status_mut() = http::StatusCode::BAD_GATEWAY;
            gone
        })
    }

    /// Reads the store.
    pub fn with_store<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        self.inner.with_store(read)
    }

    /// Writes to the store as somebody else in the cluster would; the controllers react before this returns.
    pub fn change<T>(&self, write: impl FnOnce(&mut Store, Timestamp) -> T) -> T {
        self.inner.write(write)
    }

    /// The switchboard of faults, and the log of requests.
    pub fn faults(&self) -> &Faults {
        &self.inner.faults
    }

    /// The cluster's time.
    pub fn now(&self) -> Timestamp {
        self.inner.now()
    }

    /// Advances a manual clock; the controllers are called at each time they asked for.
    pub fn advance(&self, by: std::time::Duration) {
        self.inner.advance(chrono::Duration::from_std(by).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests;
