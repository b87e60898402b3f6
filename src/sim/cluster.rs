//! One simulated cluster at work: its store, clock, controllers and faults behind one lock.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustc_hash::FxHashMap;
use tokio::sync::{Notify, watch};

use super::api::Identity;
use super::clock::Clock;
use super::fault::Faults;
use super::garbage;
use super::load::Plan;
use super::residents::{OnNode, Residents};
use super::store::{Store, Timestamp};

/// What acts on a cluster's objects after writes and as time goes by; returns when it wants to be called next.
pub type Controller = Box<dyn FnMut(&mut Store, Timestamp) -> Option<Timestamp> + Send>;

/// How often the controllers may answer each other's writes before the next request is served.
const ROUNDS: usize = 100;

pub(super) struct Inner {
    state: Mutex<State>,
    clock: Clock,
    revision: watch::Sender<u64>,
    /// Wakes the driver when the controllers want to be called at another time.
    due_changed: Notify,
    driven: AtomicBool,
    pub(super) faults: Faults,
}

struct State {
    store: Store,
    controllers: Vec<Controller>,
    due: Option<Timestamp>,
    /// The garbage collector has seen the writes up to here.
    collected: u64,
    identity: Identity,
    load: Arc<Plan>,
    residents: Residents,
    /// The first record that is left of a container's log after rotations that tests asked for.
    log_floors: FxHashMap<String, u64>,
}

impl fmt::Debug for Inner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Inner")
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}

impl Inner {
    pub(super) fn new(store: Store, clock: Clock) -> Self {
        let revision = store.revision();
        let identity = Identity::default();
        let state = State {
            store,
            controllers: Vec::new(),
            due: None,
            collected: revision,
            identity,
            load: Arc::default(),
            residents: Residents::default(),
            log_floors: FxHashMap::default(),
        };
        Self {
            state: Mutex::new(state),
            clock,
            revision: watch::Sender::new(revision),
            due_changed: Notify::new(),
            driven: AtomicBool::new(false),
            faults: Faults::default(),
        }
    }

    pub(super) fn add_controller(&self, controller: Controller) {
        self.lock().controllers.push(controller);
        self.write(|_, _| ());
    }

    pub(super) fn identity(&self) -> Identity {
        self.lock().identity.clone()
    }

    pub(super) fn set_identity(&self, identity: Identity) {
        self.lock().identity = identity;
    }

    /// What its containers do beside what their pods say.
    pub(super) fn load(&self) -> Arc<Plan> {
        self.lock().load.clone()
    }

    pub(super) fn set_load(&self, load: Plan) {
        self.lock().load = Arc::new(load);
    }

    /// The pods on a node.
    pub(super) fn on_node(&self, node: &str) -> OnNode {
        let now = self.clock.now();
        let mut state = self.lock();
        let State {
            store, residents, load, ..
        } = &mut *state;
        residents.refresh(store, load, now);
        residents.on_node(node)
    }

    /// The pods of every node, by its name.
    pub(super) fn on_nodes(&self) -> Vec<(String, OnNode)> {
        let now = self.clock.now();
        let mut state = self.lock();
        let State {
            store, residents, load, ..
        } = &mut *state;
        residents.refresh(store, load, now);
        residents.all()
    }

    /// The first record that is left of the log of a container, by its id.
    pub(super) fn log_floor(&self, container: &str) -> u64 {
        self.lock().log_floors.get(container).copied().unwrap_or(0)
    }

    pub(super) fn raise_log_floor(&self, container: &str, record: u64) {
        self.lock().log_floors.insert(container.to_owned(), record);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) async fn sleep_until(&self, until: Timestamp) {
        self.clock.sleep_until(until).await;
    }

    /// Wakes after writes.
    pub(super) fn revisions(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Reads.
    pub(super) fn with_store<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(&self.lock().store)
    }

    /// Writes, and lets the controllers react before anybody else sees the store.
    pub(super) fn write<T>(&self, write: impl FnOnce(&mut Store, Timestamp) -> T) -> T {
        let now = self.clock.now();
        let mut state = self.lock();
        let result = write(&mut state.store, now);
        state.react(now);
        let revision = state.store.revision();
        drop(state);
        self.revision.send_replace(revision);
        self.due_changed.notify_one();
        result
    }

    /// Advances a manual clock, calling the controllers at each time they asked for.
    pub(super) fn advance(&self, by: chrono::Duration) {
        let target = self.clock.now() + by;
        loop {
            let due = self.lock().due;
            let Some(due) = due.filter(|due| *due <= target) else {
                break;
            };
            self.clock.set(due.max(self.clock.now()));
            self.write(|_, _| ());
        }
        self.clock.set(target);
    }

    /// Starts calling the controllers when their time comes, until every handle of the cluster is dropped.
    pub(super) fn drive(self: &Arc<Self>) {
        let manual = matches!(self.clock, Clock::Manual(_));
        if manual || self.driven.swap(true, Ordering::Relaxed) {
            return;
        }
        let weak = Arc::downgrade(self);
        tokio::spawn(async move {
            while let Some(inner) = weak.upgrade() {
                // A minute at most, so that the task notices when nobody holds the cluster any more.
                let limit = inner.now() + chrono::Duration::minutes(1);
                let due = inner.lock().due;
                let wake = due.map_or(limit, |due| due.min(limit));
                tokio::select! {
                    () = inner.sleep_until(wake) => {
                        if due.is_some_and(|due| due <= inner.now()) {
                            inner.write(|_, _| ());
                        }
                    }
                    () = inner.due_changed.notified() => {}
                }
            }
        });
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn react(&mut self, now: Timestamp) {
        for _ in 0..ROUNDS {
            let before = self.store.revision();
            while self.collected < self.store.revision() {
                let since = self.collected;
                self.collected = self.store.revision();
                garbage::collect(&mut self.store, since, now);
            }
            // After a rewind versions repeat.
            self.collected = self.collected.min(self.store.revision());
            let store = &mut self.store;
            self.due = self
                .controllers
                .iter_mut()
                .filter_map(|controller| controller(store, now))
                .min();
            if self.store.revision() == before {
                break;
            }
        }
    }
}
