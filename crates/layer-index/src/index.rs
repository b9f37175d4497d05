use std::{fs::File, io, os::unix::fs::FileExt, path::Path};

use gix::ObjectId;
use longhaul_geodata::geometry::{Extent, GeometryTypeCode};
use longhaul_repository::{FeatureEntry, PackedKey};

use crate::{
    Leaf, Leaves, NotAnIndex, Window,
    format::{HEAD_SIZE, Head, NODE_SIZE, Node, RECORD_HEAD, u32_at},
    levels::{CHILDREN, Levels, leaves_below},
};

/// How many bytes are read of a record whose length is not known yet: enough for most keys.
const RECORD_GUESS: u64 = 64;

/// An index file, open. It stays usable when the file is removed.
#[derive(Debug)]
pub struct LayerIndex {
    file: File,
    head: Head,
    levels: Levels,
    /// Where the records begin.
    records: u64,
}

impl LayerIndex {
    /// Opens the index of the layer with this tree.
    ///
    /// # Errors
    /// If the file cannot be read. If it is no index of that layer, or was cut, the error's kind is
    /// [`InvalidData`](io::ErrorKind::InvalidData) and its source is a [`NotAnIndex`].
    pub fn open(path: &Path, tree: ObjectId) -> io::Result<Self> {
        Self::of_file(File::open(path)?, tree)
    }

    /// As [`Self::open`], of a file that is open already.
    ///
    /// # Errors
    /// As there.
    pub fn of_file(file: File, tree: ObjectId) -> io::Result<Self> {
        let length = file.metadata()?.len();
        if length < HEAD_SIZE {
            return Err(damaged("it is too short"));
        }
        let mut bytes = [0; HEAD_SIZE as usize];
        file.read_exact_at(&mut bytes, 0)?;
        let head = Head::decode(&bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        // Before sizes are computed with the count, which a hostile file could make overflow.
        if head.tree != tree || head.length != length || head.count > length / NODE_SIZE {
            return Err(damaged("it is of another layer, or was cut"));
        }
        let levels = Levels::of(head.count);
        let records = HEAD_SIZE + NODE_SIZE * levels.nodes();
        match records + head.count * RECORD_HEAD as u64 <= length {
            true => Ok(Self { file, head, levels, records }),
            false => Err(damaged("it is too short")),
        }
    }

    /// How many features the layer has.
    pub fn count(&self) -> u64 {
        self.head.count
    }

    /// How many of them have an extent.
    pub fn count_with_extent(&self) -> u64 {
        self.head.located
    }

    /// The extent of all features; none if none has one.
    pub fn extent(&self) -> Option<Extent> {
        self.head.extent
    }

    /// The types of all geometries, in the order of their codes, which is that of their dimensions first.
    pub fn geometry_types(&self) -> Vec<GeometryTypeCode> {
        self.head.types.codes().collect()
    }

    /// The size of its file in bytes.
    pub fn size(&self) -> u64 {
        self.head.length
    }

    /// How many features are in the window.
    ///
    /// Takes time by the edge of the window: what is below a node that lies wholly in it is not looked at.
    ///
    /// # Errors
    /// If the file cannot be read or is damaged.
    pub fn number_matched(&self, window: &Window) -> io::Result<u64> {
        if matches!(window, Window::All) {
            return Ok(self.head.count);
        }
        let mut matched = 0;
        let mut open = self.root().into_iter().collect::<Vec<_>>();
        while let Some((level, at)) = open.pop() {
            for (child, node) in (at..).zip(self.siblings(level, at)?) {
                let Some(extent) = node.extent.filter(|extent| window.intersects(Some(extent))) else {
                    continue;
                };
                if level == 0 || window.contains(&extent) {
                    let start = child.saturating_mul(leaves_below(level));
                    // Features without an extent come last, and are in no window.
                    let end = start.saturating_add(leaves_below(level)).min(self.head.located);
                    matched += end.saturating_sub(start);
                } else {
                    open.push((level - 1, child.saturating_mul(CHILDREN)));
                }
            }
        }
        Ok(matched)
    }

    /// The features in the window from a position on, in order. Features are numbered from 0 in an order that only depends on the
    /// layer's tree.
    pub fn leaves(&self, window: Window, from: u64) -> Leaves<'_> {
        Leaves::new(self, window, from)
    }

    /// The level of the root and the number of its node; none if there is no feature.
    pub(crate) fn root(&self) -> Option<(usize, u64)> {
        self.levels.len().checked_sub(1).map(|level| (level, 0))
    }

    /// The node number `at` of a level, and those after it that have the same parent.
    pub(crate) fn siblings(&self, level: usize, at: u64) -> io::Result<Vec<Node>> {
        let size = self.levels.size(level);
        let count = CHILDREN.min(size.saturating_sub(at));
        let mut bytes = [0; (CHILDREN * NODE_SIZE) as usize];
        let bytes = &mut bytes[..(count * NODE_SIZE) as usize];
        let node = self.levels.start(level) + at;
        self.file.read_exact_at(bytes, HEAD_SIZE + node * NODE_SIZE)?;
        Ok(bytes.chunks_exact(NODE_SIZE as usize).map(Node::decode).collect())
    }

    /// The feature of a leaf.
    pub(crate) fn leaf(&self, position: u64, node: &Node) -> io::Result<Leaf> {
        let at = self.records.checked_add(node.offset).filter(|at| *at < self.head.length);
        let at = at.ok_or_else(|| damaged("a leaf refers to no record"))?;
        let rest = self.head.length - at;
        let mut bytes = vec![0; rest.min(RECORD_GUESS) as usize];
        self.file.read_exact_at(&mut bytes, at)?;
        if bytes.len() < RECORD_HEAD {
            return Err(damaged("a record was cut"));
        }
        let size = RECORD_HEAD + u32_at(&bytes, 0) as usize;
        if size as u64 > rest {
            return Err(damaged("a record was cut"));
        }
        if size > bytes.len() {
            bytes.resize(size, 0);
            self.file.read_exact_at(&mut bytes, at)?;
        }
        let blob = ObjectId::try_from(&bytes[4..RECORD_HEAD]).map_err(io::Error::other)?;
        let key = PackedKey::from_bytes(&bytes[RECORD_HEAD..size]);
        let key = key.ok_or_else(|| damaged("a record has no key"))?;
        Ok(Leaf { position, extent: node.extent, entry: FeatureEntry { key, blob } })
    }
}

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, NotAnIndex(what))
}
