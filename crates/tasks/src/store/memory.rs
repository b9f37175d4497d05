//! A store that forgets everything when the process ends.

use std::{sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{
    AttemptKey, Beat, Claimed, Command, Listener, Outcome, Record, RecordPage, Signal, Store, StoreFuture,
    Swept, WorkerId, lanes,
    machine::{Machine, Moment, Overlay, Recalled},
    read_model::ReadModel,
    subscribers::Subscribers,
};
use crate::{
    Counters, Filter, Lane, TaskId, Totals,
    clock::{Clock, SystemClock},
};

/// How many tasks one sweep forgets before other commands are carried out.
const SWEEP_AT_ONCE: usize = 1024;

/// A [`Store`] in memory: for tests, and for programs that need nothing on disk.
///
/// A clone is the same store. What it holds is "durable" as soon as it is in memory.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    machine: Mutex<Machine>,
    read_model: ReadModel,
    subscribers: Subscribers,
}

impl MemoryStore {
    /// An empty store that goes by the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::default()))
    }

    /// An empty store that goes by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            clock,
            machine: Mutex::default(),
            read_model: ReadModel::default(),
            subscribers: Subscribers::default(),
        }))
    }

    /// Evaluates a batch, merges it, and informs the listeners.
    fn change<T>(&self, evaluate: impl FnOnce(&mut Overlay<'_>) -> T) -> T {
        let inner = &*self.0;
        let (outcome, notices) = {
            let mut machine = inner.machine.lock();
            let moment = Moment { now: inner.clock.now(), elapsed: inner.clock.elapsed() };
            let mut overlay = Overlay::new(&machine, &inner.read_model, Recalled::default(), moment);
            let outcome = evaluate(&mut overlay);
            let mut batch = overlay.into_batch();
            machine.keep_requests(&mut batch);
            (outcome, machine.merge(batch, &inner.read_model))
        };
        inner.subscribers.notify(notices);
        outcome
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Store for MemoryStore {
    fn subscribe(&self, listener: Arc<dyn Listener>) {
        self.0.subscribers.add(listener);
    }

    fn apply(&self, commands: Vec<Command>) -> StoreFuture<'_, Vec<Outcome>> {
        Box::pin(async move {
            Ok(self.change(|overlay| commands.into_iter().map(|command| overlay.apply(command)).collect()))
        })
    }

    fn claim<'a>(
        &'a self,
        _: &'a WorkerId,
        kinds: &'a [&'a str],
        max: usize,
    ) -> StoreFuture<'a, Vec<Claimed>> {
        Box::pin(async move {
            Ok(self.change(|overlay| std::iter::from_fn(|| overlay.claim(kinds)).take(max).collect()))
        })
    }

    fn heartbeat<'a>(&'a self, _: &'a WorkerId, beats: Vec<Beat>) -> StoreFuture<'a, Vec<Signal>> {
        Box::pin(async move { Ok(self.0.machine.lock().signals(&beats)) })
    }

    fn enter(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()> {
        Box::pin(lanes::enter(&self.0.machine, attempt, lane))
    }

    fn leave(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()> {
        Box::pin(async move {
            lanes::leave(&self.0.machine, &self.0.subscribers, attempt, &lane);
            Ok(())
        })
    }

    fn sweep(&self, keep: Duration) -> StoreFuture<'_, Swept> {
        Box::pin(async move { Ok(self.change(|overlay| overlay.sweep(keep, SWEEP_AT_ONCE))) })
    }

    fn get<'a>(&'a self, ids: &'a [TaskId]) -> StoreFuture<'a, Vec<Option<Arc<Record>>>> {
        Box::pin(async move { Ok(ids.iter().map(|id| self.0.read_model.get(*id)?.record).collect()) })
    }

    fn page<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, RecordPage> {
        Box::pin(async move {
            let page = self.0.read_model.page(filter).await;
            let records = page.entries.into_iter().filter_map(|entry| entry.record).collect();
            Ok(RecordPage { records, next: page.next })
        })
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Totals> {
        Box::pin(async move { Ok(self.0.read_model.totals(filter).await) })
    }

    fn counters(&self) -> StoreFuture<'_, Counters> {
        Box::pin(async move { Ok(self.0.read_model.counters()) })
    }
}
