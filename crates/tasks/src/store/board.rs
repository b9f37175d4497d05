//! The state machine: which wish is granted, and what it changes.
//!
//! Pure memory, no locks, no clock, no disk. A store gives it the wishes of many callers one after another, makes what they
//! changed durable together, and then either [settles](Board::settle) them, which makes the changes visible and lets what they
//! freed be claimed, or [undoes](Board::undo) them, as if nobody had wished anything.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque, hash_map::Entry},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use super::{
    Answer, Claimed, Download, End, Idempotency, Limits, NewTask, Notice, Orphan, Record, Refusal,
    SealedEffect, Swept, Transition, nanoseconds, queue::Queue, shelf::Shelf,
};
use crate::{Lane, PRIORITY_STEP, Priority, Report, Status, Task, TaskId};

/// All unfinished tasks and what may still happen to them; those that have ended are on the [`Shelf`].
#[derive(Default)]
pub(super) struct Board {
    last_id: u64,
    /// The latest moment at which a task was accepted, so that a clock that is set back puts nobody before others.
    latest: Timestamp,
    /// The unfinished tasks, and those that end with the wishes that are not settled yet.
    lives: HashMap<TaskId, Life>,
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
    unwritten: HashSet<TaskId>,
    orphans: Vec<TaskId>,
    batch: Batch,
}

/// What the wishes that are not settled yet have changed.
#[derive(Default)]
struct Batch {
    /// How each task was before the first of them.
    before: BTreeMap<TaskId, Before>,
    /// Each with the one it takes the place of.
    requests: Vec<(RequestKey, Option<Request>)>,
    /// Whose lanes are opened.
    freed: Vec<TaskId>,
    /// Whose lanes stay shut although they are forgotten.
    shut: HashSet<TaskId>,
    /// Ends that a sweep took from the front of `Board::ended`.
    swept: Vec<(i64, TaskId)>,
    /// What is about to be written of `Board::unwritten`.
    writing: HashSet<TaskId>,
}

/// How a task was.
enum Before {
    Absent,
    Alive(Life),
    Ended(Arc<Record>),
}

/// A task that has not ended, or just has.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) record: Arc<Record>,
    pub(super) job: Arc<str>,
    pub(super) lanes: Arc<[Lane]>,
    pub(super) files: Arc<[PathBuf]>,
    pub(super) sealed: Option<Arc<Seal>>,
    /// Its lanes stay shut although it has ended.
    keeps_lanes: bool,
    /// It was found unfinished when the store was opened: an earlier start may have brought the program down, so the next one
    /// is on the disk before the task runs.
    is_veteran: bool,
    rank: i64,
}

/// What was said at the point of no return.
pub(super) struct Seal {
    pub(super) intent: Option<Arc<str>>,
    pub(super) report: Arc<Report>,
    pub(super) download: Option<Arc<Download>>,
}

/// A request as its owner calls it.
pub(super) type RequestKey = (Option<Arc<str>>, String);

/// A request that may come again.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) fingerprint: String,
    /// The task as it was answered first.
    pub(super) record: Arc<Record>,
}

/// What must be written down of one task.
pub(super) enum Row {
    New(Life),
    Changed(Life),
    Gone(TaskId),
}

/// What pollers should see from now on.
pub(super) enum Change {
    Put(Arc<Record>),
    Remove(TaskId),
}

/// Whether there is something to run.
pub(super) enum Claim {
    Nothing,
    /// The next one has to be claimed on the disk first.
    OnDisk,
    Got(Claimed),
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

// Granting wishes.
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
                self.hand_back(id, attempt, was_cut_short)
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
            lanes: new.lanes.into(),
            files: new.files.into(),
            sealed: None,
            keeps_lanes: false,
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
            Status::Running if life.sealed.is_none() && !life.record.cancel_requested => {
                life.change(|record| record.cancel_requested = true);
                self.alter(id, Some(life));
            }
            _ => {}
        }
        Vec::new()
    }

    fn seal(&mut self, id: TaskId, attempt: u32, seal: Seal) -> Verdict {
        let mut life = self.running(id, attempt)?;
        if life.record.cancel_requested {
            return Err(Refusal::CancelRequested);
        }
        if life.sealed.is_some() {
            return Err(Refusal::Sealed);
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
        (life.sealed, life.job, life.files) = (None, "".into(), [].into());
        self.alter(life.record.task.id, Some(life));
    }

    fn hand_back(&mut self, id: TaskId, attempt: u32, was_cut_short: bool) -> Verdict {
        let mut life = self.running(id, attempt)?;
        if life.sealed.is_some() && !was_cut_short {
            return Err(Refusal::Sealed);
        }
        if life.record.cancel_requested {
            return Err(Refusal::CancelRequested);
        }
        life.sealed = None;
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

// Giving tasks out.
impl Board {
    /// Takes the next task at once: a crash that forgets it only makes the task wait again. What must not be forgotten is
    /// claimed [on the disk](Self::claim_on_disk).
    pub(super) fn claim(&mut self, moment: Moment) -> (Claim, News) {
        let Some(id) = self.queue.next() else { return (Claim::Nothing, News::default()) };
        if self.lives.get(&id).is_some_and(|life| life.is_veteran) {
            return (Claim::OnDisk, News::default());
        }
        let Some(life) = self.take_next(moment) else { return (Claim::Nothing, News::default()) };
        let claimed = life.claimed();
        let news = (vec![Change::Put(life.record.clone())], vec![Notice::Changed(id)]);
        self.lives.insert(id, life);
        self.unwritten.insert(id);
        (Claim::Got(claimed), news)
    }

    /// Takes the next task as a wish like others, to be settled or undone.
    pub(super) fn claim_on_disk(&mut self, moment: Moment) -> Option<Claimed> {
        let life = self.take_next(moment)?;
        let claimed = life.claimed();
        self.alter(claimed.id, Some(life));
        Some(claimed)
    }

    fn take_next(&mut self, moment: Moment) -> Option<Life> {
        let id = self.queue.pop()?;
        let mut life = self.lives.get(&id)?.clone();
        life.change(|record| {
            let task = &mut record.task;
            task.attempt += 1;
            task.status = Status::Running;
            task.started = Some(moment.now.max(task.created));
        });
        Some(life)
    }

    /// The files of all that has not ended.
    pub(super) fn files(&self) -> Vec<PathBuf> {
        self.lives.values().flat_map(|life| life.files.iter().cloned()).collect()
    }

    /// What was running when the program before this one ended; said once.
    pub(super) fn take_orphans(&mut self) -> Vec<Orphan> {
        let orphans = std::mem::take(&mut self.orphans);
        let lives = orphans.iter().filter_map(|id| self.lives.get(id));
        lives
            .map(|life| Orphan {
                claimed: life.claimed(),
                cut_short: life.record.task.attempt,
                interruptions: life.record.interruptions,
                cancel_requested: life.record.cancel_requested,
                sealed: life.sealed.as_ref().map(|seal| SealedEffect {
                    intent: seal.intent.clone(),
                    download: seal.download.clone(),
                }),
            })
            .collect()
    }
}

// Settling and undoing.
impl Board {
    /// What is to be written down, as it is now.
    pub(super) fn rows(&mut self) -> Vec<Row> {
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
    pub(super) fn new_requests(&self) -> Vec<(RequestKey, Request)> {
        let found = self.batch.requests.iter().filter_map(|(key, _)| self.requests.get_key_value(key));
        found.map(|(key, request)| (key.clone(), request.clone())).collect()
    }

    /// The highest id that was given out.
    pub(super) fn last_id(&self) -> u64 {
        self.last_id
    }

    /// Everything that was wished has come to be.
    pub(super) fn settle(&mut self, moment: Moment) -> News {
        let batch = std::mem::take(&mut self.batch);
        let mut news = News::default();
        let mut ready = 0;
        for (id, before) in batch.before {
            ready += self.settle_place(id, before.life(), batch.shut.contains(&id));
            self.settle_record(id, &before, moment, &mut news);
        }
        ready += batch.freed.into_iter().map(|id| self.queue.remove(id)).sum::<usize>();
        news.1.extend(std::iter::repeat_n(Notice::Work, ready));
        news
    }

    /// How many tasks this has made ready.
    fn settle_place(&mut self, id: TaskId, was: Option<&Life>, is_shut: bool) -> usize {
        let is = self.lives.get(&id);
        match (Place::of(was), Place::of(is)) {
            (Place::None, Place::Waiting) => usize::from(self.queue.push_life(id, is)),
            (Place::Holding, Place::Waiting) => {
                self.queue.remove(id) + usize::from(self.queue.push_life(id, is))
            }
            (Place::Waiting | Place::Holding, Place::None) if !is_shut => self.queue.remove(id),
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

    /// Nothing of what was wished has come to be. An id that was given out is not given out again all the same.
    pub(super) fn undo(&mut self) {
        let batch = std::mem::take(&mut self.batch);
        for (id, before) in batch.before {
            let is = self.lives.remove(&id);
            let record = match &before {
                Before::Absent => None,
                Before::Alive(life) => Some(&life.record),
                Before::Ended(record) => Some(record),
            };
            self.tally(is.as_ref().map(|life| &life.record), record);
            if let Before::Alive(life) = before {
                if life.record.task.status == Status::Waiting {
                    // It was put out of reach, or taken.
                    self.queue.remove(id);
                    self.queue.push_life(id, Some(&life));
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
    }
}

// What is remembered of requests.
impl Board {
    /// Learns of a request that is remembered elsewhere.
    pub(super) fn recall(&mut self, key: RequestKey, request: Request) {
        self.requests.entry(key).or_insert(request);
    }

    /// Leaves it to somebody else to remember requests.
    pub(super) fn forget_requests(&mut self) {
        self.requests.clear();
    }

    /// Whether any is remembered.
    pub(super) fn has_requests(&self) -> bool {
        self.request_count > 0
    }

    /// Forgets the requests whose time is over.
    pub(super) fn expire_requests(&mut self, now: Timestamp) {
        self.requests.retain(|_, first| first.counts_at(now));
        self.request_count = self.requests.len();
    }

    /// So many requests are not remembered any more.
    pub(super) fn count_expired(&mut self, requests: usize) {
        self.request_count = self.request_count.saturating_sub(requests);
    }
}

// Taking up what an earlier program left.
impl Board {
    /// A board on which nothing has happened since ids up to this were given out.
    pub(super) fn continued(last_id: u64, request_count: usize) -> Self {
        Self { last_id, request_count, ..Self::default() }
    }

    /// Takes up an unfinished task; in the order of the ids. One that was running holds its lanes until its rescue.
    pub(super) fn take_up(&mut self, mut life: Life) {
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
    pub(super) fn take_up_ended(&mut self, mut ended: Vec<(Duration, TaskId)>, moment: Moment) {
        ended.sort_unstable_by(|a, b| b.cmp(a));
        self.count += ended.len();
        let now = moment.nanoseconds();
        let end = |age: Duration| now.saturating_sub(i64::try_from(age.as_nanos()).unwrap_or(i64::MAX));
        self.ended = ended.into_iter().map(|(age, id)| (end(age), id)).collect();
    }
}

impl Life {
    /// A task as it was written down.
    pub(super) fn stored(
        record: Record,
        job: Arc<str>,
        lanes: Arc<[Lane]>,
        files: Arc<[PathBuf]>,
        sealed: Option<Seal>,
    ) -> Self {
        let sealed = sealed.map(Arc::new);
        let record = Arc::new(record);
        Self { record, job, lanes, files, sealed, keeps_lanes: false, is_veteran: true, rank: 0 }
    }

    fn change(&mut self, change: impl FnOnce(&mut Record)) {
        let mut record = Record::clone(&self.record);
        change(&mut record);
        self.record = Arc::new(record);
    }

    fn claimed(&self) -> Claimed {
        Claimed {
            id: self.record.task.id,
            attempt: self.record.task.attempt,
            kind: self.record.task.kind.clone(),
            job: self.job.clone(),
            files: self.files.to_vec(),
        }
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

impl Request {
    fn counts_at(&self, now: Timestamp) -> bool {
        // Whoever sets the clock back makes nobody's request count twice.
        let age = Duration::try_from(now.duration_since(self.record.task.created)).unwrap_or_default();
        age < Idempotency::KEPT
    }
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

impl Queue {
    fn push_life(&mut self, id: TaskId, life: Option<&Life>) -> bool {
        life.is_some_and(|life| self.push(id, life.lanes.clone(), life.rank))
    }
}

fn refused(refusal: Refusal) -> Answer {
    Answer { verdict: Err(refusal), record: None, files: Vec::new() }
}
