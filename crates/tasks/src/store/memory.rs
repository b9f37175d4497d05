//! A store that forgets everything when the program ends.

use std::{future, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};

use super::{
    Answer, Answering, Claimed, Journal, Limits, Listener, Record, Swept, Transition, View,
    board::{Board, Moment},
    shelf::Shelf,
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
    attached: RwLock<Attached>,
}

struct Attached {
    listeners: Arc<[Arc<dyn Listener>]>,
    limits: Limits,
}

impl MemoryStore {
    /// An empty store that goes by the machine's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::default()))
    }

    /// An empty store that goes by this clock.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let attached = Attached { listeners: Arc::default(), limits: Limits::default() };
        Self(Arc::new(Inner {
            clock,
            board: Mutex::default(),
            shelf: Shelf::default(),
            attached: RwLock::new(attached),
        }))
    }

    /// Does something to the board, makes it visible, and tells of it once the board is free again.
    fn change<T>(&self, act: impl FnOnce(&mut Board, Moment) -> T) -> T {
        let (outcome, notices) = {
            let mut board = self.0.board.lock();
            let moment = Moment { now: self.0.clock.now(), elapsed: self.0.clock.elapsed() };
            let outcome = act(&mut board, moment);
            let (changes, notices) = board.take_changes();
            changes.into_iter().for_each(|change| self.0.shelf.apply(change));
            (outcome, notices)
        };
        if !notices.is_empty() {
            let listeners = self.0.attached.read().listeners.clone();
            for notice in notices {
                listeners.iter().for_each(|listener| listener.notice(notice));
            }
        }
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
        let mut attached = self.0.attached.write();
        attached.listeners = attached.listeners.iter().cloned().chain([listener]).collect();
        attached.limits = limits;
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        let limits = self.0.attached.read().limits;
        let answers = self.change(|board, moment| {
            wishes.into_iter().map(|wish| board.apply(wish, moment, limits)).collect()
        });
        Box::pin(future::ready(Ok(answers)))
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        let claimed = self.change(|board, moment| board.claim(moment));
        Box::pin(future::ready(Ok(claimed)))
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        let swept = self.change(|board, moment| board.sweep(keep, SWEEP_AT_ONCE, moment));
        Box::pin(future::ready(Ok(swept)))
    }
}

impl View for MemoryStore {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        Box::pin(future::ready(Ok(self.0.shelf.get(id))))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        Box::pin(async move {
            let limit = filter.limit.unwrap_or(usize::MAX);
            let mut found = Vec::new();
            let mut from = filter.after.map_or(0, |id| id.0.saturating_add(1));
            while found.len() < limit
                && let Some(next) = self.0.shelf.look_through(from, filter, &mut found)
            {
                from = next;
                tokio::task::yield_now().await;
            }
            found.truncate(limit);
            Ok(found)
        })
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        Box::pin(async move {
            let mut totals = Totals::default();
            let all = Filter { after: None, limit: None, ..filter.clone() };
            for record in self.list(&all).await? {
                *totals.of(record.task.status) += 1;
            }
            Ok(totals)
        })
    }

    fn counters(&self) -> Counters {
        self.0.shelf.counters()
    }
}
