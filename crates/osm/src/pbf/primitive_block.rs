//! What the entities of a `PrimitiveBlock` share: strings, and the units of coordinates and timestamps.

use super::{
    info::{DateGranularity, StringTable},
    malformed::Malformed,
    wire::Message,
};
use crate::{
    Entities, EntityKind, Position,
    entities::EntityRecord,
    tags::{MAX_TEXT_BYTES, TextSpan},
};

/// Limits of a decoded block. Writers put 8,000 entities into a block; a malicious block of 32 MiB could decode to
/// gigabytes.
const MAX_ENTITIES: usize = 1 << 20;
const MAX_BYTES: usize = 256 << 20;

/// A `PrimitiveBlock`, parsed down to its groups.
pub(super) struct PrimitiveBlock<'a> {
    pub(super) strings: StringTable,
    pub(super) date_granularity: DateGranularity,
    /// The unit of coordinates in nanodegrees, and the offsets of their origin.
    granularity: i64,
    lat_offset: i64,
    lon_offset: i64,
    pub(super) groups: Vec<Message<'a>>,
}

impl<'a> PrimitiveBlock<'a> {
    /// Reads everything but the entities. The strings go to the text buffer of `entities`.
    pub(super) fn parse(content: &'a [u8], entities: &mut Entities) -> Result<Self, Malformed> {
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

    /// An empty record, unless `entities` has reached the limits of a block.
    pub(super) fn record(&self, kind: EntityKind, entities: &Entities) -> Result<EntityRecord, Malformed> {
        if entities.len() >= MAX_ENTITIES || entities.size() > MAX_BYTES {
            return Err(Malformed("a block comes to more than a million entities or 256 MiB"));
        }
        Ok(EntityRecord::new(kind))
    }

    /// Adds a tag, given by the indices of its strings.
    pub(super) fn push_tag(&self, key: i64, value: i64, entities: &mut Entities) -> Result<(), Malformed> {
        entities.push_tag(self.tag_text(key)?, self.tag_text(value)?);
        entities.check_limits().map_err(|error| Malformed(error.message()))
    }

    fn tag_text(&self, index: i64) -> Result<TextSpan, Malformed> {
        let text = self.strings.get(index)?;
        if text.len > MAX_TEXT_BYTES { Err(Malformed("a tag is longer than 64 KiB")) } else { Ok(text) }
    }

    /// Converts coordinates in the unit of the block. `None` if they are not on Earth.
    pub(super) fn position(&self, lat: i64, lon: i64) -> Result<Option<Position>, Malformed> {
        let to_position_unit = |units: i64, offset: i64| {
            let nanodegrees = units.checked_mul(self.granularity)?.checked_add(offset)?;
            Some(nanodegrees.checked_add(50)?.div_euclid(100))
        };
        let position = to_position_unit(lon, self.lon_offset).zip(to_position_unit(lat, self.lat_offset));
        let (lon, lat) = position.ok_or(Malformed("a node lies outside of the world"))?;
        Ok(Position::new(lon, lat))
    }
}
