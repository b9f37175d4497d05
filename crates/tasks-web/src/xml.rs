//! Writes XML 1.0 in UTF-8, without whitespace between elements.
//!
//! The output is well-formed whatever the texts contain, and a parser reads the same texts from it, except for characters that
//! XML does not allow at all.

use crate::{
    characters::{REPLACEMENT, begins_with_noncharacter, is_forbidden_control},
    decimal::write_decimal,
    writer::{Position, Writer},
};

const PROLOG: &str = r#"<?xml version="1.0" encoding="UTF-8"?>"#;
const LINK: &str = r#"<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="alternate" href=""#;

/// An XML document being written.
pub(crate) struct Xml(Vec<u8>);

impl Writer for Xml {
    fn begin() -> Self {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(PROLOG.as_bytes());
        Self(out)
    }

    fn end(self) -> Vec<u8> {
        self.0
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    fn open<'a>(&mut self, position: Position<'_>, attributes: impl Iterator<Item = (&'a str, &'a str)>) {
        self.raw("<");
        self.name(position.name());
        for (name, value) in attributes {
            self.raw(" ");
            self.name(name);
            self.raw("=\"");
            self.copy(value, in_attribute);
            self.raw("\"");
        }
        self.raw(">");
    }

    fn close(&mut self, position: Position<'_>) {
        self.raw("</");
        self.name(position.name());
        self.raw(">");
    }

    fn open_list(&mut self, position: Position<'_>) {
        // As a member, a list consists of its items only; as the root or in another list it has an element around them.
        if !matches!(position, Position::Member(_)) {
            self.start(position);
        }
    }

    fn close_list(&mut self, position: Position<'_>) {
        if !matches!(position, Position::Member(_)) {
            self.close(position);
        }
    }

    fn open_entries(&mut self, name: &str) {
        self.start(Position::Root(name));
    }

    fn open_entry(&mut self) {}

    fn close_entry(&mut self) {}

    fn close_entries(&mut self, name: &str) {
        self.close(Position::Root(name));
    }

    fn null(&mut self, position: Position<'_>) {
        self.start(position);
        self.close(position);
    }

    fn boolean(&mut self, position: Position<'_>, truth: bool) {
        self.plain(position, if truth { "true" } else { "false" });
    }

    fn integer(&mut self, position: Position<'_>, number: impl itoa::Integer) {
        self.plain(position, itoa::Buffer::new().format(number));
    }

    fn float(&mut self, position: Position<'_>, number: f64) {
        self.start(position);
        write_decimal(&mut self.0, number);
        self.close(position);
    }

    fn text(&mut self, position: Position<'_>, text: &str) {
        self.start(position);
        self.copy(text, in_text);
        self.close(position);
    }

    fn long_text(&mut self, position: Position<'_>, text: &str) {
        self.start(position);
        self.raw("<![CDATA[");
        self.copy(text, in_cdata);
        self.raw("]]>");
        self.close(position);
    }

    fn link(&mut self, _: Position<'_>, base: &str, path: &[&str]) {
        self.begin_link(base, path);
        self.raw(r#".xml" type="application/xml"/>"#);
    }

    fn file_link(&mut self, _: Position<'_>, base: &str, path: &[&str], media_type: &str) {
        self.begin_link(base, path);
        self.raw(r#"" type=""#);
        self.copy(media_type, in_attribute);
        self.raw(r#""/>"#);
    }
}

impl Xml {
    fn raw(&mut self, markup: &str) {
        self.0.extend_from_slice(markup.as_bytes());
    }

    fn start(&mut self, position: Position<'_>) {
        self.open(position, std::iter::empty());
    }

    /// An element around a text that needs no escaping.
    fn plain(&mut self, position: Position<'_>, text: &str) {
        self.start(position);
        self.raw(text);
        self.close(position);
    }

    fn begin_link(&mut self, base: &str, path: &[&str]) {
        self.raw(LINK);
        self.copy(base, in_attribute);
        for piece in path {
            self.copy(piece, in_attribute);
        }
    }

    /// Writes a name, with `_` for each character that XML forbids in one.
    fn name(&mut self, name: &str) {
        let plain = |byte: u8| IN_NAMES[usize::from(byte)];
        let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        if begins_well && name.bytes().all(plain) {
            self.raw(name);
            return;
        }
        if !begins_well {
            self.raw("_");
        }
        for byte in name.bytes() {
            self.0.push(if plain(byte) { byte } else { b'_' });
        }
    }

    /// Copies a text, with single bytes replaced by what `escape` returns.
    fn copy(&mut self, text: &str, escape: impl Fn(&[u8], usize) -> Option<&'static str>) {
        let bytes = text.as_bytes();
        let mut copied = 0;
        let mut at = 0;
        while let Some(plain) = bytes[at..].iter().position(|&byte| !PLAIN[usize::from(byte)]) {
            at += plain;
            let (width, instead) = match bytes[at] {
                0xEF if begins_with_noncharacter(&bytes[at..]) => (3, Some(REPLACEMENT)),
                byte if is_forbidden_control(byte) => (1, Some(REPLACEMENT)),
                _ => (1, escape(bytes, at)),
            };
            if let Some(instead) = instead {
                self.0.extend_from_slice(&bytes[copied..at]);
                self.raw(instead);
                copied = at + width;
            }
            at += width;
        }
        self.0.extend_from_slice(&bytes[copied..]);
    }
}

/// The bytes that need no escaping anywhere.
static PLAIN: [bool; 256] = {
    let mut plain = [true; 256];
    let mut byte = 0;
    while byte < 0x20 {
        plain[byte] = false;
        byte += 1;
    }
    let special = b"&<>\"\xEF";
    let mut at = 0;
    while at < special.len() {
        plain[special[at] as usize] = false;
        at += 1;
    }
    plain
};

/// The bytes that are allowed in names, of ASCII only.
static IN_NAMES: [bool; 256] = {
    let mut in_names = [false; 256];
    let mut byte = 0;
    while byte < 0x80 {
        in_names[byte] =
            (byte as u8).is_ascii_alphanumeric() || matches!(byte as u8, b'_' | b':' | b'.' | b'-');
        byte += 1;
    }
    in_names
};

/// A parser turns a carriage return into a line feed unless it is a character reference.
fn in_text(bytes: &[u8], at: usize) -> Option<&'static str> {
    match bytes[at] {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        _ => None,
    }
}

/// A parser turns white space in an attribute into spaces unless it is a character reference.
fn in_attribute(bytes: &[u8], at: usize) -> Option<&'static str> {
    match bytes[at] {
        b'"' => Some("&quot;"),
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        _ => in_text(bytes, at),
    }
}

/// CDATA has no escapes, so the section is closed and reopened around what needs one.
fn in_cdata(bytes: &[u8], at: usize) -> Option<&'static str> {
    match bytes[at] {
        b'>' if bytes[..at].ends_with(b"]]") => Some("]]><![CDATA[>"),
        b'\r' => Some("]]>&#13;<![CDATA["),
        _ => None,
    }
}
