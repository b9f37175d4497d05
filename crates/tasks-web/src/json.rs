//! Writes JSON: every element an object, every attribute a plain member, every list an array.

use crate::{
    characters::cleaned,
    decimal::write_decimal,
    writer::{Place, Writer},
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

    fn open<'a>(&mut self, place: Place<'_>, attributes: impl Iterator<Item = (&'a str, &'a str)>) {
        self.place(place);
        self.0.push(b'{');
        for (name, value) in attributes {
            self.text(Place::Member(name), value);
        }
    }

    fn close(&mut self, _: Place<'_>) {
        self.0.push(b'}');
    }

    fn open_list(&mut self, place: Place<'_>) {
        self.place(place);
        self.0.push(b'[');
    }

    fn close_list(&mut self, _: Place<'_>) {
        self.0.push(b']');
    }

    fn open_entries(&mut self, name: &str) {
        self.open_list(Place::Root(name));
    }

    fn open_entry(&mut self) {
        self.open(Place::Item(""), std::iter::empty());
    }

    fn close_entry(&mut self) {
        self.0.push(b'}');
    }

    fn close_entries(&mut self, _: &str) {
        self.0.push(b']');
    }

    fn null(&mut self, place: Place<'_>) {
        self.raw(place, "null");
    }

    fn boolean(&mut self, place: Place<'_>, truth: bool) {
        self.raw(place, if truth { "true" } else { "false" });
    }

    fn integer(&mut self, place: Place<'_>, number: impl itoa::Integer) {
        self.raw(place, itoa::Buffer::new().format(number));
    }

    fn float(&mut self, place: Place<'_>, number: f64) {
        if number.is_finite() {
            self.place(place);
            write_decimal(&mut self.0, number);
        } else {
            self.null(place);
        }
    }

    fn text(&mut self, place: Place<'_>, text: &str) {
        self.place(place);
        self.string(text);
    }

    fn long_text(&mut self, place: Place<'_>, text: &str) {
        self.text(place, text);
    }

    fn link(&mut self, place: Place<'_>, base: &str, path: &[&str]) {
        self.place(renamed(place, "href"));
        self.address(base, path, ".json");
    }

    fn file_link(&mut self, place: Place<'_>, base: &str, path: &[&str], media_type: &str) {
        let link = renamed(place, "atom:link");
        let namespace = [("xmlns:atom", "http://www.w3.org/2005/Atom"), ("rel", "alternate")];
        self.open(link, namespace.into_iter());
        self.place(Place::Member("href"));
        self.address(base, path, "");
        self.text(Place::Member("type"), media_type);
        self.close(link);
        // Older clients read the address here.
        if !matches!(place, Place::Item(_)) {
            self.place(Place::Member("href"));
            self.address(base, path, "");
        }
    }
}

/// The bytes that a string holds as they are; nearly every string holds no other.
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

/// A link goes by a name of the format's own, whatever the member is called; the items of a list have none.
fn renamed<'a>(place: Place<'a>, name: &'a str) -> Place<'a> {
    match place {
        Place::Root(_) | Place::Member(_) => Place::Member(name),
        Place::Item(_) => place,
    }
}

impl Json {
    fn raw(&mut self, place: Place<'_>, literal: &str) {
        self.place(place);
        self.0.extend_from_slice(literal.as_bytes());
    }

    /// Writes what comes before a value: a comma, a name.
    fn place(&mut self, place: Place<'_>) {
        // A value ends in something else than an opening bracket, so this tells the first from the others.
        if !matches!(self.0.last(), Some(b'{' | b'[')) {
            self.0.push(b',');
        }
        if let Place::Root(name) | Place::Member(name) = place {
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
