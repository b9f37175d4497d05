//! A feature's blob: the name of its legend and its values without the primary key.

use longhaul_geodata::{Row, Value};

use super::msgpack;

/// Writes the blobs of one legend.
pub(crate) struct FeatureEncoder {
    /// What every blob begins with.
    head: Vec<u8>,
    key: Option<usize>,
}

impl FeatureEncoder {
    /// For rows whose column `key` is the primary key, which the blob leaves out.
    pub(crate) fn new(legend: &str, values: usize, key: Option<usize>) -> Self {
        let mut head = Vec::new();
        msgpack::array(&mut head, 2);
        msgpack::text(&mut head, legend);
        msgpack::array(&mut head, values);
        Self { head, key }
    }

    /// Replaces `out` by the blob of a row.
    pub(crate) fn encode(&self, row: Row<'_>, out: &mut Vec<u8>) {
        let values = row.values().enumerate();
        let values = values.filter(|(column, _)| Some(*column) != self.key);
        self.encode_values(values.map(|(_, value)| value), out);
    }

    /// Replaces `out` by the blob of the values, in the legend's order.
    pub(crate) fn encode_values<'a>(&self, values: impl Iterator<Item = Value<'a>>, out: &mut Vec<u8>) {
        out.clear();
        out.extend_from_slice(&self.head);
        values.for_each(|value| msgpack::value(out, value));
    }
}

/// Room is made at once for so many values at most: the number that a blob gives may be wrong.
const MOST_RESERVED: usize = 256;

/// A blob that was read.
pub(crate) struct Feature<'a> {
    /// The name of the legend it was written with.
    pub(crate) legend: &'a str,
    /// The values in that legend's order.
    pub(crate) values: Vec<Value<'a>>,
}

impl<'a> Feature<'a> {
    /// Reads a blob; `None` if it is not a feature.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = msgpack::Reader::new(bytes);
        if reader.array()? != 2 {
            return None;
        }
        let legend = reader.text()?;
        let len = reader.array()?;
        let mut values = Vec::with_capacity(len.min(MOST_RESERVED));
        for _ in 0..len {
            values.push(reader.value()?);
        }
        reader.is_at_end().then_some(Self { legend, values })
    }
}
