//! A body read to its end: no more of it is held than twice what came, and none beyond a limit.

use bytes::{Bytes, BytesMut};

/// What came of a body so far.
#[derive(Debug)]
pub(super) struct Gathered {
    bytes: BytesMut,
    /// Largest body that is taken, bytes.
    most: usize,
}

/// The body is larger than what is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLarge;

impl Gathered {
    pub(super) fn new(most: usize) -> Self {
        Self {
            bytes: BytesMut::new(),
            most,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), TooLarge> {
        if self.bytes.len() + chunk.len() > self.most {
            return Err(TooLarge);
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    pub(super) fn finish(self) -> Bytes {
        self.bytes.freeze()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::{Rules, read_page};
    use crate::domain::{Kind, Object};

    const CHUNK: usize = 16 << 10;

    /// Feeds a body in chunks and holds what is buffered against what came.
    fn feed(body: &[u8], most: usize) -> Result<Bytes, TooLarge> {
        let mut gathered = Gathered::new(most);
        let mut fed = 0;
        for chunk in body.chunks(CHUNK) {
            gathered.push(chunk)?;
            fed += chunk.len();
            let buffered = gathered.bytes.capacity();
            assert!(buffered <= 2 * fed.max(CHUNK), "{buffered} of {fed}");
        }
        Ok(gathered.finish())
    }

    #[test]
    fn f21_a_list_of_60_mb_is_held_once_and_its_rows_keep_little_of_it() {
        let mass = "x".repeat(120_000);
        let pods = (0..500).map(|n| {
            serde_json::json!({"metadata": {"name": format!("p{n}"), "namespace": "gift", "annotations": {"mass": mass}},
                "spec": {"containers": [{"name": "c", "image": "i"}]}})
            .to_string()
        });
        let items = pods.collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"kind":"PodList","metadata":{{}},"items":[{items}]}}"#);
        assert!(body.len() > 60_000_000);
        let read = feed(body.as_bytes(), 128 << 20).unwrap();
        let page = read_page(Kind::Pod, &read, &Arc::new(Rules::default())).unwrap();
        assert_eq!((page.objects.len(), page.unreadable), (500, 0));
        let kept: usize = page.objects.iter().map(|object| format!("{object:?}").len()).sum();
        assert!(kept < 500 * 4_000, "{kept} bytes of text are kept");
        assert!(matches!(page.objects.first(), Some(Object::Pod(_))));
    }

    #[test]
    fn f21_what_is_larger_than_the_limit_is_given_up_before_it_is_held() {
        let body = vec![b'x'; 40 << 20];
        assert_eq!(feed(&body, 32 << 20), Err(TooLarge));
        assert_eq!(feed(&body, 40 << 20).map(|read| read.len()), Ok(body.len()));
    }
}
