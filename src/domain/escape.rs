//! Text as a part of a path.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Percent-encodes what is not plain in a path or query value.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.extend(
                [byte >> 4, byte & 15].map(|digit| HEX.get(usize::from(digit)).copied().map_or('0', char::from)),
            );
        }
    }
    out
}
