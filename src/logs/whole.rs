//! A whole log on its way to a file, byte for byte: where it was cut it goes on behind the last line that was whole, by
//! the rules of [`super::resume`].
//!
//! Bytes go out as they come. The head of a line that turns out to be known already is taken back.

use memchr::memchr_iter;

use super::resume::{Ask, Cursor, Doubt, Start, Verdict};
use super::split::Splitter;

/// Times that it is asked for again, one after the other, without a further line.
const TRIES: u32 = 8;

/// What to do with the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    Write(&'a [u8]),
    /// The last so many bytes are not to be there.
    Back(u64),
}

/// How far a log was written.
#[derive(Debug)]
pub struct Whole {
    splitter: Splitter,
    cursor: Cursor,
    /// Bytes of the line that has begun.
    open: u64,
    /// No new line that has a time came since it was cut.
    is_cut: bool,
    /// Times that it was cut since such a line came.
    fruitless: u32,
    cuts: usize,
    is_broken: bool,
}

impl Default for Whole {
    fn default() -> Self {
        Self {
            splitter: Splitter::default(),
            cursor: Cursor::new(Start::Everything),
            open: 0,
            is_cut: false,
            fruitless: 0,
            cuts: 0,
            is_broken: false,
        }
    }
}

impl Whole {
    /// What to ask of the server, always with `timestamps=true`.
    pub fn ask(&self) -> Ask {
        self.cursor.ask()
    }

    /// How often it was cut, one time after the other: the more, the longer the next one waits.
    pub const fn fruitless(&self) -> u32 {
        self.fruitless
    }

    /// How often it went on with a further line after it was cut.
    pub const fn cuts(&self) -> usize {
        self.cuts
    }

    /// What came after a cut is not what followed before it: the server let lines go, or the log is of another run or
    /// another instance. Nothing more is to be written.
    pub const fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Takes bytes as they arrive.
    pub fn feed<E>(&mut self, piece: &[u8], mut each: impl FnMut(Step<'_>) -> Result<(), E>) -> Result<(), E> {
        let (mut from, mut start) = (0, 0);
        let bytes = |from: usize, to: usize| piece.get(from..to).unwrap_or_default();
        for end in memchr_iter(b'\n', piece) {
            let is_known = self.takes(bytes(start, end + 1), false);
            if is_known || self.is_broken {
                each(Step::Write(bytes(from, start)))?;
                each(Step::Back(self.open))?;
                from = end + 1;
            }
            self.open = 0;
            start = end + 1;
            if self.is_broken {
                return Ok(());
            }
        }
        self.takes(bytes(start, piece.len()), false);
        self.open += bytes(start, piece.len()).len() as u64;
        each(Step::Write(bytes(from, piece.len())))
    }

    /// It ended in order; its last line may lack its newline.
    pub fn end<E>(&mut self, mut each: impl FnMut(Step<'_>) -> Result<(), E>) -> Result<(), E> {
        let is_known = self.takes(&[], true);
        // A server that has nothing more must still have the line that was whole before the cut.
        self.is_broken |= self.is_cut && self.cursor.is_unmet();
        if is_known || self.is_broken {
            each(Step::Back(self.open))?;
        }
        self.open = 0;
        Ok(())
    }

    /// The stream broke off: what was written of the line that had begun comes again. False once it was tried often
    /// enough.
    pub fn cut<E>(&mut self, mut each: impl FnMut(Step<'_>) -> Result<(), E>) -> Result<bool, E> {
        each(Step::Back(std::mem::take(&mut self.open)))?;
        let open = self.splitter.cut();
        self.cursor.cut(open);
        self.is_cut = true;
        self.fruitless += 1;
        Ok(self.fruitless <= TRIES)
    }

    /// Whether the line that ends with these bytes, if one does, was taken before.
    fn takes(&mut self, bytes: &[u8], is_end: bool) -> bool {
        let Self { splitter, cursor, .. } = self;
        let mut taken = None;
        if is_end {
            splitter.finish(|line| taken = Some((line.at, cursor.take(&line))));
        } else {
            splitter.feed(bytes, |line| taken = Some((line.at, cursor.take(&line))));
        }
        // A line without a time may be the kubelet's own, and tells nothing of what the log went on with.
        if let Some((Some(_), Verdict::New(doubt))) = taken {
            if std::mem::take(&mut self.is_cut) {
                self.cuts += 1;
                self.is_broken = matches!(doubt, Some(Doubt::Gap { .. }));
            }
            self.fruitless = 0;
        }
        matches!(taken, Some((_, Verdict::Known)))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// The lines of a log, several a second, some of the same time and the same text.
    fn log(lines: usize) -> Vec<u8> {
        let line = |n: usize| format!("2026-11-22T16:13:{:02}.{}Z line {}\n", n / 8, n / 4 % 2, n / 2);
        (0..lines).flat_map(|n| line(n).into_bytes()).collect()
    }

    /// What a server answers that has this log.
    fn answer(log: &[u8], ask: Ask) -> Vec<u8> {
        let is_asked = |line: &&[u8]| {
            let at = super::super::stamp::split_stamp(line).map(|(at, _)| at.second());
            at >= ask.since
        };
        log.split_inclusive(|b| *b == b'\n')
            .filter(is_asked)
            .flatten()
            .copied()
            .collect()
    }

    fn put(file: &mut Vec<u8>) -> impl FnMut(Step<'_>) -> Result<(), Infallible> {
        |step| {
            match step {
                Step::Write(bytes) => file.extend_from_slice(bytes),
                Step::Back(bytes) => file.truncate(file.len() - bytes as usize),
            }
            Ok(())
        }
    }

    #[test]
    fn wherever_it_is_cut_every_line_is_there_once() {
        let log = log(60);
        for first in 0..log.len() {
            let (mut whole, mut file) = (Whole::default(), Vec::new());
            for cut in [first, first / 2 + 40, first / 3] {
                let bytes = answer(&log, whole.ask());
                for piece in bytes[..cut.min(bytes.len())].chunks(37) {
                    whole.feed(piece, put(&mut file)).unwrap();
                }
                assert!(whole.cut(put(&mut file)).unwrap());
                assert!(file.is_empty() || file.ends_with(b"\n"));
            }
            for piece in answer(&log, whole.ask()).chunks(41) {
                whole.feed(piece, put(&mut file)).unwrap();
            }
            whole.end(put(&mut file)).unwrap();
            assert_eq!(
                String::from_utf8(file).unwrap(),
                String::from_utf8(log.clone()).unwrap(),
                "{first}"
            );
            assert!(!whole.is_broken());
        }
    }

    #[test]
    fn the_log_of_another_run_is_not_taken_for_the_rest() {
        let (mut whole, mut file) = (Whole::default(), Vec::new());
        let log = log(20);
        whole.feed(&log, put(&mut file)).unwrap();
        whole.cut(put(&mut file)).unwrap();
        for piece in b"2026-11-22T17:00:00Z started\n2026-11-22T17:00:01Z more\n".chunks(20) {
            whole.feed(piece, put(&mut file)).unwrap();
            if whole.is_broken() {
                break;
            }
        }
        assert!(whole.is_broken());
        assert_eq!(file, log);
    }

    #[test]
    fn a_log_that_ends_without_the_line_before_the_cut_is_not_whole() {
        for rest in ["", "2026-11-22T16:13:01.0Z line 2\n", "2026-11-22T16:13:01.5Z li"] {
            let (mut whole, mut file) = (Whole::default(), Vec::new());
            let log = log(20);
            whole.feed(&log, put(&mut file)).unwrap();
            whole.cut(put(&mut file)).unwrap();
            whole.feed(rest.as_bytes(), put(&mut file)).unwrap();
            whole.end(put(&mut file)).unwrap();
            assert!(whole.is_broken(), "{rest}");
            assert_eq!(file, log, "{rest}");
        }
        // Where there was no line there is none that is missed.
        let mut whole = Whole::default();
        whole.cut(put(&mut Vec::new())).unwrap();
        whole.end(put(&mut Vec::new())).unwrap();
        assert!(!whole.is_broken());
    }

    #[test]
    fn a_kubelets_own_word_is_no_line_of_the_log() {
        let word = b"unable to retrieve container logs for containerd://4711\n";
        for rest in ["", "2026-11-22T17:00:00Z started\n"] {
            let (mut whole, mut file) = (Whole::default(), Vec::new());
            whole.feed(&log(20), put(&mut file)).unwrap();
            whole.cut(put(&mut file)).unwrap();
            whole.feed(word, put(&mut file)).unwrap();
            assert_eq!((whole.cuts(), whole.fruitless()), (0, 1));
            whole.feed(rest.as_bytes(), put(&mut file)).unwrap();
            if rest.is_empty() {
                whole.end(put(&mut file)).unwrap();
            }
            assert!(whole.is_broken(), "{rest}");
            assert_eq!(file, [&log(20)[..], word].concat(), "{rest}");
        }
    }

    #[test]
    fn it_is_tried_again_so_often_and_anew_after_a_further_line() {
        let (mut whole, mut file) = (Whole::default(), Vec::new());
        let tries = |whole: &mut Whole| {
            (0..100)
                .take_while(|_| whole.cut(put(&mut Vec::new())).unwrap())
                .count()
        };
        assert_eq!(tries(&mut whole), TRIES as usize);
        whole.feed(&log(1), put(&mut file)).unwrap();
        assert_eq!(whole.fruitless(), 0);
        assert_eq!(tries(&mut whole), TRIES as usize);
        // What was there before is nothing further.
        whole.feed(&log(1), put(&mut file)).unwrap();
        assert!(whole.fruitless() > TRIES);
    }

    #[test]
    fn a_last_line_without_an_end_is_kept_as_it_is() {
        let (mut whole, mut file) = (Whole::default(), Vec::new());
        whole
            .feed(b"2026-11-22T17:00:00Z one\n2026-11-22T17:00:01Z tw", put(&mut file))
            .unwrap();
        whole.cut(put(&mut file)).unwrap();
        whole
            .feed(b"2026-11-22T17:00:00Z one\n2026-11-22T17:00:01Z two", put(&mut file))
            .unwrap();
        whole.end(put(&mut file)).unwrap();
        assert_eq!(file, b"2026-11-22T17:00:00Z one\n2026-11-22T17:00:01Z two");
    }
}
