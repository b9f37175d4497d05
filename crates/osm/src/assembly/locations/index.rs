//! The runs of the index, in memory as far as the limit allows and otherwise in a temporary file.

use std::{
    fs::File,
    os::unix::fs::FileExt,
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use super::run::{NODE_BYTES, PAGE_NODES, RareProperties, SortedRun};
use crate::{Error, Position};

/// An index to which several threads add nodes.
pub(in super::super) struct LocationIndexBuilder {
    file: File,
    file_end: AtomicU64,
    /// The bytes in memory, and their limit.
    memory: AtomicU64,
    max_memory: u64,
    runs: Mutex<Vec<StoredRun>>,
}

/// A run in memory or in the file.
pub(in super::super) struct StoredRun {
    pub(super) block_number: u64,
    pub(super) first_id: i64,
    pub(super) rare: RareProperties,
    pub(super) nodes: StoredNodes,
}

pub(super) enum StoredNodes {
    InMemory { ids: Box<[i64]>, positions: Box<[Position]>, versions: Box<[u8]> },
    InFile { offset: u64, count: usize, first_ids_of_pages: Box<[i64]> },
}

/// A complete index: runs whose ids ascend from each run to the next.
pub(in super::super) struct LocationIndex {
    pub(super) file: File,
    pub(super) runs: Vec<StoredRun>,
}

impl LocationIndexBuilder {
    pub(in super::super) fn new(scratch: &Path, max_memory: u64) -> Result<Self, Error> {
        Ok(Self {
            file: tempfile::tempfile_in(scratch).map_err(Error::temporary_file("make"))?,
            file_end: AtomicU64::new(0),
            memory: AtomicU64::new(0),
            max_memory,
            runs: Mutex::default(),
        })
    }

    /// Stores the nodes of a run: in memory, or in the file if the limit is reached. `None` for a run without nodes.
    pub(in super::super) fn store(&self, run: SortedRun) -> Result<Option<StoredRun>, Error> {
        let Some(first_id) = run.ids.first().copied() else { return Ok(None) };
        let bytes = (run.len() * NODE_BYTES) as u64;
        let fits = self.memory.fetch_add(bytes, Relaxed) + bytes <= self.max_memory;
        let nodes = if fits {
            StoredNodes::InMemory {
                ids: run.ids.into_boxed_slice(),
                positions: run.positions.into_boxed_slice(),
                versions: run.versions.into_boxed_slice(),
            }
        } else {
            self.memory.fetch_sub(bytes, Relaxed);
            let offset = self.file_end.fetch_add(bytes, Relaxed);
            self.file.write_all_at(&run.to_pages(), offset).map_err(Error::temporary_file("write"))?;
            let first_ids_of_pages = run.ids.chunks(PAGE_NODES).map(|page| page[0]).collect();
            StoredNodes::InFile { offset, count: run.len(), first_ids_of_pages }
        };
        let SortedRun { block_number, rare, .. } = run;
        Ok(Some(StoredRun { block_number, first_id, rare, nodes }))
    }

    /// Adds a stored run, whose ids must be higher than those of the runs before.
    pub(in super::super) fn append(&self, run: StoredRun) {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).push(run);
    }

    /// How many more bytes may be in memory.
    pub(in super::super) fn memory_left(&self) -> u64 {
        self.max_memory.saturating_sub(self.memory.load(Relaxed))
    }

    pub(in super::super) fn finish(self) -> LocationIndex {
        LocationIndex {
            file: self.file,
            runs: self.runs.into_inner().unwrap_or_else(PoisonError::into_inner),
        }
    }
}
