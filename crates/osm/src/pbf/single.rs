//! Reads entities that have a message of their own: ways, relations, and nodes outside of `DenseNodes`.

use super::{
    info,
    malformed::Malformed,
    primitive_block::PrimitiveBlock,
    wire::{DeltaDecoder, Field, Message, PackedVarints},
};
use crate::{Entities, EntityKind};

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
    while let Some((number, field)) = message.next()? {
        match (number, kind) {
            (1, EntityKind::Node) => record.id = field.signed()?,
            (1, _) => record.id = field.integer()?,
            (2, _) => keys = field.numbers()?,
            (3, _) => values = field.numbers()?,
            (4, _) => info::read(field.message()?, &block.strings, block.date_granularity, &mut record)?,
            (8, EntityKind::Node) => lat = Some(field.signed()?),
            (9, EntityKind::Node) => lon = Some(field.signed()?),
            (8, EntityKind::Way) => read_refs(field, entities)?,
            _ => {}
        }
    }
    if kind == EntityKind::Node && record.visible {
        let (lat, lon) = lat.zip(lon).ok_or(Malformed("a node has no position"))?;
        record.position = block.position(lat, lon)?;
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

fn read_refs(field: Field<'_>, entities: &mut Entities) -> Result<(), Malformed> {
    let mut refs = DeltaDecoder::new(field.numbers()?);
    while let Some(id) = refs.next()? {
        entities.push_ref(id);
    }
    Ok(())
}
