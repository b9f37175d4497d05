//! Generates keys for the rows of a table without a primary key, so that a row that comes again in a later
//! file is the same feature.
//!
//! A row whose blob is known gets the key that it had. A row that differs from a
//! deleted row in only one column gets that row's key. All others get new keys.

use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Mode, StageError, deleted_rows::DeletedRows};
use crate::{
    Interrupter,
    dataset::{KartColumn, generated_keys::GeneratedKeys, stored::read},
    object::Id,
};

/// At most so many changed rows are compared with deleted rows ...
const MOST_PAIRED: usize = 10_000;
/// ... and at most so many bytes of them.
const MOST_BYTES: usize = 64 << 20;

/// Generates keys for rows in the order in which they come.
pub(super) struct KeyGenerator {
    keys: GeneratedKeys,
    /// Keys of earlier rows that have not come again, by blob.
    unclaimed: HashMap<Id, VecDeque<i64>>,
    /// New rows that wait until it is known which earlier rows were deleted.
    pending: Option<PendingRows>,
    next: i64,
}

#[derive(Default)]
struct PendingRows {
    rows: Vec<(Id, Vec<u8>)>,
    bytes: usize,
}

impl KeyGenerator {
    /// A generator for a layer that had these keys, if any. New keys are higher than those and than `highest`.
    pub(super) fn new(
        column: KartColumn,
        previous: Option<GeneratedKeys>,
        mode: Mode,
        highest: Option<i64>,
    ) -> Self {
        let rows = previous.map_or_else(BTreeMap::new, |previous| previous.rows);
        let mut unclaimed: HashMap<Id, VecDeque<i64>> = HashMap::new();
        for (key, id) in &rows {
            unclaimed.entry(*id).or_default().push_back(*key);
        }
        let highest = rows.last_key_value().map(|(key, _)| *key).max(highest);
        Self {
            next: highest.map_or(1, |key| key.saturating_add(1)),
            // Where features are added, no row is deleted.
            pending: (!rows.is_empty() && mode == Mode::Replace).then(PendingRows::default),
            keys: GeneratedKeys { column, rows },
            unclaimed,
        }
    }

    /// The key of a row; `None` if it is assigned at the end.
    pub(super) fn key_for(&mut self, id: Id, blob: &[u8]) -> Option<i64> {
        if let Some(key) = self.unclaimed.get_mut(&id).and_then(VecDeque::pop_front) {
            return Some(key);
        }
        match &mut self.pending {
            Some(pending) if pending.rows.len() < MOST_PAIRED && pending.bytes < MOST_BYTES => {
                pending.bytes += blob.len();
                pending.rows.push((id, blob.to_vec()));
                None
            }
            _ => Some(self.new_key(id)),
        }
    }

    /// Assigns keys to the pending rows.
    pub(super) fn assign_pending(
        &mut self,
        git: &gix::Repository,
        interrupter: &Interrupter,
        place: &mut impl FnMut(i64, Id, Vec<u8>),
    ) -> Result<(), StageError> {
        let pending = self.pending.take().unwrap_or_default().rows;
        let mut deleted = match pending.len() {
            0 => DeletedRows::default(),
            _ => self.deleted(git, interrupter)?,
        };
        for (id, blob) in pending {
            interrupter.check()?;
            let key = match deleted.take_like(&blob) {
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

    /// After the highest number the same key is given again, which is found later as a repeated key.
    fn new_key(&mut self, id: Id) -> i64 {
        let key = self.next;
        self.next = key.saturating_add(1);
        self.keys.rows.insert(key, id);
        key
    }

    /// The earlier rows that did not come again, unless there are too many to compare.
    fn deleted(&self, git: &gix::Repository, interrupter: &Interrupter) -> Result<DeletedRows, StageError> {
        let mut keys: Vec<(i64, Id)> = Vec::new();
        for (id, unclaimed) in &self.unclaimed {
            keys.extend(unclaimed.iter().map(|key| (*key, *id)));
        }
        if keys.len() > MOST_PAIRED {
            return Ok(DeletedRows::default());
        }
        keys.sort_unstable();
        let mut deleted = DeletedRows::default();
        for (key, id) in keys {
            interrupter.check()?;
            // The blob may be missing in a repository that was put here by hand: then no row matches it.
            if git.has_object(gix::ObjectId::from(id)) {
                deleted.insert(key, &read(git, id)?);
            }
        }
        Ok(deleted)
    }
}
