//! The first hundred bytes of a file, which say what it is and how long it should be.
//!
//! Their layout is in the [SQLite file format](https://www.sqlite.org/fileformat.html#the_database_header).

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::Error;

const HEADER_SIZE: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// `GPKG`, and `GP10` and `GP11` of the first two versions.
const GEOPACKAGE_IDS: [[u8; 4]; 3] = [*b"GPKG", *b"GP10", *b"GP11"];

/// The first bytes of packed files.
const PACKERS: [(&[u8], &str); 8] = [
    (b"PK\x03\x04", "ZIP"),
    (b"PK\x05\x06", "ZIP"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"\x28\xb5\x2f\xfd", "Zstandard"),
    (b"Rar!\x1a\x07", "RAR"),
];

/// What is known of a file before SQLite has looked at it.
#[derive(Clone, Debug)]
pub(crate) struct FileHeader {
    /// How many bytes the file has.
    pub(crate) size: u64,
    /// How many bytes it has by its header, where that says so.
    pub(crate) expected_size: Option<u64>,
    /// Whether it is marked as a GeoPackage. Not every program that writes one does so.
    pub(crate) marked_as_geopackage: bool,
    /// Whether it was last written in WAL mode, so that a second file beside it may hold its last edits.
    pub(crate) wal: bool,
}

impl FileHeader {
    /// Reads it from the file at `path`, called `shown_name` in errors.
    pub(crate) fn read(path: &Path, shown_name: &str) -> Result<Self, Error> {
        let (bytes, size) =
            read_start(path).map_err(|source| Error::Io { file: shown_name.to_owned(), source })?;
        let header = bytes.first_chunk().filter(|header| header.starts_with(MAGIC));
        let header = Self::from_bytes(header.ok_or_else(|| not_sqlite(&bytes, shown_name))?, size);
        header.check_size(shown_name)?;
        Ok(header)
    }

    fn from_bytes(header: &[u8; HEADER_SIZE], size: u64) -> Self {
        Self {
            size,
            expected_size: page_count(header).map(|count| page_size(header) * count.max(1)),
            marked_as_geopackage: GEOPACKAGE_IDS.contains(&four(header, 68)),
            wal: header[18] == 2 || header[19] == 2,
        }
    }

    /// Whether bytes follow what the header says is the file.
    pub(crate) fn is_too_long(&self) -> bool {
        self.expected_size.is_some_and(|expected| self.size > expected)
    }

    fn check_size(&self, shown_name: &str) -> Result<(), Error> {
        let expected = self.expected_size.unwrap_or(0);
        if self.size < expected {
            return Err(Error::Truncated { file: shown_name.to_owned(), expected, found: self.size });
        }
        Ok(())
    }
}

fn read_start(path: &Path) -> io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let size = file.metadata()?.len();
    let mut bytes = Vec::with_capacity(HEADER_SIZE);
    file.take(HEADER_SIZE as u64).read_to_end(&mut bytes)?;
    Ok((bytes, size))
}

fn not_sqlite(start: &[u8], shown_name: &str) -> Error {
    let file = shown_name.to_owned();
    match PACKERS.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, packer)) => Error::Packed { file, packer },
        None => Error::NotSqlite { file },
    }
}

/// In bytes; the largest, 65,536, is written as 1.
fn page_size(header: &[u8; HEADER_SIZE]) -> u64 {
    match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        size => u64::from(size),
    }
}

/// Old versions of SQLite did not keep the count: it is valid only if the change counter beside it was written together
/// with it.
fn page_count(header: &[u8; HEADER_SIZE]) -> Option<u64> {
    let is_valid = four(header, 24) == four(header, 92);
    let count = u32::from_be_bytes(four(header, 28));
    (is_valid && count > 0).then_some(u64::from(count))
}

fn four(header: &[u8; HEADER_SIZE], at: usize) -> [u8; 4] {
    [header[at], header[at + 1], header[at + 2], header[at + 3]]
}
