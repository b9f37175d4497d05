//! Where polls look: the visible tasks.
//!
//! What filters ask for is kept apart from the tasks, in rows that lie side by side, so that the first page of any filter
//! is found among a million in some milliseconds. A task that ended some time ago is packed; what it has to say may
//! then lie on a disk only.

mod pack;
mod row;
mod words;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use parking_lot::{Mutex, RwLock};

use self::row::{Row, Sieve};
pub(super) use self::words::{Word, Words};
use super::{Record, board::Change, meter::Meter};
use crate::{Counters, Filter, TaskId, Totals};

/// So many ids share a lock.
const SPAN: u64 = 1024;

/// So many of the tasks that ended last are kept as they are, to be shown often and quickly.
const RECENT: usize = 4096;

/// How many chunks are looked through before others get their turn.
const STRIDE: usize = 32;

/// The visible tasks by id; a lock is held for one look or one change.
#[derive(Default)]
pub(super) struct Shelf {
    chunks: RwLock<BTreeMap<u64, Arc<RwLock<Chunk>>>>,
    words: RwLock<Words>,
    recent: Mutex<VecDeque<TaskId>>,
    meter: Meter,
    weights: Option<Weights>,
}

/// How many bytes a task's result and error may have, as JSON, to be kept in memory; for a shelf beside a disk.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    /// Of a task that has just ended.
    pub(super) recent: usize,
    /// Of any other.
    pub(super) packed: usize,
}

/// The tasks of some ids in a row, by id.
#[derive(Default)]
struct Chunk {
    rows: Vec<Row>,
    tasks: Vec<Kept>,
}

#[derive(Clone)]
enum Kept {
    Whole(Arc<Record>),
    /// With [`pack`].
    Packed(Box<[u8]>),
}

/// What is found of a task.
pub(super) enum Found {
    Whole(Arc<Record>),
    /// Its result and error lie on the disk.
    Lean(Arc<Record>),
}

impl Found {
    /// As it is, perhaps without what lies on the disk.
    pub(super) fn into_record(self) -> Arc<Record> {
        match self {
            Self::Whole(record) | Self::Lean(record) => record,
        }
    }
}

impl Shelf {
    /// A shelf beside a disk that everything can be read from again.
    pub(super) fn beside_a_disk(weights: Weights) -> Self {
        Self { weights: Some(weights), ..Self::default() }
    }

    /// The task, perhaps without what lies on the disk.
    pub(super) fn get(&self, id: TaskId) -> Option<Arc<Record>> {
        self.find(id).map(Found::into_record)
    }

    pub(super) fn find(&self, id: TaskId) -> Option<Found> {
        let (row, kept) = {
            let chunk = self.chunk(id)?;
            let chunk = chunk.read();
            let at = chunk.position(id).ok()?;
            (chunk.rows[at], chunk.tasks[at].clone())
        };
        Some(self.unpack(&row, kept))
    }

    pub(super) fn apply(&self, change: Change) {
        match change {
            Change::Put(record) => self.put(record),
            Change::Remove(id) => self.remove(id),
        }
    }

    fn put(&self, record: Arc<Record>) {
        let id = record.task.id;
        let has_ended = record.task.status.has_ended();
        let row = self.row(&record);
        let is_heavy =
            has_ended && self.weights.is_some_and(|weights| pack::weighs_more(&record, weights.recent));
        let kept = match is_heavy {
            true => Kept::Packed(pack::lean(&record)),
            false => Kept::Whole(record.clone()),
        };
        let before = self.chunk_for(id).write().put(row, kept);
        self.meter.count(
            before.map(|before| (before.kind, before.status)),
            Some((row.kind, row.status)),
            Some(&record.task),
        );
        if has_ended && !is_heavy {
            self.pack_the_oldest(id);
        }
    }

    /// Packs a task that is not one of the most recent any more, now that this one has ended.
    fn pack_the_oldest(&self, id: TaskId) {
        let oldest = {
            let mut recent = self.recent.lock();
            recent.push_back(id);
            if recent.len() <= RECENT { None } else { recent.pop_front() }
        };
        let Some(chunk) = oldest.and_then(|oldest| self.chunk(oldest)) else { return };
        let Some(oldest) = oldest else { return };
        let whole = {
            let chunk = chunk.read();
            chunk.position(oldest).ok().map(|at| chunk.tasks[at].clone())
        };
        let Some(Kept::Whole(record)) = whole else { return };
        let packed = self.pack(&record);
        let mut chunk = chunk.write();
        if let Ok(at) = chunk.position(oldest) {
            chunk.tasks[at] = Kept::Packed(packed);
        }
    }

    fn pack(&self, record: &Record) -> Box<[u8]> {
        match self.weights.is_some_and(|weights| pack::weighs_more(record, weights.packed)) {
            true => pack::lean(record),
            false => pack::whole(record),
        }
    }

    /// Takes an ended task up that was there before, in the order of the ids; what it has to say is light, or left on the disk.
    pub(super) fn take_up(&self, record: &Record, is_lean: bool) {
        let row = self.row(record);
        let packed = if is_lean { pack::lean(record) } else { pack::whole(record) };
        self.chunk_for(record.task.id).write().put(row, Kept::Packed(packed));
        self.meter.count(None, Some((row.kind, row.status)), None);
    }

    fn remove(&self, id: TaskId) {
        let Some(chunk) = self.chunk(id) else { return };
        let (gone, is_empty) = {
            let mut chunk = chunk.write();
            let Ok(at) = chunk.position(id) else { return };
            let gone = (chunk.rows.remove(at), chunk.tasks.remove(at));
            (gone, chunk.rows.is_empty())
        };
        self.meter.count(Some((gone.0.kind, gone.0.status)), None, None);
        if is_empty {
            let mut chunks = self.chunks.write();
            // Only one thread changes what is visible, so nobody has put anything there meanwhile.
            chunks.remove(&(id.0 / SPAN));
        }
    }

    /// What the filter lets through, oldest first.
    pub(super) async fn list(&self, filter: &Filter) -> Vec<Found> {
        let (sieve, enough) = (self.sieve(filter), filter.limit.unwrap_or(usize::MAX));
        let mut found = Vec::new();
        let mut from = filter.after.map(|id| id.0.saturating_add(1)).or(Some(0)).filter(|_| !sieve.is_shut());
        while found.len() < enough
            && let Some(next) = from
        {
            from = self.look_through(next, &sieve, enough, &mut found);
            tokio::task::yield_now().await;
        }
        found
    }

    /// How many the filter lets through.
    pub(super) async fn totals(&self, filter: &Filter) -> Totals {
        let sieve = self.sieve(filter);
        let mut totals = Totals::default();
        let mut from = Some(0).filter(|_| !sieve.is_shut());
        while let Some(next) = from {
            from = self.count(next, &sieve, &mut totals);
            tokio::task::yield_now().await;
        }
        totals
    }

    /// Adds what the filter lets through of the next tasks, oldest first, until there are enough; where to go on, if there
    /// are more.
    ///
    /// Tasks that come and go meanwhile may be found or not; every other is, once.
    fn look_through(&self, from: u64, sieve: &Sieve, enough: usize, found: &mut Vec<Found>) -> Option<u64> {
        let chunks = self.chunks_from(from);
        for (number, chunk) in &chunks {
            let mut passed = Vec::new();
            {
                let chunk = chunk.read();
                let rows = chunk.rows.iter().enumerate();
                let passing = rows.filter(|(_, row)| row.id >= from && sieve.lets_through(row));
                passed.extend(
                    passing.take(enough - found.len()).map(|(at, row)| (*row, chunk.tasks[at].clone())),
                );
            }
            found.extend(passed.into_iter().map(|(row, kept)| self.unpack(&row, kept)));
            if found.len() >= enough {
                return Some((number + 1) * SPAN);
            }
        }
        self.next_after(&chunks)
    }

    /// Counts what the filter lets through of the next tasks; where to go on, if there are more.
    fn count(&self, from: u64, sieve: &Sieve, totals: &mut Totals) -> Option<u64> {
        let chunks = self.chunks_from(from);
        for (_, chunk) in &chunks {
            let chunk = chunk.read();
            chunk
                .rows
                .iter()
                .filter(|row| sieve.lets_through(row))
                .for_each(|row| *totals.of(row.status) += 1);
        }
        self.next_after(&chunks)
    }

    fn sieve(&self, filter: &Filter) -> Sieve {
        Sieve::new(filter, &self.words.read())
    }

    pub(super) fn counters(&self) -> Counters {
        self.meter.read(&self.words.read())
    }

    fn chunks_from(&self, from: u64) -> Vec<(u64, Arc<RwLock<Chunk>>)> {
        let chunks = self.chunks.read();
        let next = chunks.range(from / SPAN..).take(STRIDE);
        next.map(|(number, chunk)| (*number, chunk.clone())).collect()
    }

    fn next_after(&self, chunks: &[(u64, Arc<RwLock<Chunk>>)]) -> Option<u64> {
        chunks.last().map(|(number, _)| (number + 1) * SPAN)
    }

    fn chunk(&self, id: TaskId) -> Option<Arc<RwLock<Chunk>>> {
        self.chunks.read().get(&(id.0 / SPAN)).cloned()
    }

    fn chunk_for(&self, id: TaskId) -> Arc<RwLock<Chunk>> {
        match self.chunk(id) {
            Some(chunk) => chunk,
            None => self.chunks.write().entry(id.0 / SPAN).or_default().clone(),
        }
    }

    fn row(&self, record: &Record) -> Row {
        let task = &record.task;
        let find = |words: &Words| -> Option<[Word; 3]> {
            Some([
                words.find(Some(&task.kind))?,
                words.find(task.subject.as_deref())?,
                words.find(task.owner.as_deref())?,
            ])
        };
        let known = find(&self.words.read());
        let [kind, subject, owner] = known.unwrap_or_else(|| {
            let mut words = self.words.write();
            [
                words.learn(Some(&task.kind)),
                words.learn(task.subject.as_ref()),
                words.learn(task.owner.as_ref()),
            ]
        });
        Row::new(task, kind, subject, owner)
    }

    fn unpack(&self, row: &Row, kept: Kept) -> Found {
        match kept {
            Kept::Whole(record) => Found::Whole(record),
            Kept::Packed(packed) => {
                let (record, is_lean) = pack::unpack(&packed, row, &self.words.read());
                if is_lean { Found::Lean(record.into()) } else { Found::Whole(record.into()) }
            }
        }
    }
}

impl Chunk {
    fn position(&self, id: TaskId) -> Result<usize, usize> {
        // Where nothing was removed the place is known.
        let first = self.rows.first().map_or(0, |row| row.id);
        let guess = id.0.checked_sub(first).and_then(|at| usize::try_from(at).ok());
        match guess.filter(|at| self.rows.get(*at).is_some_and(|row| row.id == id.0)) {
            Some(at) => Ok(at),
            None => self.rows.binary_search_by_key(&id.0, |row| row.id),
        }
    }

    /// What was there before.
    fn put(&mut self, row: Row, kept: Kept) -> Option<Row> {
        match self.position(TaskId(row.id)) {
            Ok(at) => {
                self.tasks[at] = kept;
                Some(std::mem::replace(&mut self.rows[at], row))
            }
            Err(at) => {
                self.rows.insert(at, row);
                self.tasks.insert(at, kept);
                None
            }
        }
    }
}
