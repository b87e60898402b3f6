//! Answers and watches, and comparing them with what is expected.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt::Debug;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use http::HeaderMap;
use serde_json::{Value, json};

use super::frame::{PATIENCE, STEP};
use super::server::{Reply, Server};

/// What a step of a case gives: a value, or what was wrong.
pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(server: &Server, reply: Reply) -> Outcome<Self> {
        let (head, mut pieces) = reply.into_parts();
        let mut body = Vec::new();
        while let Some(piece) = bounded(server, pieces.next()).await? {
            body.extend_from_slice(&piece?);
        }
        Ok(Self {
            status: head.status.as_u16(),
            headers: head.headers,
            body: body.into(),
        })
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null if it is not.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as JSON, of an answer that has this status.
    pub(crate) fn json(&self, status: u16) -> Outcome<Value> {
        if self.status != status {
            return Err(format!("answered {} instead of {status}: {}", self.status, self.text()).into());
        }
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// That it is a `Status` of failure with this code, reason and message.
    pub(crate) fn refused(&self, code: u16, reason: &str, message: &str) -> Outcome<Value> {
        let expected = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "code": code, "reason": reason, "message": message});
        let value = self.json(code)?;
        includes(&value, &expected)?;
        Ok(value)
    }
}

/// An open watch.
pub(crate) struct Watch<'a> {
    server: &'a Server,
    reply: Reply,
    pending: Vec<u8>,
    lines: VecDeque<Vec<u8>>,
}

impl<'a> Watch<'a> {
    pub(crate) async fn open(server: &'a Server, reply: Reply) -> Outcome<Self> {
        if reply.status() != 200 {
            let answer = Answer::read(server, reply).await?;
            return Err(format!("the watch was answered {}: {}", answer.status, answer.text()).into());
        }
        Ok(Self {
            server,
            reply,
            pending: Vec::new(),
            lines: VecDeque::new(),
        })
    }

    /// The next event as the server wrote it; none if the server ended the watch.
    pub(crate) async fn next(&mut self) -> Outcome<Option<Value>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            let Some(piece) = bounded(self.server, self.reply.body_mut().next()).await? else {
                return if self.pending.is_empty() {
                    Ok(None)
                } else {
                    Err("the watch ended inside an event".into())
                };
            };
            self.take(&piece?);
        }
    }

    /// The next event, which has to come.
    pub(crate) async fn event(&mut self) -> Outcome<Value> {
        self.next()
            .await?
            .ok_or_else(|| "the watch ended instead of giving an event".into())
    }

    /// The next event but bookmarks, as `TYPE name`.
    pub(crate) async fn change(&mut self) -> Outcome<String> {
        loop {
            let event = self.event().await?;
            if event["type"] != "BOOKMARK" {
                let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default();
                return Ok(format!("{} {name}", event["type"].as_str().unwrap_or_default()));
            }
        }
    }

    /// All that is left until the server ends the watch.
    pub(crate) async fn rest(&mut self) -> Outcome<Vec<Value>> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }

    fn take(&mut self, piece: &[u8]) {
        for byte in piece {
            if *byte == b'\n' {
                self.lines.push_back(std::mem::take(&mut self.pending));
            } else {
                self.pending.push(*byte);
            }
        }
    }
}

/// Waits for something from the server for no longer than [`PATIENCE`] of its clock.
async fn bounded<T>(server: &Server, wanted: impl Future<Output = T> + Unpin) -> Outcome<T> {
    let mut wanted = wanted;
    let mut waited = Duration::ZERO;
    while waited < PATIENCE {
        match select(wanted, server.pass(STEP).boxed_local()).await {
            Either::Left((found, _)) => return Ok(found),
            Either::Right(((), still)) => wanted = still,
        }
        waited += STEP;
    }
    Err(format!("nothing came from the server in {PATIENCE:?}").into())
}

/// That two values are the same.
#[expect(clippy::needless_pass_by_value, reason = "callers write json!() in place")]
pub(crate) fn same<A: Debug + PartialEq<B>, B: Debug>(what: &str, actual: A, expected: B) -> Outcome {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}: is {actual:?}, expected {expected:?}").into())
}

/// That something holds.
pub(crate) fn holds(what: &str, condition: bool) -> Outcome {
    if condition {
        Ok(())
    } else {
        Err(format!("not so: {what}").into())
    }
}

/// That a value has all that is expected: objects may have more fields, null stands for an absent one, arrays are as long.
pub(crate) fn includes(actual: &Value, expected: &Value) -> Outcome {
    match difference("", actual, expected) {
        None => Ok(()),
        Some(difference) => Err(format!("{difference}, in {actual}").into()),
    }
}

fn difference(path: &str, actual: &Value, expected: &Value) -> Option<String> {
    match (actual, expected) {
        (Value::Object(has), Value::Object(wants)) => wants.iter().find_map(|(key, wanted)| {
            let value = has.get(key).unwrap_or(&Value::Null);
            difference(&format!("{path}/{key}"), value, wanted)
        }),
        (Value::Array(has), Value::Array(wants)) if has.len() == wants.len() => {
            let mut pairs = has.iter().zip(wants).enumerate();
            pairs.find_map(|(index, (value, wanted))| difference(&format!("{path}/{index}"), value, wanted))
        }
        _ if actual == expected => None,
        _ => Some(format!("{path} is {actual}, expected {expected}")),
    }
}

/// The names of a list's items, in its order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .filter_map(|item| item["metadata"]["name"].as_str())
        .collect()
}

/// A field of an object's metadata as text; empty if absent.
pub(crate) fn meta<'a>(object: &'a Value, field: &str) -> &'a str {
    object["metadata"][field].as_str().unwrap_or_default()
}
