//! Reads entities that have a message of their own: ways, relations, and nodes outside of `DenseNodes`.

use super::{
    info,
    malformed::Malformed,
    primitive_block::PrimitiveBlock,
    wire::{DeltaDecoder, Message, PackedVarints},
};
use crate::{Entities, EntityKind, entities::EntityRecord, warning_texts};

/// Reads the message of one entity and adds the entity to `entities`.
pub(super) fn read(
    kind: EntityKind,
    mut message: Message<'_>,
    block: &PrimitiveBlock<'_>,
    entities: &mut Entities,
) -> Result<(), Malformed> {
    let mut record = block.record(kind, entities)?;
    let (mut keys, mut values) = (PackedVarints::default(), PackedVarints::default());
    let (mut lat, mut lon) = (None, None);
    let mut refs = DeltaDecoder::default();
    let (mut lats, mut lons) = (DeltaDecoder::default(), DeltaDecoder::default());
    while let Some((number, field)) = message.next()? {
        match (number, kind) {
            (1, EntityKind::Node) => record.id = field.signed()?,
            (1, _) => record.id = field.integer()?,
            (2, _) => keys = field.numbers()?,
            (3, _) => values = field.numbers()?,
            (4, _) => info::read(field.message()?, &block.strings, block.date_granularity, &mut record)?,
            (8, EntityKind::Node) => lat = Some(field.signed()?),
            (9, EntityKind::Node) => lon = Some(field.signed()?),
            (8, EntityKind::Way) => refs = DeltaDecoder::new(field.numbers()?),
            (9, EntityKind::Way) => lats = DeltaDecoder::new(field.numbers()?),
            (10, EntityKind::Way) => lons = DeltaDecoder::new(field.numbers()?),
            _ => {}
        }
    }
    if kind == EntityKind::Node && record.visible {
        let (lat, lon) = lat.zip(lon).ok_or(Malformed("a node has no position"))?;
        record.position = block.position(lat, lon)?;
        if record.position.is_none() {
            entities.warn_of_loss(warning_texts::NOT_ON_EARTH, &record);
        }
    }
    match lats.count() + lons.count() {
        0 => read_refs(refs, entities)?,
        _ => read_refs_with_locations(refs, (lats, lons), &record, block, entities)?,
    }
    read_tags(keys, values, block, entities)?;
    entities.push_record(record);
    Ok(())
}

fn read_tags(
    mut keys: PackedVarints<'_>,
    mut values: PackedVarints<'_>,
    block: &PrimitiveBlock<'_>,
    entities: &mut Entities,
) -> Result<(), Malformed> {
    loop {
        match (keys.next()?, values.next()?) {
            (Some(key), Some(value)) => block.push_tag(key, value, entities)?,
            (None, None) => return Ok(()),
            _ => return Err(Malformed("an entity has not as many keys as values")),
        }
    }
}

fn read_refs(mut refs: DeltaDecoder<'_>, entities: &mut Entities) -> Result<(), Malformed> {
    while let Some(id) = refs.next()? {
        entities.push_ref(id);
        entities.check_limits().map_err(|error| Malformed(error.message()))?;
    }
    Ok(())
}

/// Reads the references of a way in a file with the feature `LocationsOnWays`.
fn read_refs_with_locations(
    mut refs: DeltaDecoder<'_>,
    (mut lats, mut lons): (DeltaDecoder<'_>, DeltaDecoder<'_>),
    way: &EntityRecord,
    block: &PrimitiveBlock<'_>,
    entities: &mut Entities,
) -> Result<(), Malformed> {
    loop {
        match (refs.next()?, lats.next()?, lons.next()?) {
            (Some(id), Some(lat), Some(lon)) => {
                entities.push_ref(id);
                entities.check_limits().map_err(|error| Malformed(error.message()))?;
                let location = block.position(lat, lon)?;
                entities.push_location(location);
                if location.is_none() {
                    entities.warn_of_loss(warning_texts::LOCATION_NOT_ON_EARTH, way);
                }
            }
            (None, None, None) => return Ok(()),
            _ => return Err(Malformed("a way has not as many positions as nodes")),
        }
    }
}
