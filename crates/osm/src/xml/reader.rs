//! A document from its first tag to its last.
//!
//! The parser looks at one tag at a time; what may stand where is decided here. An end without `</osm>` is an error:
//! servers that break off leave just that, and to the parser it looks like any other end.

use std::io::BufRead;

use quick_xml::{
    Reader,
    errors::{IllFormedError, SyntaxError},
    events::{BytesRef, BytesStart, Event},
};

use super::{element, token_limit::TokenLimit};
use crate::{
    Entities, EntityKind, Error, SourceMetadata, entities::EntityRecord, error_context::ErrorContext,
};

/// What a run of entities may come to.
const MAX_ENTITIES: usize = 8_000;
const MAX_BYTES: usize = 4 << 20;
/// So many bytes are read at most before control goes back, whatever is in them.
const MAX_READ_BYTES: u64 = 512 << 10;
/// The longest remark that is kept.
const MAX_REMARK_BYTES: usize = 4 << 10;
/// How deep elements that mean nothing here may stand in each other.
const MAX_DEPTH: usize = 64;

/// Yields the entities of a document, run by run.
pub(crate) struct XmlReader<R> {
    reader: Reader<TokenLimit<R>>,
    context: ErrorContext,
    /// Room for what the parser looks at.
    buffer: Vec<u8>,
    state: State,
    entities: Entities,
    is_done: bool,
}

/// Where in the document the parser stands.
enum State {
    /// Before `<osm>`.
    Prolog,
    /// In `<osm>`.
    Root,
    /// In an entity.
    Entity(EntityRecord),
    /// In a `<remark>`.
    Remark(String),
    /// So deep in an element that means nothing here; and in what that stands.
    Ignored(usize, Box<State>),
    /// Behind `</osm>`.
    Epilog,
}

impl<R: BufRead> XmlReader<R> {
    pub(crate) fn new(reader: R, context: ErrorContext) -> Self {
        Self {
            reader: Reader::from_reader(TokenLimit::new(reader)),
            context,
            buffer: Vec::new(),
            state: State::Prolog,
            entities: Entities::default(),
            is_done: false,
        }
    }

    /// The next entities, which may be none; nothing at the end of the document.
    pub(crate) fn next(&mut self, metadata: &mut SourceMetadata) -> Result<Option<Entities>, Error> {
        let start = self.reader.buffer_position();
        while !self.is_done && !self.is_full(start) {
            self.step(metadata)?;
        }
        let has_more = !self.is_done || !self.entities.is_empty();
        Ok(has_more.then(|| std::mem::take(&mut self.entities)))
    }

    fn is_full(&self, start: u64) -> bool {
        let between_entities = !matches!(self.state, State::Entity(_));
        between_entities
            && (self.entities.len() >= MAX_ENTITIES
                || self.entities.size() >= MAX_BYTES
                || self.reader.buffer_position() - start >= MAX_READ_BYTES)
    }

    fn step(&mut self, metadata: &mut SourceMetadata) -> Result<(), Error> {
        self.buffer.clear();
        self.reader.get_mut().reset();
        let at = self.reader.buffer_position();
        let event = self.reader.read_event_into(&mut self.buffer);
        let event = event.map_err(|error| explain(error, &self.context, self.reader.error_position()))?;
        let mut handler = Handler { context: &self.context, at, entities: &mut self.entities, metadata };
        let state = std::mem::replace(&mut self.state, State::Epilog);
        self.state = match event {
            Event::Eof => {
                handler.check_end(&state)?;
                self.is_done = true;
                state
            }
            Event::Start(tag) => handler.open(state, &tag)?,
            Event::Empty(tag) => {
                let inside = handler.open(state, &tag)?;
                handler.close(inside)?
            }
            Event::End(_) => handler.close(state)?,
            Event::Text(text) => handler.text(state, &text)?,
            Event::CData(text) => handler.text(state, &text)?,
            Event::GeneralRef(reference) => handler.reference(state, &reference)?,
            Event::DocType(_) => return Err(self.context.unsupported("it has a DOCTYPE")),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("utf-8") => {
                    let encoding = longhaul_geodata::short(&encoding).into_owned();
                    return Err(self.context.unsupported(format!("it is in {encoding} instead of UTF-8")));
                }
                _ => state,
            },
            Event::PI(_) | Event::Comment(_) => state,
        };
        Ok(())
    }
}

/// What one tag or text does.
struct Handler<'a> {
    context: &'a ErrorContext,
    /// Where it begins.
    at: u64,
    entities: &'a mut Entities,
    metadata: &'a mut SourceMetadata,
}

impl Handler<'_> {
    /// The state behind a tag that opens an element.
    fn open(&mut self, state: State, tag: &BytesStart<'_>) -> Result<State, Error> {
        let name = tag.name().into_inner();
        match state {
            State::Prolog => self.open_root(name, tag),
            State::Root => self.open_entity(name, tag),
            State::Entity(record) => {
                let read = match (record.kind, name) {
                    (_, "tag") => element::tag(tag, self.entities),
                    (EntityKind::Way, "nd") => element::reference(tag, self.entities),
                    _ => Ok(()),
                };
                let what = |wrong| format!("a {name} of {} {} {wrong}", record.kind.as_str(), record.id);
                read.map_err(|wrong| self.damaged(what(wrong)))?;
                Ok(State::Ignored(1, Box::new(State::Entity(record))))
            }
            State::Remark(text) => Ok(State::Ignored(1, Box::new(State::Remark(text)))),
            State::Ignored(MAX_DEPTH, _) => Err(self.damaged("elements stand too deep in each other")),
            State::Ignored(depth, around) => Ok(State::Ignored(depth + 1, around)),
            State::Epilog => Err(self.damaged(format!("{} stands behind </osm>", shown(name)))),
        }
    }

    fn open_root(&mut self, name: &str, tag: &BytesStart<'_>) -> Result<State, Error> {
        match name {
            "osm" => {}
            "osmChange" => {
                return Err(self.context.not_osm("it is an osmChange file, which says only what changed"));
            }
            other => return Err(self.context.not_osm(format!("it begins with {}", shown(other)))),
        }
        match self.attribute(tag, "version")?.as_deref() {
            Some("0.6") => Ok(State::Root),
            Some(other) => {
                let version = longhaul_geodata::short(other);
                Err(self.context.unsupported(format!("it is of version {version} of OSM XML instead of 0.6")))
            }
            None => Err(self
                .context
                .unsupported("it does not say of which version of OSM XML it is; 0.6 can be read")),
        }
    }

    fn open_entity(&mut self, name: &str, tag: &BytesStart<'_>) -> Result<State, Error> {
        if let Some(kind) = element::kind_of(name) {
            let record = element::entity(kind, tag, self.entities);
            return record.map(State::Entity).map_err(|wrong| self.damaged(format!("{name} {wrong}")));
        }
        match name {
            "remark" => Ok(State::Remark(String::new())),
            "meta" => {
                let osm_base = self.attribute(tag, "osm_base")?;
                self.metadata.osm_base = osm_base.or(self.metadata.osm_base.take());
                Ok(State::Ignored(1, Box::new(State::Root)))
            }
            _ => Ok(State::Ignored(1, Box::new(State::Root))),
        }
    }

    /// The state behind a tag that closes an element. That it closes the one that is open, the parser has checked.
    fn close(&mut self, state: State) -> Result<State, Error> {
        match state {
            State::Root => Ok(State::Epilog),
            State::Entity(record) => {
                self.entities.push_record(record);
                Ok(State::Root)
            }
            State::Remark(text) => {
                self.metadata.remarks.push(text.trim().to_owned());
                Ok(State::Root)
            }
            State::Ignored(1, around) => Ok(*around),
            State::Ignored(depth, around) => Ok(State::Ignored(depth - 1, around)),
            State::Prolog | State::Epilog => Err(self.damaged("an element is closed that is not open")),
        }
    }

    /// The state behind a text, which only remarks have.
    fn text(&self, state: State, text: &str) -> Result<State, Error> {
        match state {
            State::Remark(mut remark) => {
                if remark.len() + text.len() <= MAX_REMARK_BYTES {
                    remark.push_str(text);
                }
                Ok(State::Remark(remark))
            }
            State::Prolog | State::Epilog if !text.trim_ascii().is_empty() => {
                Err(self.damaged("a text stands outside of <osm>"))
            }
            other => Ok(other),
        }
    }

    /// The state behind a reference like `&quot;`.
    fn reference(&self, state: State, reference: &BytesRef<'_>) -> Result<State, Error> {
        let unknown = || self.damaged("a character is written in a way that is not known");
        let mut room = [0; 4];
        let text = match reference.resolve_char_ref() {
            Ok(Some(character)) => &*character.encode_utf8(&mut room),
            Ok(None) => quick_xml::escape::resolve_xml_entity(reference).ok_or_else(unknown)?,
            Err(_) => return Err(unknown()),
        };
        self.text(state, text)
    }

    fn check_end(&self, state: &State) -> Result<(), Error> {
        match state {
            State::Epilog => Ok(()),
            State::Prolog => Err(self.context.not_osm("it has no <osm>")),
            State::Entity(_) => Err(self.context.truncated(self.at, "in an entity")),
            _ => Err(self.context.truncated(self.at, "without </osm>")),
        }
    }

    fn attribute(&self, tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Error> {
        for attribute in element::attributes(tag) {
            let (found, text) = attribute.map_err(|wrong| self.damaged(format!("a tag {wrong}")))?;
            if found == name {
                return Ok(Some(text.into_owned()));
            }
        }
        Ok(None)
    }

    fn damaged(&self, what: impl Into<String>) -> Error {
        self.context.damaged(self.at, what)
    }
}

fn shown(name: &str) -> String {
    format!("<{}>", longhaul_geodata::short(name))
}

/// What the parser has to say, in words of our own where it is about the end of the document.
fn explain(error: quick_xml::Error, context: &ErrorContext, at: u64) -> Error {
    use quick_xml::Error as Xml;
    match error {
        Xml::Io(error) => context.io(at, std::io::Error::new(error.kind(), error)),
        Xml::Syntax(SyntaxError::UnclosedDoctype) => context.unsupported("it has a DOCTYPE"),
        Xml::Syntax(
            SyntaxError::UnclosedTag
            | SyntaxError::UnclosedSingleQuotedAttributeValue
            | SyntaxError::UnclosedDoubleQuotedAttributeValue
            | SyntaxError::UnclosedComment
            | SyntaxError::UnclosedCData
            | SyntaxError::UnclosedPI
            | SyntaxError::UnclosedXmlDecl,
        ) => context.truncated(at, "in a tag"),
        Xml::IllFormed(IllFormedError::MissingEndTag(_)) => context.truncated(at, "without </osm>"),
        other => context.damaged(at, other.to_string()),
    }
}
