//! The state machine: which wish is granted, and what it changes.
//!
//! Pure memory, no locks, no clock, no disk: a store gives it the wishes one after another, makes the [`Change`]s durable and
//! visible, and passes on the [`Notice`]s.

use std::{
    collections::{HashMap, VecDeque},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Answer, Claimed, Download, End, Limits, NewTask, Notice, Record, Refusal, Swept, Transition, queue::Queue,
};
use crate::{Lane, Report, Status, Task, TaskId};

/// All tasks and what may still happen to them.
#[derive(Default)]
pub(super) struct Board {
    last_id: u64,
    records: HashMap<TaskId, Arc<Record>>,
    unfinished: HashMap<TaskId, Life>,
    queue: Queue,
    /// Oldest end first. Tasks that were pruned are still named here until their time comes.
    ended: VecDeque<(Duration, TaskId)>,
    changes: Vec<Change>,
    notices: Vec<Notice>,
    orphans: Vec<PathBuf>,
    requests: HashMap<(Option<Arc<str>>, String), Request>,
}

/// A request that may come again.
struct Request {
    fingerprint: String,
    /// The task as it was answered first.
    record: Arc<Record>,
}

/// [`Idempotency::KEPT`]
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// What only matters until a task has ended.
struct Life {
    job: Arc<str>,
    lanes: Vec<Lane>,
    files: Vec<PathBuf>,
    sealed: Option<Sealed>,
}

struct Sealed {
    report: Arc<Report>,
    download: Option<Arc<Download>>,
}

/// What pollers should see from now on.
pub(super) enum Change {
    Put(Arc<Record>),
    Remove(TaskId),
}

/// The moment at which something happens.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) elapsed: Duration,
}

type Verdict = Result<(), Refusal>;

impl Board {
    /// What has changed since it was last asked, in order.
    pub(super) fn take_changes(&mut self) -> (Vec<Change>, Vec<Notice>) {
        (std::mem::take(&mut self.changes), std::mem::take(&mut self.notices))
    }

    pub(super) fn apply(&mut self, wish: Transition, moment: Moment, limits: Limits) -> Answer {
        let id = match wish {
            Transition::Submitted(new) => return self.submit(new, moment, limits),
            Transition::CancelRequested { id }
            | Transition::Sealed { id, .. }
            | Transition::Ended { id, .. }
            | Transition::HandedBack { id, .. }
            | Transition::LanesFreed { id }
            | Transition::Pruned { id } => id,
        };
        let before = self.records.get(&id).cloned();
        let verdict = match wish {
            Transition::Submitted(_) => Ok(()),
            Transition::CancelRequested { .. } => self.request_cancel(id, moment),
            Transition::Sealed { attempt, report, download, .. } => {
                self.seal(id, attempt, Sealed { report, download })
            }
            Transition::Ended { attempt, end, keep_lanes, .. } => {
                self.end(id, attempt, end, keep_lanes, moment)
            }
            Transition::HandedBack { attempt, was_cut_short, .. } => {
                self.hand_back(id, attempt, was_cut_short)
            }
            Transition::LanesFreed { .. } => self.free_lanes(id),
            Transition::Pruned { .. } => self.prune(id),
        };
        let files = std::mem::take(&mut self.orphans);
        Answer { verdict, record: self.records.get(&id).cloned().or(before), files }
    }

    fn submit(&mut self, mut new: NewTask, moment: Moment, limits: Limits) -> Answer {
        let request = new.idempotency.take().map(|known| ((new.owner.clone(), known.key), known.fingerprint));
        if let Some((key, fingerprint)) = &request
            && let Some(first) = self.requests.get(key)
            && first.record.task.created.duration_until(moment.now) < KEPT
        {
            let (verdict, record) = match first.fingerprint == *fingerprint {
                true => (Ok(()), Some(first.record.clone())),
                false => (Err(Refusal::KeyReused), None),
            };
            let files = if verdict.is_ok() { new.files } else { Vec::new() };
            return Answer { verdict, record, files };
        }
        if let Err(refusal) = self.admit(&new, limits) {
            return Answer { verdict: Err(refusal), record: None, files: Vec::new() };
        }
        self.last_id += 1;
        let id = TaskId(self.last_id);
        let task = Task {
            id,
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
        let life = Life { job: new.job, lanes: new.lanes, files: new.files, sealed: None };
        let is_ready = self.queue.push(id, life.lanes.clone());
        self.unfinished.insert(id, life);
        self.put(Record { task, interruptions: 0, cancel_requested: false, download: None });
        self.announce_work(usize::from(is_ready));
        let record = self.records.get(&id).cloned();
        if let (Some((key, fingerprint)), Some(record)) = (request, record.clone()) {
            self.requests.insert(key, Request { fingerprint, record });
        }
        Answer { verdict: Ok(()), record, files: Vec::new() }
    }

    fn admit(&self, new: &NewTask, limits: Limits) -> Verdict {
        let of_owner = |owner: &Arc<str>| {
            let unfinished = self.unfinished.keys().filter_map(|id| self.records.get(id));
            unfinished.filter(|record| record.task.owner.as_ref() == Some(owner)).count()
        };
        if self.unfinished.len() >= limits.max_unfinished {
            Err(Refusal::QueueFull)
        } else if self.records.len() >= limits.max_tasks || self.requests.len() >= limits.max_tasks {
            Err(Refusal::StoreFull)
        } else if limits.max_per_owner < usize::MAX
            && new.owner.as_ref().is_some_and(|owner| of_owner(owner) >= limits.max_per_owner)
        {
            Err(Refusal::OwnerLimit)
        } else {
            Ok(())
        }
    }

    pub(super) fn claim(&mut self, moment: Moment) -> Option<Claimed> {
        let id = self.queue.pop()?;
        let life = self.unfinished.get(&id)?;
        let mut record = Record::clone(self.records.get(&id)?);
        record.task.attempt += 1;
        record.task.status = Status::Running;
        record.task.started = Some(moment.now.max(record.task.created));
        let claimed = Claimed {
            id,
            attempt: record.task.attempt,
            kind: record.task.kind.clone(),
            job: life.job.clone(),
            files: life.files.clone(),
        };
        self.put(record);
        Some(claimed)
    }

    fn request_cancel(&mut self, id: TaskId, moment: Moment) -> Verdict {
        let mut record = Record::clone(self.records.get(&id).ok_or(Refusal::Unknown)?);
        if record.task.status == Status::Waiting {
            self.orphans =
                self.unfinished.get_mut(&id).map(|life| std::mem::take(&mut life.files)).unwrap_or_default();
            self.finish(record, Status::Cancelled, false, moment);
            return Ok(());
        }
        let is_sealed = self.unfinished.get(&id).is_some_and(|life| life.sealed.is_some());
        if record.task.status == Status::Running && !is_sealed && !record.cancel_requested {
            record.cancel_requested = true;
            self.put(record);
            self.notices.push(Notice::CancelRequested(id));
        }
        Ok(())
    }

    fn seal(&mut self, id: TaskId, attempt: u32, sealed: Sealed) -> Verdict {
        let record = self.running(id, attempt)?;
        let life = self.unfinished.get_mut(&id).ok_or(Refusal::Superseded)?;
        if record.cancel_requested {
            return Err(Refusal::CancelRequested);
        }
        if life.sealed.is_some() {
            return Err(Refusal::Sealed);
        }
        life.sealed = Some(sealed);
        Ok(())
    }

    fn end(&mut self, id: TaskId, attempt: u32, end: End, keep_lanes: bool, moment: Moment) -> Verdict {
        let mut record = Record::clone(&*self.running(id, attempt)?);
        let life = self.unfinished.get_mut(&id).ok_or(Refusal::Superseded)?;
        let status = match end {
            End::Finished(report) => {
                let sealed = match life.sealed.take() {
                    Some(sealed) => sealed,
                    None if record.cancel_requested => return Err(Refusal::CancelRequested),
                    None => Sealed { report, download: None },
                };
                record.task.result = Some(sealed.report);
                record.download = sealed.download;
                Status::Finished
            }
            End::Failed(error, report) => {
                record.task.error = Some(error);
                record.task.result = report;
                Status::Failed
            }
            End::Cancelled if life.sealed.is_some() => return Err(Refusal::Sealed),
            End::Cancelled if !record.cancel_requested => return Err(Refusal::NotCancelled),
            End::Cancelled => Status::Cancelled,
        };
        self.finish(record, status, keep_lanes, moment);
        Ok(())
    }

    fn finish(&mut self, mut record: Record, status: Status, keep_lanes: bool, moment: Moment) {
        let id = record.task.id;
        record.task.status = status;
        record.task.finished = Some(moment.now.max(record.task.started.unwrap_or(record.task.created)));
        self.unfinished.remove(&id);
        self.ended.push_back((moment.elapsed, id));
        self.put(record);
        self.notices.push(Notice::Ended(id));
        if !keep_lanes {
            let ready = self.queue.remove(id);
            self.announce_work(ready);
        }
    }

    fn hand_back(&mut self, id: TaskId, attempt: u32, was_cut_short: bool) -> Verdict {
        let mut record = Record::clone(&*self.running(id, attempt)?);
        let life = self.unfinished.get_mut(&id).ok_or(Refusal::Superseded)?;
        if life.sealed.is_some() && !was_cut_short {
            return Err(Refusal::Sealed);
        }
        if record.cancel_requested {
            return Err(Refusal::CancelRequested);
        }
        life.sealed = None;
        let lanes = life.lanes.clone();
        record.task.status = Status::Waiting;
        record.task.started = None;
        record.interruptions += u32::from(was_cut_short);
        self.put(record);
        let ready = self.queue.remove(id) + usize::from(self.queue.push(id, lanes));
        self.announce_work(ready);
        Ok(())
    }

    fn free_lanes(&mut self, id: TaskId) -> Verdict {
        if self.unfinished.contains_key(&id) {
            return Err(Refusal::Unfinished);
        }
        let ready = self.queue.remove(id);
        self.announce_work(ready);
        Ok(())
    }

    fn prune(&mut self, id: TaskId) -> Verdict {
        let record = self.records.get(&id).ok_or(Refusal::Unknown)?;
        if !record.task.status.has_ended() {
            return Err(Refusal::Unfinished);
        }
        self.remove(id);
        Ok(())
    }

    /// Forgets up to `at_most` tasks that ended `keep` ago.
    pub(super) fn sweep(&mut self, keep: Duration, at_most: usize, moment: Moment) -> Swept {
        let mut swept = Swept::default();
        self.requests.retain(|_, first| first.record.task.created.duration_until(moment.now) < KEPT);
        while let Some(&(end, id)) = self.ended.front() {
            let left = end.saturating_add(keep).saturating_sub(moment.elapsed);
            if !left.is_zero() || swept.gone.len() == at_most {
                swept.next = Some(left);
                break;
            }
            self.ended.pop_front();
            swept.gone.extend(self.remove(id));
        }
        swept
    }

    fn running(&self, id: TaskId, attempt: u32) -> Result<Arc<Record>, Refusal> {
        let record = self.records.get(&id).ok_or(Refusal::Superseded)?;
        if record.task.status != Status::Running || record.task.attempt != attempt {
            return Err(Refusal::Superseded);
        }
        Ok(record.clone())
    }

    fn put(&mut self, record: Record) {
        let id = record.task.id;
        let record = Arc::new(record);
        self.records.insert(id, record.clone());
        self.changes.push(Change::Put(record));
        self.notices.push(Notice::Changed(id));
    }

    fn remove(&mut self, id: TaskId) -> Option<Arc<Record>> {
        let record = self.records.remove(&id)?;
        self.changes.push(Change::Remove(id));
        self.notices.push(Notice::Gone(id));
        Some(record)
    }

    fn announce_work(&mut self, ready: usize) {
        self.notices.extend(std::iter::repeat_n(Notice::Work, ready));
    }
}
