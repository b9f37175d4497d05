//! Reads the metadata of entities: version, timestamp, changeset, user, visibility.

use super::{
    malformed::Malformed,
    wire::{DeltaDecoder, Message, PackedVarints},
};
use crate::{entities::EntityRecord, tags::TextSpan};

/// The string table of a block. The spans refer to the text buffer of the [`Entities`](crate::Entities).
pub(super) struct StringTable(pub(super) Vec<TextSpan>);

impl StringTable {
    pub(super) fn get(&self, index: i64) -> Result<TextSpan, Malformed> {
        let index = usize::try_from(index).ok();
        let text = index.and_then(|index| self.0.get(index));
        text.copied().ok_or(Malformed("an entity names a text that the block does not have"))
    }
}

/// The unit of the timestamps of a block, in milliseconds.
#[derive(Clone, Copy)]
pub(super) struct DateGranularity(pub(super) i64);

impl DateGranularity {
    fn milliseconds(self, ticks: i64) -> Option<i64> {
        (ticks != 0).then(|| ticks.saturating_mul(self.0))
    }
}

/// Writers put zero or a negative number for an unknown value, except for timestamps, which may be before 1970.
fn known(number: i64) -> Option<i64> {
    (number > 0).then_some(number)
}

fn version(number: i64) -> Result<Option<u32>, Malformed> {
    match known(number).map(i32::try_from) {
        None => Ok(None),
        Some(Ok(number)) => Ok(Some(number.cast_unsigned())),
        Some(Err(_)) => Err(Malformed("an entity has a version beyond 2147483647")),
    }
}

/// Reads the `Info` of a way, of a relation or of a node outside of `DenseNodes`.
pub(super) fn read(
    mut info: Message<'_>,
    strings: &StringTable,
    date_granularity: DateGranularity,
    record: &mut EntityRecord,
) -> Result<(), Malformed> {
    while let Some((number, field)) = info.next()? {
        match number {
            1 => record.version = version(field.integer()?)?,
            2 => record.timestamp = date_granularity.milliseconds(field.integer()?),
            3 => record.changeset = known(field.integer()?),
            4 => record.uid = known(field.integer()?),
            5 => record.user = strings.get(field.integer()?)?,
            6 => record.visible = field.integer()? != 0,
            _ => {}
        }
    }
    Ok(())
}

/// The `DenseInfo` of a `DenseNodes`. Each list is empty or has one entry for each node.
#[derive(Default)]
pub(super) struct DenseInfo<'a> {
    versions: PackedVarints<'a>,
    timestamps: DeltaDecoder<'a>,
    changesets: DeltaDecoder<'a>,
    uids: DeltaDecoder<'a>,
    users: DeltaDecoder<'a>,
    visible: PackedVarints<'a>,
}

impl<'a> DenseInfo<'a> {
    pub(super) fn parse(mut message: Message<'a>) -> Result<Self, Malformed> {
        let mut info = Self::default();
        while let Some((number, field)) = message.next()? {
            match number {
                1 => info.versions = field.numbers()?,
                2 => info.timestamps = DeltaDecoder::new(field.numbers()?),
                3 => info.changesets = DeltaDecoder::new(field.numbers()?),
                4 => info.uids = DeltaDecoder::new(field.numbers()?),
                5 => info.users = DeltaDecoder::new(field.numbers()?),
                6 => info.visible = field.numbers()?,
                _ => {}
            }
        }
        Ok(info)
    }

    /// Whether each list is empty or has `nodes` entries.
    pub(super) fn fits(&self, nodes: usize) -> bool {
        let counts = [
            self.versions.count(),
            self.timestamps.count(),
            self.changesets.count(),
            self.uids.count(),
            self.users.count(),
            self.visible.count(),
        ];
        counts.iter().all(|count| *count == 0 || *count == nodes)
    }

    /// Reads the metadata of the next node.
    pub(super) fn read(
        &mut self,
        strings: &StringTable,
        date_granularity: DateGranularity,
        record: &mut EntityRecord,
    ) -> Result<(), Malformed> {
        record.version = self.versions.next()?.map_or(Ok(None), version)?;
        record.timestamp = self.timestamps.next()?.and_then(|ticks| date_granularity.milliseconds(ticks));
        record.changeset = self.changesets.next()?.and_then(known);
        record.uid = self.uids.next()?.and_then(known);
        if let Some(user) = self.users.next()? {
            record.user = strings.get(user)?;
        }
        record.visible = self.visible.next()?.is_none_or(|visible| visible != 0);
        Ok(())
    }
}
