//! Writes XML 1.0 in UTF-8, without whitespace between elements.
//!
//! Whatever the texts hold, what comes out is well-formed, and a parser gets the texts back as they were, except for
//! the characters that XML cannot carry at all.

use crate::{
    characters::{REPLACEMENT, begins_with_noncharacter, is_forbidden_control},
    decimal::write_decimal,
    writer::{Place, Writer},
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

    fn open<'a>(&mut self, place: Place<'_>, attributes: impl Iterator<Item = (&'a str, &'a str)>) {
        self.raw("<");
        self.name(place.name());
        for (name, value) in attributes {
            self.raw(" ");
            self.name(name);
            self.raw("=\"");
            self.copy(value, in_attribute);
            self.raw("\"");
        }
        self.raw(">");
    }

    fn close(&mut self, place: Place<'_>) {
        self.raw("</");
        self.name(place.name());
        self.raw(">");
    }

    fn open_list(&mut self, place: Place<'_>) {
        // As a member a list is nothing but its items; as the root, or inside another list, it needs an element to be in.
        if !matches!(place, Place::Member(_)) {
            self.start(place);
        }
    }

    fn close_list(&mut self, place: Place<'_>) {
        if !matches!(place, Place::Member(_)) {
            self.close(place);
        }
    }

    fn open_entries(&mut self, name: &str) {
        self.start(Place::Root(name));
    }

    fn open_entry(&mut self) {}

    fn close_entry(&mut self) {}

    fn close_entries(&mut self, name: &str) {
        self.close(Place::Root(name));
    }

    fn null(&mut self, place: Place<'_>) {
        self.start(place);
        self.close(place);
    }

    fn boolean(&mut self, place: Place<'_>, truth: bool) {
        self.plain(place, if truth { "true" } else { "false" });
    }

    fn integer(&mut self, place: Place<'_>, number: impl itoa::Integer) {
        self.plain(place, itoa::Buffer::new().format(number));
    }

    fn float(&mut self, place: Place<'_>, number: f64) {
        self.start(place);
        write_decimal(&mut self.0, number);
        self.close(place);
    }

    fn text(&mut self, place: Place<'_>, text: &str) {
        self.start(place);
        self.copy(text, in_text);
        self.close(place);
    }

    fn long_text(&mut self, place: Place<'_>, text: &str) {
        self.start(place);
        self.raw("<![CDATA[");
        self.copy(text, in_cdata);
        self.raw("]]>");
        self.close(place);
    }

    fn link(&mut self, _: Place<'_>, base: &str, path: &[&str]) {
        self.begin_link(base, path);
        self.raw(r#".xml" type="application/xml"/>"#);
    }

    fn file_link(&mut self, _: Place<'_>, base: &str, path: &[&str], media_type: &str) {
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

    fn start(&mut self, place: Place<'_>) {
        self.open(place, std::iter::empty());
    }

    /// An element around a text that needs no escaping.
    fn plain(&mut self, place: Place<'_>, text: &str) {
        self.start(place);
        self.raw(text);
        self.close(place);
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

    /// Copies a text run by run, with what `escape` says in place of single bytes.
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

/// The bytes that stand as they are wherever text may.
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

/// The bytes of names; of the letters only ASCII's.
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

/// A parser turns a bare CR into LF, hence the reference.
fn in_text(bytes: &[u8], at: usize) -> Option<&'static str> {
    match bytes[at] {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        _ => None,
    }
}

/// A parser turns every bare white-space character of an attribute into a space.
fn in_attribute(bytes: &[u8], at: usize) -> Option<&'static str> {
    match bytes[at] {
        b'"' => Some("&quot;"),
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        _ => in_text(bytes, at),
    }
}

/// Inside CDATA nothing can be escaped, so the section ends and begins anew around what needs it.
fn in_cdata(bytes: &[u8], at: usize) -> Option<&'static str> {
    match bytes[at] {
        b'>' if bytes[..at].ends_with(b"]]") => Some("]]><![CDATA[>"),
        b'\r' => Some("]]>&#13;<![CDATA["),
        _ => None,
    }
}
