//! A feature on its way into the index.

use std::{
    cmp::Ordering,
    io::{self, Read},
};

use gix::ObjectId;
use longhaul_geodata::geometry::Extent;

use crate::format::{RECORD_HEAD, decode_box, encode_box};
use crate::hilbert;

/// A feature: where its geometry is, and its record in the index.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    pub(super) extent: Option<Extent>,
    /// As in the file: length of the key, blob, key.
    pub(super) record: Box<[u8]>,
}

impl Item {
    pub(super) fn new(extent: Option<Extent>, blob: ObjectId, key: &[u8]) -> Self {
        let length = (key.len() as u32).to_le_bytes();
        Self { extent, record: [&length, blob.as_bytes(), key].concat().into() }
    }

    /// What the list takes in memory for it.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + size_of::<Placed>() + self.record.len()
    }

    fn key(&self) -> &[u8] {
        &self.record[RECORD_HEAD..]
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&encode_box(self.extent));
        out.extend_from_slice(&self.record);
    }

    pub(super) fn decode(from: &mut impl Read) -> io::Result<Self> {
        let mut extent = [0; 32];
        from.read_exact(&mut extent)?;
        let mut record = vec![0; RECORD_HEAD];
        from.read_exact(&mut record)?;
        let key = crate::format::u32_at(&record, 0) as usize;
        record.resize(RECORD_HEAD + key, 0);
        from.read_exact(&mut record[RECORD_HEAD..])?;
        Ok(Self { extent: decode_box(&extent), record: record.into() })
    }
}

/// An item with its place in the order of the index.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    /// The Hilbert value; after all values if the item has no extent.
    along: u64,
    pub(super) item: Item,
}

impl Placed {
    /// In a layer of this extent.
    pub(super) fn new(item: Item, all: Option<&Extent>) -> Self {
        let along = item.extent.as_ref().zip(all).map(|(extent, all)| hilbert::value(extent, all));
        Self { along: along.map_or(u64::MAX, u64::from), item }
    }
}

/// Items of one Hilbert value are in the order of their keys.
impl Ord for Placed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.along.cmp(&other.along).then_with(|| self.item.key().cmp(other.item.key()))
    }
}

impl PartialOrd for Placed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Placed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Placed {}
