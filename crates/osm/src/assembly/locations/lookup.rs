//! Looks nodes up in an index.

use std::os::unix::fs::FileExt;

use super::{
    index::{LocationIndex, StoredNodes, StoredRun},
    run::{NODE_BYTES, PAGE_NODES},
};
use crate::{Error, Position};

/// How many pages a lookup caches: 4 MiB of them.
const CACHED_PAGES: usize = 1024;

/// What the index knows of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct NodeLocation {
    /// `None` if it was deleted or lies beyond the Earth.
    pub(in super::super) position: Option<Position>,
    /// Zero if it is not known.
    pub(in super::super) version: u32,
    /// The number of the block that the node comes from.
    pub(in super::super) block_number: u64,
}

/// Looks nodes up. Each thread has its own.
pub(in super::super) struct LocationLookup<'a> {
    index: &'a LocationIndex,
    /// The run of the last node. The nodes of a way are often in the same run.
    last_run: usize,
    /// The index of the last node in that run.
    last_node: usize,
    pages: Vec<CachedPage>,
}

#[derive(Default)]
struct CachedPage {
    /// The offset in the file.
    offset: u64,
    /// Empty if no page is cached here.
    bytes: Vec<u8>,
}

impl<'a> LocationLookup<'a> {
    pub(in super::super) fn new(index: &'a LocationIndex) -> Self {
        Self { index, last_run: 0, last_node: 0, pages: Vec::new() }
    }

    /// The location of the node `id`; `None` if the index does not have it.
    pub(in super::super) fn find(&mut self, id: i64) -> Result<Option<NodeLocation>, Error> {
        let Some(run) = self.run_of(id) else { return Ok(None) };
        let found = match &run.nodes {
            StoredNodes::InMemory { ids, positions, versions } => {
                self.find_in_memory(id, ids).map(|node| (positions[node], versions[node]))
            }
            StoredNodes::InFile { offset, count, first_ids_of_pages } => {
                let page = first_ids_of_pages.partition_point(|first| *first <= id).saturating_sub(1);
                let page_offset = offset + (page * PAGE_NODES * NODE_BYTES) as u64;
                self.find_in_page(id, page_offset, (count - page * PAGE_NODES).min(PAGE_NODES))?
            }
        };
        Ok(found.map(|(position, low_version)| NodeLocation {
            position: run.rare.position(id, position),
            version: run.rare.version(id, low_version),
            block_number: run.block_number,
        }))
    }

    /// The fingerprint of the tags of a node that the index has. Zero if it has no tags.
    pub(in super::super) fn fingerprint(&mut self, id: i64) -> u64 {
        self.run_of(id).map_or(0, |run| run.rare.fingerprint(id))
    }

    /// The only run that can contain the node.
    fn run_of(&mut self, id: i64) -> Option<&'a StoredRun> {
        let runs = &self.index.runs;
        let begins_before = |run: usize| runs.get(run).is_some_and(|run| run.first_id <= id);
        if !begins_before(self.last_run) || begins_before(self.last_run + 1) {
            self.last_run = runs.partition_point(|run| run.first_id <= id).checked_sub(1)?;
        }
        Some(&runs[self.last_run])
    }

    fn find_in_memory(&mut self, id: i64, ids: &[i64]) -> Option<usize> {
        // The nodes of a way were often created one after the other and have successive ids.
        let next = self.last_node + 1;
        let node = match ids.get(next) {
            Some(found) if *found == id => next,
            _ => ids.binary_search(&id).ok()?,
        };
        self.last_node = node;
        Some(node)
    }

    fn find_in_page(&mut self, id: i64, offset: u64, nodes: usize) -> Result<Option<(Position, u8)>, Error> {
        let bytes = self.page(offset, nodes * NODE_BYTES)?;
        let (ids, rest) = bytes.split_at(nodes * 8);
        let (positions, versions) = rest.split_at(nodes * 8);
        let node = ids.as_chunks::<8>().0.binary_search_by_key(&id, |bytes| i64::from_ne_bytes(*bytes));
        let Ok(node) = node else { return Ok(None) };
        let coordinate = |which: usize| i32::from_ne_bytes(positions.as_chunks::<4>().0[2 * node + which]);
        Ok(Some((Position { lon: coordinate(0), lat: coordinate(1) }, versions[node])))
    }

    /// The page of `len` bytes at `offset`, from the cache or from the file.
    fn page(&mut self, offset: u64, len: usize) -> Result<&[u8], Error> {
        if self.pages.is_empty() {
            self.pages.resize_with(CACHED_PAGES, CachedPage::default);
        }
        let cached = &mut self.pages[offset as usize / (PAGE_NODES * NODE_BYTES) % CACHED_PAGES];
        if cached.offset != offset || cached.bytes.is_empty() {
            cached.bytes.resize(len, 0);
            if let Err(error) = self.index.file.read_exact_at(&mut cached.bytes, offset) {
                cached.bytes.clear();
                return Err(Error::temporary_file("read")(error));
            }
            cached.offset = offset;
        }
        Ok(&cached.bytes)
    }
}
