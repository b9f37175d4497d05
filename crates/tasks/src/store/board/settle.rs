//! What becomes of the wishes that were granted: all of them come to be, or none.

use std::{collections::BTreeMap, sync::Arc};

use super::{Board, Life, Moment, News, Request, RequestKey};
use crate::{
    Status, TaskId,
    ids::Ids,
    store::{Notice, Record},
};

/// What the wishes that are not settled yet have changed.
#[derive(Default)]
pub(super) struct Batch {
    /// How each task was before the first of them.
    pub(super) before: BTreeMap<TaskId, Before>,
    /// Each with the one it takes the place of.
    pub(super) requests: Vec<(RequestKey, Option<Request>)>,
    /// Whose lanes are opened.
    pub(super) freed: Vec<TaskId>,
    /// Whose lanes stay shut although they are forgotten.
    pub(super) shut: Ids,
    /// Ends that a sweep took from the front of `Board::ended`.
    pub(super) swept: Vec<(i64, TaskId)>,
    /// What is about to be written of `Board::unwritten`.
    pub(super) writing: Ids,
}

/// How a task was.
pub(super) enum Before {
    Absent,
    Alive(Life),
    Ended(Arc<Record>),
}

/// What must be written down of one task.
pub(in crate::store) enum Row {
    New(Life),
    Changed(Life),
    Gone(TaskId),
}

/// What pollers should see from now on.
pub(in crate::store) enum Change {
    Put(Arc<Record>),
    Remove(TaskId),
}

/// What a task is to the queue.
enum Place {
    None,
    Waiting,
    Holding,
}

impl Place {
    fn of(life: Option<&Life>) -> Self {
        match life.map(|life| (life.record.task.status, life.keeps_lanes)) {
            Some((Status::Waiting, _)) => Self::Waiting,
            Some((Status::Running, _) | (_, true)) => Self::Holding,
            _ => Self::None,
        }
    }
}

impl Board {
    /// What is to be written down, as it is now.
    pub(in crate::store) fn rows(&mut self) -> Vec<Row> {
        let of = |id: &TaskId, before: Option<&Before>| match (before, self.lives.get(id)) {
            (Some(Before::Absent), None) | (None, None) => None,
            (Some(Before::Absent), Some(life)) => Some(Row::New(life.clone())),
            (_, Some(life)) => Some(Row::Changed(life.clone())),
            (Some(_), None) => Some(Row::Gone(*id)),
        };
        let touched = self.batch.before.iter().filter_map(|(id, before)| of(id, Some(before)));
        let untouched = self.unwritten.iter().filter(|id| !self.batch.before.contains_key(id));
        let rows = touched.chain(untouched.filter_map(|id| of(id, None))).collect();
        self.batch.writing = std::mem::take(&mut self.unwritten);
        rows
    }

    /// The requests that are to be written down.
    pub(in crate::store) fn new_requests(&self) -> Vec<(RequestKey, Request)> {
        let found = self.batch.requests.iter().filter_map(|(key, _)| self.requests.get_key_value(key));
        found.map(|(key, request)| (key.clone(), request.clone())).collect()
    }

    /// Tells of tasks that may be claimed although they are not settled.
    pub(in crate::store) fn take_early(&mut self) -> usize {
        std::mem::take(&mut self.early)
    }

    /// The highest id that was given out.
    pub(in crate::store) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Everything that was wished has come to be.
    pub(in crate::store) fn settle(&mut self, moment: Moment) -> News {
        let batch = std::mem::take(&mut self.batch);
        let mut news = News::default();
        let mut ready = self.take_early();
        for (id, before) in batch.before {
            ready += self.settle_place(id, &before, batch.shut.contains(&id));
            self.settle_record(id, &before, moment, &mut news);
        }
        ready += batch.freed.into_iter().map(|id| self.queue.remove(id)).sum::<usize>();
        news.1.extend((ready > 0).then_some(Notice::Work(ready)));
        news
    }

    /// How many tasks this has made ready.
    fn settle_place(&mut self, id: TaskId, before: &Before, is_shut: bool) -> usize {
        let is = self.lives.get(&id);
        // One that starts early got its place when it was submitted.
        let has_place = matches!(before, Before::Absent) && is.is_some_and(|life| life.starts_early);
        match (Place::of(before.life()), Place::of(is)) {
            (Place::None, Place::Waiting) if has_place => 0,
            (Place::None | Place::Holding, Place::Waiting) => {
                self.queue.remove(id) + usize::from(self.queue.push_life(id, is))
            }
            // What had ended before may have left lanes shut.
            (_, Place::None) if !is_shut && !matches!(before, Before::Ended(_)) => self.queue.remove(id),
            _ => 0,
        }
    }

    fn settle_record(&mut self, id: TaskId, before: &Before, moment: Moment, (changes, notices): &mut News) {
        let was = before.life().map(|life| &life.record);
        let Some(record) = self.lives.get(&id).map(|life| life.record.clone()) else {
            if was.is_some() {
                notices.push(Notice::Ended(id));
            }
            changes.push(Change::Remove(id));
            notices.push(Notice::Gone(id));
            return;
        };
        if was.is_some_and(|was| Arc::ptr_eq(was, &record)) {
            return;
        }
        notices.push(Notice::Changed(id));
        if record.task.status.has_ended() {
            self.lives.remove(&id);
            self.ended.push_back((moment.nanoseconds(), id));
            notices.push(Notice::Ended(id));
        } else if record.cancel_requested && !was.is_some_and(|was| was.cancel_requested) {
            notices.push(Notice::CancelRequested(id));
        }
        changes.push(Change::Put(record));
    }

    /// Nothing of what was wished has come to be. An id that was given out is not given out again all the same. Returns what
    /// the engines must know.
    pub(in crate::store) fn undo(&mut self) -> Vec<Notice> {
        let batch = std::mem::take(&mut self.batch);
        let (mut notices, mut ready) = (Vec::new(), 0);
        self.early = 0;
        for (id, before) in batch.before {
            let is = self.lives.remove(&id);
            let record = match &before {
                Before::Absent => None,
                Before::Alive(life) => Some(&life.record),
                Before::Ended(record) => Some(record),
            };
            self.tally(is.as_ref().map(|life| &life.record), record);
            if let (Before::Absent, Some(life)) = (&before, is) {
                // A claim that was to be written with it is undone, too; one made at once is not.
                let was_claimed = batch.writing.contains(&id) || self.unwritten.contains(&id);
                match Place::of(Some(&life)) {
                    // Its lanes stay shut until its thread has come back.
                    Place::Holding if was_claimed => notices.push(Notice::CancelRequested(id)),
                    _ => ready += self.queue.remove(id),
                }
            }
            if let Before::Alive(life) = before {
                if life.record.task.status == Status::Waiting {
                    // It was put out of reach, or taken.
                    ready += self.queue.remove(id) + usize::from(self.queue.push_life(id, Some(&life)));
                }
                self.lives.insert(id, life);
            }
        }
        for (key, before) in batch.requests.into_iter().rev() {
            match before {
                Some(before) => drop(self.requests.insert(key, before)),
                None => {
                    self.requests.remove(&key);
                    self.request_count -= 1;
                }
            }
        }
        for end in batch.swept.into_iter().rev() {
            self.ended.push_front(end);
        }
        self.unwritten.extend(batch.writing);
        notices.extend((ready > 0).then_some(Notice::Work(ready)));
        notices
    }
}

impl Before {
    fn life(&self) -> Option<&Life> {
        match self {
            Self::Alive(life) => Some(life),
            Self::Absent | Self::Ended(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Lane, Priority,
        store::{Limits, NewTask, Transition, board::Claim, shelf::Shelf},
    };

    const MOMENT: Moment = Moment { now: jiff::Timestamp::UNIX_EPOCH, elapsed: std::time::Duration::ZERO };

    fn submit(board: &mut Board) {
        let new = NewTask {
            kind: "test".into(),
            job: "{}".into(),
            description: "Be undone.".into(),
            lanes: vec![Lane::new("lane")],
            subject: None,
            priority: Priority::Normal,
            owner: None,
            transaction: None,
            files: Vec::new(),
            starts_early: true,
            idempotency: None,
        };
        let answer = board.apply(Transition::Submitted(new), MOMENT, Limits::default(), &Shelf::default());
        assert_eq!(answer.verdict, Ok(()));
    }

    #[test]
    fn a_claim_that_is_undone_with_its_task_leaves_no_lane_shut() {
        let mut board = Board::default();
        submit(&mut board);
        assert!(board.claim_on_disk(MOMENT).is_some());
        assert_eq!(board.undo(), [], "nobody has begun");
        submit(&mut board);
        assert!(board.claim_on_disk(MOMENT).is_some(), "the lane is free");
    }

    #[test]
    fn a_claim_that_was_made_at_once_keeps_its_lane_shut_until_it_is_freed() {
        let mut board = Board::default();
        submit(&mut board);
        assert!(matches!(board.claim(MOMENT).0, Claim::Got(_)));
        assert_eq!(board.undo(), [Notice::CancelRequested(TaskId(1))]);
        submit(&mut board);
        assert!(matches!(board.claim(MOMENT).0, Claim::Nothing));
        let freed = Transition::LanesFreed { id: TaskId(1) };
        assert_eq!(board.apply(freed, MOMENT, Limits::default(), &Shelf::default()).verdict, Ok(()));
        board.settle(MOMENT);
        assert!(matches!(board.claim(MOMENT).0, Claim::Got(_)));
    }
}
