//! The spatial index: a packed Hilbert R-tree.
//!
//! A node has a box (smallest x and y, largest x and y, each as 64 bits) and a 64-bit number: in a leaf the place of its feature in
//! the feature section, in an inner node the position of its first child among all nodes. The root comes first, the leaves last.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt,
};

use longhaul_external_sort::Record;
use longhaul_geodata::{geometry::Extent, hilbert};

/// The most children of a node, as FlatGeobuf recommends.
pub(super) const NODE_SIZE: usize = 16;
/// Bytes of a node.
const NODE_BYTES: usize = 40;
/// Bytes that are written at once.
const WRITE_SIZE: usize = 256 << 10;

/// The box of a feature, and where it is in the temporary file.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    node: NodeBox,
    pub(super) position: u64,
    pub(super) length: u32,
}

/// Smallest x and y, largest x and y. The box of nothing is from infinity to minus infinity, which no window meets.
#[derive(Clone, Copy)]
struct NodeBox([f64; 4]);

impl NodeBox {
    const NOTHING: Self = Self([f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY]);

    fn union(self, other: Self) -> Self {
        let ([a, b, c, d], [e, f, g, h]) = (self.0, other.0);
        Self([a.min(e), b.min(f), c.max(g), d.max(h)])
    }

    fn is_nothing(self) -> bool {
        self.0[0] > self.0[2]
    }

    fn encode(self, number: u64, out: &mut Vec<u8>) {
        self.0.iter().for_each(|number| out.extend_from_slice(&number.to_le_bytes()));
        out.extend_from_slice(&number.to_le_bytes());
    }
}

impl Leaf {
    pub(super) fn new(extent: Option<Extent>, position: u64, length: usize) -> Self {
        let node = extent.map_or(NodeBox::NOTHING, |extent| {
            NodeBox([extent.min_x, extent.min_y, extent.max_x, extent.max_y])
        });
        Self { node, position, length: length as u32 }
    }

    /// The place in the order of a layer of this extent: along the curve, and without a box at the end.
    pub(super) fn place(&self, extent: Option<&Extent>) -> (u32, bool, u64) {
        let [min_x, min_y, max_x, max_y] = self.node.0;
        let is_nothing = self.node.is_nothing();
        let along = extent.filter(|_| !is_nothing).map_or(u32::MAX, |extent| {
            hilbert::position(min_x.midpoint(max_x), min_y.midpoint(max_y), extent)
        });
        (along, is_nothing, self.position)
    }
}

impl Record for Leaf {
    fn encode(&self, out: &mut Vec<u8>) {
        self.node.encode(self.position, out);
        out.extend_from_slice(&self.length.to_le_bytes());
    }

    fn decode(from: &mut impl Read) -> io::Result<Self> {
        let mut number = [0; 8];
        let mut node = NodeBox::NOTHING;
        for side in &mut node.0 {
            from.read_exact(&mut number)?;
            *side = f64::from_le_bytes(number);
        }
        from.read_exact(&mut number)?;
        let mut length = [0; 4];
        from.read_exact(&mut length)?;
        Ok(Self { node, position: u64::from_le_bytes(number), length: u32::from_le_bytes(length) })
    }
}

/// Writes the tree while its leaves come in order. The inner nodes are written at the end.
pub(super) struct IndexWriter<'a> {
    out: &'a File,
    /// Where the tree begins.
    start: u64,
    /// How many inner nodes there are.
    inner: u64,
    /// The boxes of the lowest inner nodes.
    lowest: Vec<NodeBox>,
    leaves: u64,
    /// Leaves that are not written yet.
    buffer: Vec<u8>,
    /// Where the feature of the next leaf is in the feature section.
    place: u64,
}

impl<'a> IndexWriter<'a> {
    /// Writes a tree of so many leaves to the place `start` of a file.
    pub(super) fn new(out: &'a File, start: u64, leaves: u64) -> Self {
        let lowest = Vec::with_capacity(leaves.div_ceil(NODE_SIZE as u64) as usize);
        Self { out, start, inner: inner_nodes(leaves), lowest, leaves: 0, buffer: Vec::new(), place: 0 }
    }

    /// Writes the next leaf, and returns the place of its feature in the feature section.
    pub(super) fn push(&mut self, leaf: &Leaf) -> io::Result<u64> {
        match self.lowest.last_mut() {
            Some(node) if !self.leaves.is_multiple_of(NODE_SIZE as u64) => *node = node.union(leaf.node),
            _ => self.lowest.push(leaf.node),
        }
        let place = self.place;
        leaf.node.encode(place, &mut self.buffer);
        self.place += u64::from(leaf.length);
        self.leaves += 1;
        if self.buffer.len() >= WRITE_SIZE {
            self.flush()?;
        }
        Ok(place)
    }

    fn flush(&mut self) -> io::Result<()> {
        let end = self.start + (self.inner + self.leaves) * NODE_BYTES as u64;
        self.out.write_all_at(&self.buffer, end - self.buffer.len() as u64)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the inner nodes.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let mut levels = vec![self.lowest];
        while let Some(below) = levels.last().filter(|below| below.len() > 1) {
            let union = |nodes: &[NodeBox]| nodes.iter().copied().fold(NodeBox::NOTHING, NodeBox::union);
            levels.push(below.chunks(NODE_SIZE).map(union).collect());
        }
        // The first child of the first node of each level.
        let mut child = 0;
        for level in levels.iter().rev() {
            child += level.len();
            for (at, node) in level.iter().enumerate() {
                node.encode((child + at * NODE_SIZE) as u64, &mut self.buffer);
            }
        }
        debug_assert_eq!(child as u64, self.inner, "the leaves follow all inner nodes");
        self.out.write_all_at(&self.buffer, self.start)
    }
}

/// The bytes of a tree with so many leaves.
pub(super) fn index_size(leaves: u64) -> u64 {
    (inner_nodes(leaves) + leaves) * NODE_BYTES as u64
}

/// How many nodes are above the leaves. One leaf has a root above it, too.
fn inner_nodes(leaves: u64) -> u64 {
    let mut level = leaves.div_ceil(NODE_SIZE as u64);
    let mut nodes = level;
    while level > 1 {
        level = level.div_ceil(NODE_SIZE as u64);
        nodes += level;
    }
    nodes
}
