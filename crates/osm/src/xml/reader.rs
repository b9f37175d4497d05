//! Reads the entities of an OSM XML document, in batches.
//!
//! The parser yields one tag at a time; [`Handler`] decides what it means. A document that ends without `</osm>` is an
//! error: an interrupted download ends like that.

use std::{
    io::BufRead,
    time::{Duration, Instant},
};

use quick_xml::{
    Reader,
    errors::{IllFormedError, SyntaxError},
    events::{BytesDecl, Event},
};

use super::{
    handler::{Handler, State},
    token_limit::TokenLimit,
};
use crate::{Entities, Error, SourceMetadata, error_context::ErrorContext};

/// A batch of entities ends when it has this many entities, or their data this size.
const MAX_ENTITIES: usize = 8_000;
const MAX_BYTES: usize = 4 << 20;
/// A batch also ends after this many bytes of the document, so that the caller can check for cancellation.
const MAX_READ_BYTES: u64 = 512 << 10;
/// The first batch has this many entities, and each later one up to twice as many as the one before: the progress of a
/// download moves as soon as entities arrive.
const FIRST_ENTITIES: usize = 16;
/// For the same reason a batch ends after this time, which is checked after this many parser events.
const MAX_TIME: Duration = Duration::from_millis(250);
const EVENTS_PER_TIME_CHECK: u32 = 64;

/// Yields the entities of a document, batch by batch.
pub(crate) struct XmlReader<R> {
    reader: Reader<TokenLimit<R>>,
    context: ErrorContext,
    /// The event that the parser yields.
    buffer: Vec<u8>,
    state: State,
    entities: Entities,
    /// How many entities the next batch may have.
    max_entities: usize,
    is_done: bool,
    /// The error that comes after the entities that were read before it.
    error: Option<Error>,
}

impl<R: BufRead> XmlReader<R> {
    pub(crate) fn new(reader: R, context: ErrorContext) -> Self {
        Self {
            reader: Reader::from_reader(TokenLimit::new(reader)),
            context,
            buffer: Vec::new(),
            state: State::Prolog,
            entities: Entities::default(),
            max_entities: FIRST_ENTITIES,
            is_done: false,
            error: None,
        }
    }

    /// The next entities, which may be none; `None` at the end of the document. The entities before an error come before it.
    pub(crate) fn next(&mut self, metadata: &mut SourceMetadata) -> Result<Option<Entities>, Error> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        let start = self.reader.buffer_position();
        let (started, mut events) = (Instant::now(), 0_u32);
        while !self.is_done && !self.is_full(start) {
            if let Err(error) = self.step(metadata) {
                self.error = Some(error);
                break;
            }
            events += 1;
            if events >= EVENTS_PER_TIME_CHECK && !self.state.is_in_entity() {
                events = 0;
                if started.elapsed() > MAX_TIME {
                    break;
                }
            }
        }
        self.max_entities = (2 * self.max_entities).min(MAX_ENTITIES);
        let has_more = !self.is_done || !self.entities.is_empty();
        Ok(has_more.then(|| std::mem::take(&mut self.entities)))
    }

    fn is_full(&self, start: u64) -> bool {
        !self.state.is_in_entity()
            && (self.entities.len() >= self.max_entities
                || self.entities.size() >= MAX_BYTES
                || self.reader.buffer_position() - start >= MAX_READ_BYTES)
    }

    fn step(&mut self, metadata: &mut SourceMetadata) -> Result<(), Error> {
        self.buffer.clear();
        self.reader.get_mut().reset();
        let at = self.reader.buffer_position();
        let event = self.reader.read_event_into(&mut self.buffer);
        let event =
            event.map_err(|error| parser_error(error, &self.context, self.reader.error_position()))?;
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
            Event::Decl(declaration) => {
                check_encoding(&declaration, &self.context)?;
                state
            }
            Event::PI(_) | Event::Comment(_) => state,
        };
        Ok(())
    }
}

fn check_encoding(declaration: &BytesDecl<'_>, context: &ErrorContext) -> Result<(), Error> {
    match declaration.encoding() {
        Some(Ok(encoding)) if !encoding.eq_ignore_ascii_case("utf-8") => {
            let encoding = longhaul_geodata::short(&encoding).into_owned();
            Err(context.unsupported(format!("it is in {encoding} instead of UTF-8")))
        }
        _ => Ok(()),
    }
}

/// Converts an error of the parser. Every way in which a truncated document fails becomes [`Error::Truncated`].
fn parser_error(error: quick_xml::Error, context: &ErrorContext, at: u64) -> Error {
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
