//! A scripted API server in memory: objects, versions, pages, watches with history; and rules that make
//! it misbehave. It speaks JSON only.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::{Value, json};
use tokio::sync::mpsc;

pub(crate) use super::answer::{Asked, gone, line_of};
use super::answer::{answer, asked, collection_of, covers, full, key, stream};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Body = UnsyncBoxBody<Bytes, BoxError>;

/// What a rule answers in place of the server.
pub(crate) enum Reply {
    Answer {
        code: u16,
        headers: Vec<(&'static str, String)>,
        body: Bytes,
    },
    /// The connection is refused.
    Refuse,
    /// Nothing ever comes.
    Hang,
    /// A watch that says this and then stays open (`true`) or ends.
    Stream(Vec<Bytes>, bool),
    /// This, and then the connection breaks.
    Break(Bytes),
}

impl Reply {
    pub(crate) fn status(code: u16, status: &Value) -> Self {
        Self::Answer {
            code,
            headers: Vec::new(),
            body: status.to_string().into(),
        }
    }
}

type Rule = Box<dyn FnMut(&Asked) -> Option<Reply> + Send>;
pub(crate) type Pipe = mpsc::UnboundedSender<Result<Bytes, BoxError>>;

#[derive(Default)]
struct State {
    version: u64,
    /// Oldest version a watch may start from.
    compacted: u64,
    /// By collection path, then `namespace/name`.
    objects: BTreeMap<String, BTreeMap<String, Value>>,
    history: Vec<(u64, String, Value)>,
    watchers: Vec<(String, Pipe)>,
    asked: Vec<Asked>,
    rules: Vec<(u32, Rule)>,
    next_rule: u32,
    silent: bool,
}

/// The server's handle: tests change the world through it.
#[derive(Clone, Default)]
pub(crate) struct Api(Arc<Mutex<State>>);

impl Api {
    /// A server with nothing in it; versions begin above zero.
    pub(crate) fn new() -> Self {
        let api = Self::default();
        api.state().version = 100;
        api
    }

    /// A server with so many pods and two nodes.
    pub(crate) fn with_pods(count: usize) -> Self {
        let api = Self::new();
        for n in 0..2 {
            api.put("/api/v1/nodes", &json!({"metadata": {"name": format!("node-{n}")}}));
        }
        for n in 0..count {
            api.put_pod(&format!("p{n:05}"), "Running");
        }
        api
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(crate) fn client(&self) -> kube::Client {
        kube::Client::new(self.clone(), "default")
    }

    /// Answers by `rule` what it wants to answer; gives its number.
    pub(crate) fn rule(&self, rule: impl FnMut(&Asked) -> Option<Reply> + Send + 'static) -> u32 {
        let mut state = self.state();
        state.next_rule += 1;
        let number = state.next_rule;
        state.rules.push((number, Box::new(rule)));
        number
    }

    pub(crate) fn forget(&self, rule: u32) {
        self.state().rules.retain(|(number, _)| *number != rule);
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state().asked.clone()
    }

    pub(crate) fn count(&self, is_wanted: impl Fn(&Asked) -> bool) -> usize {
        self.state().asked.iter().filter(|asked| is_wanted(asked)).count()
    }

    pub(crate) fn put_pod(&self, name: &str, phase: &str) {
        self.put("/api/v1/pods", &json!({"metadata": {"name": name, "namespace": "gift", "uid": name, "labels": {"app": "live"}},
            "spec": {"nodeName": "node-0", "containers": [{"name": "c", "image": "i:v1"}]}, "status": {"phase": phase}}));
    }

    /// Creates or changes an object.
    pub(crate) fn put(&self, collection: &str, object: &Value) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        let mut object = object.clone();
        object["metadata"]["resourceVersion"] = version.to_string().into();
        let known = state
            .objects
            .entry(collection.to_owned())
            .or_default()
            .insert(key(&object), object.clone());
        let kind = if known.is_some() { "MODIFIED" } else { "ADDED" };
        state.emit(collection, &json!({"type": kind, "object": object}));
    }

    /// Loses the event of a new pod: it is listed, but no watch says so.
    pub(crate) fn put_pod_untold(&self, name: &str) {
        self.fall_silent(true);
        self.put_pod(name, "Running");
        self.state().history.pop();
        self.fall_silent(false);
    }

    pub(crate) fn delete(&self, collection: &str, key: &str) {
        let mut state = self.state();
        state.version += 1;
        let version = state.version;
        let mut object = state
            .objects
            .get_mut(collection)
            .and_then(|all| all.remove(key))
            .expect("an object to delete");
        object["metadata"]["resourceVersion"] = version.to_string().into();
        state.emit(collection, &json!({"type": "DELETED", "object": object}));
    }

    /// Sends every watch a bookmark.
    pub(crate) fn bookmark(&self) {
        let mut state = self.state();
        let line = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": state.version.to_string()}}});
        state.watchers.retain(|(_, pipe)| pipe.send(Ok(line_of(&line))).is_ok());
    }

    /// Sends raw bytes to the watches of a collection.
    pub(crate) fn say(&self, collection: &str, bytes: &[u8]) {
        for (path, pipe) in &self.state().watchers {
            if path == collection {
                pipe.send(Ok(Bytes::copy_from_slice(bytes))).ok();
            }
        }
    }

    /// Ends every watch, cleanly or as a broken connection does.
    pub(crate) fn cut(&self, cleanly: bool) {
        for (_, pipe) in self.state().watchers.drain(..) {
            if !cleanly {
                pipe.send(Err("connection reset by peer".into())).ok();
            }
        }
    }

    /// From now on nothing is sent to watches that are open, which stay open; or again.
    pub(crate) fn fall_silent(&self, silent: bool) {
        self.state().silent = silent;
    }

    /// Forgets the history, as etcd's compaction does.
    pub(crate) fn compact(&self) {
        let mut state = self.state();
        state.compacted = state.version;
        state.history.clear();
    }

    /// Goes back to the world of an earlier version, as etcd restored from a backup.
    pub(crate) fn rewind(&self, version: u64) {
        let mut state = self.state();
        state.version = version;
        state.history.clear();
        for all in state.objects.values_mut() {
            all.retain(|_, object| {
                object["metadata"]["resourceVersion"]
                    .as_str()
                    .unwrap()
                    .parse::<u64>()
                    .unwrap()
                    <= version
            });
        }
    }

    pub(crate) fn version(&self) -> u64 {
        self.state().version
    }

    /// What an observer must come to see of a collection.
    pub(crate) fn names(&self, collection: &str) -> Vec<String> {
        let keys = self
            .state()
            .objects
            .get(collection)
            .map(|all| all.keys().cloned().collect::<Vec<_>>());
        keys.unwrap_or_default()
            .into_iter()
            .map(|key| key.trim_start_matches('/').to_owned())
            .collect()
    }

    /// Answers a request, now or never.
    pub(crate) async fn handle(&self, request: Request<Bytes>) -> Result<Response<Body>, BoxError> {
        let reply = self.decide(&request);
        match reply {
            Decided::Answer(response) => Ok(response),
            Decided::Refuse => Err("connection refused".into()),
            Decided::Hang => std::future::pending().await,
        }
    }

    fn decide(&self, request: &Request<Bytes>) -> Decided {
        let asked = asked(request);
        let mut state = self.state();
        state.asked.push(asked.clone());
        let mut rules = std::mem::take(&mut state.rules);
        let replied = rules.iter_mut().find_map(|(_, rule)| rule(&asked));
        state.rules = rules;
        match replied {
            Some(Reply::Answer { code, headers, body }) => {
                let kind = if body.first() == Some(&b'<') {
                    "text/html"
                } else {
                    "application/json"
                };
                let mut response = Response::builder().status(code).header("content-type", kind);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                Decided::Answer(response.body(full(body)).unwrap())
            }
            Some(Reply::Refuse) => Decided::Refuse,
            Some(Reply::Hang) => Decided::Hang,
            Some(Reply::Stream(chunks, stays)) => {
                let (pipe, response) = stream();
                for chunk in chunks {
                    pipe.send(Ok(chunk)).ok();
                }
                if stays {
                    state.watchers.push((asked.path, pipe));
                }
                Decided::Answer(response)
            }
            Some(Reply::Break(chunk)) => {
                let (pipe, response) = stream();
                pipe.send(Ok(chunk)).ok();
                pipe.send(Err("connection reset".into())).ok();
                Decided::Answer(response)
            }
            None => Decided::Answer(state.answer(&asked)),
        }
    }
}

enum Decided {
    Answer(Response<Body>),
    Refuse,
    Hang,
}

impl State {
    fn emit(&mut self, collection: &str, event: &Value) {
        self.history.push((self.version, collection.to_owned(), event.clone()));
        if !self.silent {
            self.watchers
                .retain(|(path, pipe)| !covers(path, collection, event) || pipe.send(Ok(line_of(event))).is_ok());
        }
    }

    fn answer(&mut self, asked: &Asked) -> Response<Body> {
        match asked.path.as_str() {
            "/readyz" => return answer(200, &json!("ok")),
            "/version" => return answer(200, &json!({"gitVersion": "v1.36.0"})),
            path if path.ends_with("selfsubjectreviews") => {
                return answer(201, &json!({"status": {"userInfo": {"username": "ann"}}}));
            }
            path if path.ends_with("selfsubjectaccessreviews") => {
                return answer(201, &json!({"status": {"allowed": true}}));
            }
            path if path.contains("argoproj.io") || path.contains("kruise.io") => {
                return answer(404, &json!({"kind": "Status", "code": 404, "message": "not found"}));
            }
            _ => {}
        }
        if asked.is_watch() {
            self.watch(asked)
        } else {
            self.list(asked)
        }
    }

    fn list(&self, asked: &Asked) -> Response<Body> {
        let limit: usize = asked.query.get("limit").map_or(usize::MAX, |n| n.parse().unwrap());
        let from: usize = asked.query.get("continue").map_or(0, |n| n.parse().unwrap());
        let items = self.items(&asked.path);
        let page: Vec<_> = items.iter().skip(from).take(limit).collect();
        let rest = items.len().saturating_sub(from + page.len());
        let mut meta = json!({"resourceVersion": self.version.to_string()});
        if rest > 0 {
            meta["continue"] = (from + page.len()).to_string().into();
            meta["remainingItemCount"] = rest.into();
        }
        answer(200, &json!({"kind": "List", "metadata": meta, "items": page}))
    }

    fn items(&self, path: &str) -> Vec<&Value> {
        let (collection, namespace) = collection_of(path);
        let all = self.objects.get(&collection).into_iter().flat_map(BTreeMap::values);
        all.filter(|object| namespace.is_none() || object["metadata"]["namespace"].as_str() == namespace.as_deref())
            .collect()
    }

    fn watch(&mut self, asked: &Asked) -> Response<Body> {
        let from: u64 = asked.query["resourceVersion"].parse().unwrap();
        let (pipe, response) = stream();
        if from < self.compacted {
            pipe.send(Ok(line_of(&json!({"type": "ERROR", "object": gone()})))).ok();
            return response;
        }
        for (version, collection, event) in &self.history {
            if *version > from && covers(&asked.path, collection, event) {
                pipe.send(Ok(line_of(event))).ok();
            }
        }
        self.watchers.push((asked.path.clone(), pipe));
        response
    }
}

impl tower_service::Service<Request<kube::client::Body>> for Api {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<kube::client::Body>) -> Self::Future {
        let api = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(BoxError::from)?.to_bytes();
            api.handle(Request::from_parts(parts, body)).await
        })
    }
}
