//! What goes between the program and a simulated cluster: noted, lost on the way, refused to who is no operator.

use std::sync::Mutex;

use bytes::Bytes;
use http_body_util::BodyExt;
use pilothouse::domain::rights::Role;
use pilothouse::sim::{SimBody, Simulation};
use serde_json::{Value, json};

/// A request of the program that changes something.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sent {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Value,
}

/// What the program sent, and what becomes of the answers.
#[derive(Debug, Default)]
pub(super) struct Wire {
    pub(super) sent: Vec<Sent>,
    /// Answers to so many writes that are neither dry runs nor notes are lost on the way.
    pub(super) lost: usize,
    /// What the program may not do with an operator's role, though it tried.
    pub(super) refused: Vec<String>,
    /// Writes that would be taken whatever became of the object meanwhile.
    loose: Vec<Sent>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.refused, Vec::<String>::new(), "an operator's role is enough");
            assert_eq!(self.loose, [], "every write says of which object in which state it is");
        }
    }
}

/// Whether a write is refused where it is not of the very object that was looked at, in the state it was in; the name of
/// a new object is its lock.
pub(crate) fn is_conditional(method: &str, body: &Value) -> bool {
    let operations = || body.as_array().into_iter().flatten();
    let is_test = |operation: &&Value| operation["op"] == "test";
    let tests = |path: &Value| operations().filter(is_test).any(|test| test["path"] == *path);
    let tests_state = || tests(&"/metadata/generation".into()) || tests(&"/metadata/resourceVersion".into());
    let mut changes = operations().filter(|operation| !is_test(operation));
    match method {
        "POST" => body["metadata"]["name"].is_string() && body["metadata"]["generateName"].is_null(),
        "DELETE" => body["preconditions"]["uid"].is_string(),
        "PATCH" if body.is_array() => {
            tests(&"/metadata/uid".into()) && (tests_state() || changes.any(|change| tests(&change["path"])))
        }
        _ => body["metadata"]["uid"].is_string() && body["metadata"]["resourceVersion"].is_string(),
    }
}

#[test]
fn what_is_taken_of_whatever_is_there_is_seen() {
    let test = |path: &str| json!({"op": "test", "path": path, "value": 1});
    let change = json!({"op": "replace", "path": "/spec/replicas", "value": 4});
    let metadata = json!({"metadata": {"uid": "u", "resourceVersion": "7"}});
    for (method, body, is_safe) in [
        (
            "PATCH",
            json!([test("/metadata/uid"), test("/metadata/generation"), change]),
            true,
        ),
        (
            "PATCH",
            json!([test("/metadata/uid"), test("/spec/replicas"), change]),
            true,
        ),
        (
            "PATCH",
            json!([test("/metadata/uid"), test("/spec/paused"), change]),
            false,
        ),
        ("PATCH", json!([test("/metadata/generation"), change]), false),
        ("PATCH", metadata.clone(), true),
        ("PATCH", json!({"spec": {}}), false),
        ("PUT", metadata, true),
        ("PUT", json!({"metadata": {"uid": "u"}}), false),
        ("POST", json!({"metadata": {"name": "a"}}), true),
        ("POST", json!({"metadata": {"generateName": "a-"}}), false),
        ("DELETE", json!({"preconditions": {"uid": "u"}}), true),
        ("DELETE", json!({}), false),
    ] {
        assert_eq!(is_conditional(method, &body), is_safe, "{method} {body}");
    }
}

/// Asks a simulated cluster past the program; an answer that is no JSON is a string.
pub(super) async fn send(simulation: &Simulation, method: &str, path: &str, kind: &str, body: &Value) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("content-type", kind)
        .body(Bytes::from(body.to_string()))
        .unwrap();
    let answer = simulation.handle(request).await;
    let code = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let text = || Value::String(String::from_utf8_lossy(&bytes).into_owned());
    (code, serde_json::from_slice(&bytes).unwrap_or_else(|_| text()))
}

/// Whether a body is that of a ledger.
fn is_of_ledger(body: &Value) -> bool {
    let name = body["metadata"]["name"].as_str();
    name.is_some_and(|name| name.starts_with("pilothouse-ledger-"))
}

/// Hands a request of an operator on, notes it where it changes something, and may lose the answer.
pub(super) async fn pass(
    server: &Simulation,
    wire: &Mutex<Wire>,
    mut request: http::Request<Bytes>,
) -> std::io::Result<http::Response<SimBody>> {
    let operator = http::HeaderValue::from_static(Role::Operator.name());
    request.headers_mut().insert("impersonate-user", operator);
    let (method, path) = (request.method().to_string(), request.uri().to_string());
    let is_review = path.contains("reviews");
    let body = serde_json::from_slice(request.body()).unwrap_or_default();
    let answer = server.answer(request).await?;
    if answer.status() == 403 {
        wire.lock().unwrap().refused.push(format!("{method} {path}"));
    }
    if method != "GET" && !is_review {
        let mut wire = wire.lock().unwrap();
        let is_note = path.contains("/leases") || is_of_ledger(&body);
        let is_lost = wire.lost > 0 && !path.contains("dryRun") && !is_note;
        wire.lost -= usize::from(is_lost);
        let sent = Sent { method, path, body };
        if !is_conditional(&sent.method, &sent.body) {
            wire.loose.push(sent.clone());
        }
        wire.sent.push(sent);
        if is_lost {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
    }
    Ok(answer)
}
