//! An image registry in memory behind a real socket: the distribution API with each way to ask who is there.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    Anybody,
    /// `ann` with `pass:word`.
    Basic,
    /// The same, told to who gives tokens.
    Token,
    /// Tokens are given to anybody, as Docker Hub does.
    AnonymousToken,
    /// Tokens are given for an identity token.
    Identity,
}

pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "pass:word";
pub(crate) const IDENTITY: &str = "refresh+me/please=";
const TOKEN: &str = "given.token";

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    /// With the query.
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
}

/// A code, headers and a body.
type Instead = (u16, Vec<(&'static str, String)>, String);

struct State {
    auth: Auth,
    port: u16,
    /// By repository and tag, or digest.
    manifests: BTreeMap<(String, String), (String, Value)>,
    blobs: BTreeMap<String, Value>,
    asked: Vec<Asked>,
    /// What is answered to everything instead.
    instead: Option<Instead>,
    page: usize,
}

/// The registry's handle.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Mutex<State>>);

impl Hub {
    /// Serves until the runtime ends.
    pub(crate) async fn serve(auth: Auth) -> Self {
        Self::start(auth, None).await
    }

    /// The same behind TLS.
    pub(crate) async fn serve_tls(auth: Auth, acceptor: TlsAcceptor) -> Self {
        Self::start(auth, Some(acceptor)).await
    }

    async fn start(auth: Auth, acceptor: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = State {
            auth,
            port: listener.local_addr().unwrap().port(),
            manifests: BTreeMap::new(),
            blobs: BTreeMap::new(),
            asked: Vec::new(),
            instead: None,
            page: 1_000,
        };
        let hub = Self(Arc::new(Mutex::new(state)));
        let served = hub.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (hub, acceptor) = (served.clone(), acceptor.clone());
                tokio::spawn(async move {
                    match acceptor {
                        None => hub.connection(stream).await,
                        Some(acceptor) => {
                            if let Ok(stream) = acceptor.accept(stream).await {
                                hub.connection(stream).await;
                            }
                        }
                    }
                });
            }
        });
        hub
    }

    /// `127.0.0.1:PORT`
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.0.lock().unwrap().port)
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.0.lock().unwrap().asked.clone()
    }

    /// So many tags a page, whatever is asked for.
    pub(crate) fn page(&self, tags: usize) {
        self.0.lock().unwrap().page = tags;
    }

    pub(crate) fn answer_instead(&self, code: u16, headers: Vec<(&'static str, String)>, body: &str) {
        self.0.lock().unwrap().instead = Some((code, headers, body.to_owned()));
    }

    /// Pushes an image; gives its digest. With `is_index` it is one of two platforms.
    pub(crate) fn push(&self, repository: &str, tag: &str, (created, commit): (&str, &str), is_index: bool) -> String {
        let mut state = self.0.lock().unwrap();
        let digest = |what: &str| format!("sha256:{:0>64}", hex(&format!("{what}{repository}{tag}")));
        let config = digest("c");
        state.blobs.insert(
            config.clone(),
            json!({"created": created, "config": {"Labels": {"org.opencontainers.image.revision": commit}}}),
        );
        let manifest =
            json!({"config": {"digest": config, "size": 100}, "layers": [{"digest": digest("l"), "size": 900}]});
        let own = digest("m");
        let mut put = |reference: &str, digest: &str, manifest: &Value| {
            let key = (repository.to_owned(), reference.to_owned());
            state.manifests.insert(key, (digest.to_owned(), manifest.clone()));
        };
        put(&own, &own, &manifest);
        if !is_index {
            put(tag, &own, &manifest);
            return own;
        }
        let index = digest("i");
        let members = json!([
            {"digest": digest("no"), "platform": {"os": "unknown", "architecture": "unknown"}},
            {"digest": own, "platform": {"os": "linux", "architecture": "amd64"}},
        ]);
        put(tag, &index, &json!({"manifests": members}));
        index
    }

    /// Lets a tag name these bytes from now on; what it named before is there under its digest still.
    pub(crate) fn point(&self, repository: &str, tag: &str, digest: &str) {
        let mut state = self.0.lock().unwrap();
        let manifest = json!({"config": {"digest": digest, "size": 100}, "layers": []});
        for reference in [tag, digest] {
            let key = (repository.to_owned(), reference.to_owned());
            state.manifests.insert(key, (digest.to_owned(), manifest.clone()));
        }
    }

    /// Takes a tag or a digest away.
    pub(crate) fn take_away(&self, repository: &str, reference: &str) {
        let mut state = self.0.lock().unwrap();
        state.manifests.remove(&(repository.to_owned(), reference.to_owned()));
    }

    async fn connection(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let hub = self.clone();
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let hub = hub.clone();
            async move {
                let (parts, body) = request.into_parts();
                let body = body.collect().await.unwrap().to_bytes();
                Ok::<_, Infallible>(hub.handle(&Request::from_parts(parts, body)))
            }
        });
        hyper::server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service)
            .await
            .ok();
    }

    fn handle(&self, request: &Request<Bytes>) -> Response<Full<Bytes>> {
        let mut state = self.0.lock().unwrap();
        let authorization = header(request.headers(), "authorization");
        state.asked.push(Asked {
            method: request.method().clone(),
            path: request.uri().to_string(),
            authorization: authorization.clone(),
        });
        let path = request.uri().path().to_owned();
        if path == "/token" {
            return state.token(request, authorization.as_deref());
        }
        if let Some((code, headers, body)) = &state.instead {
            return answer(*code, headers, body.clone());
        }
        // Where blobs are, as those of clouds do, more than one login is a mistake.
        if let Some(digest) = path.strip_prefix("/store/") {
            return match state.blobs.get(digest) {
                Some(blob) if authorization.is_none() => answer(200, &[], blob.to_string()),
                _ => answer(400, &[], "only one login, please".into()),
            };
        }
        if let Some(refused) = state.refuses(authorization.as_deref()) {
            return refused;
        }
        state.read(request.uri())
    }
}

impl State {
    fn refuses(&self, authorization: Option<&str>) -> Option<Response<Full<Bytes>>> {
        let (taken, challenge) = match self.auth {
            Auth::Anybody => return None,
            Auth::Basic => (basic(), "Basic realm=\"the registry, here\"".to_owned()),
            Auth::Token | Auth::AnonymousToken | Auth::Identity => (
                format!("Bearer {TOKEN}"),
                format!(
                    "Bearer realm=\"http://127.0.0.1:{}/token\",service=\"the registry\",scope=\"repository:gift/live:pull\"",
                    self.port
                ),
            ),
        };
        (authorization != Some(taken.as_str())).then(|| {
            answer(
                401,
                &[("www-authenticate", challenge)],
                "{\"errors\":[{\"code\":\"UNAUTHORIZED\"}]}".into(),
            )
        })
    }

    fn token(&self, request: &Request<Bytes>, authorization: Option<&str>) -> Response<Full<Bytes>> {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let query = request.uri().query().unwrap_or_default();
        let asked = |text: &str| {
            text.contains("scope=repository%3Agift%2Flive%3Apull") && text.contains("service=the%20registry")
        };
        let is_given = match self.auth {
            Auth::Token => authorization == Some(basic().as_str()) && asked(query),
            Auth::AnonymousToken => authorization.is_none() && asked(query),
            Auth::Identity => {
                let identity = "refresh_token=refresh%2Bme%2Fplease%3D";
                request.method() == Method::POST && body.contains(identity) && asked(&body)
            }
            Auth::Anybody | Auth::Basic => false,
        };
        if is_given {
            let name = if self.auth == Auth::Identity {
                "access_token"
            } else {
                "token"
            };
            answer(200, &[], json!({name: TOKEN}).to_string())
        } else {
            answer(401, &[], "{}".into())
        }
    }

    fn read(&self, uri: &http::Uri) -> Response<Full<Bytes>> {
        let path = uri.path().strip_prefix("/v2/").unwrap_or_default();
        if let Some(repository) = path.strip_suffix("/tags/list") {
            return self.tags(repository, uri.query().unwrap_or_default());
        }
        if let Some((repository, reference)) = path.split_once("/manifests/") {
            let key = (repository.to_owned(), reference.to_owned());
            return match self.manifests.get(&key) {
                Some((digest, manifest)) => {
                    answer(200, &[("docker-content-digest", digest.clone())], manifest.to_string())
                }
                None => answer(404, &[], "{\"errors\":[{\"code\":\"MANIFEST_UNKNOWN\"}]}".into()),
            };
        }
        if let Some((_, digest)) = path.split_once("/blobs/") {
            let place = format!("http://localhost:{}/store/{digest}", self.port);
            return answer(307, &[("location", place)], String::new());
        }
        answer(404, &[], String::new())
    }

    fn tags(&self, repository: &str, query: &str) -> Response<Full<Bytes>> {
        let last = query
            .split('&')
            .find_map(|pair| pair.strip_prefix("last="))
            .unwrap_or_default();
        let known = self
            .manifests
            .keys()
            .filter(|(of, name)| of == repository && !name.starts_with("sha256:"));
        let all: Vec<&str> = known
            .map(|(_, name)| name.as_str())
            .filter(|name| *name > last)
            .collect();
        if self.manifests.keys().all(|(of, _)| of != repository) {
            return answer(404, &[], "{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}".into());
        }
        let page: Vec<&str> = all.iter().copied().take(self.page).collect();
        let next = (all.len() > page.len()).then(|| {
            let link = format!(
                "</v2/{repository}/tags/list?last={}&n=1000>; rel=\"next\"",
                page.last().unwrap()
            );
            ("link", link)
        });
        answer(
            200,
            &next.into_iter().collect::<Vec<_>>(),
            json!({"name": repository, "tags": page}).to_string(),
        )
    }
}

fn basic() -> String {
    format!("Basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}")))
}

/// 64 digits of a text's end.
fn hex(text: &str) -> String {
    let digits = text.bytes().rev().flat_map(|byte| [byte >> 4, byte & 15]).take(64);
    digits
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| value.to_str().unwrap().to_owned())
}

fn answer(code: u16, headers: &[(&'static str, String)], body: String) -> Response<Full<Bytes>> {
    let mut response = Response::builder().status(code);
    for (name, value) in headers {
        response = response.header(*name, value);
    }
    response.body(Full::new(Bytes::from(body))).unwrap()
}
