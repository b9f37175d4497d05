//! The features of a layer, in memory or in a file.

use std::{
    fs::File,
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use longhaul_geodata::geometry::Extent;

use super::{
    BuildError,
    item::{Item, Placed},
    measure::Found,
    runs::Runs,
};
use crate::format::TypeSet;

/// How many items are handled between two looks at whether to stop.
const BETWEEN_CHECKS: usize = 1 << 14;

/// All features of a layer, and what they have in common.
pub(super) struct ItemList {
    folder: PathBuf,
    /// The most bytes in memory.
    memory: usize,
    recent: Vec<Item>,
    recent_size: usize,
    /// Those that came before, in a file without a name, as they came.
    spilled: Option<File>,
    pub(super) count: u64,
    pub(super) located: u64,
    pub(super) extent: Option<Extent>,
    pub(super) types: TypeSet,
    /// Bytes of all records.
    pub(super) records: u64,
}

impl ItemList {
    /// An empty list, which may make files in `folder`.
    pub(super) fn new(folder: &Path, memory: usize) -> Self {
        Self {
            folder: folder.to_owned(),
            memory,
            recent: Vec::new(),
            recent_size: 0,
            spilled: None,
            count: 0,
            located: 0,
            extent: None,
            types: TypeSet::default(),
            records: 0,
        }
    }

    pub(super) fn extend(&mut self, found: Found) -> io::Result<()> {
        self.types.merge(found.types);
        for item in found.items {
            self.count += 1;
            self.records += item.record.len() as u64;
            if let Some(extent) = item.extent {
                self.located += 1;
                self.extent = Some(self.extent.map_or(extent, |all| all.union(extent)));
            }
            self.recent_size += item.size();
            self.recent.push(item);
        }
        if self.recent_size > self.memory { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.spilled {
            Some(file) => file,
            None => self.spilled.insert(tempfile::tempfile_in(&self.folder)?),
        };
        let mut bytes = Vec::new();
        for items in self.recent.chunks(BETWEEN_CHECKS) {
            bytes.clear();
            items.iter().for_each(|item| item.encode(&mut bytes));
            file.write_all(&bytes)?;
        }
        self.recent.clear();
        self.recent_size = 0;
        Ok(())
    }

    /// Hands on all items in the order of the index, which empties the list.
    pub(super) fn in_order(
        self,
        stop: &AtomicBool,
        mut each: impl FnMut(&Item) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let mut handed_on = 0;
        let mut hand_on = |item: &Item| {
            handed_on += 1;
            if handed_on % BETWEEN_CHECKS == 0 {
                check(stop)?;
            }
            each(item)
        };
        let recent = sorted(self.recent, self.extent.as_ref());
        check(stop)?;
        let Some(spilled) = self.spilled else {
            return recent.iter().try_for_each(|placed| hand_on(&placed.item));
        };
        let mut runs = Runs::new(&self.folder, self.extent)?;
        let count = self.count - recent.len() as u64;
        runs.add(&recent)?;
        drop(recent);
        sort_spilled(spilled, count, self.memory, &mut runs, stop)?;
        runs.merge(&mut hand_on)
    }
}

/// Sorts the items of a file, as many at a time as fit into memory.
fn sort_spilled(
    mut spilled: File,
    count: u64,
    memory: usize,
    runs: &mut Runs,
    stop: &AtomicBool,
) -> Result<(), BuildError> {
    io::Seek::rewind(&mut spilled)?;
    let mut spilled = BufReader::with_capacity(1 << 20, spilled);
    let (mut items, mut size) = (Vec::new(), 0);
    for at in 0..count {
        let item = Item::decode(&mut spilled)?;
        size += item.size();
        items.push(item);
        if size > memory || at + 1 == count {
            check(stop)?;
            let sorted = sorted(std::mem::take(&mut items), runs.extent());
            runs.add(&sorted)?;
            size = 0;
        }
    }
    Ok(())
}

fn sorted(items: Vec<Item>, all: Option<&Extent>) -> Vec<Placed> {
    let mut placed: Vec<_> = items.into_iter().map(|item| Placed::new(item, all)).collect();
    placed.sort_unstable();
    placed
}

fn check(stop: &AtomicBool) -> Result<(), BuildError> {
    if stop.load(Ordering::Relaxed) { Err(BuildError::Stopped) } else { Ok(()) }
}
