//! A store in a SQLite database, for one process at a time.
//!
//! Everything that is asked for often is in memory; the database is the part of it that survives the process.

mod copy;
mod history;
mod open;
mod reader;
mod rows;
mod schema;
mod wal_preallocation;
mod writer;

use std::{path::PathBuf, sync::Arc, thread::JoinHandle, time::Duration};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

pub use self::{
    copy::{CopyError, DatabaseCopy},
    history::{EndedTask, HistoryOptions},
    open::{OpenError, SqliteOptions},
};
use self::{
    open::BeforeCommit,
    reader::Reader,
    writer::{Reply, WriteRequest},
};
use super::{
    AttemptKey, Beat, Claimed, Command, Listener, Orphan, Outcome, Record, RecordPage, Signal, Store,
    StoreError, StoreFuture, Swept, WorkerId, lanes,
    machine::{Claims, Machine, Moment},
    read_model::{Entry, ReadModel},
    subscribers::Subscribers,
};
use crate::{Counters, Filter, Lane, TaskId, Totals, clock::Clock};

/// A [`Store`] in a SQLite database.
///
/// What it answers is on the disk: a submit, a cancel, a seal, an end and a prune wait for it, many of them together. Only the
/// claim of a task that was accepted since the store was opened does not wait: if the process ends before the claim is written,
/// the task waits again.
///
/// The database is for one process at a time; the caller makes sure of that. A clone is the same store.
#[derive(Clone)]
pub struct SqliteStore(Arc<Owned>);

/// Closes the database with the last handle.
struct Owned {
    shared: Arc<Shared>,
    reader: Reader,
    /// The way to the writer, until it is closed.
    requests: Mutex<Option<mpsc::Sender<WriteRequest>>>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    path: PathBuf,
    clock: Arc<dyn Clock>,
    machine: Mutex<Machine>,
    read_model: ReadModel,
    subscribers: Subscribers,
    /// Why nothing can be written, as long as that is so.
    health: Mutex<Option<Arc<StoreError>>>,
    before_commit: Option<Box<BeforeCommit>>,
}

impl SqliteStore {
    /// The files that were given to tasks which have not ended.
    pub fn files(&self) -> Vec<PathBuf> {
        self.shared().machine.lock().files()
    }

    /// The intents of the tasks that are sealed and have not ended, as JSON: what they refer to must not be removed before they
    /// are recovered.
    pub fn sealed_intents(&self) -> Vec<Arc<str>> {
        self.shared().machine.lock().sealed_intents()
    }

    /// What is remembered of ended tasks: of those that pass the filter and are not of one of these kinds, oldest first, as many as
    /// its limit, or [`Page::MAX`](crate::Page::MAX). Blocks; the filter is applied row by row.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn history(&self, filter: &Filter, without_kinds: &[&str]) -> Result<Vec<EndedTask>, StoreError> {
        let read = schema::open_to_read(&self.shared().path)
            .and_then(|database| history::read(&database, filter, without_kinds));
        read.map_err(|error| StoreError::new("reading the history of tasks", Some(error.to_string().into())))
    }

    /// Closes the database once the earlier requests are written: everything is in its one file then. Later requests are
    /// errors, except for what can be read from memory. Blocks.
    pub fn close(&self) {
        self.0.close();
    }

    fn shared(&self) -> &Shared {
        &self.0.shared
    }

    async fn write<T>(&self, request: impl FnOnce(Reply<T>) -> WriteRequest) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let stopped = || StoreError::new("the task store has stopped", None);
        let requests = self.0.requests.lock().clone().ok_or_else(stopped)?;
        requests.send(request(reply)).await.map_err(|_| stopped())?;
        // The writer ends when the last sender is dropped, which must not wait for its answer.
        drop(requests);
        answer.await.map_err(|_| stopped())?
    }

    /// Claims tasks without waiting for the disk; `None` if the next claim has to be durable.
    fn claim_in_memory(&self, kinds: &[&str], max: usize) -> Option<Vec<Claimed>> {
        let shared = self.shared();
        let claims = shared.machine.lock().claim(kinds, max, shared.moment(), &shared.read_model);
        let Claims::Made(claims, notices) = claims else { return None };
        if !claims.is_empty()
            && let Some(requests) = &*self.0.requests.lock()
        {
            // If the queue is full, the writer is about to write the claims anyway.
            let _ = requests.try_send(WriteRequest::WriteClaims);
        }
        shared.subscribers.notify(notices);
        Some(claims)
    }

    /// The records of these tasks; `None` for each that is gone.
    async fn records(&self, entries: Vec<Option<Entry>>) -> Result<Vec<Option<Arc<Record>>>, StoreError> {
        let on_disk: Vec<_> =
            entries.iter().flatten().filter(|entry| entry.record.is_none()).map(|entry| entry.id).collect();
        if on_disk.is_empty() {
            return Ok(entries.into_iter().map(|entry| entry?.record).collect());
        }
        let mut read = self.0.reader.records(on_disk).await?.into_iter();
        let record = |entry: Option<Entry>| entry?.record.or_else(|| read.next().flatten());
        Ok(entries.into_iter().map(record).collect())
    }
}

impl Shared {
    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), elapsed: self.clock.elapsed() }
    }
}

impl Owned {
    fn close(&self) {
        // The writer ends last, because only it can checkpoint the log.
        self.reader.close();
        *self.requests.lock() = None;
        let writer = self.writer.lock().take();
        if let Some(writer) = writer
            // The last handle may be dropped by a listener, on the writer's own thread.
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.close();
    }
}

impl Store for SqliteStore {
    fn subscribe(&self, listener: Arc<dyn Listener>) {
        self.shared().subscribers.add(listener);
    }

    fn apply(&self, commands: Vec<Command>) -> StoreFuture<'_, Vec<Outcome>> {
        Box::pin(self.write(|reply| WriteRequest::Apply(commands, reply)))
    }

    fn claim<'a>(
        &'a self,
        _: &'a WorkerId,
        kinds: &'a [&'a str],
        max: usize,
    ) -> StoreFuture<'a, Vec<Claimed>> {
        Box::pin(async move {
            // No job should start whose end cannot be written: if the disk has failed, the claim tries it again.
            if self.health().is_ok()
                && self.0.requests.lock().is_some()
                && let Some(claims) = self.claim_in_memory(kinds, max)
            {
                return Ok(claims);
            }
            let kinds = kinds.iter().map(|kind| (*kind).to_owned()).collect();
            self.write(|reply| WriteRequest::Claim(kinds, max, reply)).await
        })
    }

    fn heartbeat<'a>(&'a self, _: &'a WorkerId, beats: Vec<Beat>) -> StoreFuture<'a, Vec<Signal>> {
        Box::pin(async move { Ok(self.shared().machine.lock().signals(&beats)) })
    }

    fn enter(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()> {
        Box::pin(lanes::enter(&self.shared().machine, attempt, lane))
    }

    fn leave(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            lanes::leave(&self.shared().machine, &self.shared().subscribers, attempt, &lane);
            Ok(())
        })
    }

    fn recover<'a>(&'a self, _: &'a WorkerId) -> StoreFuture<'a, Vec<Orphan>> {
        Box::pin(self.write(WriteRequest::Recover))
    }

    fn sweep(&self, keep: Duration) -> StoreFuture<'_, Swept> {
        Box::pin(self.write(move |reply| WriteRequest::Sweep(keep, reply)))
    }

    fn get<'a>(&'a self, ids: &'a [TaskId]) -> StoreFuture<'a, Vec<Option<Arc<Record>>>> {
        Box::pin(async move {
            self.records(ids.iter().map(|id| self.shared().read_model.get(*id)).collect()).await
        })
    }

    fn page<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, RecordPage> {
        Box::pin(async move {
            let page = self.shared().read_model.page(filter).await;
            let records = self.records(page.entries.into_iter().map(Some).collect()).await?;
            Ok(RecordPage { records: records.into_iter().flatten().collect(), next: page.next })
        })
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Totals> {
        Box::pin(async move { Ok(self.shared().read_model.totals(filter).await) })
    }

    fn counters(&self) -> StoreFuture<'_, Counters> {
        Box::pin(async move { Ok(self.shared().read_model.counters()) })
    }

    fn health(&self) -> Result<(), Arc<StoreError>> {
        self.shared().health.lock().clone().map_or(Ok(()), Err)
    }
}
