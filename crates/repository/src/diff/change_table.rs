//! Counts that were made once, in a file of the repository, so that a history with counts is shown without comparing trees; and
//! the extents of imported layers.
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
use longhaul_geodata::geometry::Extent;

use super::FeatureCounts;
use crate::{
    Repository,
    object::{Id, bytes},
};

/// The name of the file in the folder of the repository. Another layout needs another name.
const FILE: &str = "longhaul-changes-1";
/// The size of a record in bytes: a checksum, the two ids, and a payload.
const RECORD: usize = 4 + 2 * 20 + 4 * 8;
/// Three counts, or the four numbers of an extent.
type Payload = [[u8; 8]; 4];
/// The places at which a record can be.
const WAYS: usize = 4;
/// The number of such groups of places. The file has at most 5 MB.
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
        let [added, changed, deleted, _] = self.read(&Key::of_counts(old, new))?.map(u64::from_le_bytes);
        Some(FeatureCounts { added, changed, deleted })
    }

    /// Stores the counts of a comparison.
    pub(super) fn remember_counts(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        counts: FeatureCounts,
    ) {
        let numbers = [counts.added, counts.changed, counts.deleted, 0];
        self.write(&Key::of_counts(old, new), numbers.map(u64::to_le_bytes));
    }

    /// The extent of a layer, if it is known.
    pub(super) fn extent(&self, tree: ObjectId) -> Option<Extent> {
        let [min_x, min_y, max_x, max_y] = self.read(&Key::of_extent(tree))?.map(f64::from_le_bytes);
        Some(Extent { min_x, min_y, max_x, max_y })
    }

    /// Stores the extent of a layer.
    pub(super) fn remember_extent(&self, tree: ObjectId, extent: Extent) {
        let numbers = [extent.min_x, extent.min_y, extent.max_x, extent.max_y];
        self.write(&Key::of_extent(tree), numbers.map(f64::to_le_bytes));
    }

    fn read(&self, key: &Key) -> Option<Payload> {
        let file = File::open(&self.path).ok()?;
        let bucket = read_bucket(&file, key);
        bucket.as_chunks::<RECORD>().0.iter().find_map(|record| key.payload_of(record))
    }

    fn write(&self, key: &Key, payload: Payload) {
        let Ok(file) =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&self.path)
        else {
            return;
        };
        let bucket = read_bucket(&file, key);
        let records = bucket.as_chunks::<RECORD>().0;
        let same = records.iter().position(|record| key.payload_of(record).is_some());
        let free = || records.iter().position(|record| !is_valid(record));
        let way = same.or_else(free).unwrap_or(key.victim());
        let _ = file.write_all_at(&key.record(payload), key.offset() + (way * RECORD) as u64);
    }
}

/// The trees that were compared, zeros for none; or one tree and ones, for its extent.
struct Key([u8; 40]);

impl Key {
    fn of_counts(old: Option<ObjectId>, new: Option<ObjectId>) -> Self {
        let id = |id: Option<ObjectId>| -> Id { id.map(bytes).unwrap_or_default() };
        Self::new(id(old), id(new))
    }

    fn of_extent(tree: ObjectId) -> Self {
        Self::new(bytes(tree), [0xff; 20])
    }

    fn new(first: Id, second: Id) -> Self {
        let mut key = [0; 40];
        key[..20].copy_from_slice(&first);
        key[20..].copy_from_slice(&second);
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

    fn record(&self, payload: Payload) -> [u8; RECORD] {
        let mut record = [0; RECORD];
        record[4..44].copy_from_slice(&self.0);
        record[44..].copy_from_slice(payload.as_flattened());
        let checksum = crc32fast::hash(&record[4..]);
        record[..4].copy_from_slice(&checksum.to_le_bytes());
        record
    }

    fn payload_of(&self, record: &[u8; RECORD]) -> Option<Payload> {
        let is_this = record[4..44] == self.0 && is_valid(record);
        record[44..].as_chunks::<8>().0.try_into().ok().filter(|_| is_this)
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
