//! The features of a layer, in memory or in a file.

use std::{
    io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use longhaul_external_sort::{SortError, SpillList};
use longhaul_geodata::geometry::Extent;

use super::{BuildError, item::Item, measure::Found};
use crate::format::TypeSet;

/// How many items are handled between two looks at whether to stop.
const BETWEEN_CHECKS: usize = 1 << 14;

/// All features of a layer, and what they have in common.
pub(super) struct ItemList {
    items: SpillList<Item>,
    pub(super) located: u64,
    pub(super) extent: Option<Extent>,
    pub(super) types: TypeSet,
    /// Bytes of all records.
    pub(super) records: u64,
}

impl ItemList {
    /// An empty list with so many bytes in memory, which may make files in `folder`.
    pub(super) fn new(folder: &Path, memory: usize) -> Self {
        Self {
            items: SpillList::new(folder, memory),
            located: 0,
            extent: None,
            types: TypeSet::default(),
            records: 0,
        }
    }

    pub(super) fn extend(&mut self, found: Found) -> io::Result<()> {
        self.types.merge(found.types);
        for item in found.items {
            self.records += item.record.len() as u64;
            if let Some(extent) = item.extent {
                self.located += 1;
                self.extent = Some(self.extent.map_or(extent, |all| all.union(extent)));
            }
            self.items.push(item)?;
        }
        Ok(())
    }

    /// How many features there are.
    pub(super) fn count(&self) -> u64 {
        self.items.len()
    }

    /// Hands on all items in the order of the index, which empties the list.
    pub(super) fn in_order(
        self,
        stop: &AtomicBool,
        mut each: impl FnMut(&Item) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let is_stopped = || stop.load(Ordering::Relaxed);
        let sorted = self.items.sort(|item| item.place(self.extent.as_ref()), &is_stopped)?;
        for (step, item) in sorted.enumerate() {
            if step % BETWEEN_CHECKS == 0 && is_stopped() {
                return Err(BuildError::Stopped);
            }
            each(&item?)?;
        }
        Ok(())
    }
}

impl From<SortError> for BuildError {
    fn from(error: SortError) -> Self {
        match error {
            SortError::Io(error) => Self::Io(error),
            SortError::Stopped => Self::Stopped,
        }
    }
}
