//! Bytes of a log stream, in whatever pieces they arrive, into lines with their time.

use memchr::{memchr, memchr_iter};

use super::stamp::{Stamp, split_stamp};

/// Bytes of a line that are kept, unless told otherwise; the rest is counted.
pub const LINE_LIMIT: usize = 64 * 1024;

/// Room for the time in front of a line.
const STAMP_ROOM: usize = 64;

/// Bytes of one piece of a long line in the container runtime's log (containerd's and dockershim's default).
const PIECE: usize = 16 * 1024;

/// One line of a log stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// When the container runtime read it; `None`: the line has no time, so it is the kubelet's own
    /// word, or the rest of a line whose head the server cut off.
    pub at: Option<Stamp>,
    /// No more bytes than the splitter keeps, without the newline at its end; anything may be in it.
    pub text: &'a [u8],
    /// Bytes of the line that are not in `text`.
    pub more: u64,
}

/// A line's text without a carriage return at its end.
pub fn bare(text: &[u8]) -> &[u8] {
    text.strip_suffix(b"\r").unwrap_or(text)
}

/// Cuts the bytes of one stream into lines. A line that lies in one piece is not copied.
#[derive(Debug)]
pub struct Splitter {
    limit: usize,
    open: Vec<u8>,
    /// Bytes of the open line beyond what is kept.
    over: u64,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new(LINE_LIMIT)
    }
}

impl Splitter {
    /// A splitter that keeps so many bytes of a line.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit,
            open: Vec::new(),
            over: 0,
        }
    }

    /// Gives every line that ends in this piece to `each`, and keeps what is left for the next one.
    pub fn feed(&mut self, piece: &[u8], mut each: impl FnMut(Record<'_>)) {
        let mut rest = piece;
        if !self.open.is_empty() {
            let Some((head, tail)) = memchr(b'\n', rest).and_then(|end| rest.split_at_checked(end)) else {
                return self.keep(rest);
            };
            self.keep(head);
            self.finish(&mut each);
            rest = tail.get(1..).unwrap_or_default();
        }
        let mut start = 0;
        for end in memchr_iter(b'\n', rest) {
            let line = rest.get(start..end).unwrap_or_default();
            start = end + 1;
            if line.len() <= PIECE {
                each(record(line, 0, self.limit));
            } else {
                self.keep(line);
                self.finish(&mut each);
            }
        }
        self.keep(rest.get(start..).unwrap_or_default());
    }

    /// Gives out the line that has begun as if it had ended: the container has, and it wrote no last newline.
    ///
    /// Not for a stream that was cut; see [`Self::cut`].
    pub fn finish(&mut self, mut each: impl FnMut(Record<'_>)) {
        if !self.open.is_empty() {
            mend_pieces(&mut self.open);
            each(record(&self.open, self.over, self.limit));
        }
        self.cut();
    }

    /// Forgets the line that has begun, because the stream was cut: the server will send it again.
    ///
    /// Tells the line's time, if that much of it had arrived.
    pub fn cut(&mut self) -> Option<Stamp> {
        let at = split_stamp(&self.open).map(|(at, _)| at);
        self.open.clear();
        self.open.shrink_to(PIECE);
        self.over = 0;
        at
    }

    /// Is as it was before the first byte.
    pub fn reset(&mut self) {
        *self = Self::new(self.limit);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = (self.limit + STAMP_ROOM).saturating_sub(self.open.len());
        let (kept, over) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        self.open.extend_from_slice(kept);
        self.over += over.len() as u64;
    }
}

fn record(line: &[u8], over: u64, limit: usize) -> Record<'_> {
    let (at, text) = split_stamp(line).map_or((None, line), |(at, text)| (Some(at), text));
    let end = if over == 0 && text.len() <= limit {
        text.len()
    } else {
        whole_characters(text, limit)
    };
    let (text, rest) = text.split_at_checked(end).unwrap_or((text, &[]));
    let more = over + rest.len() as u64;
    Record { at, text, more }
}

/// Where to cut a text that is too long: not within a character.
fn whole_characters(text: &[u8], limit: usize) -> usize {
    let end = text.len().min(limit);
    let continues = |place: &usize| text.get(*place).is_some_and(|b| b & 0xc0 == 0x80);
    // A character has at most three bytes after its first.
    (end.saturating_sub(3)..=end)
        .rev()
        .find(|place| !continues(place))
        .unwrap_or(end)
}

/// Takes out the times that kubelets before 1.12 put in front of every piece of a long line
/// (kubernetes/kubernetes#77603), not only of the first.
fn mend_pieces(line: &mut Vec<u8>) {
    let Some((_, text)) = split_stamp(line) else { return };
    let mut place = line.len() - text.len() + PIECE;
    while let Some(rest) = line.get(place..) {
        // Nine digits and an offset: less could be the container's own.
        let stamp = split_stamp(rest).map_or(0, |(_, text)| rest.len() - text.len());
        if stamp >= "2006-01-02T15:04:05.000000000Z ".len() {
            line.drain(place..place + stamp);
        }
        place += PIECE;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AT: &str = "2026-11-22T16:13:07.000000001Z ";

    fn lines(pieces: &[&[u8]]) -> Vec<(bool, Vec<u8>, u64)> {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        let mut each = |r: Record<'_>| found.push((r.at.is_some(), r.text.to_vec(), r.more));
        for piece in pieces {
            splitter.feed(piece, &mut each);
        }
        splitter.finish(&mut each);
        found
    }

    #[test]
    fn a_line_is_what_ends_in_a_newline() {
        let text = format!("{AT}one\n{AT}\n{AT}two\r\nno time\n{AT}last");
        let want = [
            (true, "one"),
            (true, ""),
            (true, "two\r"),
            (false, "no time"),
            (true, "last"),
        ];
        let want: Vec<_> = want.map(|(at, text)| (at, text.as_bytes().to_vec(), 0)).into();
        assert_eq!(lines(&[text.as_bytes()]), want);
    }

    #[test]
    fn a_line_of_ten_megabytes_is_bounded_and_counted() {
        let mut splitter = Splitter::default();
        let mut found = Vec::new();
        splitter.feed(AT.as_bytes(), |_| {});
        for _ in 0..160 {
            splitter.feed(&vec![b'x'; 64 * 1024], |_| {});
            assert!(
                splitter.open.capacity() <= 4 * LINE_LIMIT,
                "{}",
                splitter.open.capacity()
            );
        }
        splitter.feed(format!("\n{AT}next\n").as_bytes(), |r| {
            found.push((r.text.len(), r.more));
        });
        assert_eq!(found, [(LINE_LIMIT, 160 * 64 * 1024 - LINE_LIMIT as u64), (4, 0)]);
    }

    #[test]
    fn a_long_line_is_not_cut_within_a_character() {
        let text = format!("{AT}x{}\n", "礼".repeat(LINE_LIMIT / 3 + 100));
        let found = lines(&[text.as_bytes()]);
        let (_, kept, more) = &found[0];
        assert!(std::str::from_utf8(kept).is_ok());
        assert_eq!(AT.len() + kept.len() + *more as usize + 1, text.len());
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn times_within_a_long_line_are_taken_out() {
        let (first, second) = ("a".repeat(PIECE), "b".repeat(PIECE));
        let text = format!("{AT}{first}{AT}{second}{AT}end\n{AT}{first}{second}\n");
        let found = lines(&[text.as_bytes()]);
        assert_eq!(found[0].1, format!("{first}{second}end").into_bytes());
        assert_eq!(found[1].1, format!("{first}{second}").into_bytes());
    }

    #[test]
    fn a_cut_forgets_the_open_line_and_knows_its_time() {
        let mut splitter = Splitter::default();
        splitter.feed(format!("{AT}hal").as_bytes(), |_| panic!("no line has ended"));
        assert!(splitter.cut().is_some());
        splitter.feed(&AT.as_bytes()[..12], |_| panic!("no line has ended"));
        assert_eq!(splitter.cut(), None);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(text in "([a-c\r]{0,40}\n|2026-11-22T16:13:07\\.123456789\\+08:00 [a-c]{0,9}\n){0,9}[a-c]{0,5}",
                                mut cuts in prop::collection::vec(0..400_usize, 0..8)) {
            let bytes = text.as_bytes();
            for cut in &mut cuts {
                *cut = (*cut).min(bytes.len());
            }
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(lines(&pieces), lines(&[bytes]));
        }

        #[test]
        fn no_bytes_upset_it(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let total: usize = lines(&[&bytes]).iter().map(|l| l.1.len()).sum();
            prop_assert!(total <= bytes.len());
        }
    }
}
