//! A store that forgets everything when the program ends.

use std::{future, sync::Arc, time::Duration};

use parking_lot::Mutex;

use super::{
    Answer, Answering, Claimed, Journal, Limits, Listener, Record, Swept, Transition, View,
    attached::Attached,
    board::{Board, Moment},
    shelf::{Found, Shelf},
};
use crate::{
    Counters, Filter, TaskId, Totals,
    clock::{Clock, SystemClock},
};

/// How many tasks one sweep forgets before others get their turn.
const SWEEP_AT_ONCE: usize = 1024;

/// A [`Store`](super::Store) in memory: for tests, and for programs that want nothing on disk.
///
/// A clone is the same store. What it holds is "durable" as soon as it is in memory.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    board: Mutex<Board>,
    shelf: Shelf,
    attached: Attached,
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
            board: Mutex::default(),
            shelf: Shelf::default(),
            attached: Attached::default(),
        }))
    }

    /// Does something to the board, makes it visible, and tells of it once the board is free again.
    fn change<T>(&self, act: impl FnOnce(&mut Board, Moment) -> T) -> T {
        let (outcome, notices) = {
            let mut board = self.0.board.lock();
            let moment = Moment { now: self.0.clock.now(), elapsed: self.0.clock.elapsed() };
            let outcome = act(&mut board, moment);
            let (changes, notices) = board.settle(moment);
            changes.into_iter().for_each(|change| self.0.shelf.apply(change));
            (outcome, notices)
        };
        self.0.attached.tell(notices);
        outcome
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl Journal for MemoryStore {
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits) {
        self.0.attached.add(listener, limits);
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        let limits = self.0.attached.limits();
        let answers = self.change(|board, moment| {
            wishes.into_iter().map(|wish| board.apply(wish, moment, limits, &self.0.shelf)).collect()
        });
        Box::pin(future::ready(Ok(answers)))
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        let claimed = self.change(|board, moment| board.claim_on_disk(moment));
        Box::pin(future::ready(Ok(claimed)))
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        let swept = self.change(|board, moment| {
            board.expire_requests(moment.now);
            board.sweep(keep, SWEEP_AT_ONCE, moment, &self.0.shelf)
        });
        Box::pin(future::ready(Ok(swept)))
    }
}

impl View for MemoryStore {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        Box::pin(future::ready(Ok(self.0.shelf.get(id))))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let found = self.0.shelf.list(filter).await;
            Ok(found.into_iter().map(Found::into_record).collect())
        })
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        Box::pin(async move { Ok(self.0.shelf.totals(filter).await) })
    }

    fn counters(&self) -> Counters {
        self.0.shelf.counters()
    }
}
