use std::{io, vec};

use longhaul_geodata::geometry::Extent;
use longhaul_repository::FeatureEntry;

use crate::{
    LayerIndex, Window,
    format::Node,
    levels::{CHILDREN, leaves_below},
};

/// A feature that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Its number in the order of the index.
    pub position: u64,
    /// The box around its geometry.
    pub extent: Option<Extent>,
    /// Where it is in Git.
    pub entry: FeatureEntry,
}

/// The features in a window, in the order of the index. The file is read while the iterator advances; it ends after the first
/// error.
pub struct Leaves<'a> {
    index: &'a LayerIndex,
    window: Window,
    /// Leaves before this one are skipped.
    from: u64,
    /// The nodes that are being looked at, the innermost last.
    open: Vec<Siblings>,
}

struct Siblings {
    level: usize,
    /// The number of the next node in its level.
    at: u64,
    nodes: vec::IntoIter<Node>,
}

impl<'a> Leaves<'a> {
    pub(crate) fn new(index: &'a LayerIndex, window: Window, from: u64) -> Self {
        // The parent of the root: one node that lies over everything.
        let above = index.root().map(|(level, _)| Siblings {
            level: level + 1,
            at: 0,
            nodes: vec![Node { extent: index.extent(), offset: 0 }].into_iter(),
        });
        Self { index, window, from, open: above.into_iter().collect() }
    }

    fn step(&mut self, level: usize, at: u64, node: &Node) -> io::Result<Option<Leaf>> {
        let end = at.saturating_add(1).saturating_mul(leaves_below(level));
        if end <= self.from || !self.window.intersects(node.extent.as_ref()) {
            return Ok(None);
        }
        let Some(below) = level.checked_sub(1) else {
            return self.index.leaf(at, node).map(Some);
        };
        let first = at.saturating_mul(CHILDREN);
        let nodes = self.index.siblings(below, first)?.into_iter();
        self.open.push(Siblings { level: below, at: first, nodes });
        Ok(None)
    }
}

impl Iterator for Leaves<'_> {
    type Item = io::Result<Leaf>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(siblings) = self.open.last_mut() {
            let Some(node) = siblings.nodes.next() else {
                self.open.pop();
                continue;
            };
            let (level, at) = (siblings.level, siblings.at);
            siblings.at += 1;
            let found = self.step(level, at, &node);
            if found.is_err() {
                self.open.clear();
            }
            if let Some(found) = found.transpose() {
                return Some(found);
            }
        }
        None
    }
}
