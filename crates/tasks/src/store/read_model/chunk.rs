//! The tasks of some consecutive ids, which share a lock.

use std::sync::Arc;

use super::{
    Entry,
    compiled_filter::{CompiledFilter, FilterRow},
};
use crate::{TaskId, Totals, store::Record};

/// How many ids a chunk is for.
const SPAN: u64 = 1024;

/// The number of the chunk that the task is in.
pub(super) fn number(id: TaskId) -> u64 {
    id.0 / SPAN
}

/// The first id of this chunk.
pub(super) fn first_id(number: u64) -> u64 {
    number * SPAN
}

/// Tasks in the order of their ids: rows for filters, and beside them the records that are in memory.
#[derive(Default)]
pub(super) struct Chunk {
    rows: Vec<FilterRow>,
    records: Vec<Option<Arc<Record>>>,
}

impl Chunk {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.position(id).is_ok()
    }

    pub(super) fn get(&self, id: TaskId) -> Option<Entry> {
        Some(self.entry(self.position(id).ok()?))
    }

    /// Puts a task in; the row that it replaces.
    pub(super) fn put(&mut self, row: FilterRow, record: Option<Arc<Record>>) -> Option<FilterRow> {
        match self.position(TaskId(row.id)) {
            Ok(at) => {
                self.records[at] = record;
                Some(std::mem::replace(&mut self.rows[at], row))
            }
            Err(at) => {
                self.rows.insert(at, row);
                self.records.insert(at, record);
                None
            }
        }
    }

    /// Leaves a record on the disk only.
    pub(super) fn drop_record(&mut self, id: TaskId) {
        if let Ok(at) = self.position(id) {
            self.records[at] = None;
        }
    }

    pub(super) fn remove(&mut self, id: TaskId) -> Option<FilterRow> {
        let at = self.position(id).ok()?;
        self.records.remove(at);
        Some(self.rows.remove(at))
    }

    /// The first tasks from an id on that pass the filter.
    pub(super) fn search(&self, from: u64, filter: &CompiledFilter, limit: usize, found: &mut Vec<Entry>) {
        let rows = self.rows.iter().enumerate();
        let passing = rows.filter(|(_, row)| row.id >= from && filter.passes(row));
        let room = limit - found.len();
        found.extend(passing.take(room).map(|(at, _)| self.entry(at)));
    }

    pub(super) fn count(&self, filter: &CompiledFilter, totals: &mut Totals) {
        self.rows.iter().filter(|row| filter.passes(row)).for_each(|row| *totals.of(row.status) += 1);
    }

    fn entry(&self, at: usize) -> Entry {
        Entry { id: TaskId(self.rows[at].id), record: self.records[at].clone() }
    }

    fn position(&self, id: TaskId) -> Result<usize, usize> {
        self.rows.binary_search_by_key(&id.0, |row| row.id)
    }
}
