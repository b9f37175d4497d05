//! Counts that were made once, in a file of the repository, so that a history with counts is shown without comparing trees.
//!
//! The file is a hash table of fixed size: a count is stored under the ids of the two trees that were compared, in one of four
//! places, and replaces another one where all four are taken. Each record has a checksum, so a record that was written in
//! part is not there. Nothing depends on the file: it can be removed at any time, and errors are ignored.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::FileExt,
    path::PathBuf,
};

use gix::ObjectId;

use super::FeatureCounts;
use crate::{
    Repository,
    object::{Id, bytes},
};

/// The name of the file in the folder of the repository. Another layout needs another name.
const FILE: &str = "longhaul-changes-1";
/// The size of a record in bytes: a checksum, the two ids, and a payload.
const RECORD: usize = 4 + 2 * 20 + PAYLOAD;
const PAYLOAD: usize = 24;
/// The places at which a record can be.
const WAYS: usize = 4;
/// The number of such groups of places. The file has at most 4.5 MB.
const BUCKETS: u64 = 1 << 14;

/// The counts of one repository.
pub(super) struct ChangeTable {
    path: PathBuf,
}

impl Repository {
    pub(super) fn change_table(&self) -> ChangeTable {
        ChangeTable { path: self.path().join(FILE) }
    }
}

impl ChangeTable {
    /// The counts of a comparison, if they are known.
    pub(super) fn counts(&self, old: Option<ObjectId>, new: Option<ObjectId>) -> Option<FeatureCounts> {
        let key = Key::new(old, new);
        let file = File::open(&self.path).ok()?;
        let bucket = read_bucket(&file, &key);
        let payload = bucket.as_chunks::<RECORD>().0.iter().find_map(|record| key.payload_of(record))?;
        let mut numbers = payload.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        Some(FeatureCounts { added: numbers.next()?, changed: numbers.next()?, deleted: numbers.next()? })
    }

    /// Stores the counts of a comparison.
    pub(super) fn remember_counts(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        counts: FeatureCounts,
    ) {
        let key = Key::new(old, new);
        let Ok(file) =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)
        else {
            return;
        };
        let bucket = read_bucket(&file, &key);
        let records = bucket.as_chunks::<RECORD>().0;
        let same = records.iter().position(|record| key.payload_of(record).is_some());
        let free = || records.iter().position(|record| !is_valid(record));
        let way = same.or_else(free).unwrap_or(key.victim());
        let mut payload = [0; PAYLOAD];
        for (bytes, number) in
            payload.as_chunks_mut::<8>().0.iter_mut().zip([counts.added, counts.changed, counts.deleted])
        {
            *bytes = number.to_le_bytes();
        }
        let _ = file.write_all_at(&key.record(&payload), key.offset() + (way * RECORD) as u64);
    }
}

/// The trees that were compared; zeros for none.
struct Key([u8; 40]);

impl Key {
    fn new(old: Option<ObjectId>, new: Option<ObjectId>) -> Self {
        let mut key = [0; 40];
        let id = |id: Option<ObjectId>| -> Id { id.map(bytes).unwrap_or_default() };
        key[..20].copy_from_slice(&id(old));
        key[20..].copy_from_slice(&id(new));
        Self(key)
    }

    /// The ids are hashes already.
    fn hash(&self) -> u64 {
        let number =
            |at: usize| self.0[at..at + 8].iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        number(0).rotate_left(1) ^ number(20)
    }

    fn offset(&self) -> u64 {
        self.hash() % BUCKETS * (WAYS * RECORD) as u64
    }

    /// Which record is replaced where all places are taken.
    fn victim(&self) -> usize {
        (self.hash() / BUCKETS) as usize % WAYS
    }

    fn record(&self, payload: &[u8; PAYLOAD]) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[4..44].copy_from_slice(&self.0);
        record[44..].copy_from_slice(payload);
        let checksum = crc32fast::hash(&record[4..]);
        record[..4].copy_from_slice(&checksum.to_le_bytes());
        record
    }

    fn payload_of<'a>(&self, record: &'a [u8; RECORD]) -> Option<&'a [u8]> {
        (record[4..44] == self.0 && is_valid(record)).then_some(&record[44..])
    }
}

/// A record of zeros is none: the checksum of zeros is not zero.
fn is_valid(record: &[u8; RECORD]) -> bool {
    record[..4] == crc32fast::hash(&record[4..]).to_le_bytes()
}

/// The records at the places of a key; zeros beyond the end of the file.
fn read_bucket(file: &File, key: &Key) -> [u8; WAYS * RECORD] {
    let mut bucket = [0; WAYS * RECORD];
    let mut read = 0;
    while let Ok(count @ 1..) = file.read_at(&mut bucket[read..], key.offset() + read as u64) {
        read += count;
    }
    bucket
}
