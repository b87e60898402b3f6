//! Sends requests: with the credentials of the moment, a limit on every wait, and no retry of its own
//! but one after a 401 that new credentials may cure.

mod gathered;
mod session;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

use super::clock;
use super::connect::exec::Credential;
use super::connect::{Recipe, Target, Way, bare_address};
use super::error::{ClusterError, retry_after};
use super::wire::meta::Status;
use super::wire::{Encoding, Wire, frame};
use crate::domain::Clean;
use gathered::{Gathered, TooLarge};
use session::{Session, is_fresh};

/// What built-in kinds are asked for; the server answers with the first it has.
pub(crate) const PROTOBUF_OR_JSON: &str = "application/vnd.kubernetes.protobuf, application/json;q=0.9";
/// What custom kinds have.
pub(crate) const JSON: &str = "application/json";

/// How long an answer may take to begin, unless `--request-timeout` says otherwise.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an answer may pause.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer that is read whole: a page of 500 objects of 256 KiB.
const LARGEST_ANSWER: usize = 128 << 20;
/// Largest piece of a failure's body that is looked at.
const LARGEST_FAILURE: usize = 256 << 10;
/// A login that failed is not tried again sooner.
const LOGIN_PAUSE: Duration = Duration::from_secs(20);

/// The way to one API server.
pub(crate) struct Door {
    inner: Mutex<Inner>,
    /// Held while credentials are renewed, so that fifty 401s run the plugin once.
    renewing: tokio::sync::Mutex<()>,
    turn: Arc<Semaphore>,
    head_timeout: Duration,
    readonly: bool,
    started: Instant,
    /// Milliseconds after `started` when the server was last heard.
    heard: AtomicU64,
}

struct Inner {
    way: Way,
    session: Option<Arc<Session>>,
    credential: Option<Credential>,
    /// Numbers sessions, and recipes: what is made for an older number is out of date.
    count: u64,
    failure: Option<(Instant, ClusterError)>,
}

/// A successful answer whose body is still to be read.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) encoding: Encoding,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Body,
}

impl Door {
    pub(crate) fn new(target: &Target) -> Self {
        Self {
            inner: Mutex::new(Inner {
                way: target.way.clone(),
                session: None,
                credential: None,
                count: 0,
                failure: None,
            }),
            renewing: tokio::sync::Mutex::new(()),
            turn: Arc::clone(&target.turn),
            head_timeout: target.request_timeout.unwrap_or(HEAD_TIMEOUT),
            readonly: target.readonly,
            started: Instant::now(),
            heard: AtomicU64::new(0),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long ago the server was last heard; `None`: never.
    pub(crate) fn silence(&self) -> Option<Duration> {
        let heard = self.heard.load(Ordering::Relaxed);
        (heard > 0).then(|| self.started.elapsed().saturating_sub(Duration::from_millis(heard)))
    }

    pub(crate) fn note_heard(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(now.max(1), Ordering::Relaxed);
    }

    /// The server's address without credentials, and whether its certificate goes unchecked.
    pub(crate) fn address(&self) -> (Clean, bool) {
        match &self.lock().way {
            Way::Config(recipe) => (
                bare_address(&recipe.config.cluster_url),
                recipe.config.accept_invalid_certs,
            ),
            Way::Client(_) | Way::Broken(..) => (Clean::default(), false),
        }
    }

    /// Gives up every connection because a person says so, who may just have logged in again: a login
    /// that failed is tried again without a pause.
    pub(crate) fn drop_connections(&self) {
        self.lock().failure = None;
        self.drop_dead();
    }

    /// Gives up every connection; the next request makes new ones with the same credentials.
    pub(crate) fn drop_dead(&self) {
        let mut inner = self.lock();
        if matches!(inner.way, Way::Config(_)) {
            inner.session = None;
        }
    }

    /// Connects by another recipe from now on.
    pub(crate) fn replace(&self, recipe: Box<Recipe>) {
        let mut inner = self.lock();
        // Whoever logs in by the old recipe at this moment must not bring the old server back.
        inner.count += 1;
        inner.way = Way::Config(recipe);
        inner.session = None;
        inner.credential = None;
        inner.failure = None;
    }

    /// Refuses a write where nothing may be written.
    ///
    /// # Errors
    /// [`ClusterError::ReadOnly`].
    pub(crate) fn may_write(&self) -> Result<(), ClusterError> {
        if self.readonly {
            Err(ClusterError::ReadOnly)
        } else {
            Ok(())
        }
    }

    /// Asks for `path`; a status other than 2xx is an error.
    pub(crate) async fn get(&self, path: &str, accept: &'static str) -> Result<Answer, ClusterError> {
        self.ask(Method::GET, path, accept, Vec::new(), self.head_timeout).await
    }

    /// Asks for `path` and reads the whole answer.
    pub(crate) async fn read(&self, path: &str, accept: &'static str) -> Result<(Bytes, Encoding), ClusterError> {
        let answer = self.get(path, accept).await?;
        Ok((self.collect(answer.body, LARGEST_ANSWER).await?, answer.encoding))
    }

    /// Posts a review: a question in the form of an object that is not kept.
    pub(crate) async fn review(&self, path: &str, body: &serde_json::Value) -> Result<serde_json::Value, ClusterError> {
        let answer = self
            .ask(
                Method::POST,
                path,
                JSON,
                body.to_string().into_bytes(),
                self.head_timeout,
            )
            .await?;
        let bytes = self.collect(answer.body, LARGEST_ANSWER).await?;
        serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Answer, ClusterError> {
        let session = self.session(limit).await?;
        let mut answer = self.once(&session, &method, path, accept, body.clone(), limit).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.can_renew() {
            let renewed = self.renew(session.number, limit).await?;
            answer = self.once(&renewed, &method, path, accept, body, limit).await?;
        }
        if !answer.status().is_success() {
            return Err(self.failure(answer).await);
        }
        let (parts, body) = answer.into_parts();
        Ok(Answer {
            encoding: encoding(&parts.headers)?,
            headers: parts.headers,
            body,
        })
    }

    async fn once(
        &self,
        session: &Session,
        method: &Method,
        path: &str,
        accept: &'static str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Response<Body>, ClusterError> {
        let mut request = Request::builder().method(method).uri(path).header(ACCEPT, accept);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, JSON);
        }
        if let Some(token) = &session.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let request = request
            .body(Body::from(body))
            .map_err(|_| ClusterError::transport("request cannot be formed"))?;
        match timeout(limit, session.client.send(request)).await {
            Ok(Ok(answer)) => {
                self.note_heard();
                Ok(answer)
            }
            Ok(Err(error)) => Err(ClusterError::of_transport(&error)),
            Err(_) => Err(ClusterError::transport(&format!(
                "no answer within {} s",
                limit.as_secs()
            ))),
        }
    }

    async fn failure(&self, answer: Response<Body>) -> ClusterError {
        let code = answer.status().as_u16();
        let wait = retry_after(answer.headers());
        let encoding = encoding(answer.headers());
        let body = self
            .collect(answer.into_body(), LARGEST_FAILURE)
            .await
            .unwrap_or_default();
        if encoding == Ok(Encoding::Protobuf) {
            let status = frame::object(&body, Encoding::Protobuf).and_then(|raw| Status::read(raw, Encoding::Protobuf));
            return ClusterError::of_status(code, wait, &status.unwrap_or_default());
        }
        ClusterError::of_answer(code, wait, &body)
    }

    /// Reads a body to its end, as long as it does not pause too long or grow too large.
    pub(crate) async fn collect(&self, mut body: Body, largest: usize) -> Result<Bytes, ClusterError> {
        let mut whole = Gathered::new(largest);
        while let Some(bytes) = self.chunk(&mut body).await? {
            whole
                .push(&bytes)
                .map_err(|TooLarge| ClusterError::transport("the answer is too large"))?;
        }
        Ok(whole.finish())
    }

    async fn chunk(&self, body: &mut Body) -> Result<Option<Bytes>, ClusterError> {
        timeout(PAUSE_TIMEOUT, self.next_chunk(body))
            .await
            .map_err(|_| ClusterError::transport("the answer stopped half-way"))?
    }

    /// The next bytes of a body, however long they take; `None` at its end.
    pub(crate) async fn next_chunk(&self, body: &mut Body) -> Result<Option<Bytes>, ClusterError> {
        loop {
            match body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(ClusterError::of_transport(&error)),
                Some(Ok(frame)) => {
                    self.note_heard();
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    fn can_renew(&self) -> bool {
        match &self.lock().way {
            Way::Client(_) | Way::Broken(..) => false,
            // A file may hold a new token or certificate by now; a fixed one stays refused.
            Way::Config(recipe) => {
                let login = &recipe.config.auth_info;
                recipe.plugin.is_some() || login.token_file.is_some() || login.client_certificate.is_some()
            }
        }
    }

    async fn session(&self, limit: Duration) -> Result<Arc<Session>, ClusterError> {
        let known = self.lock().session.clone();
        match known {
            Some(session) if is_fresh(session.expires) => Ok(session),
            Some(session) => match self.renew(session.number, limit).await {
                // It was early: what cannot be renewed yet is good until it expires.
                Err(error) => self.still_good(session.number).ok_or(error),
                renewed => renewed,
            },
            None => self.renew(0, limit).await,
        }
    }

    /// The session with this number, if it is the one of the moment and has not expired.
    fn still_good(&self, number: u64) -> Option<Arc<Session>> {
        let session = self.lock().session.clone()?;
        let is_good = session.number == number && session.expires.is_none_or(|at| clock::now() < at);
        is_good.then_some(session)
    }

    /// Makes a session to replace the one with number `seen`, unless somebody just did.
    async fn renew(&self, seen: u64, limit: Duration) -> Result<Arc<Session>, ClusterError> {
        let asked = Instant::now();
        let _one = self.renewing.lock().await;
        loop {
            let (way, number, kept) = {
                let mut inner = self.lock();
                if let Some(session) = inner.session.as_ref().filter(|s| s.number != seen) {
                    return Ok(Arc::clone(session));
                }
                if let Some((at, error)) = &inner.failure
                    && (*at >= asked || at.elapsed() < LOGIN_PAUSE)
                {
                    return Err(error.clone());
                }
                inner.count += 1;
                // Without a session only the connections were given up: the credentials are still good.
                let kept = if inner.session.is_none() {
                    inner.credential.clone()
                } else {
                    None
                };
                (inner.way.clone(), inner.count, kept)
            };
            let kept = kept.filter(|c| is_fresh(c.expires));
            let made = timeout(
                limit.max(super::connect::exec::TIME_LIMIT * 2),
                session::make(&way, number, kept, &self.turn),
            )
            .await
            .unwrap_or_else(|_| Err(session::login("another login is in the way")));
            if let Some(outcome) = self.keep(number, made) {
                return outcome;
            }
        }
    }

    /// Keeps what came of a login; `None` when the recipe was replaced meanwhile, so that it counts for
    /// nothing.
    fn keep(
        &self,
        number: u64,
        made: Result<(Session, Option<Credential>), ClusterError>,
    ) -> Option<Result<Arc<Session>, ClusterError>> {
        let mut inner = self.lock();
        if inner.count != number {
            return None;
        }
        Some(match made {
            Ok((session, credential)) => {
                let session = Arc::new(session);
                inner.session = Some(Arc::clone(&session));
                inner.credential = credential;
                inner.failure = None;
                Ok(session)
            }
            Err(error) => {
                inner.failure = Some((Instant::now(), error.clone()));
                Err(error)
            }
        })
    }
}

fn encoding(headers: &http::HeaderMap) -> Result<Encoding, ClusterError> {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or(JSON);
    if kind.contains("protobuf") {
        Ok(Encoding::Protobuf)
    } else if kind.contains("json") || kind.starts_with("text/plain") {
        Ok(Encoding::Json)
    } else {
        Err(ClusterError::Unreadable)
    }
}
