use std::{
    fs::File,
    io::{self, BufReader, Seek, Write},
    path::{Path, PathBuf},
};

use crate::{
    Record, SortError, Sorted,
    placed::Placed,
    runs::{RUN_ITEMS, RunFile},
};

/// Bytes that are read and written at once.
const BUFFER: usize = 256 << 10;

/// A list that goes to a file when it takes more memory than it may.
pub struct SpillList<T> {
    folder: PathBuf,
    /// The most bytes in memory.
    memory: usize,
    recent: Vec<T>,
    recent_size: usize,
    /// The items before the recent ones as they came, in a file without a name.
    spilled: Option<File>,
    spilled_count: u64,
}

impl<T: Record> SpillList<T> {
    /// An empty list of which at most `memory` bytes are in memory, twice as many while it is sorted. Files are made in `folder`, the
    /// current one if its path is empty; they have no names.
    pub fn new(folder: &Path, memory: usize) -> Self {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        Self {
            folder: folder.to_owned(),
            memory,
            recent: Vec::new(),
            recent_size: 0,
            spilled: None,
            spilled_count: 0,
        }
    }

    /// Adds an item.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn push(&mut self, item: T) -> io::Result<()> {
        self.recent_size += item.size();
        self.recent.push(item);
        if self.recent_size > self.memory { self.spill() } else { Ok(()) }
    }

    /// How many items it has.
    pub fn len(&self) -> u64 {
        self.spilled_count + self.recent.len() as u64
    }

    /// Whether it has no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items in the order of their places. Those of one place come in any order.
    ///
    /// # Errors
    /// If a file cannot be written or read, or `is_stopped` returns true.
    pub fn sort<K: Ord, F: Fn(&T) -> K>(
        self,
        place: F,
        is_stopped: &(impl Fn() -> bool + ?Sized),
    ) -> Result<Sorted<K, T, F>, SortError> {
        let recent = sorted_runs(self.recent, &place, is_stopped)?;
        let Some(spilled) = self.spilled else { return Ok(Sorted::new(recent, None, place)?) };
        let mut file = RunFile::new(&self.folder)?;
        file.add(Sorted::new(recent, None, &place)?, is_stopped)?;
        let mut spilled = SpilledItems::new(spilled, self.spilled_count)?;
        loop {
            let items = spilled.take_up_to(self.memory)?;
            if items.is_empty() {
                return Ok(Sorted::new(Vec::new(), Some(file), place)?);
            }
            let runs = sorted_runs(items, &place, is_stopped)?;
            file.add(Sorted::new(runs, None, &place)?, is_stopped)?;
        }
    }

    /// The items as they came.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn into_items(self) -> io::Result<impl Iterator<Item = io::Result<T>>> {
        let mut spilled = self.spilled.map(|file| SpilledItems::new(file, self.spilled_count)).transpose()?;
        let spilled = std::iter::from_fn(move || spilled.as_mut()?.next().transpose());
        Ok(spilled.chain(self.recent.into_iter().map(Ok)))
    }

    fn spill(&mut self) -> io::Result<()> {
        let file = match &mut self.spilled {
            Some(file) => file,
            None => self.spilled.insert(tempfile::tempfile_in(&self.folder)?),
        };
        let mut bytes = Vec::new();
        self.spilled_count += self.recent.len() as u64;
        for item in self.recent.drain(..) {
            item.encode(&mut bytes);
            if bytes.len() >= BUFFER {
                file.write_all(&bytes)?;
                bytes.clear();
            }
        }
        file.write_all(&bytes)?;
        self.recent_size = 0;
        Ok(())
    }
}

/// Sorts the items in runs that are short enough to look between them whether to stop.
fn sorted_runs<K: Ord, T>(
    items: Vec<T>,
    place: &impl Fn(&T) -> K,
    is_stopped: &(impl Fn() -> bool + ?Sized),
) -> Result<Vec<Vec<Placed<K, T>>>, SortError> {
    let mut items = items.into_iter();
    let mut runs = Vec::with_capacity(items.len().div_ceil(RUN_ITEMS));
    while items.len() > 0 {
        if is_stopped() {
            return Err(SortError::Stopped);
        }
        let run = items.by_ref().take(RUN_ITEMS).map(|item| Placed::new(item, place));
        let mut run: Vec<_> = run.collect();
        run.sort_unstable();
        runs.push(run);
    }
    Ok(runs)
}

/// Items of a file, as they came.
struct SpilledItems {
    file: BufReader<File>,
    left: u64,
}

impl SpilledItems {
    fn new(mut file: File, count: u64) -> io::Result<Self> {
        file.rewind()?;
        Ok(Self { file: BufReader::with_capacity(BUFFER, file), left: count })
    }

    /// The next items, as many as take no more than so many bytes, but one at least; none at the end.
    fn take_up_to<T: Record>(&mut self, memory: usize) -> io::Result<Vec<T>> {
        let (mut items, mut size) = (Vec::new(), 0);
        while size <= memory
            && let Some(item) = self.next::<T>()?
        {
            size += item.size();
            items.push(item);
        }
        Ok(items)
    }

    fn next<T: Record>(&mut self) -> io::Result<Option<T>> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        T::decode(&mut self.file).map(Some)
    }
}
