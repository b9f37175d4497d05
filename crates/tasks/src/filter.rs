//! Which tasks a list should hold.

use jiff::Timestamp;

use crate::{Status, Task, TaskId};

/// Lets tasks through that meet every condition given; by default all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only tasks of this status.
    pub status: Option<Status>,
    /// Only jobs of this kind.
    pub kind: Option<String>,
    /// Only tasks of this owner.
    pub owner: Option<String>,
    /// Only tasks created at this moment or later.
    pub since: Option<Timestamp>,
    /// Only tasks created before this moment.
    pub before: Option<Timestamp>,
    /// Only tasks with a greater id: the last one of the page before.
    pub after: Option<TaskId>,
    /// At most so many, the oldest of them.
    pub limit: Option<usize>,
}

impl Filter {
    /// Whether the task meets every condition but `limit`.
    pub fn lets_through(&self, task: &Task) -> bool {
        self.status.is_none_or(|status| task.status == status)
            && self.kind.as_deref().is_none_or(|kind| *task.kind == *kind)
            && self.owner.as_deref().is_none_or(|owner| task.owner.as_deref() == Some(owner))
            && self.since.is_none_or(|since| task.created >= since)
            && self.before.is_none_or(|before| task.created < before)
            && self.after.is_none_or(|after| task.id > after)
    }
}
