//! What both stores keep in memory of unfinished tasks, and how a batch of commands changes it.
//!
//! A batch is evaluated against an [`Overlay`], which changes nothing. The store makes the resulting [`Batch`] durable and then
//! [merges](Machine::merge) it, or drops it with [`abort`](Machine::abort). In between, waiting tasks that are not in the batch
//! may be [claimed](Machine::claim). There is no lock, clock or disk here.

mod active_task;
mod admission;
mod batch;
mod claim;
mod overlay;
mod requests;
mod restore;
mod retention;

use std::{
    collections::{HashMap, HashSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

pub use self::active_task::INTERRUPTED_TWICE;
pub(super) use self::{
    active_task::ActiveTask,
    batch::{Batch, Row},
    claim::Claims,
    overlay::{Overlay, Recalled},
    requests::{Request, RequestKey},
};
use self::{
    admission::{Counts, Owners},
    retention::Retention,
};
use super::{AttemptKey, Beat, Signal, queue::Queue};
use crate::{Lane, Status, TaskId};

/// All unfinished tasks. Ended ones are in the read model.
#[derive(Default)]
pub(super) struct Machine {
    active: HashMap<TaskId, ActiveTask>,
    queue: Queue,
    counts: Counts,
    owners: Owners,
    /// The requests that may be repeated, unless the store keeps them elsewhere.
    requests: HashMap<RequestKey, Request>,
    retention: Retention,
    /// Tasks that were claimed in memory since the last batch.
    unwritten: HashSet<TaskId>,
    orphans: Vec<TaskId>,
}

/// The moment at which something happens.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// The time of day.
    pub(super) now: Timestamp,
    /// The time since the clock was made.
    pub(super) elapsed: Duration,
}

impl Moment {
    fn nanoseconds(self) -> i64 {
        i64::try_from(self.elapsed.as_nanos()).unwrap_or(i64::MAX)
    }
}

impl Machine {
    /// The highest id that was given out.
    pub(super) fn last_id(&self) -> u64 {
        self.counts.last_id
    }

    /// Whether any request may be repeated.
    pub(super) fn has_requests(&self) -> bool {
        self.counts.requests > 0
    }

    /// The files of all unfinished tasks.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.active.values().flat_map(|task| task.files.iter().cloned()).collect()
    }

    /// The intents of all sealed tasks.
    pub(super) fn sealed_intents(&self) -> Vec<Arc<str>> {
        self.active.values().filter_map(|task| task.state.seal.as_ref()?.intent.clone()).collect()
    }

    /// What attempts must know that still run.
    pub(super) fn signals(&self, beats: &[Beat]) -> Vec<Signal> {
        let signal = |beat: &Beat| match self.running(beat.attempt) {
            None => Some(Signal::Lost(beat.attempt)),
            Some(task) => task.state.record.cancel_requested.then_some(Signal::Cancel(beat.attempt)),
        };
        beats.iter().filter_map(signal).collect()
    }

    /// Occupies a lane for a running attempt; the receiver tells when. `None`: the attempt is over.
    pub(super) fn enter(
        &mut self,
        attempt: AttemptKey,
        lane: Lane,
    ) -> Option<tokio::sync::oneshot::Receiver<()>> {
        self.running(attempt)?;
        self.queue.enter(attempt.id, lane)
    }

    /// Frees a lane that an attempt has entered. How many tasks have become ready.
    pub(super) fn leave(&mut self, attempt: AttemptKey, lane: &Lane) -> usize {
        match self.running(attempt).is_some() {
            true => self.queue.leave(attempt.id, lane),
            false => 0,
        }
    }

    fn running(&self, attempt: AttemptKey) -> Option<&ActiveTask> {
        let task = self.active.get(&attempt.id)?;
        (task.state.status() == Status::Running && task.key() == attempt).then_some(task)
    }

    fn push(&mut self, task: &ActiveTask) -> bool {
        self.queue.push(task.id(), &task.state.record.task.kind, &task.needed_lanes(), task.rank)
    }
}
