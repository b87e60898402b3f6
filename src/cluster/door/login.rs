//! Who we are to a server at the moment: logs in, renews early or after a refusal, and once for all who
//! wait. A login goes on when whoever asked for it stops waiting: a probe's limit must not end a
//! credential plugin half-way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, Semaphore};
use tokio::time::{Instant, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::session::{self, Session, is_fresh};
use crate::cluster::clock;
use crate::cluster::connect::exec::{Credential, TIME_LIMIT};
use crate::cluster::connect::route::Route;
use crate::cluster::connect::{Recipe, Target, Way, bare_address};
use crate::cluster::error::ClusterError;
use crate::domain::Clean;

/// A login that failed is not tried again sooner.
const LOGIN_PAUSE: Duration = Duration::from_secs(20);

pub(super) struct Login {
    state: Arc<Mutex<State>>,
    /// Held while credentials are renewed, so that fifty 401s run the plugin once.
    renewing: Arc<tokio::sync::Mutex<()>>,
    turn: Arc<Semaphore>,
    /// How long a login may take.
    limit: Duration,
    /// The login under way ends with the last who could use it.
    under_way: Mutex<Option<AbortOnDropHandle<()>>>,
}

pub(super) struct State {
    way: Way,
    pub(super) session: Option<Arc<Session>>,
    credential: Option<Credential>,
    /// Numbers sessions, and recipes: what is made for an older number is out of date.
    pub(super) count: u64,
    failure: Option<(Instant, ClusterError)>,
    /// How often a person asked to try again: what fails that began before says nothing.
    wishes: u64,
}

/// A login that is to be made.
struct Attempt {
    way: Way,
    number: u64,
    wishes: u64,
    /// Credentials that are still good.
    kept: Option<Credential>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Login {
    /// `patience` is how long a request may take; a login may take as long, and never less than a plugin may.
    pub(super) fn new(target: &Target, patience: Duration) -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                way: target.way.clone(),
                session: None,
                credential: None,
                count: 0,
                failure: None,
                wishes: 0,
            })),
            renewing: Arc::default(),
            turn: Arc::clone(&target.turn),
            limit: patience.max(TIME_LIMIT * 2),
            under_way: Mutex::default(),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// The server's address without credentials, and whether its certificate goes unchecked.
    pub(super) fn address(&self) -> (Clean, bool) {
        match &self.state().way {
            Way::Config(recipe) => (
                bare_address(&recipe.config.cluster_url),
                recipe.config.accept_invalid_certs,
            ),
            Way::Client(_) | Way::Broken(..) => (Clean::default(), false),
        }
    }

    /// The way to the server, where it is known.
    pub(super) fn route(&self) -> Option<Route> {
        match &self.state().way {
            Way::Config(recipe) => Some(Route::of(&recipe.config)),
            Way::Client(_) | Way::Broken(..) => None,
        }
    }

    /// Whether somebody waits for a login.
    pub(super) fn is_under_way(&self) -> bool {
        self.renewing.try_lock().is_err()
    }

    /// A person may just have logged in again: what failed is tried again without a pause.
    pub(super) fn forgive(&self) {
        let mut state = self.state();
        state.failure = None;
        state.wishes += 1;
    }

    /// Gives up every connection; the next request makes new ones with the same credentials.
    pub(super) fn drop_dead(&self) {
        let mut state = self.state();
        if matches!(state.way, Way::Config(_)) {
            state.session = None;
        }
    }

    /// Connects by another recipe from now on.
    pub(super) fn replace(&self, recipe: Box<Recipe>) {
        let mut state = self.state();
        // Whoever logs in by the old recipe at this moment must not bring the old server back.
        state.count += 1;
        state.way = Way::Config(recipe);
        state.session = None;
        state.credential = None;
        state.failure = None;
    }

    pub(super) fn can_renew(&self) -> bool {
        match &self.state().way {
            Way::Client(_) | Way::Broken(..) => false,
            // A file may hold a new token or certificate by now; a fixed one stays refused.
            Way::Config(recipe) => {
                let login = &recipe.config.auth_info;
                recipe.plugin.is_some() || login.token_file.is_some() || login.client_certificate.is_some()
            }
        }
    }

    pub(super) async fn session(&self) -> Result<Arc<Session>, ClusterError> {
        let known = self.state().session.clone();
        match known {
            Some(session) if is_fresh(session.expires) => Ok(session),
            Some(session) => match self.renew(session.number).await {
                // It was early: what cannot be renewed yet is good until it expires.
                Err(error) => self.still_good(session.number).ok_or(error),
                renewed => renewed,
            },
            None => self.renew(0).await,
        }
    }

    /// The session with this number, if it is the one of the moment and has not expired.
    fn still_good(&self, number: u64) -> Option<Arc<Session>> {
        let session = self.state().session.clone()?;
        let is_good = session.number == number && session.expires.is_none_or(|at| clock::now() < at);
        is_good.then_some(session)
    }

    /// A session to replace the one with number `seen`: what a login under way brings, or one of our own.
    pub(super) async fn renew(&self, seen: u64) -> Result<Arc<Session>, ClusterError> {
        let asked = Instant::now();
        loop {
            let only = Arc::clone(&self.renewing).lock_owned().await;
            let attempt = {
                let mut state = self.state();
                if let Some(outcome) = state.outcome(seen, asked) {
                    return outcome;
                }
                state.attempt()
            };
            let login = attempt.run(Arc::clone(&self.state), Arc::clone(&self.turn), self.limit, only);
            *lock(&self.under_way) = Some(AbortOnDropHandle::new(tokio::spawn(login)));
        }
    }
}

impl State {
    /// What is known already by one who asked at a moment for another session than `seen`.
    fn outcome(&self, seen: u64, asked: Instant) -> Option<Result<Arc<Session>, ClusterError>> {
        if let Some(session) = self.session.as_ref().filter(|s| s.number != seen) {
            return Some(Ok(Arc::clone(session)));
        }
        let (at, error) = self.failure.as_ref()?;
        (*at >= asked || at.elapsed() < LOGIN_PAUSE).then(|| Err(error.clone()))
    }

    fn attempt(&mut self) -> Attempt {
        self.count += 1;
        // Without a session only the connections were given up: the credentials are still good.
        let kept = self.credential.clone().filter(|_| self.session.is_none());
        Attempt {
            way: self.way.clone(),
            number: self.count,
            wishes: self.wishes,
            kept: kept.filter(|credential| is_fresh(credential.expires)),
        }
    }

    /// Keeps what came of a login, unless the recipe was replaced meanwhile, or it failed after a person
    /// asked for another.
    fn keep(&mut self, number: u64, wishes: u64, made: Result<(Session, Option<Credential>), ClusterError>) {
        if self.count != number {
            return;
        }
        match made {
            Ok((session, credential)) => {
                self.session = Some(Arc::new(session));
                self.credential = credential;
                self.failure = None;
            }
            Err(error) if self.wishes == wishes => self.failure = Some((Instant::now(), error)),
            Err(_) => {}
        }
    }
}

impl Attempt {
    /// Logs in; whoever waits looks at the outcome when `_only` is given back.
    async fn run(self, state: Arc<Mutex<State>>, turn: Arc<Semaphore>, limit: Duration, _only: OwnedMutexGuard<()>) {
        let made = timeout(limit, session::make(&self.way, self.number, self.kept, &turn))
            .await
            .unwrap_or_else(|_| Err(session::login("another login is in the way")));
        lock(&state).keep(self.number, self.wishes, made);
    }
}
