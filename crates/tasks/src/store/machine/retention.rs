//! When ended tasks are forgotten.

use std::{collections::VecDeque, time::Duration};

use super::Moment;
use crate::TaskId;

/// The ends of tasks, oldest first, in nanoseconds of [`Moment::elapsed`]; those from before the process started are negative.
/// A pruned task stays in the list until its time has come.
#[derive(Default)]
pub(super) struct Retention(VecDeque<(i64, TaskId)>);

impl Retention {
    /// The ends of tasks that ended so long ago, in any order.
    pub(super) fn restored(mut ended: Vec<(Duration, TaskId)>, moment: Moment) -> Self {
        ended.sort_unstable_by(|a, b| b.cmp(a));
        let now = moment.nanoseconds();
        let end = |age: Duration| now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        Self(ended.into_iter().map(|(age, id)| (end(age), id)).collect())
    }

    pub(super) fn push(&mut self, id: TaskId, moment: Moment) {
        self.0.push_back((moment.nanoseconds(), id));
    }

    /// The ended task at this place of the list, and how long it has to be kept yet.
    pub(super) fn get(&self, index: usize, keep: Duration, moment: Moment) -> Option<(TaskId, Duration)> {
        let (end, id) = *self.0.get(index)?;
        let age = Duration::from_nanos(u64::try_from(moment.nanoseconds().saturating_sub(end)).unwrap_or(0));
        Some((id, keep.saturating_sub(age)))
    }

    pub(super) fn remove_first(&mut self, count: usize) {
        self.0.drain(..count.min(self.0.len()));
    }

    /// Removes pruned tasks from the list once it is longer than twice the number of kept tasks, plus 1024.
    pub(super) fn compact(&mut self, tasks: usize, is_kept: impl Fn(TaskId) -> bool) {
        const SMALL: usize = 1024;
        if self.0.len() > 2 * tasks + SMALL {
            self.0.retain(|(_, id)| is_kept(*id));
        }
    }
}
