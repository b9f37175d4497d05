//! The structure of an OSM XML document: which elements may stand where, and what each of them means.

use quick_xml::events::{BytesRef, BytesStart};

use super::{element, structure};
use crate::{
    Entities, EntityKind, Error, SourceMetadata,
    entities::{EntityRecord, TooLarge},
    error_context::ErrorContext,
};

/// The longest remark that is kept.
const MAX_REMARK_BYTES: usize = 4 << 10;

/// The position of the parser in the document.
pub(super) enum State {
    /// Before `<osm>`.
    Prolog,
    /// Inside `<osm>`.
    Root,
    /// Inside the element of this entity.
    Entity(EntityRecord),
    /// Inside a `<remark>` or an `<error>`, with its text so far.
    Message(MessageKind, String),
    /// Inside an element that is not used or was read already: the element, how many elements are open in it with itself,
    /// and the state outside of it.
    Inside(&'static str, usize, Box<State>),
    /// After `</osm>`.
    Epilog,
}

impl State {
    /// Whether the parser is inside of an entity, so that the batch must not end.
    pub(super) fn is_in_entity(&self) -> bool {
        match self {
            Self::Entity(_) => true,
            Self::Inside(_, _, outer) => outer.is_in_entity(),
            _ => false,
        }
    }
}

/// What a server says in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MessageKind {
    Remark,
    Error,
}

/// Applies one parser event to the state.
pub(super) struct Handler<'a> {
    pub(super) context: &'a ErrorContext,
    /// The offset of the event in the document.
    pub(super) at: u64,
    /// Where finished entities go.
    pub(super) entities: &'a mut Entities,
    pub(super) metadata: &'a mut SourceMetadata,
}

impl Handler<'_> {
    /// The state after a start tag.
    pub(super) fn open(&mut self, state: State, tag: &BytesStart<'_>) -> Result<State, Error> {
        let name = tag.name().into_inner();
        match state {
            State::Prolog => self.open_root(name, tag),
            State::Root => self.open_in_root(name, tag),
            State::Entity(record) => self.open_in_entity(name, tag, record),
            State::Message(..) => Err(self.foreign(name, "the message of a server")),
            State::Inside(element, depth, outer) => match structure::child_of(element, name) {
                Some(_) => Ok(State::Inside(element, depth + 1, outer)),
                None => Err(self.foreign(name, &shown(element))),
            },
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

    fn open_in_root(&mut self, name: &str, tag: &BytesStart<'_>) -> Result<State, Error> {
        if let Some(kind) = element::entity_kind(name) {
            let record = element::read_entity(kind, tag, self.entities);
            return record.map(State::Entity).map_err(|error| self.damaged(format!("{name} {error}")));
        }
        match name {
            "remark" => return Ok(State::Message(MessageKind::Remark, String::new())),
            "error" => return Ok(State::Message(MessageKind::Error, String::new())),
            "meta" => {
                let osm_base = self.attribute(tag, "osm_base")?;
                self.metadata.osm_base = osm_base.or(self.metadata.osm_base.take());
            }
            _ => {}
        }
        let element = structure::child_of("osm", name).ok_or_else(|| self.foreign(name, "<osm>"))?;
        if structure::holds_data(element) {
            self.metadata.count_unused(element);
        }
        Ok(State::Inside(element, 1, Box::new(State::Root)))
    }

    fn open_in_entity(
        &mut self,
        name: &str,
        tag: &BytesStart<'_>,
        record: EntityRecord,
    ) -> Result<State, Error> {
        let kind = record.kind;
        let element = structure::child_of(kind.as_str(), name)
            .ok_or_else(|| self.foreign(name, &format!("{} {}", kind.as_str(), record.id)))?;
        let result = match (kind, element) {
            (_, "tag") => element::read_tag(tag, self.entities),
            (EntityKind::Way, "nd") => element::read_node_ref(tag, &record, self.entities),
            _ => Ok(()),
        };
        let message = |error| format!("a {name} of {} {} {error}", kind.as_str(), record.id);
        result.map_err(|error| self.damaged(message(error)))?;
        let limits = self.entities.check_limits();
        let too_large =
            |error: TooLarge| self.damaged(format!("{} {}: {}", kind.as_str(), record.id, error.message()));
        limits.map_err(too_large)?;
        Ok(State::Inside(element, 1, Box::new(State::Entity(record))))
    }

    /// The state after an end tag. The parser has checked that it matches the start tag.
    pub(super) fn close(&mut self, state: State) -> Result<State, Error> {
        match state {
            State::Root => Ok(State::Epilog),
            State::Entity(record) => {
                self.entities.push_record(record);
                Ok(State::Root)
            }
            State::Message(kind, text) => {
                let text = text.trim();
                match kind {
                    MessageKind::Remark => self.metadata.add_remark(text),
                    MessageKind::Error => self.metadata.add_error(text),
                }
                Ok(State::Root)
            }
            State::Inside(_, 1, outer) => Ok(*outer),
            State::Inside(element, depth, outer) => Ok(State::Inside(element, depth - 1, outer)),
            State::Prolog | State::Epilog => Err(self.damaged("an element is closed that is not open")),
        }
    }

    /// The state after text. Only the texts of messages are kept.
    pub(super) fn text(&self, state: State, text: &str) -> Result<State, Error> {
        match state {
            State::Message(kind, mut message) => {
                if message.len() + text.len() <= MAX_REMARK_BYTES {
                    message.push_str(text);
                }
                Ok(State::Message(kind, message))
            }
            State::Prolog | State::Epilog if !text.trim_ascii().is_empty() => {
                Err(self.damaged("a text stands outside of <osm>"))
            }
            other => Ok(other),
        }
    }

    /// The state after a character reference like `&quot;`.
    pub(super) fn reference(&self, state: State, reference: &BytesRef<'_>) -> Result<State, Error> {
        let unknown = || self.damaged("a character is written in a way that is not known");
        let mut utf8 = [0; 4];
        let text = match reference.resolve_char_ref() {
            Ok(Some(character)) => &*character.encode_utf8(&mut utf8),
            Ok(None) => quick_xml::escape::resolve_xml_entity(reference).ok_or_else(unknown)?,
            Err(_) => return Err(unknown()),
        };
        self.text(state, text)
    }

    /// Checks that the document may end in this state.
    pub(super) fn check_end(&self, state: &State) -> Result<(), Error> {
        match state {
            State::Epilog => Ok(()),
            State::Prolog => Err(self.context.not_osm("it has no <osm>")),
            State::Entity(_) => Err(self.context.truncated(self.at, "in an entity")),
            _ => Err(self.context.truncated(self.at, "without </osm>")),
        }
    }

    /// The value of an attribute, if the element has it.
    fn attribute(&self, tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, Error> {
        for attribute in element::attributes(tag) {
            let (found, text) = attribute.map_err(|error| self.damaged(format!("a tag {error}")))?;
            if found == name {
                return Ok(Some(text.into_owned()));
            }
        }
        Ok(None)
    }

    /// The error for an element that cannot stand where it is. If it were skipped, data would be missing without a word.
    fn foreign(&self, name: &str, outer: &str) -> Error {
        self.damaged(format!("{} is no element of OSM XML that can stand in {outer}", shown(name)))
    }

    fn damaged(&self, what: impl Into<String>) -> Error {
        self.context.damaged(self.at, what)
    }
}

fn shown(name: &str) -> String {
    format!("<{}>", longhaul_geodata::short(name))
}
