//! What a case is and what it may use: requests, watches, and waiting until something holds.

use std::cell::RefCell;
use std::time::Duration;

use bytes::Bytes;
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt, stream};
use http::{Method, Request};
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, Watch, names};
use super::server::Server;

/// How long a case waits for something, on the clock of its server.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// How often it looks.
pub(crate) const STEP: Duration = Duration::from_millis(50);
/// How many cases run at a time against a real server.
const AT_ONCE: usize = 6;

/// One promise of an API server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// In kebab-case, unique: the case's namespace is named after it.
    name: &'static str,
    run: Run,
}

/// The body of a case.
pub(crate) type Run = for<'a> fn(&'a Ctx) -> LocalBoxFuture<'a, Outcome>;

/// A line of a list of cases: `case("name", |ctx| Box::pin(function(ctx)))`.
pub(crate) const fn case(name: &'static str, run: Run) -> Case {
    Case { name, run }
}

/// What a case has: a server, a namespace of its own and nothing else.
#[derive(Debug)]
pub(crate) struct Ctx {
    /// Created before the case and deleted after it.
    pub(crate) namespace: String,
    server: Server,
    skipped: RefCell<Option<String>>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// May do everything.
    Admin,
    /// Is called `nobody` and may do nothing.
    Nobody,
}

/// The four kinds of patch, and what none of them is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patch {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Patch {
    /// Its `Content-Type`.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json-patch+json",
            Self::Merge => "application/merge-patch+json",
            Self::Strategic => "application/strategic-merge-patch+json",
            Self::Apply => "application/apply-patch+yaml",
        }
    }
}

impl Ctx {
    /// `/api/v1/namespaces/NAMESPACE/REST`
    pub(crate) fn core(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// `/apis/apps/v1/namespaces/NAMESPACE/REST`
    pub(crate) fn apps(&self, rest: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/{rest}", self.namespace)
    }

    /// Sends any request and reads the whole answer.
    pub(crate) async fn send(
        &self,
        user: User,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Outcome<Answer> {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let reply = self.server.send(user, request.body(body.into())?).await?;
        Answer::read(&self.server, reply).await
    }

    pub(crate) async fn get(&self, path: &str) -> Outcome<Answer> {
        self.send(User::Admin, Method::GET, path, &[("accept", "application/json")], "")
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Outcome<Answer> {
        let headers = [("content-type", "application/json")];
        self.send(User::Admin, Method::POST, path, &headers, body.to_string())
            .await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Outcome<Answer> {
        let headers = [("content-type", "application/json")];
        self.send(User::Admin, Method::PUT, path, &headers, body.to_string())
            .await
    }

    pub(crate) async fn patch(&self, kind: Patch, path: &str, body: &Value) -> Outcome<Answer> {
        let headers = [("content-type", kind.content_type())];
        self.send(User::Admin, Method::PATCH, path, &headers, body.to_string())
            .await
    }

    /// Deletes, with `DeleteOptions` unless they are null.
    pub(crate) async fn delete(&self, path: &str, options: &Value) -> Outcome<Answer> {
        let body = if options.is_null() {
            String::new()
        } else {
            options.to_string()
        };
        let headers = [("content-type", "application/json")];
        let headers = if options.is_null() { &[][..] } else { &headers[..] };
        self.send(User::Admin, Method::DELETE, path, headers, body).await
    }

    /// Creates an object and gives what the server made of it.
    pub(crate) async fn create(&self, path: &str, body: &Value) -> Outcome<Value> {
        self.post(path, body).await?.json(201)
    }

    /// Reads an object that has to be there.
    pub(crate) async fn read(&self, path: &str) -> Outcome<Value> {
        self.get(path).await?.json(200)
    }

    /// Opens a watch; the path has `watch=true` in it.
    pub(crate) async fn watch(&self, path: &str) -> Outcome<Watch<'_>> {
        let request = Request::get(path)
            .header("accept", "application/json")
            .body(Bytes::new())?;
        let reply = self.server.send(User::Admin, request).await?;
        Watch::open(&self.server, reply).await
    }

    /// Asks again and again until there is an answer; gives up after [`PATIENCE`] of the server's clock.
    pub(crate) async fn until<T>(&self, what: &str, mut probe: impl AsyncFnMut() -> Outcome<Option<T>>) -> Outcome<T> {
        let mut waited = Duration::ZERO;
        while waited < PATIENCE {
            if let Some(found) = probe().await? {
                return Ok(found);
            }
            self.server.pass(STEP).await;
            waited += STEP;
        }
        Err(format!("{what}: not so after {PATIENCE:?}").into())
    }

    /// Lets the server's clock go on; for showing that something does not happen.
    pub(crate) async fn pass(&self, time: Duration) {
        self.server.pass(time).await;
    }

    /// Whether the case runs against a real server.
    pub(crate) fn is_real(&self) -> bool {
        self.server.is_real()
    }

    /// Forgets the history of changes up to now; false where that cannot be done.
    pub(crate) async fn compact(&self) -> Outcome<bool> {
        self.server.compact().await
    }

    /// Says why the case was not tried here.
    pub(crate) fn skip(&self, why: &str) {
        self.skipped.replace(Some(why.into()));
    }
}

/// Runs a group's cases, each on a simulated cluster of its own.
pub(crate) fn run_simulated(group: &str, cases: &[Case]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    let mut failures = Vec::new();
    for case in cases {
        failures.extend(runtime.block_on(run(Server::simulated(), *case)));
    }
    report(group, cases.len(), &failures);
}

/// Runs a group's cases against the real server, some at a time.
pub(crate) fn run_real(group: &str, cases: &[Case]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let failures = runtime.block_on(async {
        let Some(server) = Server::real().await.unwrap() else {
            eprintln!("contract: {group}: skipped, PILOTHOUSE_TEST_KUBECONFIG names no cluster");
            return Vec::new();
        };
        let runs = cases.iter().map(|case| run(server.clone(), *case));
        let outcomes = stream::iter(runs).buffer_unordered(AT_ONCE);
        outcomes.filter_map(std::future::ready).collect::<Vec<String>>().await
    });
    report(group, cases.len(), &failures);
}

/// Runs one case in a namespace of its own, and says what went wrong.
async fn run(server: Server, case: Case) -> Option<String> {
    let ctx = Ctx {
        namespace: format!("contract-{}", case.name),
        server,
        skipped: RefCell::default(),
    };
    let outcome = async {
        make_namespace(&ctx).await?;
        (case.run)(&ctx).await
    }
    .await;
    let path = format!("/api/v1/namespaces/{}", ctx.namespace);
    let cleaned = ctx.delete(&path, &Value::Null).map(|answer| answer.map(drop)).await;
    if let Some(why) = ctx.skipped.take() {
        eprintln!("contract: {}: skipped, {why}", case.name);
    }
    let error = outcome.and(cleaned).err()?;
    Some(format!("{}: {error}", case.name))
}

/// Creates the case's namespace, after what an interrupted run left of it is gone.
async fn make_namespace(ctx: &Ctx) -> Outcome {
    let body = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ctx.namespace}});
    let path = format!("/api/v1/namespaces/{}", ctx.namespace);
    ctx.until("a namespace of the case's own", async || {
        if ctx.post("/api/v1/namespaces", &body).await?.status == 409 {
            ctx.delete(&path, &Value::Null).await?;
            release(ctx).await?;
            return Ok(None);
        }
        Ok(Some(()))
    })
    .await?;
    if !ctx.is_real() {
        return Ok(());
    }
    // A real server refuses pods until the namespace has this account.
    let account = ctx.core("serviceaccounts/default");
    ctx.until("the default service account", async || {
        Ok((ctx.get(&account).await?.status == 200).then_some(()))
    })
    .await
}

/// Takes off the finalizers that an interrupted case left.
async fn release(ctx: &Ctx) -> Outcome {
    for kind in ["configmaps", "pods"] {
        let list = ctx.read(&ctx.core(kind)).await?;
        for name in names(&list) {
            let bare = json!({"metadata": {"finalizers": null}});
            ctx.patch(Patch::Merge, &ctx.core(&format!("{kind}/{name}")), &bare)
                .await?;
        }
    }
    Ok(())
}

fn report(group: &str, count: usize, failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{group}: {} of {count} cases failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
}
