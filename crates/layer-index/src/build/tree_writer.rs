//! Writes the file from its leaves upwards.

use std::{fs::File, io, os::unix::fs::FileExt};

use gix::ObjectId;
use longhaul_geodata::geometry::Extent;

use super::{item::Item, list::ItemList};
use crate::{
    format::{HEAD_SIZE, Head, NODE_SIZE, Node},
    levels::{CHILDREN, Levels},
};

/// Bytes that are written at once to each place.
const WRITE_SIZE: usize = 64 << 10;

/// Writes leaves and records as they come, and each node as soon as its last child is known. Takes a buffer for each level.
pub(super) struct TreeWriter<'a> {
    file: &'a File,
    head: Head,
    levels: Levels,
    /// The nodes of each level, from the leaves to the root.
    nodes: Vec<LevelWriter<'a>>,
    records: PartWriter<'a>,
}

impl<'a> TreeWriter<'a> {
    /// A writer for all of these items.
    pub(super) fn new(file: &'a File, items: &ItemList) -> io::Result<Self> {
        let levels = Levels::of(items.count());
        let records = HEAD_SIZE + NODE_SIZE * levels.nodes();
        let head = Head {
            // Its id is written at last.
            tree: ObjectId::null(gix::hash::Kind::Sha1),
            count: items.count(),
            located: items.located,
            extent: items.extent,
            types: items.types,
            length: records + items.records,
        };
        file.set_len(head.length)?;
        let nodes = (0..levels.len()).map(|level| LevelWriter::new(file, levels.start(level)));
        Ok(Self { file, head, nodes: nodes.collect(), levels, records: PartWriter::new(file, records) })
    }

    /// Writes the next leaf.
    pub(super) fn push(&mut self, item: &Item) -> io::Result<()> {
        let offset = self.records.written;
        self.records.write(&item.record)?;
        self.push_node(0, Node { extent: item.extent, offset })
    }

    fn push_node(&mut self, mut level: usize, mut node: Node) -> io::Result<()> {
        while let Some(writer) = self.nodes.get_mut(level) {
            writer.push(&node)?;
            if writer.children < CHILDREN || level + 1 == self.levels.len() {
                return Ok(());
            }
            node = self.nodes[level].parent();
            level += 1;
        }
        Ok(())
    }

    /// Writes the nodes that have fewer children, and the head.
    pub(super) fn finish(mut self, tree: ObjectId) -> io::Result<()> {
        for level in 1..self.levels.len() {
            if self.nodes[level - 1].children > 0 {
                let parent = self.nodes[level - 1].parent();
                self.push_node(level, parent)?;
            }
        }
        self.nodes.iter_mut().try_for_each(|level| level.part.flush())?;
        self.records.flush()?;
        self.head.tree = tree;
        self.file.write_all_at(&self.head.encode(), 0)
    }
}

/// Writes one level.
struct LevelWriter<'a> {
    part: PartWriter<'a>,
    /// The number of the next node, counted from the root.
    next: u64,
    /// The nodes that were written since the last parent was made.
    children: u64,
    extent: Option<Extent>,
}

impl<'a> LevelWriter<'a> {
    fn new(file: &'a File, start: u64) -> Self {
        let part = PartWriter::new(file, HEAD_SIZE + NODE_SIZE * start);
        Self { part, next: start, children: 0, extent: None }
    }

    fn push(&mut self, node: &Node) -> io::Result<()> {
        self.extent = match (self.extent, node.extent) {
            (Some(all), Some(extent)) => Some(all.union(extent)),
            (all, extent) => all.or(extent),
        };
        self.next += 1;
        self.children += 1;
        self.part.write(&node.encode())
    }

    /// The parent of the nodes since the last one.
    fn parent(&mut self) -> Node {
        let offset = self.next - self.children;
        self.children = 0;
        Node { extent: self.extent.take(), offset }
    }
}

/// Writes a part of the file from its start on.
struct PartWriter<'a> {
    file: &'a File,
    start: u64,
    written: u64,
    buffer: Vec<u8>,
}

impl<'a> PartWriter<'a> {
    fn new(file: &'a File, start: u64) -> Self {
        Self { file, start, written: 0, buffer: Vec::new() }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        self.written += bytes.len() as u64;
        if self.buffer.len() < WRITE_SIZE { Ok(()) } else { self.flush() }
    }

    fn flush(&mut self) -> io::Result<()> {
        let at = self.start + self.written - self.buffer.len() as u64;
        self.file.write_all_at(&self.buffer, at)?;
        self.buffer.clear();
        Ok(())
    }
}
