//! Where polls look: the visible records, in shards so that many pollers and writers do not meet.

use std::{collections::BTreeMap, sync::Arc};

use parking_lot::RwLock;

use super::{Record, board::Change, meter::Meter};
use crate::{Counters, Filter, TaskId};

const SHARDS: usize = 32;

/// How many ids are looked through before others get their turn.
const STRIDE: u64 = 4096;

type Shard = RwLock<BTreeMap<TaskId, Arc<Record>>>;

/// The visible records by id; a lock is held for one look or one change.
#[derive(Default)]
pub(super) struct Shelf {
    shards: [Shard; SHARDS],
    meter: Meter,
}

impl Shelf {
    pub(super) fn get(&self, id: TaskId) -> Option<Arc<Record>> {
        self.shard(id).read().get(&id).cloned()
    }

    pub(super) fn apply(&self, change: Change) {
        // What was there is dropped after the lock.
        let (before, after) = match change {
            Change::Put(record) => {
                (self.shard(record.task.id).write().insert(record.task.id, record.clone()), Some(record))
            }
            Change::Remove(id) => (self.shard(id).write().remove(&id), None),
        };
        self.meter.count(before.as_deref(), after.as_deref());
    }

    pub(super) fn counters(&self) -> Counters {
        self.meter.read()
    }

    /// Adds what the filter lets through of the next ids from `from` on, oldest first; where to go on, if there are more.
    ///
    /// Tasks that come and go meanwhile may be found or not; every other is, once.
    pub(super) fn look_through(
        &self,
        from: u64,
        filter: &Filter,
        found: &mut Vec<Arc<Record>>,
    ) -> Option<u64> {
        let first = self.first_from(from)?;
        let until = first.saturating_add(STRIDE);
        self.collect(first..until, filter, found);
        Some(until)
    }

    fn first_from(&self, from: u64) -> Option<u64> {
        let firsts = self
            .shards
            .iter()
            .filter_map(|shard| shard.read().range(TaskId(from)..).next().map(|(id, _)| id.0));
        firsts.min()
    }

    fn collect(&self, ids: std::ops::Range<u64>, filter: &Filter, found: &mut Vec<Arc<Record>>) {
        let start = found.len();
        for shard in &self.shards {
            let shard = shard.read();
            let inside = shard.range(TaskId(ids.start)..TaskId(ids.end));
            found.extend(
                inside
                    .filter(|(_, record)| filter.lets_through(&record.task))
                    .map(|(_, record)| record.clone()),
            );
        }
        found[start..].sort_unstable_by_key(|record| record.task.id);
    }

    fn shard(&self, id: TaskId) -> &Shard {
        &self.shards[id.0 as usize % SHARDS]
    }
}
