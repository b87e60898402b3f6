//! Any bytes, cut anywhere, as a container's log: the cut changes nothing, what is shown is harmless, and no form of
//! line upsets what reads its level, its keys and its stack trace.
#![no_main]

use libfuzzer_sys::fuzz_target;
use pilothouse::logs::fields::{self, Fields};
use pilothouse::logs::split::LINE_LIMIT;
use pilothouse::logs::trace::Trace;
use pilothouse::logs::{Content, Pane, Place, Splitter, Start, Stream, Which, level};

/// The rows of a pane that is fed in pieces of this size.
fn rows(bytes: &[u8], size: usize) -> Vec<String> {
    let mut pane = Pane::new(1 << 20);
    let mut stream = Stream::new(pane.join(), LINE_LIMIT, Start::Everything);
    for piece in bytes.chunks(size) {
        stream.feed(piece, &mut pane);
    }
    stream.end(&mut pane);
    let rows = pane.from(Which::All, Place::default());
    rows.map(|row| match row.content {
        Content::Line { text, .. } => {
            assert!(!text.chars().any(|c| c.is_control() && c != '\t'), "{text:?}");
            text.to_owned()
        }
        Content::Divider(divider) => divider.words(),
    })
    .collect()
}

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (size, bytes) = input;
    assert_eq!(rows(&bytes, usize::from(size) + 1), rows(&bytes, usize::MAX));
    let mut splitter = Splitter::default();
    let mut trace = Trace::default();
    let mut each = |text: &[u8]| {
        let placed = trace.place(text);
        let own = level::level(text);
        assert!(placed.continues || placed.level.is_some() || own.is_none(), "{placed:?} {own:?}");
        let text = String::from_utf8_lossy(text);
        let _ = (Fields::read(&text), fields::open(&text));
    };
    splitter.feed(&bytes, |line| each(line.text));
    splitter.finish(|line| each(line.text));
});
