//! Nodes with ascending ids.

use crate::{Entities, EntityKind, Position};

/// The number of nodes in a page: the unit in which a run in a file is read.
pub(super) const PAGE_NODES: usize = 256;
/// The size of a node in bytes: its id, its position, its version.
pub(super) const NODE_BYTES: usize = 8 + 8 + 1;
/// The position that marks a deleted node. It is no valid position.
pub(in super::super) const DELETED: Position = Position { lon: i32::MIN, lat: i32::MIN };
/// Marks versions that do not fit into a byte. They are listed separately.
const HIGH_VERSION: u8 = u8::MAX;

/// Nodes with ascending ids, in memory.
#[derive(Default)]
pub(in super::super) struct SortedRun {
    /// The number of the block that the nodes come from.
    pub(super) block_number: u64,
    pub(super) ids: Vec<i64>,
    pub(super) positions: Vec<Position>,
    /// The low versions; [`HIGH_VERSION`] for others.
    pub(super) versions: Vec<u8>,
    pub(super) high_versions: HighVersions,
}

/// The versions of a run that do not fit into a byte, by id.
#[derive(Default)]
pub(super) struct HighVersions(Vec<(i64, u32)>);

impl SortedRun {
    /// The nodes of block `number`, whose ids must ascend.
    pub(in super::super) fn of(number: u64, entities: &Entities) -> Self {
        let mut run = Self { block_number: number, ..Self::default() };
        for record in entities.records().iter().filter(|record| record.kind == EntityKind::Node) {
            run.push(record.id, record.position, record.version.unwrap_or(0));
        }
        run
    }

    /// Adds a node, whose id must be higher than those before.
    pub(in super::super) fn push(&mut self, id: i64, position: Position, version: u32) {
        self.ids.push(id);
        self.positions.push(position);
        let low = u8::try_from(version).unwrap_or(HIGH_VERSION);
        self.versions.push(low);
        if low == HIGH_VERSION {
            self.high_versions.0.push((id, version));
        }
    }

    pub(in super::super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// The pages of the run. Each page has the ids, then the positions, then the versions of its nodes.
    pub(super) fn to_pages(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * NODE_BYTES);
        let positions = self.positions.chunks(PAGE_NODES);
        let pages = self.ids.chunks(PAGE_NODES).zip(positions).zip(self.versions.chunks(PAGE_NODES));
        for ((ids, positions), versions) in pages {
            ids.iter().for_each(|id| bytes.extend_from_slice(&id.to_ne_bytes()));
            for Position { lon, lat } in positions {
                bytes.extend_from_slice(&lon.to_ne_bytes());
                bytes.extend_from_slice(&lat.to_ne_bytes());
            }
            bytes.extend_from_slice(versions);
        }
        bytes
    }
}

impl HighVersions {
    /// The version of a node whose low version is `low`.
    pub(super) fn version(&self, id: i64, low: u8) -> u32 {
        if low < HIGH_VERSION {
            return low.into();
        }
        let index = self.0.binary_search_by_key(&id, |(id, _)| *id);
        index.map_or(low.into(), |index| self.0[index].1)
    }
}
