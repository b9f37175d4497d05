//! A strict reader of XML, to see what a client sees.

use quick_xml::{Reader, XmlVersion::Implicit1_0, events::Event};

/// An element as a parser hands it on: no trace of CDATA, references or self-closing.
#[derive(Debug, Default, PartialEq)]
pub struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    pub text: String,
}

impl Element {
    /// The first child called so.
    pub fn child(&self, name: &str) -> &Element {
        self.all(name).next().unwrap_or_else(|| panic!("no {name} in {}", self.name))
    }

    /// Every child called so.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Parses a whole document, and panics where it is not well-formed.
pub fn xml(document: &[u8]) -> Element {
    let document = std::str::from_utf8(document).expect("UTF-8");
    let forbidden = |c: char| matches!(c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
    assert!(!document.contains(forbidden), "a character that XML forbids");
    let mut reader = Reader::from_str(document);
    reader.config_mut().enable_all_checks(true);
    let mut open = vec![Element::default()];
    loop {
        let event = reader.read_event().expect("well-formed");
        let innermost = open.last_mut().expect("an open element");
        match event {
            Event::Decl(_) => {}
            Event::Start(start) => open.push(element(&start)),
            Event::Empty(start) => innermost.children.push(element(&start)),
            Event::End(_) => {
                let closed = open.pop().expect("an open element");
                open.last_mut().expect("an open element").children.push(closed);
            }
            Event::Text(text) => {
                assert!(!text.contains("]]>"), "]]> outside of CDATA");
                innermost.text.push_str(&text.xml10_content());
            }
            Event::CData(text) => innermost.text.push_str(&text.xml10_content()),
            Event::GeneralRef(reference) => innermost.text.push(resolved(&reference)),
            Event::Eof => break,
            other => panic!("{other:?} has no place here"),
        }
    }
    let mut outermost = open.pop().expect("the document");
    assert!(open.is_empty(), "an element is not closed");
    assert_eq!((outermost.children.len(), outermost.text.as_str()), (1, ""), "one root");
    outermost.children.remove(0)
}

fn element(start: &quick_xml::events::BytesStart<'_>) -> Element {
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("well-formed attributes");
        let value = attribute.normalized_value(Implicit1_0).expect("well-formed value");
        (attribute.key.as_ref().to_owned(), value.into_owned())
    });
    let attributes = attributes.collect();
    Element { name: start.name().as_ref().to_owned(), attributes, ..Element::default() }
}

fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> char {
    match reference.resolve_char_ref().expect("a character") {
        Some(character) => character,
        None => match reference.xml10_content().as_ref() {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            other => panic!("unknown entity {other}"),
        },
    }
}
