//! A body read to its end: no more of it is held than twice what came, and none beyond a limit.

use bytes::{Bytes, BytesMut};
use memmap2::MmapMut;

/// A body up to so many bytes is held on the heap.
///
/// A longer one has pages of its own. glibc, once it freed a large block, takes blocks up to that size from the heap
/// for good and gives twice as much back late: a few pages of a list cost ten megabytes for as long as the program ran.
const SMALL: usize = 64 << 10;

/// What came of a body so far.
#[derive(Debug)]
pub(super) struct Gathered {
    held: Held,
    /// Bytes that came.
    length: usize,
    /// Largest body that is taken, bytes.
    most: usize,
}

#[derive(Debug)]
enum Held {
    Heap(BytesMut),
    Pages(MmapMut),
}

/// Why a body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It is larger than what is taken.
    TooLarge,
    /// The machine has no memory for it.
    NoMemory,
}

impl Gathered {
    pub(super) fn new(most: usize) -> Self {
        Self {
            held: Held::Heap(BytesMut::new()),
            length: 0,
            most,
        }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) -> Result<(), NotTaken> {
        let length = self.length + chunk.len();
        if length > self.most {
            return Err(NotTaken::TooLarge);
        }
        self.make_room(length)?;
        match &mut self.held {
            Held::Heap(bytes) => bytes.extend_from_slice(chunk),
            Held::Pages(pages) => {
                let place = pages.get_mut(self.length..length).ok_or(NotTaken::NoMemory)?;
                place.copy_from_slice(chunk);
            }
        }
        self.length = length;
        Ok(())
    }

    /// Moves what came to pages, or to more of them, where it is about to outgrow its room.
    fn make_room(&mut self, length: usize) -> Result<(), NotTaken> {
        let (came, room) = match &self.held {
            Held::Heap(bytes) => (&bytes[..], SMALL),
            Held::Pages(pages) => (&pages[..], pages.len()),
        };
        if length <= room {
            return Ok(());
        }
        let came = came.get(..self.length).unwrap_or_default();
        let mut pages = MmapMut::map_anon(length.max(self.length * 2)).map_err(|_| NotTaken::NoMemory)?;
        if let Some(place) = pages.get_mut(..came.len()) {
            place.copy_from_slice(came);
        }
        self.held = Held::Pages(pages);
        Ok(())
    }

    pub(super) fn finish(self) -> Bytes {
        match self.held {
            Held::Heap(bytes) => bytes.freeze(),
            Held::Pages(pages) => Bytes::from_owner(pages).slice(..self.length),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cluster::{Rules, read_page};
    use crate::domain::{Kind, Object};

    const CHUNK: usize = 16 << 10;

    impl Gathered {
        /// Bytes of memory that are taken for what came.
        fn room(&self) -> usize {
            match &self.held {
                Held::Heap(bytes) => bytes.capacity(),
                Held::Pages(pages) => pages.len(),
            }
        }
    }

    /// Feeds a body in chunks and holds what is buffered against what came.
    fn feed(body: &[u8], most: usize) -> Result<Bytes, NotTaken> {
        let mut gathered = Gathered::new(most);
        let mut fed = 0;
        for chunk in body.chunks(CHUNK) {
            gathered.push(chunk)?;
            fed += chunk.len();
            let buffered = gathered.room();
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
        assert_eq!(feed(&body, 32 << 20), Err(NotTaken::TooLarge));
        assert_eq!(feed(&body, 40 << 20).map(|read| read.len()), Ok(body.len()));
    }

    #[test]
    fn what_came_is_whole_and_large_bodies_are_not_on_the_heap() {
        for size in [0, 1, SMALL - 1, SMALL, SMALL + 1, 3 * SMALL, 5_000_000] {
            let body: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
            for chunk in [1_000, SMALL, 8 * SMALL] {
                let mut gathered = Gathered::new(5_000_000);
                for chunk in body.chunks(chunk) {
                    gathered.push(chunk).unwrap();
                }
                assert_eq!(
                    matches!(gathered.held, Held::Pages(_)),
                    size > SMALL,
                    "{size} by {chunk}"
                );
                assert!(gathered.finish() == body, "{size} by {chunk}");
            }
        }
    }
}
