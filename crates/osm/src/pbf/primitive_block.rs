//! A block of entities, with the strings that they share.

use super::{
    Malformed, dense,
    info::{self, DateGranularity, StringTable},
    wire::{DeltaDecoder, Field, Message, PackedVarints},
};
use crate::{
    Entities, EntityKind, Position,
    entities::EntityRecord,
    tags::{MAX_TEXT_BYTES, TextSpan},
};

/// What one block may come to once it is decoded. Writers put 8,000 entities into one; a hostile block of 32 MiB would
/// take gigabytes.
const MAX_ENTITIES: usize = 1 << 20;
const MAX_BYTES: usize = 256 << 20;

/// What all entities of a block share.
pub(super) struct PrimitiveBlock<'a> {
    pub(super) strings: StringTable,
    pub(super) date_granularity: DateGranularity,
    /// Nanodegrees to a unit, and where the units begin.
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
    groups: Vec<Message<'a>>,
}

/// Adds the entities of a `PrimitiveBlock`.
pub(super) fn decode(content: &[u8], entities: &mut Entities) -> Result<(), Malformed> {
    let block = PrimitiveBlock::parse(content, entities)?;
    for group in &block.groups {
        let mut group = *group;
        while let Some((number, field)) = group.next()? {
            match number {
                1 => block.read_entity(EntityKind::Node, field.message()?, entities)?,
                2 => dense::read(field.message()?, &block, entities)?,
                3 => block.read_entity(EntityKind::Way, field.message()?, entities)?,
                4 => block.read_entity(EntityKind::Relation, field.message()?, entities)?,
                // Changesets are no data.
                _ => {}
            }
        }
    }
    Ok(())
}

impl<'a> PrimitiveBlock<'a> {
    fn parse(content: &'a [u8], entities: &mut Entities) -> Result<Self, Malformed> {
        let mut block = Self {
            strings: StringTable(Vec::new()),
            date_granularity: DateGranularity(1000),
            granularity: 100,
            lat_offset: 0,
            lon_offset: 0,
            groups: Vec::new(),
        };
        let mut message = Message::new(content);
        while let Some((number, field)) = message.next()? {
            match number {
                1 => block.read_strings(field.message()?, entities)?,
                2 => block.groups.push(field.message()?),
                17 => block.granularity = field.integer()?,
                18 => block.date_granularity = DateGranularity(field.integer()?),
                19 => block.lat_offset = field.integer()?,
                20 => block.lon_offset = field.integer()?,
                _ => {}
            }
        }
        Ok(block)
    }

    fn read_strings(&mut self, mut table: Message<'_>, entities: &mut Entities) -> Result<(), Malformed> {
        while let Some((number, field)) = table.next()? {
            if number == 1 {
                let text = std::str::from_utf8(field.bytes()?);
                let text = text.map_err(|_| Malformed("a text is not valid UTF-8"))?;
                self.strings.0.push(entities.push_text(text));
            }
        }
        Ok(())
    }

    /// An entity of which nothing is known yet.
    pub(super) fn record(&self, kind: EntityKind, entities: &Entities) -> Result<EntityRecord, Malformed> {
        if entities.len() >= MAX_ENTITIES || entities.size() > MAX_BYTES {
            return Err(Malformed("a block comes to more than a million entities or 256 MiB"));
        }
        Ok(EntityRecord::new(kind))
    }

    fn read_entity(
        &self,
        kind: EntityKind,
        mut message: Message<'_>,
        entities: &mut Entities,
    ) -> Result<(), Malformed> {
        let mut record = self.record(kind, entities)?;
        let (mut keys, mut values) = (PackedVarints::default(), PackedVarints::default());
        let (mut lat, mut lon) = (None, None);
        while let Some((number, field)) = message.next()? {
            match (number, kind) {
                (1, EntityKind::Node) => record.id = field.signed()?,
                (1, _) => record.id = field.integer()?,
                (2, _) => keys = field.numbers()?,
                (3, _) => values = field.numbers()?,
                (4, _) => info::read(field.message()?, &self.strings, self.date_granularity, &mut record)?,
                (8, EntityKind::Node) => lat = Some(field.signed()?),
                (9, EntityKind::Node) => lon = Some(field.signed()?),
                (8, EntityKind::Way) => read_refs(field, entities)?,
                _ => {}
            }
        }
        if kind == EntityKind::Node && record.visible {
            let (lat, lon) = lat.zip(lon).ok_or(Malformed("a node has no position"))?;
            record.position = self.position(lat, lon)?;
        }
        self.read_tags(keys, values, entities)?;
        entities.push_record(record);
        Ok(())
    }

    fn read_tags(
        &self,
        mut keys: PackedVarints<'_>,
        mut values: PackedVarints<'_>,
        entities: &mut Entities,
    ) -> Result<(), Malformed> {
        loop {
            match (keys.next()?, values.next()?) {
                (Some(key), Some(value)) => self.push_tag(key, value, entities)?,
                (None, None) => return Ok(()),
                _ => return Err(Malformed("an entity has not as many keys as values")),
            }
        }
    }

    pub(super) fn push_tag(&self, key: i64, value: i64, entities: &mut Entities) -> Result<(), Malformed> {
        entities.push_tag(self.tag_text(key)?, self.tag_text(value)?);
        Ok(())
    }

    fn tag_text(&self, index: i64) -> Result<TextSpan, Malformed> {
        let text = self.strings.get(index)?;
        if text.len > MAX_TEXT_BYTES { Err(Malformed("a tag is longer than 64 KiB")) } else { Ok(text) }
    }

    pub(super) fn position(&self, lat: i64, lon: i64) -> Result<Position, Malformed> {
        let place = |units: i64, offset: i64| {
            let nanodegrees = units.checked_mul(self.granularity)?.checked_add(offset)?;
            i32::try_from(nanodegrees.checked_add(50)?.div_euclid(100)).ok()
        };
        let position = place(lon, self.lon_offset).zip(place(lat, self.lat_offset));
        let (lon, lat) = position.ok_or(Malformed("a node lies outside of the world"))?;
        Ok(Position { lon, lat })
    }
}

fn read_refs(field: Field<'_>, entities: &mut Entities) -> Result<(), Malformed> {
    let mut refs = DeltaDecoder::new(field.numbers()?);
    while let Some(id) = refs.next()? {
        entities.push_ref(id);
    }
    Ok(())
}
