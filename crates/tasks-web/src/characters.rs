//! Replaces the characters that XML does not allow. Both formats do so, so that their documents have the same texts.

use std::borrow::Cow;

/// Replaces a character that XML 1.0 forbids.
pub(crate) const REPLACEMENT: &str = "\u{FFFD}";

/// Whether the byte is a control character that XML 1.0 forbids (production 2, `Char`).
pub(crate) fn is_forbidden_control(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r')
}

/// Whether the bytes begin with U+FFFE or U+FFFF, the two other characters that XML 1.0 forbids.
pub(crate) fn begins_with_noncharacter(bytes: &[u8]) -> bool {
    matches!(bytes, [0xEF, 0xBF, 0xBE | 0xBF, ..])
}

/// The text with [`REPLACEMENT`] for each character that XML forbids.
pub(crate) fn cleaned(text: &str) -> Cow<'_, str> {
    let suspicious = |byte| is_forbidden_control(byte) || byte == 0xEF;
    if !text.bytes().any(suspicious) {
        return Cow::Borrowed(text);
    }
    let forbidden = |c: char| matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    Cow::Owned(text.replace(forbidden, REPLACEMENT))
}

/// At most `limit` characters of a text that a caller sent, for a message to the caller.
pub(crate) fn excerpt(text: &str, limit: usize) -> Cow<'_, str> {
    match text.char_indices().nth(limit) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
    }
}
