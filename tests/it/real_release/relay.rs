//! Between the program and a real API server: notes what is asked, and keeps a request back, or its answer, as long
//! as a test wants.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

/// What the steps of a release are written to.
const RELEASED: [&str; 5] = [
    "deployments",
    "rollouts",
    "clonesets",
    "scaledobjects",
    "horizontalpodautoscalers",
];

/// A request, and the code of its answer once there is one.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) path: String,
    /// `content-type`
    pub(super) kind: String,
    pub(super) body: Value,
    pub(super) code: Option<u16>,
}

impl Asked {
    /// A dry run too.
    pub(super) fn is_write(&self) -> bool {
        self.method != Method::GET && !self.path.contains("reviews")
    }

    pub(super) fn is_dry_run(&self) -> bool {
        self.path.contains("dryRun=All")
    }

    /// A step, or the dry run of one.
    pub(super) fn is_step(&self) -> bool {
        self.is_write() && RELEASED.iter().any(|kind| self.path.contains(&format!("/{kind}/")))
    }

    /// It may change what is released.
    pub(super) fn is_release(&self) -> bool {
        self.is_step() && !self.is_dry_run()
    }

    /// It tells others who has the app.
    pub(super) fn is_claim(&self) -> bool {
        self.path.contains("/leases")
    }

    /// Notes in a ledger what came of what was begun.
    pub(super) fn is_settled(&self) -> bool {
        let lines = self.body["data"]["ledger"].as_str().unwrap_or_default();
        let last = lines.lines().next_back();
        self.method != "GET" && last.is_some_and(|line| !line.contains("\"pending\":true"))
    }
}

/// What is kept back: the request itself, or only its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    Request,
    Answer,
}

type Which = fn(&Asked) -> bool;

#[derive(Default)]
struct State {
    asked: Mutex<Vec<Asked>>,
    keep: Mutex<Option<(Kept, Which)>>,
    /// Something is kept back.
    is_kept: Notify,
    /// It may go on.
    go: Notify,
    /// It went on, and was answered with this.
    went: Notify,
    answered: Mutex<Option<u16>>,
}

pub(super) struct Relay {
    state: Arc<State>,
    pub(super) port: u16,
    _serves: AbortOnDropHandle<()>,
}

impl Relay {
    /// Relays to the server of a client, which asks in that client's name.
    pub(super) async fn to(client: kube::Client) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<State>::default();
        let noted = Arc::clone(&state);
        let serves = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(client.clone(), Arc::clone(&noted), stream));
            }
        });
        Self {
            state,
            port,
            _serves: AbortOnDropHandle::new(serves),
        }
    }

    /// Writes the kubeconfig that leads here.
    pub(super) fn kubeconfig(&self, file: &Path) {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "lab-b",
            "clusters": [{"name": "relay", "cluster": {"server": format!("http://127.0.0.1:{}", self.port)}}],
            "contexts": [{"name": "lab-b", "context": {"cluster": "relay", "user": "relay"}}],
            "users": [{"name": "relay", "user": {}}],
        });
        std::fs::write(file, config.to_string()).unwrap();
    }

    /// Keeps back the first request like this until it is let go, or its answer for ever.
    pub(super) fn keep(&self, kept: Kept, which: Which) {
        *self.state.keep.lock().unwrap() = Some((kept, which));
    }

    /// Waits until something is kept back.
    pub(super) async fn kept(&self) {
        self.state.is_kept.notified().await;
    }

    /// Lets the request go that is kept back; gives the code of the server's answer.
    pub(super) async fn let_go(&self) -> u16 {
        self.state.go.notify_one();
        self.state.went.notified().await;
        self.state.answered.lock().unwrap().take().unwrap()
    }

    /// What was asked since the last time.
    pub(super) fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state.asked.lock().unwrap())
    }
}

async fn connection(client: kube::Client, state: Arc<State>, stream: TcpStream) {
    let service = service_fn(move |request: Request<Incoming>| {
        // What was sent arrives, whatever becomes of who sent it.
        let answer = tokio::spawn(pass(client.clone(), Arc::clone(&state), request));
        async move { Ok::<_, Infallible>(answer.await.unwrap()) }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A program that is killed breaks off.
    drop(connection.await);
}

async fn pass(client: kube::Client, state: Arc<State>, request: Request<Incoming>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    for header in [
        http::header::HOST,
        http::header::ACCEPT_ENCODING,
        http::header::CONNECTION,
    ] {
        parts.headers.remove(header);
    }
    let kind = parts.headers.get(http::header::CONTENT_TYPE);
    let asked = Asked {
        method: parts.method.clone(),
        path: parts.uri.to_string(),
        kind: kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        code: None,
    };
    let kept = {
        let mut keep = state.keep.lock().unwrap();
        let kept = keep.filter(|(_, which)| which(&asked)).map(|(kept, _)| kept);
        if kept.is_some() {
            *keep = None;
        }
        kept
    };
    let number = {
        let mut all = state.asked.lock().unwrap();
        all.push(asked);
        all.len()
    };
    if kept == Some(Kept::Request) {
        state.is_kept.notify_one();
        state.go.notified().await;
    }
    let answer = client
        .send(Request::from_parts(parts, Body::from(body.to_vec())))
        .await
        .unwrap();
    if let Some(asked) = state.asked.lock().unwrap().get_mut(number - 1) {
        asked.code = Some(answer.status().as_u16());
    }
    match kept {
        Some(Kept::Request) => {
            *state.answered.lock().unwrap() = Some(answer.status().as_u16());
            state.went.notify_one();
        }
        Some(Kept::Answer) => {
            state.is_kept.notify_one();
            std::future::pending::<()>().await;
        }
        None => {}
    }
    answer
}
