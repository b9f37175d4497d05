//! Evaluates a batch of commands without changing anything.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{ActiveTask, Batch, Machine, Moment, Request, RequestKey, admission::Load, batch::Change};
use crate::{
    TaskId,
    store::{
        Claimed, Command, CommandError, Limits, NewTask, Outcome, Record, Swept, TaskCommand, TaskState,
        read_model::ReadModel, step,
    },
};

/// The tasks as they will be once the batch is merged: what the batch has changed, before what was there.
pub(in crate::store) struct Overlay<'a> {
    machine: &'a Machine,
    read_model: &'a ReadModel,
    recalled: Recalled,
    batch: Batch,
}

/// What the store keeps elsewhere, as far as the batch is about it.
#[derive(Default)]
pub(in crate::store) struct Recalled {
    pub(in crate::store) requests: HashMap<RequestKey, Request>,
    /// Ended tasks.
    pub(in crate::store) records: HashMap<TaskId, Arc<Record>>,
}

impl<'a> Overlay<'a> {
    pub(in crate::store) fn new(
        machine: &'a Machine,
        read_model: &'a ReadModel,
        recalled: Recalled,
        moment: Moment,
    ) -> Self {
        Self { machine, read_model, recalled, batch: Batch::new(machine.counts, moment) }
    }

    /// What the commands have changed.
    pub(in crate::store) fn into_batch(self) -> Batch {
        self.batch
    }

    /// Carries out a command, or refuses it.
    pub(in crate::store) fn apply(&mut self, command: Command) -> Outcome {
        match command {
            Command::Submit { task, limits } => self.submit(task, limits),
            Command::Change { id, command } => self.change(id, &command),
            Command::FreeLanes { id } => self.free_lanes(id),
            Command::Prune { id } => self.prune(id),
        }
    }

    fn submit(&mut self, mut new: NewTask, limits: Limits) -> Outcome {
        let request =
            new.idempotency.clone().map(|known| ((new.owner.clone(), known.key), known.fingerprint));
        let first = request.as_ref().and_then(|(key, _)| self.request(key));
        let is_known = first.is_some();
        if let (Some(first), Some((_, fingerprint))) = (first, &request)
            && first.is_kept_at(self.batch.moment.now)
        {
            return match first.fingerprint == *fingerprint {
                true => Outcome { result: Ok(()), record: Some(first.record.clone()), files: new.files },
                false => refused(CommandError::KeyReused, None),
            };
        }
        if let Err(error) = self.batch.counts.admit(&new, self.unfinished_of(new.owner.as_ref()), limits) {
            return refused(error, None);
        }
        let id = self.batch.counts.next_id();
        let state = TaskState::new(id, &new, self.batch.moment.now);
        let record = state.record.clone();
        let rank = self.batch.counts.rank(record.task.created, new.priority);
        let (job, lanes) = (new.job, shared(std::mem::take(&mut new.lanes)));
        self.put(ActiveTask { state, job, lanes, files: shared(new.files), rank, restored: false });
        if let Some((key, fingerprint)) = request {
            self.batch.counts.requests += usize::from(!is_known);
            self.batch.requests.insert(key, Request { fingerprint, record: record.clone() });
        }
        Outcome { result: Ok(()), record: Some(record), files: Vec::new() }
    }

    fn change(&mut self, id: TaskId, command: &TaskCommand) -> Outcome {
        let Some(task) = self.task(id) else { return self.change_ended(id, command) };
        let state = match step(&task.state, command, self.batch.moment.now) {
            Ok(state) => state,
            Err(error) => return refused(error, Some(task.state.record.clone())),
        };
        let record = state.record.clone();
        let never_ran = task.state.record.task.started.is_none() && state.status().has_ended();
        let files = if never_ran { task.files.to_vec() } else { Vec::new() };
        if !task.state.is_same(&state) {
            self.put(ActiveTask { state, ..task.clone() });
        }
        Outcome { result: Ok(()), record: Some(record), files }
    }

    /// A command on a task that has ended, or that is not there.
    fn change_ended(&self, id: TaskId, command: &TaskCommand) -> Outcome {
        let record = self.record(id);
        match (command, &record) {
            (TaskCommand::Cancel, Some(_)) => Outcome { result: Ok(()), record, files: Vec::new() },
            (TaskCommand::Cancel, None) => refused(CommandError::Unknown, None),
            _ => refused(CommandError::Superseded, record),
        }
    }

    fn free_lanes(&mut self, id: TaskId) -> Outcome {
        let record = self.record(id);
        if record.as_ref().is_some_and(|record| !record.task.status.has_ended()) {
            return refused(CommandError::Unfinished, record);
        }
        self.batch.freed.push(id);
        Outcome { result: Ok(()), record, files: Vec::new() }
    }

    fn prune(&mut self, id: TaskId) -> Outcome {
        let Some(record) = self.record(id) else { return refused(CommandError::Unknown, None) };
        if !record.task.status.has_ended() {
            return refused(CommandError::Unfinished, Some(record));
        }
        self.forget(id);
        Outcome { result: Ok(()), record: Some(record), files: Vec::new() }
    }

    /// Claims the next task of these kinds that was ready before the batch.
    pub(in crate::store) fn claim(&mut self, kinds: &[&str]) -> Option<Claimed> {
        let id = self.machine.queue.next(kinds, |id| self.batch.tasks.contains_key(&id))?;
        let task = self.machine.active.get(&id)?;
        let state = step(&task.state, &TaskCommand::Start, self.batch.moment.now).ok()?;
        let task = ActiveTask { state, ..task.clone() };
        let claimed = task.claimed();
        self.put(task);
        Some(claimed)
    }

    /// Forgets up to `at_most` tasks that ended at least `keep` ago, and expired requests.
    pub(in crate::store) fn sweep(&mut self, keep: Duration, at_most: usize) -> Swept {
        self.batch.expires_requests = true;
        let mut swept = Swept::default();
        while let Some((id, left)) = self.machine.retention.get(self.batch.swept, keep, self.batch.moment) {
            if !left.is_zero() || swept.gone.len() == at_most {
                swept.next = Some(left);
                break;
            }
            self.batch.swept += 1;
            if self.read_model.contains(id) && !self.batch.tasks.contains_key(&id) {
                self.forget(id);
                swept.gone.push(id);
            }
        }
        swept
    }

    fn task(&self, id: TaskId) -> Option<&ActiveTask> {
        match self.batch.tasks.get(&id) {
            Some(Change::Put(task)) => Some(task),
            Some(Change::Forget { .. }) => None,
            None => self.machine.active.get(&id),
        }
    }

    fn record(&self, id: TaskId) -> Option<Arc<Record>> {
        match (self.batch.tasks.get(&id), self.task(id)) {
            (_, Some(task)) => Some(task.state.record.clone()),
            (Some(_), None) => None,
            (None, None) => {
                let entry = self.read_model.get(id)?;
                entry.record.or_else(|| self.recalled.records.get(&id).cloned())
            }
        }
    }

    fn request(&self, key: &RequestKey) -> Option<&Request> {
        let new = self.batch.requests.get(key);
        new.or_else(|| self.recalled.requests.get(key)).or_else(|| self.machine.requests.get(key))
    }

    fn unfinished_of(&self, owner: Option<&Arc<str>>) -> Load {
        let Some(owner) = owner else { return Load::default() };
        let mut load = self.machine.owners.unfinished(owner);
        load += self.batch.owners.get(owner).copied().unwrap_or_default();
        load
    }

    fn put(&mut self, mut task: ActiveTask) {
        let before = self.task(task.id());
        let (is_new, difference) = (before.is_none(), Load::of(Some(&task)) - Load::of(before));
        self.batch.counts.change(is_new, difference);
        if let Some(owner) = task.state.record.task.owner.as_ref().filter(|_| difference.changes_tasks()) {
            *self.batch.owners.entry(owner.clone()).or_default() += difference;
        }
        if task.state.status().has_ended() {
            task.files = Arc::default();
        }
        self.batch.tasks.insert(task.id(), Change::Put(task));
    }

    /// Forgets a task that has ended.
    fn forget(&mut self, id: TaskId) {
        let keeps_lanes = self.task(id).is_some_and(|task| task.state.keeps_lanes);
        self.batch.counts.tasks -= 1;
        self.batch.tasks.insert(id, Change::Forget { keeps_lanes });
    }
}

fn refused(error: CommandError, record: Option<Arc<Record>>) -> Outcome {
    Outcome { result: Err(error), record, files: Vec::new() }
}

/// Most lists are empty, and an empty one takes no memory.
fn shared<T>(items: Vec<T>) -> Arc<[T]> {
    if items.is_empty() { Arc::default() } else { items.into() }
}
