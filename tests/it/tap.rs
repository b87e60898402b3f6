//! A tap on what the program writes to its terminal: everything but what it may say is a stray.

use base64::Engine;

/// Control sequences a frame is made of, beside `CSI … m` and `CSI … H`, and those of coming and going.
const SEQUENCES: [&str; 11] = [
    "[?1049h", "[?1049l", "[?2004h", "[?2004l", "[?25h", "[?25l", "[?2026h", "[?2026l", "[2J", "[K", "[J",
];

/// What of the bytes no program of ours should have written, with what stands around it; and what was copied.
pub(crate) fn strays(bytes: &[u8]) -> (Vec<String>, Vec<String>) {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(e) => return (vec![format!("not UTF-8 at {}", e.valid_up_to())], Vec::new()),
    };
    let (mut strays, mut copied) = (Vec::new(), Vec::new());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.split_at(c.len_utf8()).1;
        let length = match c {
            '\x1b' => sequence(after).map_or_else(
                || {
                    let (payload, length) = clipboard(after)?;
                    copied.push(payload);
                    Some(length)
                },
                Some,
            ),
            '\r' | '\n' => Some(0),
            // Between two emoji it joins them; the sanitiser keeps it nowhere else.
            '\u{200d}' => after.chars().next().is_some_and(|next| next > '\u{2190}').then_some(0),
            c => is_plain(c).then_some(0),
        };
        if length.is_none() {
            strays.push(rest.chars().take(24).collect::<String>().escape_debug().to_string());
        }
        rest = after.split_at(length.unwrap_or(0)).1;
    }
    strays.extend(
        copied
            .iter()
            .filter(|text| !text.chars().all(|c| is_plain(c) || matches!(c, '\t' | '\u{200d}')))
            .cloned(),
    );
    (strays, copied)
}

/// The length of a sequence of ours after its ESC.
fn sequence(after: &str) -> Option<usize> {
    if let Some(rest) = moved_rows(after) {
        return Some(after.len() - rest.len());
    }
    if let Some(known) = SEQUENCES.iter().find(|known| after.starts_with(**known)) {
        return Some(known.len());
    }
    let parameters = after.strip_prefix('[')?;
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    parameters.split_at(end).1.starts_with(['m', 'H']).then_some(end + 2)
}

/// What comes after rows that move: a region is set, lines are deleted or inserted at its top, and it is given up again.
fn moved_rows(after: &str) -> Option<&str> {
    let digits = |text: &'_ str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = after;
    for end in ["[", ";", "r\x1b[", "H\x1b["] {
        rest = rest.strip_prefix(end)?;
        rest = rest.split_at(digits(rest)).1;
    }
    rest.strip_prefix(['M', 'L'])?.strip_prefix("\x1b[r")
}

/// The text of an OSC 52 that sets the clipboard, and the length of the sequence.
fn clipboard(after: &str) -> Option<(String, usize)> {
    let payload = after.strip_prefix("]52;c;")?;
    let (payload, _) = payload.split_once('\x07')?;
    let text = base64::engine::general_purpose::STANDARD.decode(payload).ok()?;
    Some((String::from_utf8(text).ok()?, "]52;c;".len() + payload.len() + 1))
}

/// Text that moves nothing and reads in one direction.
fn is_plain(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[test]
fn the_tap_lets_frames_through_and_nothing_else() {
    let frame = "\x1b[?2026h\x1b[3;1H\x1b[38;5;12;1mname 漢 👩\u{200d}💻\x1b[0m\x1b[?2026l\r\n\x1b]52;c;aGk=\x07\x1b[2;9r\x1b[2H\x1b[1M\x1b[r";
    assert_eq!(strays(frame.as_bytes()), (vec![], vec!["hi".to_owned()]));
    for stray in [
        "\x1b]0;t\x07",
        "\x1b[6n",
        "\x1bP1$q\x1b\\",
        "\u{9b}2J",
        "a\u{202e}b",
        "\0",
        "\x07",
        "\x1b[?1000h",
        "\x1b[2;9r",
        "\x1b[1M",
        "\x1b]52;c;?\x07",
    ] {
        assert!(!strays(stray.as_bytes()).0.is_empty(), "{stray:?}");
    }
}
