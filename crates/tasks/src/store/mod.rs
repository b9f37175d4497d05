//! Where tasks are kept: the [`Store`] trait, and the stores in memory and in SQLite.
//!
//! A store decides by [`step`], a pure function for one task, and adds what concerns many: ids, limits, idempotency keys, the
//! queue with its lanes, retention. Both stores here share that part (`machine`) and what answers polls (`read_model`).

mod command;
mod lanes;
#[cfg_attr(
    not(feature = "sqlite"),
    allow(dead_code, unused_imports, reason = "only a store on a disk restores tasks and writes rows")
)]
mod machine;
mod memory;
mod queue;
#[cfg_attr(
    not(feature = "sqlite"),
    allow(dead_code, reason = "only a store on a disk reads results from it")
)]
mod read_model;
#[cfg(feature = "sqlite")]
mod sqlite;
mod step;
mod subscribers;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

pub use command::{
    AttemptKey, Claimed, Command, CommandError, Download, End, Idempotency, Limits, NewTask, Orphan, Outcome,
    Record, Seal, TaskCommand,
};
pub use machine::INTERRUPTED_TWICE;
pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{CopyError, DatabaseCopy, EndedTask, HistoryOptions, OpenError, SqliteOptions, SqliteStore};
pub use step::{TaskState, step};

use crate::{Counters, Filter, Lane, Progress, TaskId, Totals};

/// The answer of a store. Nothing happens before it is polled.
pub type StoreFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// Keeps tasks, decides what happens to them, and answers questions about them.
///
/// A command is answered once it is durable, and is visible only then; a claim may be answered earlier. A store may gather the
/// commands of many callers and make them durable together. Several processes may share a store that says so by [`heartbeat_interval`](Self::heartbeat_interval).
pub trait Store: Send + Sync + 'static {
    /// Informs the listener of everything that happens from now on.
    fn subscribe(&self, listener: Arc<dyn Listener>);

    /// Carries out each command or refuses it, in order; one outcome for each. The batch becomes durable as a whole or not
    /// at all.
    ///
    /// # Errors
    /// When the batch is not known to be durable. The caller may repeat it: a command that was carried out already does nothing, or
    /// is refused as [`CommandError::Superseded`], a seal as [`CommandError::Sealed`]. A [`Command::Submit`] without an
    /// idempotency key must not be repeated.
    fn apply(&self, commands: Vec<Command>) -> StoreFuture<'_, Vec<Outcome>>;

    /// Makes up to `max` waiting tasks RUNNING whose lanes are all free, in the order of their ranks, and occupies their lanes.
    ///
    /// Only tasks of these kinds are claimed; an empty list means every kind. A task never overtakes an older one that needs
    /// one of its lanes.
    fn claim<'a>(
        &'a self,
        worker: &'a WorkerId,
        kinds: &'a [&'a str],
        max: usize,
    ) -> StoreFuture<'a, Vec<Claimed>>;

    /// Tells that the worker's attempts are alive, and how far they are; answers with what they must know.
    fn heartbeat<'a>(&'a self, worker: &'a WorkerId, beats: Vec<Beat>) -> StoreFuture<'a, Vec<Signal>>;

    /// How often a worker has to send a [`heartbeat`](Self::heartbeat) so that its tasks are not given to others. `None`: the
    /// store belongs to this process alone.
    fn heartbeat_interval(&self) -> Option<Duration> {
        None
    }

    /// Occupies a lane for a running attempt, in addition to those of its task; resolves when it has it. It goes before tasks
    /// that wait. A lane that is entered twice has to be left twice. Attempts that enter several lanes must do so in one order,
    /// or they wait for each other.
    ///
    /// # Errors
    /// When the attempt is over.
    fn enter(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()>;

    /// Frees a lane that the attempt has entered. The end of the task frees it, too.
    fn leave(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()>;

    /// Takes over the tasks that are RUNNING on workers which are gone, each under a new fence.
    ///
    /// Called before the first [`claim`](Self::claim) and with every sweep. A store that ends with its process has none.
    fn recover<'a>(&'a self, worker: &'a WorkerId) -> StoreFuture<'a, Vec<Orphan>> {
        let _ = worker;
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Forgets tasks that ended at least `keep` ago; how many at once is up to the store.
    fn sweep(&self, keep: Duration) -> StoreFuture<'_, Swept>;

    /// The tasks of these ids, in the order asked, without their progress; `None` for each that is not there.
    fn get<'a>(&'a self, ids: &'a [TaskId]) -> StoreFuture<'a, Vec<Option<Arc<Record>>>>;

    /// The next tasks that pass the filter, oldest first: at most its `limit`, and at most [`Page::MAX`](crate::Page::MAX).
    fn page<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, RecordPage>;

    /// How many tasks pass the filter, whatever its `after` and `limit`.
    fn totals<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Totals>;

    /// The store's part of the [`Counters`]: tasks and times.
    fn counters(&self) -> StoreFuture<'_, Counters>;

    /// Whether the store can take commands now.
    ///
    /// # Errors
    /// The error that it last met, until a write has succeeded again.
    fn health(&self) -> Result<(), Arc<StoreError>> {
        Ok(())
    }
}

/// The name of a process that runs tasks, different for each start.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkerId(Arc<str>);

impl WorkerId {
    /// The worker of this name.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self(name.into())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The heartbeat of one attempt.
#[derive(Clone, Debug)]
pub struct Beat {
    /// The attempt.
    pub attempt: AttemptKey,
    /// How far it is.
    pub progress: Option<Progress>,
}

/// What an attempt must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A cancel was asked for.
    Cancel(AttemptKey),
    /// The attempt is over: its task has ended, was released, or runs under a newer fence.
    Lost(AttemptKey),
}

/// A page of [`Store::page`].
#[derive(Clone, Debug, Default)]
pub struct RecordPage {
    /// The tasks, oldest first.
    pub records: Vec<Arc<Record>>,
    /// The filter's `after` for the next page; `None` if there is none.
    pub next: Option<TaskId>,
}

/// Is informed of what has happened, after it has become visible.
///
/// Called from within the store's methods or from a thread of the store; never while the store holds a lock. It must be quick.
pub trait Listener: Send + Sync + 'static {
    /// Something has happened. Notices may come in another order than what they tell of, so the listener looks at the task.
    fn notice(&self, notice: Notice);
}

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// So many tasks may have become ready to be claimed.
    Work(usize),
    /// A running task has been asked to stop.
    CancelRequested(TaskId),
    /// A task's record has changed. Progress is not announced.
    Changed(TaskId),
    /// A task has ended.
    Ended(TaskId),
    /// A task has been forgotten.
    Gone(TaskId),
    /// Notices were lost, because a connection was: anything may have happened.
    Missed,
}

/// What a sweep did.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// The tasks that have been forgotten.
    pub gone: Vec<TaskId>,
    /// How long until the next task may be forgotten; `None`: not before another one has ended.
    pub next: Option<Duration>,
}

/// The store could not answer.
#[derive(Clone, Debug)]
pub struct StoreError {
    doing: String,
    source: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// What was being done, in words that a client may read, and why it did not work.
    pub fn new(
        doing: impl Into<String>,
        source: impl Into<Option<Box<dyn std::error::Error + Send + Sync>>>,
    ) -> Self {
        Self { doing: doing.into(), source: source.into().map(Arc::from) }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.doing)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| &**source as _)
    }
}

/// Nanoseconds since 1970; the nearest that fit for times before 1678 and after 2262.
fn nanoseconds(time: jiff::Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}
