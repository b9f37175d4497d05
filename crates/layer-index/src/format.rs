//! The file format, little-endian throughout.
//!
//! ```text
//! head      128 bytes, see below
//! tree      nodes of 40 bytes: four f64 (smallest x and y, largest x and y) and a u64
//! records   one for each feature: u32 length of the key, 20 bytes blob id, the key
//! ```
//!
//! The tree is the packed Hilbert R-tree of [FlatGeobuf](https://flatgeobuf.org) with 16 children for each node: the levels follow
//! each other from the root to the leaves, and a level has no gaps. The u64 of a node above the leaves is the number of its first
//! child, counted from the root; that of a leaf is where its feature's record begins, counted from the start of the records.
//!
//! Every feature has a leaf. Leaves are in the order of the Hilbert values of their boxes' centres, and features of one value in
//! that of their keys: two files made from one tree are the same. Features without an extent (no geometry, an empty one, or one
//! that does not decode) come last; their box is the reverse of an infinite one, so that it intersects nothing and adds nothing to
//! the boxes above.
//!
//! | at | head |
//! |---|---|
//! | 0 | `LHLINDX1` |
//! | 8 | 20 bytes: id of the layer's tree |
//! | 28 | u32: children of a node, 16 |
//! | 32 | u64: features |
//! | 40 | u64: features with an extent |
//! | 48 | four f64: the extent of all |
//! | 80 | four u32, for XY, XYZ, XYM and XYZM: bit n is set if there is a geometry of the ISO type n |
//! | 96 | u64: length of the file |
//! | 104 | u32: CRC-32 of the 104 bytes before |
//!
//! A file gets its name after it has been synced to the disk, so a file with a name is complete. Length and checksum detect what
//! happened to it since.

use gix::ObjectId;
use longhaul_geodata::geometry::{Extent, GeometryTypeCode};

pub(crate) const HEAD_SIZE: u64 = 128;
pub(crate) const NODE_SIZE: u64 = 40;
/// Bytes of a record before its key.
pub(crate) const RECORD_HEAD: usize = 24;

const MAGIC: &[u8; 8] = b"LHLINDX1";
const CHECKSUM_AT: usize = 104;

/// The head of an index file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Head {
    pub(crate) tree: ObjectId,
    pub(crate) count: u64,
    pub(crate) located: u64,
    pub(crate) extent: Option<Extent>,
    pub(crate) types: TypeSet,
    pub(crate) length: u64,
}

/// The file is not an index of the tree, or is damaged.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file is not an index of this layer, or is damaged: {0}")]
pub struct NotAnIndex(pub(crate) &'static str);

impl Head {
    pub(crate) fn encode(&self) -> [u8; HEAD_SIZE as usize] {
        let mut bytes = [0; HEAD_SIZE as usize];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..28].copy_from_slice(self.tree.as_bytes());
        bytes[28..32].copy_from_slice(&(crate::levels::CHILDREN as u32).to_le_bytes());
        bytes[32..40].copy_from_slice(&self.count.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.located.to_le_bytes());
        bytes[48..80].copy_from_slice(&encode_box(self.extent));
        for (at, mask) in self.types.0.iter().enumerate() {
            bytes[80 + 4 * at..84 + 4 * at].copy_from_slice(&mask.to_le_bytes());
        }
        bytes[96..104].copy_from_slice(&self.length.to_le_bytes());
        let checksum = crc32fast::hash(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..CHECKSUM_AT + 4].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    pub(crate) fn decode(bytes: &[u8; HEAD_SIZE as usize]) -> Result<Self, NotAnIndex> {
        if !bytes.starts_with(MAGIC) {
            return Err(NotAnIndex("its beginning is another"));
        }
        if u32_at(bytes, CHECKSUM_AT) != crc32fast::hash(&bytes[..CHECKSUM_AT]) {
            return Err(NotAnIndex("its head has another checksum"));
        }
        if u64::from(u32_at(bytes, 28)) != crate::levels::CHILDREN {
            return Err(NotAnIndex("its nodes have another size"));
        }
        let tree = ObjectId::try_from(&bytes[8..28]).map_err(|_| NotAnIndex("its tree has no id"))?;
        let head = Self {
            tree,
            count: u64_at(bytes, 32),
            located: u64_at(bytes, 40),
            extent: decode_box(&bytes[48..80]),
            types: TypeSet([80, 84, 88, 92].map(|at| u32_at(bytes, at))),
            length: u64_at(bytes, 96),
        };
        match head.located <= head.count {
            true => Ok(head),
            false => Err(NotAnIndex("it has more extents than features")),
        }
    }
}

/// A node of the tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    /// None if no feature below it has an extent.
    pub(crate) extent: Option<Extent>,
    pub(crate) offset: u64,
}

impl Node {
    pub(crate) fn encode(&self) -> [u8; NODE_SIZE as usize] {
        let mut bytes = [0; NODE_SIZE as usize];
        bytes[..32].copy_from_slice(&encode_box(self.extent));
        bytes[32..].copy_from_slice(&self.offset.to_le_bytes());
        bytes
    }

    /// `bytes` has the size of a node.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        Self { extent: decode_box(&bytes[..32]), offset: u64_at(bytes, 32) }
    }
}

pub(crate) fn encode_box(extent: Option<Extent>) -> [u8; 32] {
    let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
    let numbers = extent.map_or([low, low, high, high], |e| [e.min_x, e.min_y, e.max_x, e.max_y]);
    let mut bytes = [0; 32];
    for (at, number) in numbers.iter().enumerate() {
        bytes[8 * at..8 * at + 8].copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

pub(crate) fn decode_box(bytes: &[u8]) -> Option<Extent> {
    let [min_x, min_y, max_x, max_y] = [0, 8, 16, 24].map(|at| f64::from_bits(u64_at(bytes, at)));
    (min_x <= max_x && min_y <= max_y).then_some(Extent { min_x, min_y, max_x, max_y })
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

/// The geometry types that occur, with their dimensions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TypeSet([u32; 4]);

impl TypeSet {
    pub(crate) fn insert(&mut self, code: GeometryTypeCode) {
        let (dimensions, kind) = (code.get() / 1000, code.get() % 1000);
        self.0[dimensions as usize & 3] |= 1 << (kind & 31);
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine |= theirs);
    }

    pub(crate) fn codes(self) -> impl Iterator<Item = GeometryTypeCode> {
        let bits = (0..4_u32).flat_map(|dimensions| (0..32_u32).map(move |kind| (dimensions, kind)));
        bits.filter(move |(dimensions, kind)| self.0[*dimensions as usize] >> kind & 1 == 1)
            .filter_map(|(dimensions, kind)| GeometryTypeCode::parse(1000 * dimensions + kind))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_reads_back_and_a_changed_bit_is_noticed() {
        let mut types = TypeSet::default();
        [1, 3, 1003, 3017]
            .into_iter()
            .filter_map(GeometryTypeCode::parse)
            .for_each(|code| types.insert(code));
        assert_eq!(types.codes().map(GeometryTypeCode::get).collect::<Vec<_>>(), [1, 3, 1003, 3017]);
        let extent = Some(Extent { min_x: -1.0, min_y: 2.0, max_x: 3.5, max_y: 4.0 });
        let tree = ObjectId::from([7; 20]);
        let head = Head { tree, count: 9, located: 8, extent, types, length: 1234 };
        let bytes = head.encode();
        assert_eq!(Head::decode(&bytes), Ok(head));
        for at in 0..CHECKSUM_AT + 4 {
            let mut damaged = bytes;
            damaged[at] ^= 4;
            assert!(Head::decode(&damaged).is_err(), "byte {at}");
        }
    }
}
