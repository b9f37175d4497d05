//! Which new tasks are accepted, and in which order they may run.

use std::{
    collections::HashMap,
    ops::{AddAssign, Sub},
    sync::Arc,
};

use jiff::Timestamp;

use super::ActiveTask;
use crate::{
    PRIORITY_STEP, Priority, TaskId,
    store::{CommandError, Limits, NewTask, nanoseconds},
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
    unfinished: Load,
    /// How many idempotency keys are kept.
    pub(super) requests: usize,
}

impl Counts {
    pub(in crate::store) fn restored(last_id: u64, requests: usize) -> Self {
        Self { last_id, requests, ..Self::default() }
    }

    /// Whether the task may be accepted beside those that there are.
    pub(super) fn admit(&self, new: &NewTask, of_owner: Load, limits: Limits) -> Result<(), CommandError> {
        let bytes = new.bytes();
        if self.unfinished.tasks >= limits.max_unfinished
            || self.unfinished.bytes.saturating_add(bytes) > limits.max_bytes
        {
            Err(CommandError::QueueFull)
        } else if self.tasks >= limits.max_tasks
            || new.idempotency.is_some() && self.requests >= limits.max_tasks
        {
            Err(CommandError::StoreFull)
        } else if of_owner.tasks >= limits.max_per_owner
            || of_owner.tasks > 0 && of_owner.bytes.saturating_add(bytes) > limits.max_bytes / 2
        {
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

    /// A task has been added, or has changed, which makes this difference.
    pub(super) fn change(&mut self, is_new: bool, difference: LoadDifference) {
        self.tasks += usize::from(is_new);
        self.unfinished += difference;
    }
}

/// Unfinished tasks, and the bytes of what they were submitted with.
#[derive(Clone, Copy, Default)]
pub(super) struct Load {
    tasks: usize,
    bytes: usize,
}

/// What changes a [`Load`].
#[derive(Clone, Copy, Default)]
pub(super) struct LoadDifference {
    tasks: isize,
    bytes: isize,
}

impl Load {
    /// What this task adds; `None`: no task.
    pub(super) fn of(task: Option<&ActiveTask>) -> Self {
        match task.filter(|task| !task.state.status().has_ended()) {
            Some(task) => Self { tasks: 1, bytes: task.bytes() },
            None => Self::default(),
        }
    }
}

impl Sub for Load {
    type Output = LoadDifference;

    fn sub(self, before: Self) -> LoadDifference {
        let difference = |now: usize, before: usize| now.cast_signed().wrapping_sub(before.cast_signed());
        LoadDifference {
            tasks: difference(self.tasks, before.tasks),
            bytes: difference(self.bytes, before.bytes),
        }
    }
}

impl AddAssign<LoadDifference> for Load {
    fn add_assign(&mut self, difference: LoadDifference) {
        self.tasks = self.tasks.saturating_add_signed(difference.tasks);
        self.bytes = self.bytes.saturating_add_signed(difference.bytes);
    }
}

impl LoadDifference {
    /// Whether there are more or fewer tasks than before.
    pub(super) fn changes_tasks(self) -> bool {
        self.tasks != 0
    }
}

impl AddAssign for LoadDifference {
    fn add_assign(&mut self, other: Self) {
        self.tasks += other.tasks;
        self.bytes += other.bytes;
    }
}

/// The unfinished tasks of each owner.
#[derive(Default)]
pub(super) struct Owners(HashMap<Arc<str>, Load>);

impl Owners {
    pub(super) fn unfinished(&self, owner: &Arc<str>) -> Load {
        self.0.get(owner).copied().unwrap_or_default()
    }

    pub(super) fn add(&mut self, owner: Arc<str>, difference: LoadDifference) {
        let mut sum = self.unfinished(&owner);
        sum += difference;
        match sum.tasks {
            0 => drop(self.0.remove(&owner)),
            _ => drop(self.0.insert(owner, sum)),
        }
    }
}
