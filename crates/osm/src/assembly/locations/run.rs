//! Nodes with ascending ids.

use super::super::content::fingerprint;
use crate::{Entities, EntityKind, Position};

/// The number of nodes in a page: the unit in which a run in a file is read.
pub(super) const PAGE_NODES: usize = 256;
/// The size of a node in bytes: its id, its position, its version.
pub(super) const NODE_BYTES: usize = 8 + 8 + 1;
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
    pub(super) rare: RareProperties,
}

/// What few nodes of a run have, by id.
#[derive(Default)]
pub(super) struct RareProperties {
    /// The versions that do not fit into a byte.
    high_versions: Vec<(i64, u32)>,
    /// The nodes without a position: those that were deleted, or lie beyond the Earth.
    without_position: Vec<i64>,
    /// The fingerprints of the tags of nodes that have some.
    fingerprints: Vec<(i64, u64)>,
}

impl SortedRun {
    /// The nodes of block `number`, whose ids must ascend.
    pub(in super::super) fn of(number: u64, entities: &Entities) -> Self {
        let mut run = Self { block_number: number, ..Self::default() };
        for (record, data) in entities.records_with_data() {
            if record.kind == EntityKind::Node {
                let fingerprint = fingerprint(entities.texts(), data);
                run.push(record.id, record.position, record.version.unwrap_or(0), fingerprint);
            }
        }
        run
    }

    /// Adds a node, whose id must be higher than those before.
    pub(in super::super) fn push(
        &mut self,
        id: i64,
        position: Option<Position>,
        version: u32,
        fingerprint: u64,
    ) {
        self.ids.push(id);
        self.positions.push(position.unwrap_or_default());
        let low = u8::try_from(version).unwrap_or(HIGH_VERSION);
        self.versions.push(low);
        if low == HIGH_VERSION {
            self.rare.high_versions.push((id, version));
        }
        if position.is_none() {
            self.rare.without_position.push(id);
        }
        if fingerprint != 0 {
            self.rare.fingerprints.push((id, fingerprint));
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

impl RareProperties {
    /// The version of a node whose low version is `low`.
    pub(super) fn version(&self, id: i64, low: u8) -> u32 {
        if low < HIGH_VERSION {
            return low.into();
        }
        let index = self.high_versions.binary_search_by_key(&id, |(id, _)| *id);
        index.map_or(low.into(), |index| self.high_versions[index].1)
    }

    /// The position of a node that is stored with `position`.
    pub(super) fn position(&self, id: i64, position: Position) -> Option<Position> {
        let may_lack_one = !self.without_position.is_empty() && position == Position::default();
        (!may_lack_one || self.without_position.binary_search(&id).is_err()).then_some(position)
    }

    /// The fingerprint of the tags of a node. Zero if it has none.
    pub(super) fn fingerprint(&self, id: i64) -> u64 {
        let index = self.fingerprints.binary_search_by_key(&id, |(id, _)| *id);
        index.map_or(0, |index| self.fingerprints[index].1)
    }
}
