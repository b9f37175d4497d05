//! Keys for the rows of a table that has no primary key, so that a row that comes again in a later
//! file is the same feature.
//!
//! A row whose blob is known gets the key it had. Of the others, those that differ from a
//! vanished row in one column take its key over; the rest get new ones.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::Mode;
use crate::{
    DatasetError,
    dataset::{KartColumn, feature::Feature, generated_keys::GeneratedKeys, stored::read},
    object::Id,
};

/// Beyond this many changed rows nobody looks for the row that each one was.
const MOST_PAIRED: usize = 10_000;

/// Gives keys to rows in the order in which they come.
pub(super) struct KeyGiver {
    keys: GeneratedKeys,
    /// Keys of earlier rows that have not come again, by blob.
    unclaimed: HashMap<Id, VecDeque<i64>>,
    /// Rows that are new, until it is known which earlier rows have vanished.
    waiting: Option<Vec<(Id, Vec<u8>)>>,
    next: i64,
}

impl KeyGiver {
    /// For a layer that had these keys, or none yet.
    pub(super) fn new(column: KartColumn, previous: Option<GeneratedKeys>, mode: Mode) -> Self {
        let rows = previous.map_or_else(BTreeMap::new, |previous| previous.rows);
        let mut unclaimed: HashMap<Id, VecDeque<i64>> = HashMap::new();
        for (key, id) in &rows {
            unclaimed.entry(*id).or_default().push_back(*key);
        }
        Self {
            next: rows.last_key_value().map_or(1, |(key, _)| key + 1),
            // Where features are added, no row has vanished.
            waiting: (!rows.is_empty() && mode == Mode::Replace).then(Vec::new),
            keys: GeneratedKeys { column, rows },
            unclaimed,
        }
    }

    /// The key of a row, or nothing if it can be told only at the end.
    pub(super) fn key_for(&mut self, id: Id, blob: &[u8]) -> Option<i64> {
        if let Some(key) = self.unclaimed.get_mut(&id).and_then(VecDeque::pop_front) {
            return Some(key);
        }
        match &mut self.waiting {
            Some(waiting) if waiting.len() < MOST_PAIRED => {
                waiting.push((id, blob.to_vec()));
                None
            }
            _ => Some(self.new_key(id)),
        }
    }

    /// Gives the rows that wait their keys.
    pub(super) fn settle(
        &mut self,
        git: &gix::Repository,
        place: &mut impl FnMut(i64, Id, Vec<u8>),
    ) -> Result<(), DatasetError> {
        let waiting = self.waiting.take().unwrap_or_default();
        let mut vanished = self.vanished(git, waiting.len())?;
        for (id, blob) in waiting {
            let key = match vanished.take_like(&blob) {
                Some(key) => {
                    self.keys.rows.insert(key, id);
                    key
                }
                None => self.new_key(id),
            };
            place(key, id, blob);
        }
        Ok(())
    }

    pub(super) fn into_keys(self) -> GeneratedKeys {
        self.keys
    }

    fn new_key(&mut self, id: Id) -> i64 {
        let key = self.next;
        self.next += 1;
        self.keys.rows.insert(key, id);
        key
    }

    /// The earlier rows that did not come again, unless there are too many to compare.
    fn vanished(&self, git: &gix::Repository, waiting: usize) -> Result<Vanished, DatasetError> {
        let mut keys: Vec<(i64, Id)> = Vec::new();
        for (id, unclaimed) in &self.unclaimed {
            keys.extend(unclaimed.iter().map(|key| (*key, *id)));
        }
        keys.sort_unstable();
        let mut vanished = Vanished::default();
        if waiting == 0 || keys.len() > MOST_PAIRED {
            return Ok(vanished);
        }
        for (key, id) in keys {
            // A blob of a dataset that was put here by hand may be missing: then nothing is like it.
            if git.has_object(gix::ObjectId::from(id)) {
                vanished.insert(key, &read(git, id)?);
            }
        }
        Ok(vanished)
    }
}

/// Rows by what they say when one column is left out.
#[derive(Default)]
struct Vanished {
    by_rest: HashMap<Vec<u8>, Vec<i64>>,
    taken: std::collections::HashSet<i64>,
}

impl Vanished {
    fn insert(&mut self, key: i64, blob: &[u8]) {
        for rest in without_one_column(blob) {
            self.by_rest.entry(rest).or_default().push(key);
        }
    }

    fn take_like(&mut self, blob: &[u8]) -> Option<i64> {
        for rest in without_one_column(blob) {
            let candidates = self.by_rest.get(&rest).into_iter().flatten();
            let mut free = candidates.filter(|key| !self.taken.contains(key));
            if let Some(key) = free.next().copied() {
                self.taken.insert(key);
                return Some(key);
            }
        }
        None
    }
}

/// For each column a digest of the column's number and all other values.
fn without_one_column(blob: &[u8]) -> Vec<Vec<u8>> {
    let Some(feature) = Feature::decode(blob) else {
        return Vec::new();
    };
    (0..feature.values.len())
        .map(|left_out| {
            use sha2::{Digest, Sha256};
            let mut hasher = Sha256::new();
            hasher.update(feature.legend);
            hasher.update((left_out as u64).to_be_bytes());
            let mut packed = Vec::new();
            for (at, value) in feature.values.iter().enumerate() {
                if at != left_out {
                    crate::dataset::place::pack_key(*value, &mut packed);
                    hasher.update(&packed);
                }
            }
            hasher.finalize().to_vec()
        })
        .collect()
}
