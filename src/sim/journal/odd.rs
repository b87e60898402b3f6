//! Lines that tests want: floods, lines without end, bytes that are no text, escapes that attack a terminal.

use crate::sim::controllers::random::Random;

/// What is odd about a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Odd {
    /// Numbered lines, so many a second.
    Flood { lines_per_second: u32 },
    /// Every fiftieth line is that long.
    Long { bytes: usize },
    /// Every third line has bytes that are no UTF-8, and NULs.
    Bytes,
    /// Every third line would move the cursor, write the clipboard or turn text around.
    Escapes,
    /// Lines come by twenty with the same words at the same nanosecond.
    Same,
}

const ESCAPES: [&str; 9] = [
    "\u{1b}[2J\u{1b}[Hgone",
    "\u{1b}]52;c;cm0gLXJm\u{7}",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;http://example.com\u{1b}\\link\u{1b}]8;;\u{1b}\\",
    "\u{1b}P$q q\u{1b}\\\u{1b}[6n",
    "\u{9b}31mred\u{9d}0;x\u{9c}",
    "safe \u{202e}reversed\u{2066}\u{200b}",
    "over\rwritten\u{8}\u{8}\u{7f}",
    "ends in a carriage return\r",
];

impl Odd {
    /// Writes a record instead of the ordinary one, if it is one of the odd ones.
    pub(super) fn say(self, record: u64, random: &mut Random, out: &mut Vec<u8>) -> bool {
        match self {
            Self::Flood { .. } => out.extend_from_slice(format!("flood {record:010} of many lines").as_bytes()),
            Self::Long { bytes } if record % 50 == 25 => {
                out.extend_from_slice(format!("long {record} ").as_bytes());
                out.resize(out.len() + bytes, b'x');
            }
            Self::Bytes if record.is_multiple_of(3) => {
                out.extend_from_slice(format!("bytes {record} ").as_bytes());
                out.extend_from_slice(b"\xff\xfe\x00\xc3\x28\xed\xa0\x80\x00 end");
            }
            Self::Escapes if record.is_multiple_of(3) => {
                let one = ESCAPES.get(random.below(ESCAPES.len() as u64) as usize);
                out.extend_from_slice(format!("escape {record} {}", one.copied().unwrap_or_default()).as_bytes());
            }
            Self::Same => out.extend_from_slice(vec!["the same words again"; 20].join("\n").as_bytes()),
            Self::Long { .. } | Self::Bytes | Self::Escapes => return false,
        }
        true
    }
}
