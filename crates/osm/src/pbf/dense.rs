//! Reads `DenseNodes`: one list for each property of the nodes instead of one message for each node.

use super::{
    info::DenseInfo,
    malformed::Malformed,
    primitive_block::PrimitiveBlock,
    wire::{DeltaDecoder, Message, PackedVarints},
};
use crate::{Entities, EntityKind, warning_texts};

/// Reads a `DenseNodes`.
pub(super) fn read(
    mut message: Message<'_>,
    block: &PrimitiveBlock<'_>,
    entities: &mut Entities,
) -> Result<(), Malformed> {
    let mut nodes = DenseNodes::default();
    while let Some((number, field)) = message.next()? {
        match number {
            1 => nodes.ids = DeltaDecoder::new(field.numbers()?),
            5 => nodes.info = DenseInfo::parse(field.message()?)?,
            8 => nodes.lats = DeltaDecoder::new(field.numbers()?),
            9 => nodes.lons = DeltaDecoder::new(field.numbers()?),
            10 => nodes.tags = field.numbers()?,
            _ => {}
        }
    }
    nodes.read(block, entities)
}

#[derive(Default)]
struct DenseNodes<'a> {
    ids: DeltaDecoder<'a>,
    info: DenseInfo<'a>,
    lats: DeltaDecoder<'a>,
    lons: DeltaDecoder<'a>,
    /// Keys and values alternately, with a zero after the tags of each node. Empty if no node has tags.
    tags: PackedVarints<'a>,
}

impl DenseNodes<'_> {
    fn read(mut self, block: &PrimitiveBlock<'_>, entities: &mut Entities) -> Result<(), Malformed> {
        let nodes = self.ids.count();
        if self.lats.count() != nodes || self.lons.count() != nodes || !self.info.fits(nodes) {
            return Err(Malformed("the lists of dense nodes are not of one length"));
        }
        let have_tags = !self.tags.is_empty();
        while let (Some(id), Some(lat), Some(lon)) = (self.ids.next()?, self.lats.next()?, self.lons.next()?)
        {
            let mut record = block.record(EntityKind::Node, entities)?;
            record.id = id;
            self.info.read(&block.strings, block.date_granularity, &mut record)?;
            if record.visible {
                record.position = block.position(lat, lon)?;
                if record.position.is_none() {
                    entities.warn_of_loss(warning_texts::NOT_ON_EARTH, &record);
                }
            }
            if have_tags {
                self.read_tags(block, entities)?;
            }
            entities.push_record(record);
        }
        match self.tags.next()? {
            None => Ok(()),
            Some(_) => Err(Malformed("there are tags of more nodes than there are nodes")),
        }
    }

    fn read_tags(&mut self, block: &PrimitiveBlock<'_>, entities: &mut Entities) -> Result<(), Malformed> {
        loop {
            let key = self.tags.next()?.ok_or(Malformed("the tags of a dense node have no end"))?;
            if key == 0 {
                return Ok(());
            }
            let value = self.tags.next()?.ok_or(Malformed("a tag of a dense node has no value"))?;
            block.push_tag(key, value, entities)?;
        }
    }
}
