//! The state machine of one task.

use std::sync::Arc;

use jiff::Timestamp;

use super::{CommandError, End, NewTask, Record, Seal, TaskCommand};
use crate::{Status, Task, TaskId};

/// Everything about one task that [`step`] decides by.
#[derive(Clone, Debug)]
pub struct TaskState {
    /// The task as users see it, and what was asked of it.
    pub record: Arc<Record>,
    /// Counts claims and adoptions; commands of an attempt carry the number that it was given.
    pub fence: u64,
    /// What was stored at the commit point; of a running task only.
    pub seal: Option<Arc<Seal>>,
    /// The task has ended, and its lanes stay occupied.
    pub keeps_lanes: bool,
}

/// Decides one command on one task: the state after it, or why it is refused.
///
/// A pure function without lock, clock, disk or thread; every store uses it. Ids, limits, idempotency keys, lanes and
/// retention belong to the store.
///
/// ```text
///                 Start                Seal
///     WAITING ─────────────▶ RUNNING ────────▶ RUNNING, sealed
///      │   ▲     Release      │  │                 │   │
///      │   └──────────────────┘  │                 │   │
///      │                         │                 │   │
///      │ Cancel                  │ End             │   │ End
///      ▼                         ▼                 ▼   ▼
///  CANCELLED     FINISHED, FAILED, CANCELLED    FINISHED, FAILED
/// ```
///
/// - `Cancel` on RUNNING only marks the task: `Seal` and `End(Finished)` are refused from then on, `End(Cancelled)` is not.
/// - A sealed task is FINISHED with the sealed report. It is FAILED only if its publication is impossible, never CANCELLED,
///   and never waits again.
/// - `Release` with `interrupted` makes a marked task CANCELLED instead of WAITING.
/// - `Adopt` keeps everything and takes a new fence, so that commands of the old attempt are refused.
/// - An ended task does not change any more.
///
/// # Errors
/// [`CommandError::Superseded`] for a command whose fence is not the current one, or which the state does not allow; else
/// [`CommandError::Sealed`], [`CommandError::CancelRequested`], [`CommandError::NotCancelled`].
pub fn step(state: &TaskState, command: &TaskCommand, now: Timestamp) -> Result<TaskState, CommandError> {
    match command {
        TaskCommand::Start => start(state, now),
        TaskCommand::Adopt => adopt(state),
        TaskCommand::Cancel => Ok(cancel(state, now)),
        TaskCommand::Seal { fence, seal } => seal_task(state.running(*fence)?, seal),
        TaskCommand::End { fence, end, keep_lanes } => {
            end_attempt(state.running(*fence)?, end, *keep_lanes, now)
        }
        TaskCommand::Release { fence, interrupted } => release(state.running(*fence)?, *interrupted, now),
    }
}

impl TaskState {
    /// A task that has just been accepted.
    pub fn new(id: TaskId, new: &NewTask, now: Timestamp) -> Self {
        let task = Task {
            id,
            kind: new.kind.clone(),
            status: Status::Waiting,
            description: new.description.clone(),
            subject: new.subject.clone(),
            priority: new.priority,
            transaction: new.transaction.clone(),
            owner: new.owner.clone(),
            attempt: 0,
            created: now,
            started: None,
            finished: None,
            progress: None,
            result: None,
            error: None,
        };
        let record = Record { task, interruptions: 0, cancel_requested: false, download: None };
        Self::restored(record, None)
    }

    /// A task as it was stored by an earlier process.
    pub fn restored(record: Record, seal: Option<Arc<Seal>>) -> Self {
        let fence = u64::from(record.task.attempt);
        Self { record: Arc::new(record), fence, seal, keeps_lanes: false }
    }

    /// Where the task is in its life.
    pub fn status(&self) -> Status {
        self.record.task.status
    }

    /// Whether nothing has changed from this state to the other.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.record, &other.record)
            && (self.fence, self.seal.is_some(), self.keeps_lanes)
                == (other.fence, other.seal.is_some(), other.keeps_lanes)
    }

    fn running(&self, fence: u64) -> Result<&Self, CommandError> {
        let is_current = self.status() == Status::Running && self.fence == fence;
        is_current.then_some(self).ok_or(CommandError::Superseded)
    }

    fn with(&self, change: impl FnOnce(&mut Record)) -> Self {
        let mut record = Record::clone(&self.record);
        change(&mut record);
        Self { record: Arc::new(record), ..self.clone() }
    }

    /// The task after its end.
    fn ended(&self, status: Status, now: Timestamp, change: impl FnOnce(&mut Record)) -> Self {
        let mut ended = self.with(|record| {
            let task = &mut record.task;
            task.status = status;
            // The clock may have been set back since.
            task.finished = Some(now.max(task.started.unwrap_or(task.created)));
            change(record);
        });
        ended.seal = None;
        ended
    }
}

fn start(state: &TaskState, now: Timestamp) -> Result<TaskState, CommandError> {
    if state.status() != Status::Waiting {
        return Err(CommandError::Superseded);
    }
    let mut started = state.with(|record| {
        let task = &mut record.task;
        task.attempt += 1;
        task.status = Status::Running;
        task.started = Some(now.max(task.created));
    });
    started.fence += 1;
    Ok(started)
}

fn adopt(state: &TaskState) -> Result<TaskState, CommandError> {
    match state.status() {
        Status::Running => Ok(TaskState { fence: state.fence + 1, ..state.clone() }),
        _ => Err(CommandError::Superseded),
    }
}

fn cancel(state: &TaskState, now: Timestamp) -> TaskState {
    match state.status() {
        Status::Waiting => state.ended(Status::Cancelled, now, |_| {}),
        Status::Running if state.seal.is_none() && !state.record.cancel_requested => {
            state.with(|record| record.cancel_requested = true)
        }
        _ => state.clone(),
    }
}

fn seal_task(state: &TaskState, seal: &Arc<Seal>) -> Result<TaskState, CommandError> {
    if state.seal.is_some() {
        return Err(CommandError::Sealed);
    }
    if state.record.cancel_requested {
        return Err(CommandError::CancelRequested);
    }
    Ok(TaskState { seal: Some(seal.clone()), ..state.clone() })
}

fn end_attempt(
    state: &TaskState,
    end: &End,
    keep_lanes: bool,
    now: Timestamp,
) -> Result<TaskState, CommandError> {
    let is_cancelled = state.record.cancel_requested;
    let mut ended = match (end, &state.seal) {
        (End::Finished(_), Some(seal)) => finish(state, seal.report.clone(), seal.download.clone(), now),
        (End::Finished(_), None) if is_cancelled => return Err(CommandError::CancelRequested),
        (End::Finished(report), None) => finish(state, report.clone(), None, now),
        (End::Failed(error, report), _) => state.ended(Status::Failed, now, |record| {
            record.task.error = Some(error.clone());
            record.task.result = report.clone();
        }),
        (End::Cancelled, Some(_)) => return Err(CommandError::Sealed),
        (End::Cancelled, None) if !is_cancelled => return Err(CommandError::NotCancelled),
        (End::Cancelled, None) => state.ended(Status::Cancelled, now, |_| {}),
    };
    ended.keeps_lanes = keep_lanes;
    Ok(ended)
}

fn finish(
    state: &TaskState,
    report: Arc<crate::Report>,
    download: Option<Arc<super::Download>>,
    now: Timestamp,
) -> TaskState {
    state.ended(Status::Finished, now, |record| {
        record.task.result = Some(report);
        record.download = download;
    })
}

fn release(state: &TaskState, interrupted: bool, now: Timestamp) -> Result<TaskState, CommandError> {
    if state.seal.is_some() {
        return Err(CommandError::Sealed);
    }
    match (state.record.cancel_requested, interrupted) {
        (true, false) => Err(CommandError::CancelRequested),
        (true, true) => Ok(state.ended(Status::Cancelled, now, |_| {})),
        (false, _) => Ok(state.with(|record| {
            record.task.status = Status::Waiting;
            record.task.started = None;
            record.interruptions += u32::from(interrupted);
        })),
    }
}
