//! Merges sorted lists of items that are in a file.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
};

use longhaul_geodata::geometry::Extent;

use super::{
    BuildError,
    item::{Item, Placed},
};

/// Bytes that are read at once of each list.
const READ_SIZE: usize = 64 << 10;
/// Items that are written at once.
const WRITTEN_AT_ONCE: usize = 1 << 12;

/// Lists of items in one file without a name, each in the order of the index.
pub(super) struct Runs {
    file: File,
    end: u64,
    runs: Vec<(u64, u64)>,
    extent: Option<Extent>,
}

impl Runs {
    pub(super) fn new(folder: &Path, extent: Option<Extent>) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(folder)?, end: 0, runs: Vec::new(), extent })
    }

    /// The extent of the layer, which the order depends on.
    pub(super) fn extent(&self) -> Option<&Extent> {
        self.extent.as_ref()
    }

    /// Adds a sorted list.
    pub(super) fn add(&mut self, items: &[Placed]) -> io::Result<()> {
        let start = self.end;
        let mut bytes = Vec::new();
        for items in items.chunks(WRITTEN_AT_ONCE) {
            bytes.clear();
            items.iter().for_each(|placed| placed.item.encode(&mut bytes));
            self.file.write_all(&bytes)?;
            self.end += bytes.len() as u64;
        }
        self.runs.push((start, self.end));
        Ok(())
    }

    /// Hands on the items of all lists in order.
    pub(super) fn merge(
        self,
        mut each: impl FnMut(&Item) -> Result<(), BuildError>,
    ) -> Result<(), BuildError> {
        let file = Arc::new(self.file);
        let mut readers = Vec::new();
        for (start, end) in self.runs {
            let part = FilePart { file: file.clone(), at: start, end };
            readers.push(BufReader::with_capacity(READ_SIZE, part));
        }
        let all = self.extent.as_ref();
        // The next item of each list, and the number of the list.
        let mut next = BinaryHeap::new();
        for (run, reader) in readers.iter_mut().enumerate() {
            next.extend(read_next(reader, all)?.map(|item| Reverse((item, run))));
        }
        while let Some(Reverse((placed, run))) = next.pop() {
            each(&placed.item)?;
            next.extend(read_next(&mut readers[run], all)?.map(|item| Reverse((item, run))));
        }
        Ok(())
    }
}

/// The next item of a list.
fn read_next(reader: &mut BufReader<FilePart>, all: Option<&Extent>) -> io::Result<Option<Placed>> {
    if reader.fill_buf()?.is_empty() {
        return Ok(None);
    }
    Ok(Some(Placed::new(Item::decode(reader)?, all)))
}

/// A part of a file that several readers share.
struct FilePart {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Read for FilePart {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let wanted = (into.len() as u64).min(self.end - self.at) as usize;
        let read = self.file.read_at(&mut into[..wanted], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}
