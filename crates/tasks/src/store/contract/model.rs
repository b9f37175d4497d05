//! The state diagram in its plainest form, to compare a store with: no index, no time, every question answered by looking
//! through all tasks.

use std::time::Duration;

use super::{End, Refusal, Transition};
use crate::{Lane, PRIORITY_STEP, Priority, Status, TaskId};

/// All tasks that there ever were; a forgotten one is `is_gone`.
#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) tasks: Vec<ModelTask>,
}

#[derive(Clone, Debug)]
pub(super) struct ModelTask {
    pub(super) id: TaskId,
    pub(super) status: Status,
    pub(super) attempt: u32,
    pub(super) is_gone: bool,
    /// When its turn is.
    rank: i64,
    is_cancelled: bool,
    is_sealed: bool,
    lanes: Vec<Lane>,
    holds_lanes: bool,
}

impl Model {
    pub(super) fn unfinished(&self) -> usize {
        self.tasks.iter().filter(|task| !task.status.has_ended()).count()
    }

    /// A task that was accepted after so much time.
    pub(super) fn submit(&mut self, id: TaskId, lanes: Vec<Lane>, priority: Priority, elapsed: Duration) {
        let steps = match priority {
            Priority::High => -1,
            Priority::Normal => 0,
            Priority::Low => 1,
        };
        let rank = elapsed.as_millis() as i64 + steps * PRIORITY_STEP.as_millis() as i64;
        self.tasks.push(ModelTask {
            id,
            status: Status::Waiting,
            attempt: 0,
            is_gone: false,
            rank,
            is_cancelled: false,
            is_sealed: false,
            lanes,
            holds_lanes: false,
        });
    }

    /// Which task is to be claimed next; it is running then.
    pub(super) fn claim(&mut self) -> Option<TaskId> {
        let ready = (0..self.tasks.len()).filter(|index| self.may_run(*index));
        let index = ready.min_by_key(|index| (self.tasks[*index].rank, *index))?;
        let task = &mut self.tasks[index];
        task.status = Status::Running;
        task.attempt += 1;
        task.holds_lanes = true;
        Some(task.id)
    }

    /// The program ends and begins again: the threads of tasks that were given up are gone. Which tasks were running.
    pub(super) fn restart(&mut self) -> Vec<ModelTask> {
        let ended = self.tasks.iter_mut().filter(|task| task.status.has_ended());
        ended.for_each(|task| task.holds_lanes = false);
        self.tasks.iter().filter(|task| task.status == Status::Running).cloned().collect()
    }

    fn may_run(&self, index: usize) -> bool {
        let task = &self.tasks[index];
        let is_in_the_way = |(other, place): (&ModelTask, usize)| {
            let is_older = other.status == Status::Waiting && place < index;
            (other.holds_lanes || is_older) && other.lanes.iter().any(|lane| task.lanes.contains(lane))
        };
        task.status == Status::Waiting && !self.tasks.iter().zip(0..).any(is_in_the_way)
    }

    /// Whether the wish is to be granted; what it does is done then.
    pub(super) fn apply(&mut self, wish: &Transition) -> Result<(), Refusal> {
        match wish {
            Transition::Submitted(_) => unreachable!("a new task's id is the store's to give"),
            Transition::CancelRequested { id } => {
                let task = self.there(*id)?;
                match task.status {
                    Status::Waiting => task.status = Status::Cancelled,
                    Status::Running => task.is_cancelled = true,
                    _ => {}
                }
            }
            Transition::Sealed { id, attempt, .. } => {
                let task = self.running(*id, *attempt)?;
                if task.is_sealed {
                    return Err(Refusal::Sealed);
                }
                if task.is_cancelled {
                    return Err(Refusal::CancelRequested);
                }
                task.is_sealed = true;
            }
            Transition::Ended { id, attempt, end, keep_lanes } => {
                let task = self.running(*id, *attempt)?;
                task.status = match end {
                    End::Finished(_) if task.is_cancelled && !task.is_sealed => {
                        return Err(Refusal::CancelRequested);
                    }
                    End::Finished(_) => Status::Finished,
                    End::Failed(..) => Status::Failed,
                    End::Cancelled if task.is_sealed => return Err(Refusal::Sealed),
                    End::Cancelled if !task.is_cancelled => return Err(Refusal::NotCancelled),
                    End::Cancelled => Status::Cancelled,
                };
                task.holds_lanes = *keep_lanes;
            }
            Transition::HandedBack { id, attempt, was_cut_short } => {
                let task = self.running(*id, *attempt)?;
                if task.is_sealed && !was_cut_short {
                    return Err(Refusal::Sealed);
                }
                if task.is_cancelled && !was_cut_short {
                    return Err(Refusal::CancelRequested);
                }
                task.status = if task.is_cancelled { Status::Cancelled } else { Status::Waiting };
                task.is_sealed = false;
                task.holds_lanes = false;
            }
            Transition::LanesFreed { id } => {
                let Some(task) = self.tasks.iter_mut().find(|task| task.id == *id) else { return Ok(()) };
                if !task.status.has_ended() {
                    return Err(Refusal::Unfinished);
                }
                task.holds_lanes = false;
            }
            Transition::Pruned { id } => {
                let task = self.there(*id)?;
                if !task.status.has_ended() {
                    return Err(Refusal::Unfinished);
                }
                task.is_gone = true;
            }
        }
        Ok(())
    }

    fn there(&mut self, id: TaskId) -> Result<&mut ModelTask, Refusal> {
        self.tasks.iter_mut().find(|task| task.id == id && !task.is_gone).ok_or(Refusal::Unknown)
    }

    fn running(&mut self, id: TaskId, attempt: u32) -> Result<&mut ModelTask, Refusal> {
        let is_it = |task: &&mut ModelTask| {
            task.id == id && task.attempt == attempt && task.status == Status::Running
        };
        self.tasks.iter_mut().find(is_it).ok_or(Refusal::Superseded)
    }
}
