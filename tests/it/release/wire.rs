//! What goes between the program and a simulated cluster: noted, lost on the way, refused to who is no operator.

use std::sync::Mutex;

use bytes::Bytes;
use http_body_util::BodyExt;
use pilothouse::domain::rights::Role;
use pilothouse::sim::{SimBody, Simulation};
use serde_json::Value;

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
    /// Answers to so many writes that are no dry runs are lost on the way.
    pub(super) lost: usize,
    /// What the program may not do with an operator's role, though it tried.
    pub(super) refused: Vec<String>,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.refused, Vec::<String>::new(), "an operator's role is enough");
        }
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
        let is_lost = wire.lost > 0 && !path.contains("dryRun") && !path.contains("/leases");
        wire.lost -= usize::from(is_lost);
        wire.sent.push(Sent { method, path, body });
        if is_lost {
            return Err(std::io::ErrorKind::ConnectionReset.into());
        }
    }
    Ok(answer)
}
