//! Where nodes are, by their ids: sorted lists, 17 bytes a node, in memory or in a file.
//!
//! A hash table takes three times as much; an array that has a place for every possible id takes gigabytes of disk for the
//! smallest city.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use crate::{Entities, EntityKind, Error, Position};

/// How many nodes of a run that is in a file are read at once.
const PAGE: usize = 256;
/// What a node takes: its id, its position, its version.
const NODE_SIZE: usize = 8 + 8 + 1;
/// How many pages a lookup keeps; 4 MiB of them.
const CACHED_PAGES: usize = 1024;
/// The position of a node that was deleted; no place on earth.
pub(super) const DELETED: Position = Position { lon: i32::MIN, lat: i32::MIN };
/// Stands for all versions from here on, which are listed beside.
const HIGH_VERSION: u8 = u8::MAX;

/// LocationIndex that are being gathered, by several threads at once.
pub(super) struct LocationIndexBuilder {
    file: File,
    file_end: AtomicU64,
    /// Bytes in memory, and how many there may be.
    memory: AtomicU64,
    max_memory: u64,
    runs: Mutex<Vec<StoredRun>>,
}

/// Nodes with ascending ids.
#[derive(Default)]
pub(super) struct Run {
    /// The number of the block they came in.
    pub(super) number: u64,
    ids: Vec<i64>,
    positions: Vec<Position>,
    versions: Vec<u8>,
    /// SortedVersions that do not fit into a byte, by id.
    high_versions: Vec<(i64, u32)>,
}

/// A run in memory or in the file.
pub(super) struct StoredRun {
    number: u64,
    first: i64,
    high_versions: Vec<(i64, u32)>,
    nodes: Nodes,
}

enum Nodes {
    InMemory { ids: Box<[i64]>, positions: Box<[Position]>, versions: Box<[u8]> },
    InFile { offset: u64, count: usize, page_firsts: Box<[i64]> },
}

/// LocationIndex that are whole: runs whose ids ascend from one to the next.
pub(super) struct LocationIndex {
    file: File,
    runs: Vec<StoredRun>,
}

/// What is known of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeLocation {
    pub(super) position: Position,
    /// Zero where it is not known.
    pub(super) version: u32,
    /// The number of the block it came in.
    pub(super) number: u64,
}

impl Run {
    /// The nodes of block `number`.
    pub(super) fn of(number: u64, entities: &Entities) -> Self {
        let mut run = Self { number, ..Self::default() };
        for record in entities.records().iter().filter(|record| record.kind == EntityKind::Node) {
            run.push(record.id, record.position, record.version.unwrap_or(0));
        }
        run
    }

    /// Adds a node with a higher id than all before.
    pub(super) fn push(&mut self, id: i64, position: Position, version: u32) {
        self.ids.push(id);
        self.positions.push(position);
        let small = u8::try_from(version).unwrap_or(HIGH_VERSION);
        self.versions.push(small);
        if small == HIGH_VERSION {
            self.high_versions.push((id, version));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    /// Pages of ids, positions and versions, each page whole in itself.
    fn to_pages(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * NODE_SIZE);
        let pages = self.ids.chunks(PAGE).zip(self.positions.chunks(PAGE)).zip(self.versions.chunks(PAGE));
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

impl LocationIndexBuilder {
    pub(super) fn new(scratch: &Path, max_memory: u64) -> Result<Self, Error> {
        Ok(Self {
            file: tempfile::tempfile_in(scratch).map_err(Error::temporary_file("make"))?,
            file_end: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            max_memory,
            runs: Mutex::default(),
        })
    }

    /// Brings a run to where it stays: to the file, if there is no room in memory. Nothing of one without nodes.
    pub(super) fn keep(&self, run: Run) -> Result<Option<StoredRun>, Error> {
        let Some(first) = run.ids.first().copied() else { return Ok(None) };
        let bytes = (run.len() * NODE_SIZE) as u64;
        let fits = self.memory.fetch_add(bytes, Relaxed) + bytes <= self.max_memory;
        let nodes = if fits {
            Nodes::InMemory {
                ids: run.ids.into_boxed_slice(),
                positions: run.positions.into_boxed_slice(),
                versions: run.versions.into_boxed_slice(),
            }
        } else {
            self.memory.fetch_sub(bytes, Relaxed);
            let offset = self.file_end.fetch_add(bytes, Relaxed);
            self.file.write_all_at(&run.to_pages(), offset).map_err(Error::temporary_file("write"))?;
            let page_firsts = run.ids.chunks(PAGE).map(|page| page[0]).collect();
            Nodes::InFile { offset, count: run.len(), page_firsts }
        };
        Ok(Some(StoredRun { number: run.number, first, high_versions: run.high_versions, nodes }))
    }

    /// Adds a run with higher ids than all before.
    pub(super) fn add(&self, run: StoredRun) {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).push(run);
    }

    /// How many more bytes may be in memory.
    pub(super) fn memory_left(&self) -> u64 {
        self.max_memory.saturating_sub(self.memory.load(Relaxed))
    }

    pub(super) fn finish(self) -> LocationIndex {
        LocationIndex {
            file: self.file,
            runs: self.runs.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}

/// Looks nodes up; one for each thread.
pub(super) struct LocationLookup<'a> {
    locations: &'a LocationIndex,
    /// The run of the node before: ways keep to a neighbourhood.
    last_run: usize,
    /// Where in that run the node before stands.
    last_node: usize,
    pages: Vec<CachedPage>,
}

#[derive(Default)]
struct CachedPage {
    /// Where it lies in the file; one that is empty holds no page.
    offset: u64,
    bytes: Vec<u8>,
}

impl<'a> LocationLookup<'a> {
    pub(super) fn new(locations: &'a LocationIndex) -> Self {
        Self { locations, last_run: 0, last_node: 0, pages: Vec::new() }
    }

    /// What is known of the node `id`.
    pub(super) fn find(&mut self, id: i64) -> Result<Option<NodeLocation>, Error> {
        let Some(run) = self.run_of(id) else { return Ok(None) };
        let found = match &run.nodes {
            Nodes::InMemory { ids, positions, versions } => {
                // Nodes that were drawn one after the other have ids one after the other.
                let next = self.last_node + 1;
                let at = match ids.get(next) {
                    Some(found) if *found == id => Ok(next),
                    _ => ids.binary_search(&id),
                };
                at.ok().map(|at| {
                    self.last_node = at;
                    (positions[at], versions[at])
                })
            }
            Nodes::InFile { offset, count, page_firsts } => {
                let page = page_firsts.partition_point(|first| *first <= id).saturating_sub(1);
                self.find_in_page(
                    id,
                    offset + (page * PAGE * NODE_SIZE) as u64,
                    (count - page * PAGE).min(PAGE),
                )?
            }
        };
        Ok(found.map(|(position, version)| NodeLocation {
            position,
            version: run.version(id, version),
            number: run.number,
        }))
    }

    /// The only run that may have the node.
    fn run_of(&mut self, id: i64) -> Option<&'a StoredRun> {
        let runs = &self.locations.runs;
        let begins_before = |at: usize| runs.get(at).is_some_and(|run| run.first <= id);
        if !begins_before(self.last_run) || begins_before(self.last_run + 1) {
            self.last_run = runs.partition_point(|run| run.first <= id).checked_sub(1)?;
        }
        Some(&runs[self.last_run])
    }

    fn find_in_page(&mut self, id: i64, offset: u64, nodes: usize) -> Result<Option<(Position, u8)>, Error> {
        if self.pages.is_empty() {
            self.pages.resize_with(CACHED_PAGES, CachedPage::default);
        }
        let cached = &mut self.pages[offset as usize / (PAGE * NODE_SIZE) % CACHED_PAGES];
        if cached.offset != offset || cached.bytes.is_empty() {
            cached.bytes.resize(nodes * NODE_SIZE, 0);
            let read = self.locations.file.read_exact_at(&mut cached.bytes, offset);
            if let Err(error) = read {
                cached.bytes.clear();
                return Err(Error::temporary_file("read")(error));
            }
            cached.offset = offset;
        }
        let (ids, rest) = cached.bytes.split_at(nodes * 8);
        let (positions, versions) = rest.split_at(nodes * 8);
        let at = ids.as_chunks::<8>().0.binary_search_by_key(&id, |bytes| i64::from_ne_bytes(*bytes));
        let Ok(at) = at else { return Ok(None) };
        let coordinate = |which: usize| i32::from_ne_bytes(positions.as_chunks::<4>().0[2 * at + which]);
        Ok(Some((Position { lon: coordinate(0), lat: coordinate(1) }, versions[at])))
    }
}

impl StoredRun {
    fn version(&self, id: i64, small: u8) -> u32 {
        if small < HIGH_VERSION {
            return small.into();
        }
        let at = self.high_versions.binary_search_by_key(&id, |(id, _)| *id);
        at.map_or(small.into(), |at| self.high_versions[at].1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn position() -> impl Strategy<Value = Position> {
        (any::<i32>(), any::<i32>()).prop_map(|(lon, lat)| Position { lon, lat })
    }

    fn nodes() -> impl Strategy<Value = BTreeMap<i64, (Position, u32)>> {
        let id = prop_oneof![-3000..3000_i64, any::<i64>()];
        let version = prop_oneof![0..300_u32, any::<u32>()];
        prop::collection::btree_map(id, (position(), version), 0..2000)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Whatever fits into memory and however the nodes are spread over runs, what was put in is found, and nothing else.
        #[test]
        fn every_node_is_found_where_it_was_put_and_no_other(
            nodes in nodes(),
            run_len in 1..900_usize,
            memory in 0..40_000_u64,
            strangers in prop::collection::vec(-3000..3000_i64, 100),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let store = LocationIndexBuilder::new(folder.path(), memory).expect("a store");
            let list: Vec<_> = nodes.iter().collect();
            for (number, part) in list.chunks(run_len).enumerate() {
                let mut run = Run { number: number as u64, ..Run::default() };
                part.iter().for_each(|(id, (position, version))| run.push(**id, *position, *version));
                store.keep(run).expect("room").into_iter().for_each(|run| store.add(run));
            }
            let locations = store.finish();
            let mut lookup = LocationLookup::new(&locations);
            for (at, (id, (position, version))) in list.iter().enumerate() {
                let number = (at / run_len) as u64;
                let wanted = NodeLocation { position: *position, version: *version, number };
                prop_assert_eq!(lookup.find(**id).expect("no error"), Some(wanted));
            }
            for stranger in strangers.iter().filter(|id| !nodes.contains_key(id)) {
                prop_assert_eq!(lookup.find(*stranger).expect("no error"), None);
            }
        }
    }
}
