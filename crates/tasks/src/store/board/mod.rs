//! The state machine: which wish is granted, and what it changes.
//!
//! Pure memory, no locks, no clock, no disk. A store gives it the wishes of many callers one after another, makes what they
//! changed durable together, and then either [settles](Board::settle) them, which makes the changes visible and lets what they
//! freed be claimed, or [undoes](Board::undo) them, as if nobody had wished anything.

mod claim;
mod life;
mod requests;
mod settle;
mod take_up;

use std::{
    collections::{HashMap, VecDeque, hash_map::Entry},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use self::settle::{Batch, Before};
pub(super) use self::{
    claim::Claim,
    life::{Life, Seal},
    requests::{Request, RequestKey},
    settle::{Change, Row},
};
use super::{
    Answer, End, Limits, NewTask, Notice, Record, Refusal, Swept, Transition, nanoseconds, queue::Queue,
    shelf::Shelf,
};
use crate::{
    PRIORITY_STEP, Priority, Status, Task, TaskId,
    ids::{ById, Ids},
};

/// All unfinished tasks and what may still happen to them; those that have ended are on the [`Shelf`].
#[derive(Default)]
pub(super) struct Board {
    last_id: u64,
    /// The latest moment at which a task was accepted, so that a clock that is set back puts nobody before others.
    latest: Timestamp,
    /// The unfinished tasks, and those that end with the wishes that are not settled yet.
    lives: ById<Life>,
    queue: Queue,
    /// Oldest end first, in nanoseconds of [`Moment::elapsed`]; what ended before the program began is below zero. Tasks
    /// that were pruned are still named here until their time comes.
    ended: VecDeque<(i64, TaskId)>,
    /// How many tasks there are, ended ones included.
    count: usize,
    unfinished: usize,
    /// Unfinished tasks by owner.
    owners: HashMap<Arc<str>, usize>,
    requests: HashMap<RequestKey, Request>,
    /// How many requests are remembered, here or on a disk.
    request_count: usize,
    /// Tasks whose last change is visible, but not on a disk.
    unwritten: Ids,
    orphans: Vec<TaskId>,
    batch: Batch,
    /// How many tasks have become ready that are not settled.
    early: usize,
}

/// The moment at which something happens.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) elapsed: Duration,
}

impl Moment {
    fn nanoseconds(self) -> i64 {
        i64::try_from(self.elapsed.as_nanos()).unwrap_or(i64::MAX)
    }
}

/// Changes and the notices of them, in order.
pub(super) type News = (Vec<Change>, Vec<Notice>);

type Verdict = Result<(), Refusal>;

impl Board {
    pub(super) fn apply(
        &mut self,
        wish: Transition,
        moment: Moment,
        limits: Limits,
        shelf: &Shelf,
    ) -> Answer {
        let id = match wish {
            Transition::Submitted(new) => return self.submit(new, moment, limits),
            Transition::CancelRequested { id }
            | Transition::Sealed { id, .. }
            | Transition::Ended { id, .. }
            | Transition::HandedBack { id, .. }
            | Transition::LanesFreed { id }
            | Transition::Pruned { id } => id,
        };
        let before = self.record(id, shelf);
        let mut files = Vec::new();
        let verdict = match wish {
            Transition::Submitted(_) => Ok(()),
            Transition::CancelRequested { .. } if before.is_none() => Err(Refusal::Unknown),
            Transition::CancelRequested { .. } => {
                files = self.request_cancel(id, moment);
                Ok(())
            }
            Transition::Sealed { attempt, intent, report, download, .. } => {
                self.seal(id, attempt, Seal { intent, report, download })
            }
            Transition::Ended { attempt, end, keep_lanes, .. } => {
                self.end(id, attempt, end, keep_lanes, moment)
            }
            Transition::HandedBack { attempt, was_cut_short, .. } => {
                self.hand_back(id, attempt, was_cut_short, moment)
            }
            Transition::LanesFreed { .. } => self.free_lanes(id),
            Transition::Pruned { .. } => self.prune(id, before.as_ref()),
        };
        Answer { verdict, record: self.lives.get(&id).map(|life| life.record.clone()).or(before), files }
    }

    fn submit(&mut self, mut new: NewTask, moment: Moment, limits: Limits) -> Answer {
        let request = new.idempotency.take().map(|known| ((new.owner.clone(), known.key), known.fingerprint));
        if let Some((key, fingerprint)) = &request
            && let Some(first) = self.requests.get(key).filter(|first| first.counts_at(moment.now))
        {
            return match first.fingerprint == *fingerprint {
                true => Answer { verdict: Ok(()), record: Some(first.record.clone()), files: new.files },
                false => refused(Refusal::KeyReused),
            };
        }
        if let Err(refusal) = self.admit(&new, request.is_some(), limits) {
            return refused(refusal);
        }
        let life = self.new_life(new, moment);
        let record = life.record.clone();
        if life.starts_early {
            self.early += usize::from(self.queue.push_life(record.task.id, Some(&life)));
        }
        self.alter(record.task.id, Some(life));
        if let Some((key, fingerprint)) = request {
            let before = self.requests.insert(key.clone(), Request { fingerprint, record: record.clone() });
            self.request_count += usize::from(before.is_none());
            self.batch.requests.push((key, before));
        }
        Answer { verdict: Ok(()), record: Some(record), files: Vec::new() }
    }

    fn admit(&self, new: &NewTask, has_key: bool, limits: Limits) -> Verdict {
        let of_owner = |owner: &Arc<str>| self.owners.get(owner).copied().unwrap_or_default();
        if self.unfinished >= limits.max_unfinished {
            Err(Refusal::QueueFull)
        } else if self.count >= limits.max_tasks || has_key && self.request_count >= limits.max_tasks {
            Err(Refusal::StoreFull)
        } else if new.owner.as_ref().is_some_and(|owner| of_owner(owner) >= limits.max_per_owner) {
            Err(Refusal::OwnerLimit)
        } else {
            Ok(())
        }
    }

    fn new_life(&mut self, new: NewTask, moment: Moment) -> Life {
        self.last_id += 1;
        let task = Task {
            id: TaskId(self.last_id),
            kind: new.kind,
            status: Status::Waiting,
            description: new.description,
            subject: new.subject,
            priority: new.priority,
            transaction: new.transaction,
            owner: new.owner,
            attempt: 0,
            created: moment.now,
            started: None,
            finished: None,
            progress: None,
            result: None,
            error: None,
        };
        Life {
            rank: self.rank(&task),
            record: Arc::new(Record { task, interruptions: 0, cancel_requested: false, download: None }),
            job: new.job,
            lanes: shared(new.lanes),
            files: shared(new.files),
            sealed: None,
            keeps_lanes: false,
            starts_early: new.starts_early,
            is_veteran: false,
        }
    }

    /// When the task's turn is, in nanoseconds: that of its acceptance, and of its priority.
    fn rank(&mut self, task: &Task) -> i64 {
        self.latest = self.latest.max(task.created);
        let step = i64::try_from(PRIORITY_STEP.as_nanos()).unwrap_or(i64::MAX);
        let latest = nanoseconds(self.latest);
        match task.priority {
            Priority::High => latest.saturating_sub(step),
            Priority::Normal => latest,
            Priority::Low => latest.saturating_add(step),
        }
    }

    /// The files of a task that will not run; whatever it was, nothing is said of it here.
    fn request_cancel(&mut self, id: TaskId, moment: Moment) -> Vec<PathBuf> {
        let Some(life) = self.lives.get(&id) else { return Vec::new() };
        let mut life = life.clone();
        match life.record.task.status {
            Status::Waiting => {
                // Out of reach at once, although its place is only given to others when this is settled.
                self.queue.hold(id);
                let files = life.files.to_vec();
                self.finish(life, moment, |record| record.task.status = Status::Cancelled);
                return files;
            }
            // Past its point of no return it counts only if a crash makes the seal void.
            Status::Running if !life.record.cancel_requested => {
                life.change(|record| record.cancel_requested = true);
                self.alter(id, Some(life));
            }
            _ => {}
        }
        Vec::new()
    }

    fn seal(&mut self, id: TaskId, attempt: u32, seal: Seal) -> Verdict {
        let mut life = self.running(id, attempt)?;
        if life.sealed.is_some() {
            return Err(Refusal::Sealed);
        }
        if life.record.cancel_requested {
            return Err(Refusal::CancelRequested);
        }
        life.sealed = Some(Arc::new(seal));
        self.alter(id, Some(life));
        Ok(())
    }

    fn end(&mut self, id: TaskId, attempt: u32, end: End, keep_lanes: bool, moment: Moment) -> Verdict {
        let mut life = self.running(id, attempt)?;
        let is_cancelled = life.record.cancel_requested;
        life.keeps_lanes = keep_lanes;
        match end {
            End::Finished(report) => {
                let (report, download) = match life.sealed.take() {
                    Some(seal) => (seal.report.clone(), seal.download.clone()),
                    None if is_cancelled => return Err(Refusal::CancelRequested),
                    None => (report, None),
                };
                self.finish(life, moment, |record| {
                    record.task.status = Status::Finished;
                    record.task.result = Some(report);
                    record.download = download;
                });
            }
            End::Failed(error, report) => self.finish(life, moment, |record| {
                record.task.status = Status::Failed;
                record.task.error = Some(error);
                record.task.result = report;
            }),
            End::Cancelled if life.sealed.is_some() => return Err(Refusal::Sealed),
            End::Cancelled if !is_cancelled => return Err(Refusal::NotCancelled),
            End::Cancelled => self.finish(life, moment, |record| record.task.status = Status::Cancelled),
        }
        Ok(())
    }

    fn finish(&mut self, mut life: Life, moment: Moment, end: impl FnOnce(&mut Record)) {
        life.change(|record| {
            let task = &mut record.task;
            task.finished = Some(moment.now.max(task.started.unwrap_or(task.created)));
            end(record);
        });
        (life.sealed, life.job, life.files) = (None, Arc::default(), Arc::default());
        self.alter(life.record.task.id, Some(life));
    }

    fn hand_back(&mut self, id: TaskId, attempt: u32, was_cut_short: bool, moment: Moment) -> Verdict {
        let mut life = self.running(id, attempt)?;
        match (was_cut_short, life.record.cancel_requested) {
            (false, _) if life.sealed.is_some() => return Err(Refusal::Sealed),
            (false, true) => return Err(Refusal::CancelRequested),
            (true, true) => {
                self.finish(life, moment, |record| record.task.status = Status::Cancelled);
                return Ok(());
            }
            (_, false) => {}
        }
        (life.sealed, life.starts_early) = (None, false);
        life.change(|record| {
            record.task.status = Status::Waiting;
            record.task.started = None;
            record.interruptions += u32::from(was_cut_short);
        });
        self.alter(id, Some(life));
        Ok(())
    }

    fn free_lanes(&mut self, id: TaskId) -> Verdict {
        if self.lives.get(&id).is_some_and(|life| !life.record.task.status.has_ended()) {
            return Err(Refusal::Unfinished);
        }
        self.batch.freed.push(id);
        Ok(())
    }

    fn prune(&mut self, id: TaskId, record: Option<&Arc<Record>>) -> Verdict {
        let record = record.ok_or(Refusal::Unknown)?;
        if !record.task.status.has_ended() {
            return Err(Refusal::Unfinished);
        }
        self.forget(id, record);
        Ok(())
    }

    /// Forgets up to `at_most` tasks that ended `keep` ago.
    pub(super) fn sweep(&mut self, keep: Duration, at_most: usize, moment: Moment, shelf: &Shelf) -> Swept {
        let mut swept = Swept::default();
        while let Some(&(end, id)) = self.ended.front() {
            let age =
                Duration::from_nanos(u64::try_from(moment.nanoseconds().saturating_sub(end)).unwrap_or(0));
            let left = keep.saturating_sub(age);
            if !left.is_zero() || swept.gone.len() == at_most {
                swept.next = Some(left);
                break;
            }
            self.ended.pop_front();
            self.batch.swept.push((end, id));
            if let Some(record) = self.record(id, shelf) {
                self.forget(id, &record);
                swept.gone.push(record);
            }
        }
        swept
    }

    fn forget(&mut self, id: TaskId, record: &Arc<Record>) {
        match self.lives.get(&id).map(|life| life.keeps_lanes) {
            Some(keeps_lanes) => {
                if keeps_lanes {
                    self.batch.shut.insert(id);
                }
                self.alter(id, None);
            }
            None => {
                self.batch.before.insert(id, Before::Ended(record.clone()));
                self.tally(Some(record), None);
            }
        }
    }

    fn running(&self, id: TaskId, attempt: u32) -> Result<Life, Refusal> {
        let life = self.lives.get(&id).ok_or(Refusal::Superseded)?;
        let task = &life.record.task;
        match task.status == Status::Running && task.attempt == attempt {
            true => Ok(life.clone()),
            false => Err(Refusal::Superseded),
        }
    }

    /// The task as it will be once everything is settled.
    fn record(&self, id: TaskId, shelf: &Shelf) -> Option<Arc<Record>> {
        match self.lives.get(&id) {
            Some(life) => Some(life.record.clone()),
            None if self.batch.before.contains_key(&id) => None,
            None => shelf.get(id),
        }
    }

    fn alter(&mut self, id: TaskId, after: Option<Life>) {
        let record = after.as_ref().map(|life| life.record.clone());
        let before = match after {
            Some(life) => self.lives.insert(id, life),
            None => self.lives.remove(&id),
        };
        self.tally(before.as_ref().map(|life| &life.record), record.as_ref());
        self.batch.before.entry(id).or_insert_with(|| before.map_or(Before::Absent, Before::Alive));
    }

    /// Keeps the counts that the limits go by.
    fn tally(&mut self, before: Option<&Arc<Record>>, after: Option<&Arc<Record>>) {
        let is_unfinished = |record: &&Arc<Record>| !record.task.status.has_ended();
        self.count = self.count + usize::from(after.is_some()) - usize::from(before.is_some());
        let (before, after) = (before.filter(is_unfinished), after.filter(is_unfinished));
        self.unfinished = self.unfinished + usize::from(after.is_some()) - usize::from(before.is_some());
        match (before, after) {
            (None, Some(record)) => {
                if let Some(owner) = &record.task.owner {
                    *self.owners.entry(owner.clone()).or_default() += 1;
                }
            }
            (Some(record), None) => {
                if let Some(owner) = record.task.owner.clone()
                    && let Entry::Occupied(mut count) = self.owners.entry(owner)
                {
                    *count.get_mut() -= 1;
                    if *count.get() == 0 {
                        count.remove();
                    }
                }
            }
            _ => {}
        }
    }
}

fn refused(refusal: Refusal) -> Answer {
    Answer { verdict: Err(refusal), record: None, files: Vec::new() }
}

/// Most lists are empty, and those take no memory.
fn shared<T>(items: Vec<T>) -> Arc<[T]> {
    if items.is_empty() { Arc::default() } else { items.into() }
}
