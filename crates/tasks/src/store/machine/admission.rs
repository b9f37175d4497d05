//! Which new tasks are accepted, and in which order they may run.

use std::{collections::HashMap, sync::Arc};

use jiff::Timestamp;

use crate::{
    PRIORITY_STEP, Priority, Status, TaskId,
    store::{CommandError, Limits, NewTask, Record, nanoseconds},
};

/// The numbers that new tasks are admitted by. A batch changes a copy.
#[derive(Clone, Copy, Default)]
pub(in crate::store) struct Counts {
    /// The highest id that was given out.
    pub(in crate::store) last_id: u64,
    /// The latest time of acceptance, so that a clock that is set back puts no task before others.
    latest: Timestamp,
    /// How many tasks there are, ended ones included.
    pub(super) tasks: usize,
    unfinished: usize,
    /// How many idempotency keys are kept.
    pub(super) requests: usize,
}

impl Counts {
    pub(in crate::store) fn restored(last_id: u64, requests: usize) -> Self {
        Self { last_id, requests, ..Self::default() }
    }

    /// Whether the task may be accepted beside those that there are.
    pub(super) fn admit(&self, new: &NewTask, of_owner: usize, limits: Limits) -> Result<(), CommandError> {
        if self.unfinished >= limits.max_unfinished {
            Err(CommandError::QueueFull)
        } else if self.tasks >= limits.max_tasks
            || new.idempotency.is_some() && self.requests >= limits.max_tasks
        {
            Err(CommandError::StoreFull)
        } else if of_owner >= limits.max_per_owner {
            Err(CommandError::OwnerLimit)
        } else {
            Ok(())
        }
    }

    pub(super) fn next_id(&mut self) -> TaskId {
        self.last_id += 1;
        TaskId(self.last_id)
    }

    /// The task's place in the queue, in nanoseconds.
    pub(super) fn rank(&mut self, created: Timestamp, priority: Priority) -> i64 {
        self.latest = self.latest.max(created);
        let step = i64::try_from(PRIORITY_STEP.as_nanos()).unwrap_or(i64::MAX);
        let latest = nanoseconds(self.latest);
        match priority {
            Priority::High => latest.saturating_sub(step),
            Priority::Normal => latest,
            Priority::Low => latest.saturating_add(step),
        }
    }

    /// A task has changed from one record to another; `None`: it is new.
    pub(super) fn change(&mut self, before: Option<&Record>, after: &Record) {
        self.tasks += usize::from(before.is_none());
        self.unfinished += usize::from(is_unfinished(after));
        self.unfinished -= usize::from(before.is_some_and(is_unfinished));
    }
}

/// How many unfinished tasks each owner has.
#[derive(Default)]
pub(super) struct Owners(HashMap<Arc<str>, usize>);

impl Owners {
    pub(super) fn unfinished(&self, owner: &Arc<str>) -> usize {
        self.0.get(owner).copied().unwrap_or_default()
    }

    /// What a change of a task means for its owner's number.
    pub(super) fn difference(before: Option<&Record>, after: &Record) -> Option<(Arc<str>, isize)> {
        let (was, is) = (before.is_some_and(is_unfinished), is_unfinished(after));
        let owner = after.task.owner.clone().filter(|_| was != is)?;
        Some((owner, if is { 1 } else { -1 }))
    }

    pub(super) fn add(&mut self, owner: Arc<str>, difference: isize) {
        let sum = self.unfinished(&owner).saturating_add_signed(difference);
        match sum {
            0 => drop(self.0.remove(&owner)),
            sum => drop(self.0.insert(owner, sum)),
        }
    }
}

fn is_unfinished(record: &Record) -> bool {
    matches!(record.task.status, Status::Waiting | Status::Running)
}
