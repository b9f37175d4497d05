//! Which tasks a list should hold.

use jiff::Timestamp;

use crate::{Status, Task, TaskId};

/// Lets tasks through that meet every condition given; by default all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Only tasks of one of these statuses; of any, if none is named.
    pub status: Vec<Status>,
    /// Only jobs of this kind.
    pub kind: Option<String>,
    /// Only tasks on this subject.
    pub subject: Option<String>,
    /// Only tasks on one of these subjects, such as those that a caller may see. An empty list matches no task.
    pub within: Option<Vec<String>>,
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
        let is = |wanted: &Option<String>, is: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| is == Some(wanted))
        };
        (self.status.is_empty() || self.status.contains(&task.status))
            && is(&self.kind, Some(&task.kind))
            && is(&self.subject, task.subject.as_deref())
            && is(&self.owner, task.owner.as_deref())
            && self.within.as_ref().is_none_or(|within| {
                task.subject.as_deref().is_some_and(|subject| within.iter().any(|one| one == subject))
            })
            && self.since.is_none_or(|since| task.created >= since)
            && self.before.is_none_or(|before| task.created < before)
            && self.after.is_none_or(|after| task.id > after)
    }
}

/// How many tasks there are, by status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// [`Status::Waiting`].
    pub waiting: usize,
    /// [`Status::Running`].
    pub running: usize,
    /// [`Status::Finished`].
    pub finished: usize,
    /// [`Status::Failed`].
    pub failed: usize,
    /// [`Status::Cancelled`].
    pub cancelled: usize,
}

impl Totals {
    /// How many in all.
    pub fn all(&self) -> usize {
        self.waiting + self.running + self.finished + self.failed + self.cancelled
    }

    /// The number of this status.
    pub fn of(&mut self, status: Status) -> &mut usize {
        match status {
            Status::Waiting => &mut self.waiting,
            Status::Running => &mut self.running,
            Status::Finished => &mut self.finished,
            Status::Failed => &mut self.failed,
            Status::Cancelled => &mut self.cancelled,
        }
    }
}
