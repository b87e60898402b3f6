//! Connections to registries: one client a server, by the rules of the configuration, each answer within a limit.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use kube::client::{Body, ClientBuilder};
use kube::{Client, Config};
use tokio::time::timeout;

use super::answer::Answer;
use super::error::RegistryError;
use super::login::Logins;
use super::repository::Repository;
use crate::cluster::{Cluster, PullSecret, proxy_to};
use crate::domain::image::DOCKER_HUB;
use crate::domain::{Clean, ImageName, ResourceRef};

/// How long an answer may take unless it is said.
const LIMIT: Duration = Duration::from_secs(10);
/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer that is read.
const LARGEST_ANSWER: usize = 4 << 20;
/// Most other places an answer may lead to.
const REDIRECTIONS: usize = 3;

/// How a registry is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Without TLS: whoever is between reads and changes everything.
    pub plain_http: bool,
    /// The authorities that may have signed its certificate, instead of the system's, as PEM.
    pub ca: Option<PathBuf>,
}

/// Every registry that may be asked.
#[derive(Clone)]
pub struct Registries {
    inner: Arc<Inner>,
    /// How long an answer may take, its body and all.
    limit: Duration,
}

struct Inner {
    /// By host, as images name it.
    rules: BTreeMap<String, Rules>,
    /// The person's own, of docker's configuration.
    own: Logins,
    /// By scheme and authority, and the registry whose rules they were made by.
    clients: Mutex<HashMap<(String, Clean), Client>>,
}

impl std::fmt::Debug for Registries {
    /// Says nothing of credentials.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registries").finish_non_exhaustive()
    }
}

impl Registries {
    /// Registries by these rules, asked with the person's own logins where a cluster has none.
    pub fn new(rules: BTreeMap<String, Rules>, own: Logins) -> Self {
        let clients = Mutex::default();
        Self {
            inner: Arc::new(Inner { rules, own, clients }),
            limit: LIMIT,
        }
    }

    /// Waits so long for an answer.
    #[must_use]
    pub const fn with_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// The repository of an image that a workload runs, asked with the secrets it is pulled with there.
    pub async fn of_workload(&self, image: &ImageName, cluster: &Cluster, object: &ResourceRef) -> Repository {
        match cluster.pull_secrets(object).await {
            Ok(secrets) => {
                let unread = secrets
                    .unread
                    .iter()
                    .map(|(what, error)| format!("{what}: {error}").into());
                self.repository(image, &secrets.found, &unread.collect::<Vec<Clean>>())
            }
            Err(error) => self.repository(image, &[], &[format!("pull secrets: {error}").into()]),
        }
    }

    /// The repository of an image, asked with what these secrets hold first; `unread` says why others are missing.
    pub fn repository(&self, image: &ImageName, secrets: &[PullSecret], unread: &[Clean]) -> Repository {
        let mut logins = Logins::default();
        for secret in secrets {
            logins.extend(Logins::parse(secret.text()));
        }
        logins.extend(self.inner.own.clone());
        let scheme = if self.rules(&image.host).plain_http {
            "http"
        } else {
            "https"
        };
        let server = match image.host.as_str() {
            DOCKER_HUB => "registry-1.docker.io",
            host => host,
        };
        Repository::new(self.clone(), image, format!("{scheme}://{server}"), &logins, unread)
    }

    fn rules(&self, host: &str) -> Rules {
        self.inner.rules.get(host).cloned().unwrap_or_default()
    }

    /// Reads from any server by the rules of its host, with a token of its own; what it answers, with its status.
    pub(crate) async fn get(&self, url: &str, token: Option<&str>) -> Result<(StatusCode, Bytes), RegistryError> {
        let nowhere = || RegistryError::unreadable(&Clean::default(), "its address");
        let uri: Uri = url.parse().map_err(|_| nowhere())?;
        let host = Clean::new(uri.authority().ok_or_else(nowhere)?.as_str());
        let mut question = Question::new(Method::GET, &uri).with(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(token) = token {
            let bearer = HeaderValue::from_str(&format!("Bearer {token}"));
            let mut bearer = bearer.map_err(|_| RegistryError::unreadable(&host, "the token for it"))?;
            bearer.set_sensitive(true);
            question = question.with(AUTHORIZATION, bearer);
        }
        let answer = self.send(&host, &question).await?;
        Ok((answer.status, answer.body))
    }

    /// Sends a request; one that only reads follows where its answer leads. Another server is shown no credentials.
    pub(super) async fn send(&self, host: &Clean, question: &Question<'_>) -> Result<Answer, RegistryError> {
        let mut uri = question.uri.clone();
        let mut headers = question.headers.clone();
        for _ in 0..REDIRECTIONS {
            let answer = self.once(host, question, &uri, &headers).await?;
            let Some(elsewhere) = answer.elsewhere(&uri).filter(|_| question.method != Method::POST) else {
                return Ok(answer);
            };
            let is_same = |a: &Uri, b: &Uri| a.scheme() == b.scheme() && a.authority() == b.authority();
            if !is_same(&elsewhere, &uri) {
                headers.remove(AUTHORIZATION);
            }
            self.may_go(host, &elsewhere)?;
            uri = elsewhere;
        }
        Err(RegistryError::unreadable(host, "it leads from one place to the next"))
    }

    /// Refuses to leave TLS for a server that may not do without.
    pub(super) fn may_go(&self, host: &Clean, uri: &Uri) -> Result<(), RegistryError> {
        let is_encrypted = uri.scheme_str() == Some("https");
        let may = is_encrypted || (uri.scheme_str() == Some("http") && self.rules(host).plain_http);
        let what = "it leads to a place without TLS";
        may.then_some(()).ok_or_else(|| RegistryError::unreadable(host, what))
    }

    async fn once(
        &self,
        host: &Clean,
        question: &Question<'_>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Result<Answer, RegistryError> {
        let client = self.client(host, uri)?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder().method(question.method.clone()).uri(path);
        if let Some(known) = request.headers_mut() {
            known.extend(headers.clone());
        }
        let request = request
            .body(Body::from(question.body.clone()))
            .map_err(|_| RegistryError::unreadable(host, "its addresses"))?;
        let answer = async {
            let answer = client.send(request).await;
            let answer = answer.map_err(|error| RegistryError::of_transport(host, &error))?;
            let (parts, body) = answer.into_parts();
            let whole = Limited::new(body, LARGEST_ANSWER).collect().await;
            let whole = whole.map_err(|error| RegistryError::of_transport(host, error.as_ref()))?;
            Ok(Answer {
                status: parts.status,
                headers: parts.headers,
                body: whole.to_bytes(),
            })
        };
        let late = || RegistryError::Slow {
            host: host.clone(),
            limit: self.limit,
        };
        timeout(self.limit, answer).await.map_err(|_| late())?
    }

    /// The client for a server that `host` is or leads to.
    fn client(&self, host: &Clean, uri: &Uri) -> Result<Client, RegistryError> {
        let (scheme, authority) = (uri.scheme_str().unwrap_or("https"), uri.authority());
        let server = format!("{scheme}://{}", authority.map_or("", |authority| authority.as_str()));
        let key = (server.clone(), host.clone());
        let mut clients = self.inner.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let unreachable = |reason: &str| RegistryError::Unreachable {
            host: host.clone(),
            reason: reason.into(),
        };
        let base: Uri = server.parse().map_err(|_| unreachable("its address is none"))?;
        let mut config = Config::new(base.clone());
        config.connect_timeout = Some(CONNECT_TIMEOUT);
        config.read_timeout = Some(LIMIT);
        // Whether to ask again is not for the layer beneath to say.
        config.default_retry = false;
        config.proxy_url = proxy_to(&base).map_err(|why| unreachable(&why))?;
        // Where a section names the server it counts; else the one of the registry that led there.
        let own = authority.and_then(|authority| self.inner.rules.get(authority.as_str()));
        config.root_cert_file = own
            .or_else(|| self.inner.rules.get(host.as_str()))
            .and_then(|rules| rules.ca.clone());
        let client = ClientBuilder::try_from(config)
            .map_err(|error| RegistryError::of_transport(host, &error))?
            .build();
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// A request to a registry or to who gives its tokens.
#[derive(Debug)]
pub(super) struct Question<'a> {
    pub(super) method: Method,
    pub(super) uri: &'a Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<'a> Question<'a> {
    pub(super) fn new(method: Method, uri: &'a Uri) -> Self {
        let mut headers = HeaderMap::new();
        let agent = concat!("pilothouse/", env!("CARGO_PKG_VERSION"));
        headers.insert(http::header::USER_AGENT, HeaderValue::from_static(agent));
        Self {
            method,
            uri,
            headers,
            body: Bytes::new(),
        }
    }

    pub(super) fn with(mut self, name: http::header::HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
