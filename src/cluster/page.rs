//! One page of a list read by itself: for benchmarks and fuzzing, without a server.

use std::sync::Arc;

use super::Rules;
use super::project::Projector;
use super::wire::{Encoding, frame};
use crate::domain::{Kind, Object};

/// What a server's answer to a list holds.
#[derive(Debug, Default)]
pub struct Page {
    pub objects: Vec<Object>,
    /// Objects that could not be read; they cost nothing but themselves.
    pub unreadable: usize,
}

/// Reads the body of a list of `kind`, as protobuf if it begins as such, else as JSON.
///
/// `None` for a body that is broken as a whole.
pub fn read_page(kind: Kind, body: &[u8], rules: &Arc<Rules>) -> Option<Page> {
    let encoding = if body.starts_with(b"k8s\0") {
        Encoding::Protobuf
    } else {
        Encoding::Json
    };
    let mut projector = Projector::new(Arc::clone(rules));
    let mut page = Page::default();
    for item in frame::page(body, encoding).ok()?.items {
        match projector.read(kind, item, encoding) {
            Ok(item) => page.objects.push(item.object),
            Err(_) => page.unreadable += 1,
        }
    }
    Some(page)
}
