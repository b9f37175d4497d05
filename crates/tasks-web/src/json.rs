//! Writes JSON. Elements become objects, attributes members, and lists arrays.

use crate::{
    characters::cleaned,
    decimal::write_decimal,
    writer::{Position, Writer},
};

/// A JSON document being written.
pub(crate) struct Json(Vec<u8>);

impl Writer for Json {
    fn begin() -> Self {
        let mut out = Vec::with_capacity(1024);
        out.push(b'{');
        Self(out)
    }

    fn end(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }

    fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }

    fn open<'a>(&mut self, position: Position<'_>, attributes: impl Iterator<Item = (&'a str, &'a str)>) {
        self.position(position);
        self.0.push(b'{');
        for (name, value) in attributes {
            self.text(Position::Member(name), value);
        }
    }

    fn close(&mut self, _: Position<'_>) {
        self.0.push(b'}');
    }

    fn open_list(&mut self, position: Position<'_>) {
        self.position(position);
        self.0.push(b'[');
    }

    fn close_list(&mut self, _: Position<'_>) {
        self.0.push(b']');
    }

    fn open_entries(&mut self, name: &str) {
        self.open_list(Position::Root(name));
    }

    fn open_entry(&mut self) {
        self.open(Position::Item(""), std::iter::empty());
    }

    fn close_entry(&mut self) {
        self.0.push(b'}');
    }

    fn close_entries(&mut self, _: &str) {
        self.0.push(b']');
    }

    fn null(&mut self, position: Position<'_>) {
        self.raw(position, "null");
    }

    fn boolean(&mut self, position: Position<'_>, truth: bool) {
        self.raw(position, if truth { "true" } else { "false" });
    }

    fn integer(&mut self, position: Position<'_>, number: impl itoa::Integer) {
        self.raw(position, itoa::Buffer::new().format(number));
    }

    fn float(&mut self, position: Position<'_>, number: f64) {
        if number.is_finite() {
            self.position(position);
            write_decimal(&mut self.0, number);
        } else {
            self.null(position);
        }
    }

    fn text(&mut self, position: Position<'_>, text: &str) {
        self.position(position);
        self.string(text);
    }

    fn long_text(&mut self, position: Position<'_>, text: &str) {
        self.text(position, text);
    }

    fn link(&mut self, position: Position<'_>, base: &str, path: &[&str]) {
        self.position(renamed(position, "href"));
        self.address(base, path, ".json");
    }

    fn file_link(&mut self, position: Position<'_>, base: &str, path: &[&str], media_type: &str) {
        let link = renamed(position, "atom:link");
        let namespace = [("xmlns:atom", "http://www.w3.org/2005/Atom"), ("rel", "alternate")];
        self.open(link, namespace.into_iter());
        self.position(Position::Member("href"));
        self.address(base, path, "");
        self.text(Position::Member("type"), media_type);
        self.close(link);
        // Older clients read the address here.
        if !matches!(position, Position::Item(_)) {
            self.position(Position::Member("href"));
            self.address(base, path, "");
        }
    }
}

/// The bytes that need no escaping in a string; most strings have no others.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x80 {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| PLAIN[usize::from(byte)])
}

/// The position of a link: as a member it has a fixed name, and as an item of a list none.
fn renamed<'a>(position: Position<'a>, name: &'a str) -> Position<'a> {
    match position {
        Position::Root(_) | Position::Member(_) => Position::Member(name),
        Position::Item(_) => position,
    }
}

impl Json {
    fn raw(&mut self, position: Position<'_>, literal: &str) {
        self.position(position);
        self.0.extend_from_slice(literal.as_bytes());
    }

    /// Writes what precedes a value: a comma and its name.
    fn position(&mut self, position: Position<'_>) {
        // Only the first value of an object or array comes after an opening bracket.
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
        if let Position::Root(name) | Position::Member(name) = position {
            self.string(name);
            self.0.push(b':');
        }
    }

    fn string(&mut self, text: &str) {
        if is_plain(text) {
            self.0.push(b'"');
            self.0.extend_from_slice(text.as_bytes());
            self.0.push(b'"');
        } else {
            // Writing a string to a Vec cannot fail.
            let _ = serde_json::to_writer(&mut self.0, cleaned(text).as_ref());
        }
    }

    fn address(&mut self, base: &str, path: &[&str], suffix: &str) {
        let pieces = || [base].into_iter().chain(path.iter().copied()).chain([suffix]);
        if pieces().all(is_plain) {
            self.0.push(b'"');
            pieces().for_each(|piece| self.0.extend_from_slice(piece.as_bytes()));
            self.0.push(b'"');
        } else {
            self.string(&pieces().collect::<String>());
        }
    }
}
