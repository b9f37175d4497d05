//! A store in its plainest form, to compare others with: no index, and every question is answered by going through all tasks.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use longhaul_tasks::{
    Lane, PRIORITY_STEP, Priority, Status, TaskId,
    store::{
        AttemptKey, Command, CommandError, End, INTERRUPTED_TWICE, Idempotency, Limits, NewTask, Signal,
        TaskCommand,
    },
};

#[derive(Clone, Default)]
pub(crate) struct Model {
    /// All tasks that there ever were, oldest first.
    pub(crate) tasks: Vec<ModelTask>,
    requests: Vec<Request>,
    /// Attempts that wait to enter a lane, in the order in which they asked.
    entering: Vec<(AttemptKey, Lane)>,
}

#[derive(Clone, Debug)]
pub(crate) struct ModelTask {
    pub(crate) id: TaskId,
    pub(crate) status: Status,
    pub(crate) attempt: u32,
    pub(crate) fence: u64,
    pub(crate) interruptions: u32,
    pub(crate) is_cancelled: bool,
    pub(crate) is_sealed: bool,
    /// It was pruned or swept.
    pub(crate) is_gone: bool,
    /// When it ended, by the time that has elapsed.
    ended: Duration,
    rank: i64,
    kind: Arc<str>,
    owner: Option<Arc<str>>,
    lanes: Vec<Lane>,
    occupies_lanes: bool,
    /// Lanes that it has entered: one entry for each time.
    entered: Vec<Lane>,
}

/// A submit with an idempotency key.
#[derive(Clone)]
struct Request {
    owner: Option<Arc<str>>,
    idempotency: Idempotency,
    id: TaskId,
}

/// What a submit has to be answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Submitted {
    New,
    Repeated(TaskId),
    Refused(CommandError),
}

impl Model {
    pub(crate) fn key(&self, index: usize) -> AttemptKey {
        AttemptKey { id: self.tasks[index].id, fence: self.tasks[index].fence }
    }

    pub(crate) fn expected_of_submit(&self, new: &NewTask, limits: Limits) -> Submitted {
        if let Some(idempotency) = &new.idempotency {
            let is_it =
                |request: &&Request| request.owner == new.owner && request.idempotency.key == idempotency.key;
            match self.requests.iter().find(is_it) {
                Some(request) if request.idempotency == *idempotency => {
                    return Submitted::Repeated(request.id);
                }
                Some(_) => return Submitted::Refused(CommandError::KeyReused),
                None => {}
            }
        }
        let unfinished = self.tasks.iter().filter(|task| !task.status.has_ended());
        let of_owner = unfinished.clone().filter(|task| task.owner.is_some() && task.owner == new.owner);
        let kept = self.tasks.iter().filter(|task| !task.is_gone);
        if unfinished.count() >= limits.max_unfinished {
            Submitted::Refused(CommandError::QueueFull)
        } else if kept.count() >= limits.max_tasks {
            Submitted::Refused(CommandError::StoreFull)
        } else if of_owner.count() >= limits.max_per_owner {
            Submitted::Refused(CommandError::OwnerLimit)
        } else {
            Submitted::New
        }
    }

    /// A task was accepted after so much time.
    pub(crate) fn submit(&mut self, id: TaskId, new: &NewTask, elapsed: Duration) {
        let steps = match new.priority {
            Priority::High => -1,
            Priority::Normal => 0,
            Priority::Low => 1,
        };
        if let Some(idempotency) = new.idempotency.clone() {
            self.requests.push(Request { owner: new.owner.clone(), idempotency, id });
        }
        self.tasks.push(ModelTask {
            id,
            status: Status::Waiting,
            attempt: 0,
            fence: 0,
            interruptions: 0,
            is_cancelled: false,
            is_sealed: false,
            is_gone: false,
            ended: Duration::ZERO,
            rank: elapsed.as_millis() as i64 + steps * PRIORITY_STEP.as_millis() as i64,
            kind: new.kind.clone(),
            owner: new.owner.clone(),
            lanes: new.lanes.clone(),
            occupies_lanes: false,
            entered: Vec::new(),
        });
    }

    /// Claims up to `max` tasks; which ones have to be claimed.
    pub(crate) fn claim(&mut self, kinds: &[&str], max: usize) -> Vec<TaskId> {
        std::iter::from_fn(|| self.claim_next(kinds)).take(max).collect()
    }

    /// All tasks that could be claimed now.
    pub(crate) fn ready(&self) -> BTreeSet<TaskId> {
        let ready = (0..self.tasks.len()).filter(|index| self.is_ready(*index));
        ready.map(|index| self.tasks[index].id).collect()
    }

    fn claim_next(&mut self, kinds: &[&str]) -> Option<TaskId> {
        let ready = (0..self.tasks.len()).filter(|index| {
            let is_of_kind = kinds.is_empty() || kinds.contains(&&*self.tasks[*index].kind);
            is_of_kind && self.is_ready(*index)
        });
        let index = ready.min_by_key(|index| (self.tasks[*index].rank, *index))?;
        let task = &mut self.tasks[index];
        task.status = Status::Running;
        task.attempt += 1;
        task.occupies_lanes = true;
        Some(task.id)
    }

    fn is_ready(&self, index: usize) -> bool {
        let task = &self.tasks[index];
        let is_kept_waiting = |lane: &Lane| {
            let waits_before =
                |other: &ModelTask| other.status == Status::Waiting && other.lanes.contains(lane);
            self.occupant(lane).is_some() || self.tasks[..index].iter().any(waits_before)
        };
        task.status == Status::Waiting && !task.lanes.iter().any(is_kept_waiting)
    }

    fn occupant(&self, lane: &Lane) -> Option<TaskId> {
        let occupies = |task: &&ModelTask| {
            task.occupies_lanes && task.lanes.contains(lane) || task.entered.contains(lane)
        };
        self.tasks.iter().find(occupies).map(|task| task.id)
    }

    /// Whether the command has to be carried out; the model has changed then. Not for a submit.
    pub(crate) fn apply(&mut self, command: &Command, elapsed: Duration) -> Result<(), CommandError> {
        match command {
            Command::Submit { .. } => unreachable!("the store assigns the id of a new task"),
            Command::Change { id, command } => self.change(*id, command, elapsed),
            Command::FreeLanes { id } => self.free_lanes(*id),
            Command::Prune { id } => self.prune(*id),
        }?;
        self.grant_lanes();
        Ok(())
    }

    fn change(&mut self, id: TaskId, command: &TaskCommand, elapsed: Duration) -> Result<(), CommandError> {
        match command {
            TaskCommand::Start | TaskCommand::Adopt => unreachable!("only the store itself applies these"),
            TaskCommand::Cancel => {
                let task = self.kept(id)?;
                match task.status {
                    Status::Waiting => task.end(Status::Cancelled, elapsed),
                    Status::Running if !task.is_sealed => task.is_cancelled = true,
                    _ => {}
                }
            }
            TaskCommand::Seal { fence, .. } => {
                let task = self.running(id, *fence)?;
                if task.is_sealed {
                    return Err(CommandError::Sealed);
                }
                if task.is_cancelled {
                    return Err(CommandError::CancelRequested);
                }
                task.is_sealed = true;
            }
            TaskCommand::End { fence, end, keep_lanes } => {
                let task = self.running(id, *fence)?;
                let status = match end {
                    End::Finished(_) if task.is_cancelled => return Err(CommandError::CancelRequested),
                    End::Finished(_) => Status::Finished,
                    End::Failed(..) => Status::Failed,
                    End::Cancelled if task.is_sealed => return Err(CommandError::Sealed),
                    End::Cancelled if !task.is_cancelled => return Err(CommandError::NotCancelled),
                    End::Cancelled => Status::Cancelled,
                };
                task.end(status, elapsed);
                if !keep_lanes {
                    task.free_lanes();
                }
            }
            TaskCommand::Release { fence, interrupted } => {
                let task = self.running(id, *fence)?;
                match (task.is_sealed, task.is_cancelled, interrupted) {
                    (true, ..) => return Err(CommandError::Sealed),
                    (false, true, false) => return Err(CommandError::CancelRequested),
                    (false, true, true) => task.end(Status::Cancelled, elapsed),
                    (false, false, _) => {
                        task.status = Status::Waiting;
                        task.interruptions += u32::from(*interrupted);
                        if *interrupted && task.interruptions == 2 {
                            task.lanes.push(Lane::new(INTERRUPTED_TWICE));
                        }
                    }
                }
                task.free_lanes();
            }
        }
        Ok(())
    }

    fn free_lanes(&mut self, id: TaskId) -> Result<(), CommandError> {
        match self.tasks.iter_mut().find(|task| task.id == id) {
            Some(task) if !task.status.has_ended() => Err(CommandError::Unfinished),
            Some(task) => {
                task.free_lanes();
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn prune(&mut self, id: TaskId) -> Result<(), CommandError> {
        let task = self.kept(id)?;
        if !task.status.has_ended() {
            return Err(CommandError::Unfinished);
        }
        task.is_gone = true;
        Ok(())
    }

    /// Forgets what ended at least `keep` ago; which tasks have to be forgotten.
    pub(crate) fn sweep(&mut self, keep: Duration, elapsed: Duration) -> Vec<TaskId> {
        let is_over =
            |task: &&mut ModelTask| !task.is_gone && task.status.has_ended() && elapsed - task.ended >= keep;
        let forget = |task: &mut ModelTask| {
            task.is_gone = true;
            task.id
        };
        self.tasks.iter_mut().filter(is_over).map(forget).collect()
    }

    /// What a heartbeat of the attempt has to be answered.
    pub(crate) fn signal(&mut self, key: AttemptKey) -> Option<Signal> {
        match self.running(key.id, key.fence) {
            Err(_) => Some(Signal::Lost(key)),
            Ok(task) => task.is_cancelled.then_some(Signal::Cancel(key)),
        }
    }

    pub(crate) fn enter(&mut self, key: AttemptKey, lane: Lane) {
        self.entering.push((key, lane));
        self.grant_lanes();
    }

    pub(crate) fn leave(&mut self, key: AttemptKey, lane: &Lane) {
        self.entering.retain(|(entering, of)| *entering != key || of != lane);
        if let Ok(task) = self.running(key.id, key.fence)
            && let Some(at) = task.entered.iter().position(|entered| entered == lane)
        {
            task.entered.remove(at);
        }
        self.grant_lanes();
    }

    /// Whether the attempt has to wait until it enters the lane.
    pub(crate) fn is_entering(&self, key: AttemptKey, lane: &Lane) -> bool {
        self.entering.iter().any(|(entering, of)| *entering == key && of == lane)
    }

    /// Whether the attempt occupies the lane.
    pub(crate) fn is_in(&mut self, key: AttemptKey, lane: &Lane) -> bool {
        self.running(key.id, key.fence).is_ok() && self.occupant(lane) == Some(key.id)
    }

    /// Free lanes go to the attempts that enter them. An attempt that is over enters none.
    fn grant_lanes(&mut self) {
        for (key, lane) in std::mem::take(&mut self.entering) {
            let occupant = self.occupant(&lane);
            match self.running(key.id, key.fence) {
                Err(_) => {}
                Ok(task) if occupant.is_none_or(|occupant| occupant == key.id) => task.entered.push(lane),
                Ok(_) => self.entering.push((key, lane)),
            }
        }
    }

    /// The process ends, and with it all threads and what they have entered; which tasks were running.
    pub(crate) fn restart(&mut self) -> Vec<ModelTask> {
        self.entering.clear();
        for task in &mut self.tasks {
            task.entered.clear();
            task.occupies_lanes &= task.status == Status::Running;
        }
        self.tasks.iter().filter(|task| task.status == Status::Running).cloned().collect()
    }

    /// The store has given an attempt this fence.
    pub(crate) fn set_fence(&mut self, key: AttemptKey) {
        let task = self.tasks.iter_mut().find(|task| task.id == key.id);
        task.expect("the store knows only tasks of the model").fence = key.fence;
    }

    fn kept(&mut self, id: TaskId) -> Result<&mut ModelTask, CommandError> {
        self.tasks.iter_mut().find(|task| task.id == id && !task.is_gone).ok_or(CommandError::Unknown)
    }

    fn running(&mut self, id: TaskId, fence: u64) -> Result<&mut ModelTask, CommandError> {
        let is_it =
            |task: &&mut ModelTask| task.id == id && task.fence == fence && task.status == Status::Running;
        self.tasks.iter_mut().find(is_it).ok_or(CommandError::Superseded)
    }
}

impl ModelTask {
    fn end(&mut self, status: Status, elapsed: Duration) {
        self.status = status;
        self.is_sealed = false;
        self.ended = elapsed;
    }

    fn free_lanes(&mut self) {
        self.occupies_lanes = false;
        self.entered.clear();
    }
}
