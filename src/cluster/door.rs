//! Sends requests: with the credentials of the moment, a limit on every wait, and no retry of its own
//! but one after a 401 that new credentials may cure.

mod client;
mod gathered;
mod login;
#[cfg(test)]
mod login_tests;
mod session;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::client::Body;
use tokio::time::{Instant, timeout};

use super::clock;
use super::connect::{Recipe, Target, route};
use super::error::{ClusterError, retry_after};
use super::wire::meta::Status;
use super::wire::{Encoding, Wire, frame};
use crate::domain::{Clean, Moment};
use gathered::{Gathered, NotTaken};
use login::Login;
use session::Session;

/// What built-in kinds are asked for; the server answers with the first it has.
pub(crate) const PROTOBUF_OR_JSON: &str = "application/vnd.kubernetes.protobuf, application/json;q=0.9";
/// What custom kinds have.
pub(crate) const JSON: &str = "application/json";
/// Who writes, in `managedFields`, in the label of what is made, and as the source of Events.
pub(crate) const MANAGER: &str = "pilothouse";

/// How long an answer may take to begin, unless `--request-timeout` says otherwise.
const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
/// How long an answer may pause.
const PAUSE_TIMEOUT: Duration = Duration::from_secs(15);
/// Largest answer that is read whole: a page of 500 objects of 256 KiB.
const LARGEST_ANSWER: usize = 128 << 20;
/// Largest piece of a failure's body that is looked at.
const LARGEST_FAILURE: usize = 256 << 10;

/// The way to one API server.
pub(crate) struct Door {
    login: Login,
    head_timeout: Duration,
    readonly: bool,
    started: Instant,
    /// Milliseconds after `started` when the server was last heard.
    heard: AtomicU64,
    /// The same on the clock that runs while the machine sleeps, in milliseconds.
    heard_at: AtomicU64,
}

/// A request that changes something.
#[derive(Clone, Debug)]
pub(crate) struct Write<'a> {
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    /// How the body is meant: its content type.
    pub(crate) kind: &'static str,
    pub(crate) body: &'a serde_json::Value,
}

/// A request as it is sent, again after a new login.
struct Asked<'a> {
    method: Method,
    path: &'a str,
    accept: &'static str,
    kind: &'static str,
    body: Vec<u8>,
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
        let head_timeout = target.request_timeout.unwrap_or(HEAD_TIMEOUT);
        Self {
            login: Login::new(target, head_timeout),
            head_timeout,
            readonly: target.readonly,
            started: Instant::now(),
            heard: AtomicU64::new(0),
            heard_at: AtomicU64::new(0),
        }
    }

    /// How long ago the server was last heard; `None`: never.
    pub(crate) fn silence(&self) -> Option<Duration> {
        let heard = self.heard.load(Ordering::Relaxed);
        (heard > 0).then(|| self.started.elapsed().saturating_sub(Duration::from_millis(heard)))
    }

    /// When the server was last heard; the machine's start if never.
    pub(crate) fn last_heard(&self) -> Moment {
        Moment(Duration::from_millis(self.heard_at.load(Ordering::Relaxed)))
    }

    pub(crate) fn note_heard(&self) {
        let now = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.heard.store(now.max(1), Ordering::Relaxed);
        let at = u64::try_from(clock::moment().0.as_millis()).unwrap_or(u64::MAX);
        self.heard_at.store(at, Ordering::Relaxed);
    }

    /// The server's address without credentials, and whether its certificate goes unchecked.
    pub(crate) fn address(&self) -> (Clean, bool) {
        self.login.address()
    }

    /// Whether requests wait for a login.
    pub(crate) fn is_logging_in(&self) -> bool {
        self.login.is_under_way()
    }

    /// Gives up every connection because a person says so, who may just have logged in again: a login
    /// that failed, or is about to, is tried again without a pause.
    pub(crate) fn drop_connections(&self) {
        self.login.forgive();
        self.drop_dead();
    }

    /// Gives up every connection; the next request makes new ones with the same credentials.
    pub(crate) fn drop_dead(&self) {
        self.login.drop_dead();
    }

    /// Connects by another recipe from now on.
    pub(crate) fn replace(&self, recipe: Box<Recipe>) {
        self.login.replace(recipe);
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

    /// Sends a write, once: only a 401, after which nothing was done, is answered with new credentials.
    ///
    /// # Errors
    /// [`ClusterError::ReadOnly`] before anything is sent; of [`ClusterError::Transport`] and
    /// [`ClusterError::Server`] it is not known whether the write was done.
    pub(crate) async fn write(&self, write: Write<'_>) -> Result<serde_json::Value, ClusterError> {
        self.may_write()?;
        let body = write.body.to_string().into_bytes();
        let request = Asked {
            method: write.method,
            path: write.path,
            accept: JSON,
            kind: write.kind,
            body,
        };
        let answer = self.send(request, self.head_timeout).await?;
        let bytes = self.collect(answer.body, LARGEST_ANSWER).await?;
        serde_json::from_slice(&bytes).map_err(|_| ClusterError::Unreadable)
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

    /// Asks for `path` within `limit`, a login and all; the login goes on after that.
    pub(crate) async fn probe(&self, path: &str, limit: Duration) -> Result<Answer, ClusterError> {
        // Its own limit is never reached: what is late is explained by the way it takes.
        let answer = self.ask(Method::GET, path, JSON, Vec::new(), limit * 2);
        let late = match self.login.route() {
            Some(route) => match route.wait(limit, answer, route::look_up).await {
                Ok(answer) => return answer,
                Err(why) => ClusterError::transport(&why),
            },
            None => match timeout(limit, answer).await {
                Ok(answer) => return answer,
                Err(_) => no_answer(limit),
            },
        };
        Err(if self.is_logging_in() {
            ClusterError::transport(&format!("logging in takes longer than {} s", limit.as_secs()))
        } else {
            late
        })
    }

    /// Asks once there is a login; `limit` is for the answer to begin.
    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        accept: &'static str,
        body: Vec<u8>,
        limit: Duration,
    ) -> Result<Answer, ClusterError> {
        let request = Asked {
            method,
            path,
            accept,
            kind: JSON,
            body,
        };
        self.send(request, limit).await
    }

    async fn send(&self, request: Asked<'_>, limit: Duration) -> Result<Answer, ClusterError> {
        let session = self.login.session().await?;
        let mut answer = self.once(&session, &request, limit).await?;
        if answer.status() == StatusCode::UNAUTHORIZED && self.login.can_renew() {
            let renewed = self.login.renew(session.number).await?;
            answer = self.once(&renewed, &request, limit).await?;
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
        asked: &Asked<'_>,
        limit: Duration,
    ) -> Result<Response<Body>, ClusterError> {
        let mut request = Request::builder()
            .method(&asked.method)
            .uri(asked.path)
            .header(ACCEPT, asked.accept);
        if !asked.body.is_empty() {
            request = request.header(CONTENT_TYPE, asked.kind);
        }
        if let Some(token) = &session.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let request = request
            .body(Body::from(asked.body.clone()))
            .map_err(|_| ClusterError::transport("request cannot be formed"))?;
        match timeout(limit, session.client.send(request)).await {
            Ok(Ok(answer)) => {
                self.note_heard();
                Ok(answer)
            }
            Ok(Err(error)) => Err(ClusterError::of_transport(&error)),
            Err(_) => Err(no_answer(limit)),
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
            whole.push(&bytes).map_err(|why| match why {
                NotTaken::TooLarge => ClusterError::transport("the answer is too large"),
                NotTaken::NoMemory => ClusterError::transport("there is no memory for the answer"),
            })?;
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
}

fn no_answer(limit: Duration) -> ClusterError {
    ClusterError::transport(&format!("no answer within {} s", limit.as_secs()))
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
