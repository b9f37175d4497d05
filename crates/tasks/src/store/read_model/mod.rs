//! The visible tasks, for polls and lists.
//!
//! What filters ask for is kept apart from the tasks, in rows of 32 bytes that lie side by side, so that the first page of any
//! filter is found among a million tasks in some milliseconds. Beside a disk, only tasks that have not ended or ended last are in
//! memory as a whole.

mod chunk;
mod compiled_filter;
mod interner;
mod statistics;

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};

pub(super) use self::compiled_filter::TaskSummary;
use self::{
    chunk::Chunk,
    compiled_filter::{CompiledFilter, FilterRow},
    interner::Interner,
    statistics::Statistics,
};
use super::Record;
use crate::{Counters, Filter, Page, Task, TaskId, Totals};

/// So many of the tasks that ended last stay in memory beside a disk, because they are polled.
const RECENT: usize = 4096;

/// The longest result and error, in bytes of JSON, of an ended task that stays in memory beside a disk.
const LONGEST_BODY: usize = 4096;

/// How many chunks are searched before the thread lets others go on.
const CHUNKS_AT_ONCE: usize = 32;

/// The visible tasks by id; a lock is held for one look or one change. It is changed under the lock of the machine.
#[derive(Default)]
pub(super) struct ReadModel {
    chunks: RwLock<BTreeMap<u64, Arc<RwLock<Chunk>>>>,
    names: Arc<Interner>,
    recent: Mutex<VecDeque<TaskId>>,
    statistics: Statistics,
    has_disk: bool,
}

/// A visible task.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) id: TaskId,
    /// `None`: it has to be read from the disk.
    pub(super) record: Option<Arc<Record>>,
}

/// A page of [`ReadModel::page`].
#[derive(Default)]
pub(super) struct EntryPage {
    pub(super) entries: Vec<Entry>,
    pub(super) next: Option<TaskId>,
}

impl ReadModel {
    /// A read model beside a disk, from which records can be read.
    pub(super) fn beside_disk() -> Self {
        Self { has_disk: true, ..Self::default() }
    }

    pub(super) fn get(&self, id: TaskId) -> Option<Entry> {
        self.chunk(id)?.read().get(id)
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.chunk(id).is_some_and(|chunk| chunk.read().contains(id))
    }

    /// Shows the task as it is now. Beside a disk, the record of an ended task is on it already.
    pub(super) fn put(&self, record: Arc<Record>) {
        let id = record.task.id;
        let may_leave_memory = self.has_disk && record.task.status.has_ended();
        let stays = !may_leave_memory || !body_exceeds(&record, LONGEST_BODY);
        self.store(TaskSummary::of(&record.task), stays.then(|| record.clone()), Some(&record.task));
        if may_leave_memory && stays {
            self.drop_oldest_record(id);
        }
    }

    /// Shows an ended task that an earlier process has left.
    pub(super) fn restore(&self, task: TaskSummary<'_>) {
        self.store(task, None, None);
    }

    fn store(&self, summary: TaskSummary<'_>, record: Option<Arc<Record>>, timed: Option<&Task>) {
        let chunk = self.chunk_for(summary.id);
        let row = FilterRow::new(summary, &self.names);
        let before = chunk.write().put(row, record);
        let counted = before.map(|before| (before.kind, before.status));
        self.statistics.count(counted, Some((row.kind, row.status)), timed);
        if let Some(before) = before {
            before.release(&self.names);
        }
    }

    /// Remembers that this task ended last. If more than [`RECENT`] are remembered, the record of the oldest is dropped from memory.
    fn drop_oldest_record(&self, ended: TaskId) {
        let oldest = {
            let mut recent = self.recent.lock();
            recent.push_back(ended);
            if recent.len() <= RECENT { None } else { recent.pop_front() }
        };
        if let Some(oldest) = oldest
            && let Some(chunk) = self.chunk(oldest)
        {
            chunk.write().drop_record(oldest);
        }
    }

    /// Shows the task no more.
    pub(super) fn remove(&self, id: TaskId) {
        let Some(chunk) = self.chunk(id) else { return };
        let Some(row) = chunk.write().remove(id) else { return };
        self.statistics.count(Some((row.kind, row.status)), None, None);
        row.release(&self.names);
        let mut chunks = self.chunks.write();
        if chunk.read().is_empty() {
            chunks.remove(&chunk::number(id));
        }
    }

    /// The next tasks that pass the filter, oldest first, at most [`Page::MAX`].
    ///
    /// Tasks that are added or removed during the search may be found or not; every other one that passes is found, once.
    pub(super) async fn page(&self, filter: &Filter) -> EntryPage {
        let compiled = CompiledFilter::new(filter, &self.names);
        let limit = filter.limit.unwrap_or(Page::MAX).min(Page::MAX);
        let mut page = EntryPage::default();
        let mut from =
            filter.after.map_or(Some(0), |id| id.0.checked_add(1)).filter(|_| !compiled.is_empty());
        while page.entries.len() < limit
            && let Some(next) = from
        {
            from = self.search(next, &compiled, limit, &mut page.entries);
            tokio::task::yield_now().await;
        }
        let is_full = page.entries.len() == limit && limit > 0;
        page.next = page.entries.last().map(|entry| entry.id).filter(|_| is_full);
        page
    }

    /// How many tasks pass the filter.
    pub(super) async fn totals(&self, filter: &Filter) -> Totals {
        let compiled = CompiledFilter::new(filter, &self.names);
        let mut totals = Totals::default();
        let mut from = Some(0).filter(|_| !compiled.is_empty());
        while let Some(next) = from {
            let chunks = self.chunks_from(next);
            for (_, chunk) in &chunks {
                chunk.read().count(&compiled, &mut totals);
            }
            from = after(&chunks);
            tokio::task::yield_now().await;
        }
        totals
    }

    /// Adds what passes of the next chunks, until there are `limit` entries; where to go on, if there are more chunks.
    fn search(
        &self,
        from: u64,
        filter: &CompiledFilter,
        limit: usize,
        entries: &mut Vec<Entry>,
    ) -> Option<u64> {
        let chunks = self.chunks_from(from);
        for (number, chunk) in &chunks {
            chunk.read().search(from, filter, limit, entries);
            if entries.len() >= limit {
                return Some(chunk::first_id(number + 1));
            }
        }
        after(&chunks)
    }

    pub(super) fn counters(&self) -> Counters {
        self.statistics.read(&self.names)
    }

    fn chunks_from(&self, from: u64) -> Vec<(u64, Arc<RwLock<Chunk>>)> {
        let chunks = self.chunks.read();
        let next = chunks.range(chunk::number(TaskId(from))..).take(CHUNKS_AT_ONCE);
        next.map(|(number, chunk)| (*number, chunk.clone())).collect()
    }

    fn chunk(&self, id: TaskId) -> Option<Arc<RwLock<Chunk>>> {
        self.chunks.read().get(&chunk::number(id)).cloned()
    }

    fn chunk_for(&self, id: TaskId) -> Arc<RwLock<Chunk>> {
        match self.chunk(id) {
            Some(chunk) => chunk,
            None => self.chunks.write().entry(chunk::number(id)).or_default().clone(),
        }
    }
}

/// The first id behind these chunks; `None` if there are no chunks.
fn after(chunks: &[(u64, Arc<RwLock<Chunk>>)]) -> Option<u64> {
    chunks.last().map(|(number, _)| chunk::first_id(number + 1))
}

/// Whether the task's result and error are longer than this, in bytes of JSON.
fn body_exceeds(record: &Record, limit: usize) -> bool {
    let mut room = Room(limit);
    let result = record.task.result.as_deref().map(|result| serde_json::to_writer(&mut room, result));
    let error = record.task.error.as_deref().map(|error| serde_json::to_writer(&mut room, error));
    [result, error].into_iter().flatten().any(|written| written.is_err())
}

/// Takes so many bytes, and refuses more.
struct Room(usize);

impl io::Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or_else(|| io::Error::other("too long"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
