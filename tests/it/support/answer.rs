//! The small change of a scripted API server: bodies, lines, paths.

use std::collections::BTreeMap;

use bytes::Bytes;
use futures::StreamExt as _;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::api::{Body, BoxError, Pipe};

/// A request as it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: http::Method,
    pub(crate) path: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) token: Option<String>,
}

impl Asked {
    pub(crate) fn is_watch(&self) -> bool {
        self.query.contains_key("watch")
    }
    /// A list of everything, not a glance at one object; only its first page.
    pub(crate) fn is_list_of(&self, path: &str) -> bool {
        self.path == path
            && !self.is_watch()
            && self.query.get("limit").is_some_and(|n| n != "1")
            && !self.query.contains_key("continue")
    }
    pub(crate) fn is_watch_of(&self, path: &str) -> bool {
        self.path == path && self.is_watch()
    }
}

/// The `Status` of an expired version.
pub(crate) fn gone() -> Value {
    json!({"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410, "message": "too old resource version"})
}

pub(super) fn covers(path: &str, collection: &str, event: &Value) -> bool {
    let (watched, namespace) = collection_of(path);
    watched == collection
        && (namespace.is_none() || event["object"]["metadata"]["namespace"].as_str() == namespace.as_deref())
}

/// `/api/v1/namespaces/gift/pods` is `/api/v1/pods` in `gift`.
pub(super) fn collection_of(path: &str) -> (String, Option<String>) {
    match path
        .split_once("/namespaces/")
        .and_then(|(root, rest)| Some((root, rest.split_once('/')?)))
    {
        Some((root, (namespace, plural))) => (format!("{root}/{plural}"), Some(namespace.to_owned())),
        None => (path.to_owned(), None),
    }
}

pub(super) fn key(object: &Value) -> String {
    let part = |name: &str| object["metadata"][name].as_str().unwrap_or_default().to_owned();
    format!("{}/{}", part("namespace"), part("name"))
}

pub(super) fn asked(request: &Request<Bytes>) -> Asked {
    let query = request.uri().query().unwrap_or_default();
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    Asked {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        query: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        token: request
            .headers()
            .get("authorization")
            .and_then(|v| v.to_str().ok())
            .map(str::to_owned),
    }
}

pub(crate) fn line_of(event: &Value) -> Bytes {
    format!("{event}\n").into()
}

pub(super) fn full(body: Bytes) -> Body {
    Full::new(body).map_err(|never| match never {}).boxed_unsync()
}

pub(super) fn answer(code: u16, body: &Value) -> Response<Body> {
    let response = Response::builder()
        .status(code)
        .header("content-type", "application/json");
    response.body(full(body.to_string().into())).unwrap()
}

pub(super) fn stream() -> (Pipe, Response<Body>) {
    let (pipe, mut end) = mpsc::unbounded_channel();
    let chunks = futures::stream::poll_fn(move |context| end.poll_recv(context));
    let body = StreamBody::new(chunks.map(|chunk: Result<Bytes, BoxError>| chunk.map(Frame::data)));
    let response = Response::builder().header("content-type", "application/json");
    (pipe, response.body(body.boxed_unsync()).unwrap())
}
