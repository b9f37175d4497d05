//! A feature on its way into the index.

use std::io::{self, Read};

use gix::ObjectId;
use longhaul_external_sort::Record;
use longhaul_geodata::{geometry::Extent, hilbert};

use crate::format::{RECORD_HEAD, decode_box, encode_box};

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

    /// Its place in the index of a layer of this extent: along the curve, without an extent at the end; items of one position are
    /// in the order of their keys.
    pub(super) fn place(&self, all: Option<&Extent>) -> (u64, Box<[u8]>) {
        let along = self.extent.zip(all).map(|(own, all)| {
            hilbert::position(own.min_x.midpoint(own.max_x), own.min_y.midpoint(own.max_y), all)
        });
        (along.map_or(u64::MAX, u64::from), self.record[RECORD_HEAD..].into())
    }
}

impl Record for Item {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&encode_box(self.extent));
        out.extend_from_slice(&self.record);
    }

    fn decode(from: &mut impl Read) -> io::Result<Self> {
        let mut extent = [0; 32];
        from.read_exact(&mut extent)?;
        let mut record = vec![0; RECORD_HEAD];
        from.read_exact(&mut record)?;
        let key = crate::format::u32_at(&record, 0) as usize;
        record.resize(RECORD_HEAD + key, 0);
        from.read_exact(&mut record[RECORD_HEAD..])?;
        Ok(Self { extent: decode_box(&extent), record: record.into() })
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.record.len()
    }
}
