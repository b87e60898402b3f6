//! Bodies of answers: whole, a list written out as it is read, or a stream of watch events.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use serde::Serialize;
use serde::ser::SerializeMap;
use serde_json::Value;
use tokio::sync::mpsc;

use super::store::Stored;

/// How many bytes of a list are made at a time.
const CHUNK: usize = 128 * 1024;

/// The body of an answer of a simulated API server.
#[derive(Debug)]
pub struct SimBody(Kind);

#[derive(Debug)]
enum Kind {
    Whole(Option<Bytes>),
    List(ListBody),
    Stream(mpsc::Receiver<io::Result<Bytes>>),
    Pieces(Pieces),
}

/// Pieces that are made when they are asked for.
struct Pieces(Box<dyn Iterator<Item = Bytes> + Send>);

impl std::fmt::Debug for Pieces {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pieces")
    }
}

/// A list whose items are serialised when they are asked for, so that a big one costs neither memory nor a held lock.
#[derive(Debug)]
pub(super) struct ListBody {
    head: Option<Bytes>,
    items: VecDeque<Stored>,
    /// Items of built-in kinds leave out `apiVersion` and `kind`.
    typed: bool,
    tail: Option<Bytes>,
}

impl ListBody {
    pub(super) fn new(head: String, items: VecDeque<Stored>, typed: bool, tail: &'static str) -> Self {
        Self {
            head: Some(head.into()),
            items,
            typed,
            tail: Some(Bytes::from_static(tail.as_bytes())),
        }
    }

    fn next(&mut self) -> Option<Bytes> {
        if let Some(head) = self.head.take() {
            return Some(head);
        }
        if self.items.is_empty() {
            return self.tail.take();
        }
        let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 8);
        while chunk.len() < CHUNK {
            let Some(item) = self.items.pop_front() else { break };
            // Writing JSON to memory cannot fail.
            let _ = if self.typed {
                serde_json::to_writer(&mut chunk, &*item)
            } else {
                serde_json::to_writer(&mut chunk, &Untyped(&item))
            };
            if !self.items.is_empty() {
                chunk.push(b',');
            }
        }
        Some(chunk.into())
    }
}

/// An object without its `apiVersion` and `kind`, as lists of built-in kinds hold it.
struct Untyped<'a>(&'a Value);

impl Serialize for Untyped<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(fields) = self.0 else {
            return self.0.serialize(serializer);
        };
        let mut map = serializer.serialize_map(None)?;
        for (key, value) in fields.iter().filter(|(key, _)| *key != "apiVersion" && *key != "kind") {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}

impl SimBody {
    /// A body that is there at once.
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Whole(Some(bytes.into())))
    }

    pub(super) fn list(list: ListBody) -> Self {
        Self(Kind::List(list))
    }

    pub(super) fn pieces(pieces: impl Iterator<Item = Bytes> + Send + 'static) -> Self {
        Self(Kind::Pieces(Pieces(Box::new(pieces))))
    }

    pub(super) fn stream(receiver: mpsc::Receiver<io::Result<Bytes>>) -> Self {
        Self(Kind::Stream(receiver))
    }
}

impl Body for SimBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let bytes = match &mut self.0 {
            Kind::Whole(bytes) => bytes.take().map(Ok),
            Kind::List(list) => list.next().map(Ok),
            Kind::Pieces(Pieces(pieces)) => pieces.next().map(Ok),
            Kind::Stream(receiver) => ready!(receiver.poll_recv(context)),
        };
        Poll::Ready(bytes.map(|bytes| bytes.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Kind::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Kind::List(_) | Kind::Stream(_) | Kind::Pieces(_) => SizeHint::default(),
        }
    }
}
