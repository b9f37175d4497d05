//! What can be asked of a store, and what it answers.

use std::{path::PathBuf, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use crate::{ErrorReport, Lane, Priority, Report, Task, TaskId};

/// A change that a caller asks a [`Store`](super::Store) for.
#[derive(Clone, Debug)]
pub enum Command {
    /// Accepts a new task; the store assigns its id.
    Submit {
        /// The task.
        task: NewTask,
        /// What the store must not exceed by accepting it.
        limits: Limits,
    },
    /// Changes the state of one task, as [`step`](super::step) decides.
    Change {
        /// The task's id.
        id: TaskId,
        /// The change.
        command: TaskCommand,
    },
    /// Opens the lanes of a task that ended with [`keep_lanes`](TaskCommand::End), because its thread has returned.
    FreeLanes {
        /// The task's id.
        id: TaskId,
    },
    /// Forgets a task that has ended; refused as [`CommandError::Unfinished`] before.
    Prune {
        /// The task's id.
        id: TaskId,
    },
}

/// A change of one task's state. `fence` is the number from [`AttemptKey`]: a command with an older number is refused.
#[derive(Clone, Debug)]
pub enum TaskCommand {
    /// WAITING to RUNNING, under a new fence. Stores do this when a worker claims the task.
    Start,
    /// RUNNING stays RUNNING under a new fence, because its worker is gone and another process takes it over.
    Adopt,
    /// Asks the task to stop: a waiting one is CANCELLED, a running one is marked. A sealed or ended one does not change.
    Cancel,
    /// Passes the commit point: from here on the task is completed, whatever happens. Refused once a cancel was asked for.
    Seal {
        /// The attempt's fence.
        fence: u64,
        /// What is about to be published.
        seal: Arc<Seal>,
    },
    /// RUNNING to an end.
    End {
        /// The attempt's fence.
        fence: u64,
        /// How it ends.
        end: End,
        /// If true, the task's lanes stay occupied until [`Command::FreeLanes`], because its thread has not returned.
        keep_lanes: bool,
    },
    /// RUNNING to WAITING, at the place in the queue that it had. Refused for a sealed task.
    Release {
        /// The attempt's fence.
        fence: u64,
        /// The worker died. The interruption is counted, and the task is CANCELLED if a cancel was asked for. If false, a task
        /// with a cancel is refused.
        interrupted: bool,
    },
}

/// One attempt at one task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct AttemptKey {
    /// The task.
    pub id: TaskId,
    /// Counts the claims and adoptions of the task. It is not the attempt number that users see.
    pub fence: u64,
}

impl AttemptKey {
    /// The command that seals this attempt.
    pub fn seal(self, seal: Seal) -> Command {
        self.change(TaskCommand::Seal { fence: self.fence, seal: Arc::new(seal) })
    }

    /// The command that ends this attempt.
    pub fn end(self, end: End) -> Command {
        self.change(TaskCommand::End { fence: self.fence, end, keep_lanes: false })
    }

    /// The command that ends this attempt while its thread still runs.
    pub fn end_and_keep_lanes(self, end: End) -> Command {
        self.change(TaskCommand::End { fence: self.fence, end, keep_lanes: true })
    }

    /// The command that lets the task wait again.
    pub fn release(self, interrupted: bool) -> Command {
        self.change(TaskCommand::Release { fence: self.fence, interrupted })
    }

    fn change(self, command: TaskCommand) -> Command {
        Command::Change { id: self.id, command }
    }
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
    /// The lanes that it occupies while it runs.
    pub lanes: Vec<Lane>,
    /// What it works on.
    pub subject: Option<Arc<str>>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who submits it.
    pub owner: Option<Arc<str>>,
    /// The transaction that it belongs to.
    pub transaction: Option<Arc<str>>,
    /// Files that are removed when the task ends.
    pub files: Vec<PathBuf>,
    /// Identifies a repeated submit.
    pub idempotency: Option<Idempotency>,
}

/// What a store must not exceed when it accepts a task.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many tasks may be WAITING or RUNNING.
    pub max_unfinished: usize,
    /// How many of one owner may be.
    pub max_per_owner: usize,
    /// How many tasks may be kept, unfinished ones included; and how many idempotency keys.
    pub max_tasks: usize,
    /// How many bytes the unfinished tasks may have been submitted with: jobs as JSON, texts and paths. Those of one owner take at
    /// most half of them.
    pub max_bytes: usize,
}

impl Default for Limits {
    /// No limits.
    fn default() -> Self {
        Self {
            max_unfinished: usize::MAX,
            max_per_owner: usize::MAX,
            max_tasks: usize::MAX,
            max_bytes: usize::MAX,
        }
    }
}

/// Identifies a request that a client repeats because it did not get the answer. Keys of different owners are distinct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The key that the client chose.
    pub key: String,
    /// A digest of the request: two requests with one key must have the same.
    pub fingerprint: String,
}

impl Idempotency {
    /// How long a key is kept, whatever becomes of its task.
    pub const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
}

/// How an attempt ends.
#[derive(Clone, Debug)]
pub enum End {
    /// With what was asked for. A sealed task gets the sealed report, and this one is ignored.
    Finished(Arc<Report>),
    /// With an error, and a report if the job left one.
    Failed(Arc<ErrorReport>, Option<Arc<Report>>),
    /// Because of a cancel; refused where none was asked for, or the task is sealed.
    Cancelled,
}

/// What is stored at the commit point.
#[derive(Clone, Debug)]
pub struct Seal {
    /// What [`Job::publish`](crate::Job::publish) needs, as JSON. `None`: only the file is published.
    pub intent: Option<Arc<str>>,
    /// The result of the finished task.
    pub report: Arc<Report>,
    /// The file that the finished task will offer.
    pub download: Option<Arc<Download>>,
}

/// What a store answers to one command.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Whether the command was carried out.
    pub result: Result<(), CommandError>,
    /// The task after the command; a pruned task as it last was; for a repeated submit the task as it was first answered.
    /// `None`: there is no such task.
    pub record: Option<Arc<Record>>,
    /// Files that the caller has to remove: those of a task that was cancelled while it was WAITING, or of a repeated submit.
    pub files: Vec<PathBuf>,
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// There is no such task.
    Unknown,
    /// As many tasks as allowed wait or run.
    QueueFull,
    /// As many tasks as allowed are kept.
    StoreFull,
    /// As many tasks of the owner as allowed wait or run.
    OwnerLimit,
    /// The idempotency key was used for a different request.
    KeyReused,
    /// A cancel was asked for.
    CancelRequested,
    /// No cancel was asked for.
    NotCancelled,
    /// The task has passed its commit point.
    Sealed,
    /// The task has not ended.
    Unfinished,
    /// The attempt is over: the task has ended, was released, or runs under a newer fence.
    Superseded,
}

/// A task together with what only the runtime needs to know.
#[derive(Clone, Debug)]
pub struct Record {
    /// The task, without its progress.
    pub task: Task,
    /// How often an attempt was interrupted by the end of its worker.
    pub interruptions: u32,
    /// Whether a cancel was asked for.
    pub cancel_requested: bool,
    /// The file that it offers, once it is FINISHED.
    pub download: Option<Arc<Download>>,
}

/// A file that a finished task offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Download {
    /// The file's name, without a folder.
    pub name: String,
    /// The media type: `application/geopackage+sqlite3`.
    pub media_type: String,
}

/// A task that a worker has claimed.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The key for everything that the worker writes about it.
    pub key: AttemptKey,
    /// How often the task was started, this time included.
    pub attempt: u32,
    /// The job's kind.
    pub kind: Arc<str>,
    /// The job, as JSON.
    pub job: Arc<str>,
    /// Files that are removed when the task ends.
    pub files: Vec<PathBuf>,
}

/// A task that was RUNNING on a worker that is gone.
#[derive(Clone, Debug)]
pub struct Orphan {
    /// The task, under a new fence; `attempt` is the one that was interrupted.
    pub claimed: Claimed,
    /// How often attempts had been interrupted before.
    pub interruptions: u32,
    /// Whether a cancel was asked for.
    pub cancel_requested: bool,
    /// What was sealed, if the task had passed its commit point.
    pub seal: Option<Arc<Seal>>,
}
