//! Going on with what an earlier program left.

use std::time::Duration;

use super::{Board, Life, Moment};
use crate::{Status, TaskId};

impl Board {
    /// A board on which nothing has happened since ids up to this were given out.
    pub(in crate::store) fn continued(last_id: u64, request_count: usize) -> Self {
        Self { last_id, request_count, ..Self::default() }
    }

    /// Takes up an unfinished task; in the order of the ids. One that was running holds its lanes until its rescue.
    pub(in crate::store) fn take_up(&mut self, mut life: Life) {
        let id = life.record.task.id;
        life.rank = self.rank(&life.record.task);
        life.is_veteran = true;
        self.queue.push_life(id, Some(&life));
        if life.record.task.status == Status::Running {
            self.queue.take(id);
            self.orphans.push(id);
        }
        let record = life.record.clone();
        self.lives.insert(id, life);
        self.tally(None, Some(&record));
    }

    /// Takes up tasks that have ended so long ago; the order does not matter.
    pub(in crate::store) fn take_up_ended(&mut self, mut ended: Vec<(Duration, TaskId)>, moment: Moment) {
        ended.sort_unstable_by(|a, b| b.cmp(a));
        self.count += ended.len();
        let now = moment.nanoseconds();
        let end = |age: Duration| now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        self.ended = ended.into_iter().map(|(age, id)| (end(age), id)).collect();
    }
}
