//! Sorted runs of items, in memory and in a file.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Write},
    os::unix::fs::FileExt,
    path::Path,
    sync::Arc,
    vec,
};

use crate::{Record, SortError, placed::Placed};

/// The items of a run in memory: sorting them takes some milliseconds.
pub(crate) const RUN_ITEMS: usize = 1 << 15;
/// Bytes that are written at once.
const WRITE_SIZE: usize = 256 << 10;
/// Bytes that are read at once of each run.
const READ_SIZE: usize = 64 << 10;

/// Runs in one file without a name.
pub(crate) struct RunFile {
    file: File,
    end: u64,
    runs: Vec<(u64, u64)>,
}

impl RunFile {
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        Ok(Self { file: tempfile::tempfile_in(folder)?, end: 0, runs: Vec::new() })
    }

    /// Adds a run.
    pub(crate) fn add<T: Record>(
        &mut self,
        items: impl Iterator<Item = io::Result<T>>,
        is_stopped: &(impl Fn() -> bool + ?Sized),
    ) -> Result<(), SortError> {
        let start = self.end;
        let mut bytes = Vec::new();
        for item in items {
            item?.encode(&mut bytes);
            if bytes.len() >= WRITE_SIZE {
                if is_stopped() {
                    return Err(SortError::Stopped);
                }
                self.write(&mut bytes)?;
            }
        }
        self.write(&mut bytes)?;
        self.runs.push((start, self.end));
        Ok(())
    }

    fn write(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        bytes.clear();
        Ok(())
    }

    pub(crate) fn into_runs<K, T>(self) -> impl Iterator<Item = Run<K, T>> {
        let file = Arc::new(self.file);
        self.runs.into_iter().map(move |(at, end)| {
            Run::InFile(BufReader::with_capacity(READ_SIZE, FilePart { file: file.clone(), at, end }))
        })
    }
}

/// Sorted items.
pub(crate) enum Run<K, T> {
    InMemory(vec::IntoIter<Placed<K, T>>),
    InFile(BufReader<FilePart>),
}

impl<K, T: Record> Run<K, T> {
    pub(crate) fn next(&mut self, place: &impl Fn(&T) -> K) -> io::Result<Option<Placed<K, T>>> {
        match self {
            Self::InMemory(items) => Ok(items.next()),
            Self::InFile(file) => {
                let is_at_end = file.fill_buf()?.is_empty();
                let item = (!is_at_end).then(|| T::decode(file)).transpose()?;
                Ok(item.map(|item| Placed::new(item, place)))
            }
        }
    }
}

/// A part of a file that several readers share.
pub(crate) struct FilePart {
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
