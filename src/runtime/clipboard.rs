//! Copying through the terminal (OSC 52): it works over SSH, needs no helper, and is only ever written, never asked.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The most text terminals agree to take: 100,000 bytes of sequence, base64 in it.
pub const LIMIT: usize = 74_994;

/// screen cuts a string that is longer than this in pieces of its own; so they are made here.
const SCREEN_CHUNK: usize = 76;

/// What is between us and the terminal and must pass the sequence on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Multiplexer {
    None,
    Tmux,
    Screen,
}

impl Multiplexer {
    /// From the environment: `TMUX`, and a `TERM` that begins with `screen`.
    pub fn detect(tmux: Option<&str>, term: Option<&str>) -> Self {
        if tmux.is_some_and(|value| !value.is_empty()) {
            Self::Tmux
        } else if term.is_some_and(|term| term.starts_with("screen")) {
            Self::Screen
        } else {
            Self::None
        }
    }
}

/// The sequence that puts `text` on the clipboard; `None` if it is longer than terminals take.
pub fn copy(text: &str, through: Multiplexer) -> Option<Vec<u8>> {
    if text.len() > LIMIT {
        return None;
    }
    let sequence = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    Some(match through {
        Multiplexer::None => sequence.into_bytes(),
        // Both ways: tmux keeps the plain one in a buffer of its own (`set-clipboard`) and passes the wrapped one on
        // (`allow-passthrough`); which of them works is up to its settings.
        Multiplexer::Tmux => {
            let wrapped = sequence.replace('\x1b', "\x1b\x1b");
            format!("{sequence}\x1bPtmux;{wrapped}\x1b\\").into_bytes()
        }
        Multiplexer::Screen => {
            let mut out = Vec::with_capacity(sequence.len() + sequence.len() / 16);
            for chunk in sequence.as_bytes().chunks(SCREEN_CHUNK) {
                out.extend_from_slice(b"\x1bP");
                out.extend_from_slice(chunk);
                out.extend_from_slice(b"\x1b\\");
            }
            out
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_is_wrapped_for_what_is_between() {
        for (through, expected) in [
            (Multiplexer::None, "\x1b]52;c;aGk=\x07"),
            (
                Multiplexer::Tmux,
                "\x1b]52;c;aGk=\x07\x1bPtmux;\x1b\x1b]52;c;aGk=\x07\x1b\\",
            ),
            (Multiplexer::Screen, "\x1bP\x1b]52;c;aGk=\x07\x1b\\"),
        ] {
            assert_eq!(copy("hi", through), Some(expected.as_bytes().to_vec()), "{through:?}");
        }
    }

    #[test]
    fn too_much_is_refused_not_cut() {
        assert!(copy(&"x".repeat(LIMIT), Multiplexer::None).is_some());
        assert_eq!(copy(&"x".repeat(LIMIT + 1), Multiplexer::None), None);
    }

    #[test]
    fn the_environment_names_what_is_between() {
        for (tmux, term, expected) in [
            (
                Some("/tmp/tmux-0/default,1,0"),
                Some("screen-256color"),
                Multiplexer::Tmux,
            ),
            (None, Some("screen.xterm-256color"), Multiplexer::Screen),
            (Some(""), Some("xterm"), Multiplexer::None),
        ] {
            assert_eq!(Multiplexer::detect(tmux, term), expected);
        }
    }
}
