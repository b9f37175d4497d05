//! The encoding of entities in a spool: varints, because most numbers are small or differ little from the one before.

use crate::{
    Entities, EntityKind, Position,
    entities::{EntityData, EntityRecord},
    tags::TextSpan,
    varint::{self, unzigzag, zigzag},
};

/// Encodes the entities of a type, after all texts of the batch.
pub(super) fn encode(entities: &Entities, kind: EntityKind) -> Vec<u8> {
    let mut out = Vec::with_capacity(entities.size() / 2);
    let texts = entities.texts();
    varint::write(texts.len() as u64, &mut out);
    out.extend_from_slice(texts.as_bytes());
    let (mut last_id, mut last_ref) = (0, 0);
    for (record, data) in entities.records_with_data().filter(|(record, _)| record.kind == kind) {
        out.push(flags(record, data));
        put_difference(record.id, &mut last_id, &mut out);
        record.version.iter().for_each(|version| varint::write(u64::from(*version), &mut out));
        let optional = [record.timestamp, record.changeset, record.uid];
        optional.iter().flatten().for_each(|number| varint::write(zigzag(*number), &mut out));
        put_span(record.user, &mut out);
        record.position.iter().for_each(|position| put_position(*position, &mut out));
        varint::write(data.tags.len() as u64, &mut out);
        for tag in data.tags {
            put_span(tag.key, &mut out);
            put_span(tag.value, &mut out);
        }
        varint::write(data.refs.len() as u64, &mut out);
        data.refs.iter().for_each(|id| put_difference(*id, &mut last_ref, &mut out));
        for location in data.locations {
            out.push(u8::from(location.is_some()));
            location.iter().for_each(|position| put_position(*position, &mut out));
        }
    }
    out
}

const VISIBLE: u8 = 1;
const VERSION: u8 = 2;
const TIMESTAMP: u8 = 4;
const CHANGESET: u8 = 8;
const UID: u8 = 16;
const NODE: u8 = 32;
const POSITION: u8 = 64;
const LOCATIONS: u8 = 128;

/// The flags of an entity, which tell the optional fields that follow.
fn flags(record: &EntityRecord, data: EntityData<'_>) -> u8 {
    let flag = |is: bool, flag| if is { flag } else { 0 };
    flag(record.visible, VISIBLE)
        | flag(record.version.is_some(), VERSION)
        | flag(record.timestamp.is_some(), TIMESTAMP)
        | flag(record.changeset.is_some(), CHANGESET)
        | flag(record.uid.is_some(), UID)
        | flag(record.kind == EntityKind::Node, NODE)
        | flag(record.position.is_some(), POSITION)
        | flag(!data.locations.is_empty(), LOCATIONS)
}

/// Decodes what [`encode`] wrote, and adds the entities to `entities`. `None` if the bytes are invalid.
pub(super) fn decode(bytes: &mut &[u8], entities: &mut Entities) -> Option<()> {
    let len = read_varint(bytes)?;
    let texts = take(bytes, len)?;
    entities.push_text(std::str::from_utf8(texts).ok()?);
    let (mut last_id, mut last_ref) = (0, 0);
    while let Some(flags) = take(bytes, 1) {
        let flags = flags[0];
        let has = |flag| flags & flag != 0;
        let mut record = EntityRecord::new(if has(NODE) { EntityKind::Node } else { EntityKind::Way });
        record.visible = has(VISIBLE);
        record.id = get_difference(bytes, &mut last_id)?;
        if has(VERSION) {
            record.version = Some(u32::try_from(read_varint(bytes)?).ok()?);
        }
        for (flag, number) in
            [(TIMESTAMP, &mut record.timestamp), (CHANGESET, &mut record.changeset), (UID, &mut record.uid)]
        {
            if has(flag) {
                *number = Some(unzigzag(read_varint(bytes)?));
            }
        }
        record.user = get_span(bytes)?;
        if has(POSITION) {
            record.position = Some(get_position(bytes)?);
        }
        for _ in 0..read_varint(bytes)? {
            entities.push_tag(get_span(bytes)?, get_span(bytes)?);
        }
        for _ in 0..read_varint(bytes)? {
            entities.push_ref(get_difference(bytes, &mut last_ref)?);
        }
        if has(LOCATIONS) {
            entities.push_locations(|| match take(bytes, 1)? {
                [0] => Some(None),
                _ => get_position(bytes).map(Some),
            })?;
        }
        entities.push_normalized_record(record);
    }
    Some(())
}

fn put_difference(number: i64, last: &mut i64, out: &mut Vec<u8>) {
    varint::write(zigzag(number.wrapping_sub(*last)), out);
    *last = number;
}

fn put_position(position: Position, out: &mut Vec<u8>) {
    varint::write(zigzag(position.lon.into()), out);
    varint::write(zigzag(position.lat.into()), out);
}

fn get_position(bytes: &mut &[u8]) -> Option<Position> {
    let mut coordinate = || i32::try_from(unzigzag(read_varint(bytes)?)).ok();
    Some(Position { lon: coordinate()?, lat: coordinate()? })
}

fn put_span(span: TextSpan, out: &mut Vec<u8>) {
    varint::write(span.start.into(), out);
    varint::write(span.len.into(), out);
}

fn get_difference(bytes: &mut &[u8], last: &mut i64) -> Option<i64> {
    *last = last.wrapping_add(unzigzag(read_varint(bytes)?));
    Some(*last)
}

fn get_span(bytes: &mut &[u8]) -> Option<TextSpan> {
    Some(TextSpan {
        start: u32::try_from(read_varint(bytes)?).ok()?,
        len: u32::try_from(read_varint(bytes)?).ok()?,
    })
}

fn take<'a>(bytes: &mut &'a [u8], len: u64) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(usize::try_from(len).ok()?)?;
    *bytes = rest;
    Some(taken)
}

fn read_varint(bytes: &mut &[u8]) -> Option<u64> {
    varint::read(bytes).ok()
}
