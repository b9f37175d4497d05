//! What can happen to a task, and what a journal says to it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ErrorReport, Lane, Priority, Report, Task, TaskId};

/// A step in a task's life that somebody wishes for.
///
/// `attempt` is the fencing number that [`Journal::claim`](super::Journal::claim) gave out: a wish of an attempt that has been
/// given up or handed back is refused.
#[derive(Clone, Debug)]
pub enum Transition {
    /// A new task; the journal gives it its id.
    Submitted(NewTask),
    /// Somebody wants the task to stop: one that waits is CANCELLED at once; one that runs will be told, unless it is sealed,
    /// where this counts only if the seal becomes void; nothing happens to one that has ended.
    CancelRequested {
        /// Whose.
        id: TaskId,
    },
    /// The point of no return; refused once a cancel has been asked for.
    Sealed {
        /// Whose.
        id: TaskId,
        /// Which attempt wishes it.
        attempt: u32,
        /// What the job is about to publish, as JSON; it can tell from it whether it did. `None`: nothing but the file.
        intent: Option<Arc<str>>,
        /// The finished report.
        report: Arc<Report>,
        /// The file that will be offered.
        download: Option<Arc<Download>>,
    },
    /// The end of a running task.
    Ended {
        /// Whose.
        id: TaskId,
        /// Which attempt wishes it.
        attempt: u32,
        /// How.
        end: End,
        /// Keep the task's lanes shut until [`LanesFreed`](Self::LanesFreed): its thread has not come back.
        keep_lanes: bool,
    },
    /// A running task goes back to WAITING, at its old place.
    HandedBack {
        /// Whose.
        id: TaskId,
        /// Which attempt wishes it.
        attempt: u32,
        /// Its worker is gone: the attempt counts as interrupted, and if it is sealed, nothing was published after all, and the
        /// seal is void. If a cancel has been asked for the task is CANCELLED and does not wait again. Without this a sealed
        /// or cancelled task is refused.
        was_cut_short: bool,
    },
    /// The thread of a task that was given up, or started early and was not accepted, has come back.
    LanesFreed {
        /// Whose lanes.
        id: TaskId,
    },
    /// The task is to be forgotten; refused while it has not ended.
    Pruned {
        /// Which.
        id: TaskId,
    },
}

/// A task that is to be accepted.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// The job's kind.
    pub kind: Arc<str>,
    /// The job, as JSON.
    pub job: Arc<str>,
    /// The job in words.
    pub description: Arc<str>,
    /// What must not run together with it.
    pub lanes: Vec<Lane>,
    /// What it works on.
    pub subject: Option<Arc<str>>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who asks for it.
    pub owner: Option<Arc<str>>,
    /// The transaction it works in.
    pub transaction: Option<Arc<str>>,
    /// Files that go when the task ends.
    pub files: Vec<PathBuf>,
    /// Whether it may be claimed before it is durable; see [`Job::STARTS_EARLY`](crate::Job::STARTS_EARLY).
    pub starts_early: bool,
    /// By what a repeated wish is known.
    pub idempotency: Option<Idempotency>,
}

/// By what a request that is repeated, because its answer was lost, is known to be the same; an owner's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// What the sender calls it.
    pub key: String,
    /// What it asks for, in short: the same for the same request only.
    pub fingerprint: String,
}

impl Idempotency {
    /// How long a request is remembered, whatever becomes of its task.
    pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
}

/// How a task ends.
#[derive(Clone, Debug)]
pub enum End {
    /// With what was asked for. A task that was not sealed is sealed by this with the report; for a sealed one the sealed
    /// report counts and this one is ignored.
    Finished(Arc<Report>),
    /// Without, because of an error.
    Failed(Arc<ErrorReport>, Option<Arc<Report>>),
    /// Without, because a cancel was asked for; refused where none was, or the task is sealed.
    Cancelled,
}

/// What a journal says to one wish.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it was granted.
    pub verdict: Result<(), Refusal>,
    /// The task as it is after it; of one just pruned, as it last was; of one accepted before under the same key, as it was
    /// then. `None`: there is no such task.
    pub record: Option<Arc<Record>>,
    /// Files for the caller to remove: those of a task that this wish ended before it ever ran, or of a new task that was
    /// accepted before.
    pub files: Vec<PathBuf>,
}

/// Why a wish is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such task.
    Unknown,
    /// As many tasks as allowed wait or run.
    QueueFull,
    /// As many tasks as allowed are kept.
    StoreFull,
    /// As many tasks of its owner as allowed wait or run.
    OwnerLimit,
    /// Its key was used for something else.
    KeyReused,
    /// A cancel was asked for first.
    CancelRequested,
    /// No cancel was asked for.
    NotCancelled,
    /// The task is past its point of no return.
    Sealed,
    /// The task has not ended.
    Unfinished,
    /// The attempt is over: the task has ended, was handed back or is run by another.
    Superseded,
}

/// A task together with what only the engine needs to know of it.
#[derive(Clone, Debug)]
pub struct Record {
    /// The task, without its progress.
    pub task: Task,
    /// How often it was cut short by the end of its worker.
    pub interruptions: u32,
    /// Whether somebody asked it to stop.
    pub cancel_requested: bool,
    /// The file it offers, once it is FINISHED.
    pub download: Option<Arc<Download>>,
}

/// A file that a finished task offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The file's name, without a folder.
    pub name: String,
    /// What it is: `application/geopackage+sqlite3`.
    pub media_type: String,
}

/// A task that a worker has got to run.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Which.
    pub id: TaskId,
    /// The fencing number for all that the worker writes about it.
    pub attempt: u32,
    /// The job's kind.
    pub kind: Arc<str>,
    /// The job, as JSON.
    pub job: Arc<str>,
    /// Files that go when the task ends.
    pub files: Vec<PathBuf>,
}

/// A task that was RUNNING on a worker that is gone.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// The task, now this engine's, under a new attempt.
    pub claimed: Claimed,
    /// The attempt that was cut short.
    pub cut_short: u32,
    /// How often that had happened before.
    pub interruptions: u32,
    /// Whether somebody had asked it to stop.
    pub cancel_requested: bool,
    /// Set where it was past its point of no return.
    pub sealed: Option<SealedEffect>,
}

/// What a task was about to publish.
#[derive(Clone, Debug)]
pub struct SealedEffect {
    /// As in [`Transition::Sealed`].
    pub intent: Option<Arc<str>>,
    /// As in [`Transition::Sealed`].
    pub download: Option<Arc<Download>>,
}
