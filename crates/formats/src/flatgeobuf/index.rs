//! The spatial index: a packed Hilbert R-tree.
//!
//! A node has a box (smallest x and y, largest x and y, each as 64 bits) and a 64-bit number: in a leaf the place of its feature in
//! the feature section, in an inner node the position of its first child among all nodes. The root comes first, the leaves last.

use std::io::Write;

use longhaul_geodata::{SinkError, geometry::Extent, hilbert};

/// The most children of a node, as FlatGeobuf recommends.
pub(super) const NODE_SIZE: usize = 16;
/// How many steps are made between two looks at whether to stop.
pub(super) const STEPS: usize = 4096;

/// The box of a feature, and where it is in the temporary file.
#[derive(Clone, Copy)]
pub(super) struct Leaf {
    node: NodeBox,
    pub(super) position: u64,
    pub(super) length: u32,
    /// The position along the curve; that of a feature without an extent is the last one.
    curve: u32,
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
}

impl Leaf {
    pub(super) fn new(extent: Option<Extent>, position: u64, length: usize) -> Self {
        let node = extent.map_or(NodeBox::NOTHING, |extent| {
            NodeBox([extent.min_x, extent.min_y, extent.max_x, extent.max_y])
        });
        Self { node, position, length: length as u32, curve: 0 }
    }
}

/// Sorts the leaves along the curve, those without a box last. Returns false if it was stopped.
pub(super) fn sort(leaves: &mut [Leaf], extent: Option<Extent>, is_stopped: &dyn Fn() -> bool) -> bool {
    let Some(extent) = extent else { return true };
    for (step, leaf) in leaves.iter_mut().enumerate() {
        if step % STEPS == 0 && is_stopped() {
            return false;
        }
        let [min_x, min_y, max_x, max_y] = leaf.node.0;
        leaf.curve = match leaf.node.is_nothing() {
            true => u32::MAX,
            false => hilbert::position(min_x.midpoint(max_x), min_y.midpoint(max_y), &extent),
        };
    }
    leaves.sort_unstable_by_key(|leaf| (leaf.curve, leaf.node.is_nothing(), leaf.position));
    true
}

/// Writes the tree above the leaves, and the leaves.
pub(super) fn write(
    leaves: &[Leaf],
    out: &mut impl Write,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(), SinkError> {
    let levels = inner_levels(leaves);
    let inner: usize = levels.iter().map(Vec::len).sum();
    // The first child of the first node of each level.
    let mut child = 0;
    for level in levels.iter().rev() {
        child += level.len();
        for (at, node) in level.iter().enumerate() {
            write_node(out, *node, (child + at * NODE_SIZE) as u64)?;
        }
    }
    debug_assert_eq!(child, inner, "the leaves follow all inner nodes");
    let mut place = 0;
    for (step, leaf) in leaves.iter().enumerate() {
        if step % STEPS == 0 && is_stopped() {
            return Err(SinkError::Stopped);
        }
        write_node(out, leaf.node, place)?;
        place += u64::from(leaf.length);
    }
    Ok(())
}

/// The boxes of the inner nodes, the lowest level first. The highest level is the root; one leaf has a root above it, too.
fn inner_levels(leaves: &[Leaf]) -> Vec<Vec<NodeBox>> {
    if leaves.is_empty() {
        return Vec::new();
    }
    let union = |nodes: &mut dyn Iterator<Item = NodeBox>| nodes.fold(NodeBox::NOTHING, NodeBox::union);
    let lowest = leaves.chunks(NODE_SIZE).map(|leaves| union(&mut leaves.iter().map(|leaf| leaf.node)));
    let mut levels: Vec<Vec<NodeBox>> = vec![lowest.collect()];
    while let Some(below) = levels.last().filter(|below| below.len() > 1) {
        let level = below.chunks(NODE_SIZE).map(|nodes| union(&mut nodes.iter().copied())).collect();
        levels.push(level);
    }
    levels
}

fn write_node(out: &mut impl Write, node: NodeBox, number: u64) -> Result<(), SinkError> {
    let mut bytes = [0; 40];
    for (number, bytes) in node.0.iter().zip(bytes.chunks_exact_mut(8)) {
        bytes.copy_from_slice(&number.to_le_bytes());
    }
    bytes[32..].copy_from_slice(&number.to_le_bytes());
    out.write_all(&bytes)?;
    Ok(())
}
