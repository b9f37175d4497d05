//! The structure of an OSM XML document: which elements may stand where, and what each of them means.

use quick_xml::events::{BytesRef, BytesStart};

use super::element;
use crate::{
    Entities, EntityKind, Error, SourceMetadata, entities::EntityRecord, error_context::ErrorContext,
};

/// The longest remark that is kept.
const MAX_REMARK_BYTES: usize = 4 << 10;
/// How deep ignored elements may be nested.
const MAX_DEPTH: usize = 64;

/// The position of the parser in the document.
pub(super) enum State {
    /// Before `<osm>`.
    Prolog,
    /// Inside `<osm>`.
    Root,
    /// Inside the element of this entity.
    Entity(EntityRecord),
    /// Inside a `<remark>`, with its text so far.
    Remark(String),
    /// Inside elements that are ignored: how many of them are open, and the state outside of them.
    Ignored(usize, Box<State>),
    /// After `</osm>`.
    Epilog,
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
            State::Root => self.open_entity(name, tag),
            State::Entity(record) => {
                let result = match (record.kind, name) {
                    (_, "tag") => element::read_tag(tag, self.entities),
                    (EntityKind::Way, "nd") => element::read_node_ref(tag, self.entities),
                    _ => Ok(()),
                };
                let message = |error| format!("a {name} of {} {} {error}", record.kind.as_str(), record.id);
                result.map_err(|error| self.damaged(message(error)))?;
                Ok(State::Ignored(1, Box::new(State::Entity(record))))
            }
            State::Remark(text) => Ok(State::Ignored(1, Box::new(State::Remark(text)))),
            State::Ignored(MAX_DEPTH, _) => Err(self.damaged("elements stand too deep in each other")),
            State::Ignored(depth, outer) => Ok(State::Ignored(depth + 1, outer)),
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
        if let Some(kind) = element::entity_kind(name) {
            let record = element::read_entity(kind, tag, self.entities);
            return record.map(State::Entity).map_err(|error| self.damaged(format!("{name} {error}")));
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

    /// The state after an end tag. The parser has checked that it matches the start tag.
    pub(super) fn close(&mut self, state: State) -> Result<State, Error> {
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
            State::Ignored(1, outer) => Ok(*outer),
            State::Ignored(depth, outer) => Ok(State::Ignored(depth - 1, outer)),
            State::Prolog | State::Epilog => Err(self.damaged("an element is closed that is not open")),
        }
    }

    /// The state after text. Only the text of remarks is kept.
    pub(super) fn text(&self, state: State, text: &str) -> Result<State, Error> {
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

    fn damaged(&self, what: impl Into<String>) -> Error {
        self.context.damaged(self.at, what)
    }
}

fn shown(name: &str) -> String {
    format!("<{}>", longhaul_geodata::short(name))
}
