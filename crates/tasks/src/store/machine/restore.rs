//! Continues with what an earlier process has left.

use std::time::Duration;

use super::{
    ActiveTask, Machine, Moment,
    admission::{Counts, Load},
    retention::Retention,
};
use crate::{Status, TaskId};

impl Machine {
    /// A machine without tasks, after ids up to this one were given out.
    pub(in crate::store) fn restored(last_id: u64, requests: usize) -> Self {
        Self { counts: Counts::restored(last_id, requests), ..Self::default() }
    }

    /// Adds an unfinished task; called in the order of the ids. One that was running occupies its lanes until it is recovered.
    pub(in crate::store) fn restore(&mut self, mut task: ActiveTask) {
        let record = task.state.record.clone();
        task.rank = self.counts.rank(record.task.created, record.task.priority);
        task.restored = true;
        self.push(&task);
        if task.state.status() == Status::Running {
            self.queue.take(task.id());
            self.orphans.push(task.id());
        }
        let difference = Load::of(Some(&task)) - Load::default();
        self.counts.change(true, difference);
        if let Some(owner) = record.task.owner.clone() {
            self.owners.add(owner, difference);
        }
        self.active.insert(task.id(), task);
    }

    /// Adds tasks that ended so long ago, in any order.
    pub(in crate::store) fn restore_ended(&mut self, ended: Vec<(Duration, TaskId)>, moment: Moment) {
        self.counts.tasks += ended.len();
        self.retention = Retention::restored(ended, moment);
    }
}
