//! Decodes the entities of a `PrimitiveBlock`.

use super::{dense, malformed::Malformed, primitive_block::PrimitiveBlock, single};
use crate::{Entities, EntityKind};

/// Adds the entities of a `PrimitiveBlock` to `entities`.
pub(super) fn decode(content: &[u8], entities: &mut Entities) -> Result<(), Malformed> {
    let block = PrimitiveBlock::parse(content, entities)?;
    for group in &block.groups {
        let mut group = *group;
        while let Some((number, field)) = group.next()? {
            match number {
                1 => single::read(EntityKind::Node, field.message()?, &block, entities)?,
                2 => dense::read(field.message()?, &block, entities)?,
                3 => single::read(EntityKind::Way, field.message()?, &block, entities)?,
                4 => single::read(EntityKind::Relation, field.message()?, &block, entities)?,
                // Changesets are ignored.
                _ => {}
            }
        }
    }
    Ok(())
}
