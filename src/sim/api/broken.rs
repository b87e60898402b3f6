//! Broken objects and bodies, for the faults that ask for them.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::super::body::SimBody;
use super::super::fault::Garbage;
use super::super::json;
use super::super::store::Stored;

/// What endless texts are made of.
pub(super) const FILLER: &[u8] = &[b'x'; 64 * 1024];

/// The object with what is wrong with it.
pub(super) fn object(object: &Value, how: Garbage) -> Value {
    match how {
        Garbage::Unreadable | Garbage::Truncated | Garbage::Endless => Value::String("this is no object".into()),
        Garbage::WrongTypes => {
            let mut broken = object.clone();
            json::set(&mut broken, &["spec"], 5);
            json::set(&mut broken, &["status"], json!(["a", "b"]));
            json::set_meta(&mut broken, "name", 7);
            json::set_meta(&mut broken, "labels", "none");
            broken
        }
        Garbage::Nulls => {
            let mut broken = object.clone();
            for (_, value) in json::object_mut(&mut broken)
                .iter_mut()
                .filter(|(key, _)| *key != "metadata")
            {
                *value = Value::Null;
            }
            json::set_meta(&mut broken, "labels", Value::Null);
            broken
        }
    }
}

/// Breaks the first object of a list.
pub(super) fn items(items: &mut VecDeque<Stored>, how: Garbage) {
    if let Some(first) = items.front_mut() {
        *first = Arc::new(object(first, how));
    }
}

/// A body that stops in the middle, or never.
pub(super) fn body(head: &str, how: Garbage) -> SimBody {
    let head = Bytes::from(format!("{head}{{\"metadata\":{{\"name\":\"x"));
    if how != Garbage::Endless {
        return SimBody::whole(head);
    }
    let (chunks, receiver) = mpsc::channel::<io::Result<Bytes>>(2);
    tokio::spawn(async move {
        let mut chunk = head;
        while chunks.send(Ok(chunk)).await.is_ok() {
            chunk = Bytes::from_static(FILLER);
        }
    });
    SimBody::stream(receiver)
}
