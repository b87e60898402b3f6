//! Cuts the bytes of a watch into events, keeping no more of them than the event that is not whole yet.

use bytes::{Buf, Bytes, BytesMut};

use super::Encoding;

/// Longest watch event that is read; the API server itself refuses objects far smaller.
pub(crate) const LONGEST_EVENT: usize = 32 << 20;

/// The room that an event longer than this took is given back behind it.
const LONG_EVENT: usize = 1 << 20;

/// A watch event longer than [`LONGEST_EVENT`], or one that never ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Cuts the bytes of a watch into events.
#[derive(Debug)]
pub(crate) struct Splitter {
    encoding: Encoding,
    buffer: BytesMut,
    /// How far the buffer was searched for a line's end already.
    searched: usize,
}

impl Splitter {
    pub(crate) fn new(encoding: Encoding) -> Self {
        Self {
            encoding,
            buffer: BytesMut::new(),
            searched: 0,
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes of memory held for what is not a whole event yet.
    #[cfg(test)]
    pub(crate) fn buffered(&self) -> usize {
        self.buffer.capacity()
    }

    /// The next whole event, if it is there.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>, TooLong> {
        let event = match self.encoding {
            Encoding::Protobuf => self.next_frame(),
            Encoding::Json => self.next_line(),
        }?;
        if event.as_ref().is_some_and(|event| event.len() > LONG_EVENT) {
            // Else the watch would keep the room of its longest event for as long as it lives.
            self.buffer = BytesMut::from(&*self.buffer);
        }
        Ok(event)
    }

    fn next_frame(&mut self) -> Result<Option<Bytes>, TooLong> {
        let Some(&length) = self.buffer.first_chunk::<4>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST_EVENT {
            return Err(TooLong);
        }
        if self.buffer.len() < length + 4 {
            return Ok(None);
        }
        self.buffer.advance(4);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }

    fn next_line(&mut self) -> Result<Option<Bytes>, TooLong> {
        loop {
            let unsearched = self.buffer.get(self.searched..).unwrap_or_default();
            let Some(at) = memchr::memchr(b'\n', unsearched) else {
                self.searched = self.buffer.len();
                return if self.buffer.len() > LONGEST_EVENT {
                    Err(TooLong)
                } else {
                    Ok(None)
                };
            };
            let line = self.buffer.split_to(self.searched + at).freeze();
            self.buffer.advance(1);
            self.searched = 0;
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_cut_wherever_the_bytes_are() {
        let json = b"{\"a\":1}\n\n{\"b\":2}\n{\"c\"";
        let frames = b"\0\0\0\x03abc\0\0\0\x01d\0\0\0\x05e";
        for (encoding, bytes, events) in [
            (Encoding::Json, &json[..], vec!["{\"a\":1}", "{\"b\":2}"]),
            (Encoding::Protobuf, &frames[..], vec!["abc", "d"]),
        ] {
            for size in 1..bytes.len() {
                let mut splitter = Splitter::new(encoding);
                let mut got = Vec::new();
                for chunk in bytes.chunks(size) {
                    splitter.push(chunk);
                    while let Some(event) = splitter.next().unwrap() {
                        got.push(event);
                    }
                }
                assert_eq!(got, events, "{encoding:?} in chunks of {size}");
            }
        }
    }

    #[test]
    fn what_never_ends_is_cut() {
        let mut splitter = Splitter::new(Encoding::Json);
        let chunk = vec![b'x'; 1 << 20];
        let mut pushed = 0;
        while splitter.next().is_ok() {
            splitter.push(&chunk);
            pushed += chunk.len();
            assert!(pushed <= LONGEST_EVENT + chunk.len());
        }
        let mut splitter = Splitter::new(Encoding::Protobuf);
        splitter.push(&[0xff; 8]);
        assert_eq!(splitter.next(), Err(TooLong));
    }

    #[test]
    fn f21_no_more_is_buffered_than_twice_the_event_and_nothing_of_it_afterwards() {
        const CHUNK: usize = 16 << 10;
        for encoding in [Encoding::Json, Encoding::Protobuf] {
            for size in [1_500_000, 10 << 20, LONGEST_EVENT] {
                let mut splitter = Splitter::new(encoding);
                let mut body = match encoding {
                    Encoding::Json => Vec::new(),
                    Encoding::Protobuf => u32::try_from(size).unwrap().to_be_bytes().to_vec(),
                };
                body.resize(body.len() + size, b'x');
                body.extend_from_slice(match encoding {
                    Encoding::Json => b"\n{}\n{",
                    Encoding::Protobuf => b"\0\0\0\x02{}\0",
                });
                let (mut fed, mut events) = (0, Vec::new());
                for chunk in body.chunks(CHUNK) {
                    splitter.push(chunk);
                    fed += chunk.len();
                    assert!(
                        splitter.buffered() <= 2 * fed,
                        "{encoding:?}: {} of {fed}",
                        splitter.buffered()
                    );
                    while let Some(event) = splitter.next().unwrap() {
                        events.push(event.len());
                    }
                }
                assert_eq!(events, [size, 2], "{encoding:?}");
                assert!(
                    splitter.buffered() <= CHUNK,
                    "{encoding:?} keeps {}",
                    splitter.buffered()
                );
            }
        }
    }
}
