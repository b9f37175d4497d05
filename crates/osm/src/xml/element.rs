//! Reads the attributes of the XML elements of nodes, ways, relations, tags and node references.

use std::borrow::Cow;

use quick_xml::{
    XmlVersion,
    events::{BytesStart, attributes::Attribute},
};

use super::value;
use crate::{Entities, EntityKind, Position, entities::EntityRecord, tags::MAX_TEXT_BYTES, warning_texts};

/// What is wrong with an element, as the predicate of a sentence whose subject is the element: `has no id`.
pub(super) type ElementError = String;

/// The kind of entity that an element of this name describes.
pub(super) fn entity_kind(name: &str) -> Option<EntityKind> {
    match name {
        "node" => Some(EntityKind::Node),
        "way" => Some(EntityKind::Way),
        "relation" => Some(EntityKind::Relation),
        _ => None,
    }
}

/// The names and values of the attributes. Character references in values are resolved.
pub(super) fn attributes<'a>(
    element: &'a BytesStart<'_>,
) -> impl Iterator<Item = Result<(&'a str, Cow<'a, str>), ElementError>> {
    let mut attributes = element.attributes();
    // Checking for duplicate attributes takes more time than everything else here.
    attributes.with_checks(false);
    attributes.map(|attribute| {
        let attribute = attribute.map_err(|error| format!("is not well-formed: {error}"))?;
        Ok((attribute.key.into_inner(), attribute_value(attribute)?))
    })
}

fn attribute_value(attribute: Attribute<'_>) -> Result<Cow<'_, str>, ElementError> {
    let is_plain = !attribute.value.bytes().any(|byte| byte == b'&' || byte < b' ');
    if is_plain {
        return Ok(attribute.value);
    }
    let value = attribute.normalized_value(XmlVersion::Implicit1_0);
    value.map_err(|error| format!("has a value that cannot be read: {error}"))
}

/// Reads the start tag of an entity.
pub(super) fn read_entity(
    kind: EntityKind,
    element: &BytesStart<'_>,
    entities: &mut Entities,
) -> Result<EntityRecord, ElementError> {
    let mut record = EntityRecord::new(kind);
    let (mut id, mut lat, mut lon) = (None, None, None);
    for attribute in attributes(element) {
        let (name, text) = attribute?;
        let invalid = || format!("has the {name} '{}'", longhaul_geodata::short(&text));
        match name {
            "id" => id = Some(value::integer(&text).ok_or_else(invalid)?),
            "lat" => lat = Some(value::degrees(&text).ok_or_else(invalid)?),
            "lon" => lon = Some(value::degrees(&text).ok_or_else(invalid)?),
            "version" => record.version = version(&text).ok_or_else(invalid)?,
            "timestamp" => record.timestamp = Some(value::timestamp(&text).ok_or_else(invalid)?),
            "changeset" => {
                record.changeset = Some(value::integer(&text).ok_or_else(invalid)?).filter(|id| *id > 0);
            }
            "uid" => record.uid = Some(value::integer(&text).ok_or_else(invalid)?).filter(|id| *id > 0),
            "user" => record.user = entities.push_text(&check_length(text)?),
            "visible" => record.visible = text != "false",
            // JOSM marks an entity that is to be deleted on the server like this.
            "action" if text == "delete" => record.visible = false,
            _ => {}
        }
    }
    record.id = id.ok_or("has no id")?;
    if record.version.is_none() && kind != EntityKind::Relation {
        entities.warn(warning_texts::NO_VERSION, &record);
    }
    if kind == EntityKind::Node && record.visible {
        let (lon, lat) = lon.zip(lat).ok_or_else(|| format!("{} has no position", record.id))?;
        record.position = Position::new(lon, lat);
        if record.position.is_none() {
            entities.warn_of_loss(warning_texts::NOT_ON_EARTH, &record);
        }
    }
    Ok(record)
}

/// A version number. Zero and negative numbers, which some writers put for an unknown version, are `Some(None)`; `None` if
/// the column of versions cannot hold the number.
fn version(text: &str) -> Option<Option<u32>> {
    let number = i32::try_from(value::integer(text)?).ok()?;
    Some(u32::try_from(number).ok().filter(|version| *version > 0))
}

/// Reads a `<tag>` of an entity.
pub(super) fn read_tag(element: &BytesStart<'_>, entities: &mut Entities) -> Result<(), ElementError> {
    let (mut key, mut text) = (None, None);
    for attribute in attributes(element) {
        match attribute? {
            ("k", found) => key = Some(check_length(found)?),
            ("v", found) => text = Some(check_length(found)?),
            _ => {}
        }
    }
    let key = entities.push_text(&key.ok_or("has no k")?);
    let text = entities.push_text(&text.ok_or("has no v")?);
    entities.push_tag(key, text);
    Ok(())
}

/// Reads an `<nd>` of a way. Overpass adds the position of the node if it is asked for geometries (`out geom`).
pub(super) fn read_node_ref(
    element: &BytesStart<'_>,
    way: &EntityRecord,
    entities: &mut Entities,
) -> Result<(), ElementError> {
    let (mut id, mut lat, mut lon) = (None, None, None);
    for attribute in attributes(element) {
        let (name, text) = attribute?;
        let invalid = || format!("has the {name} '{}'", longhaul_geodata::short(&text));
        match name {
            "ref" => id = Some(value::integer(&text).ok_or_else(invalid)?),
            "lat" => lat = Some(value::degrees(&text).ok_or_else(invalid)?),
            "lon" => lon = Some(value::degrees(&text).ok_or_else(invalid)?),
            _ => {}
        }
    }
    entities.push_ref(id.ok_or("has no ref")?);
    if let Some((lon, lat)) = lon.zip(lat) {
        let location = Position::new(lon, lat);
        entities.push_location(location);
        if location.is_none() {
            entities.warn_of_loss(warning_texts::LOCATION_NOT_ON_EARTH, way);
        }
    }
    Ok(())
}

fn check_length(text: Cow<'_, str>) -> Result<Cow<'_, str>, ElementError> {
    if text.len() > MAX_TEXT_BYTES as usize {
        Err("has a value longer than 64 KiB".to_owned())
    } else {
        Ok(text)
    }
}
