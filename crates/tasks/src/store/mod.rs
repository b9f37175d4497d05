//! Where tasks are kept: a [`Journal`] that decides and remembers what happens to them, a [`View`] that answers questions.
//!
//! The journal is the arbiter. Every [`Transition`] is a wish; the journal grants it only if it is an arrow of the state
//! diagram from where the task is, so that of two racing wishes one wins, whoever makes them and on whatever server.
//! What runs on this server's threads is not here.

mod attached;
#[cfg_attr(
    not(feature = "sqlite"),
    allow(
        dead_code,
        unused_imports,
        reason = "only a store on a disk undoes, writes down and takes up again"
    )
)]
mod board;
pub mod contract;
mod memory;
mod meter;
mod queue;
#[cfg_attr(
    not(feature = "sqlite"),
    allow(dead_code, reason = "only a store on a disk keeps anything elsewhere")
)]
mod shelf;
#[cfg(feature = "sqlite")]
mod sqlite;
mod transition;

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{OpenError, SqliteOptions, SqliteStore};
pub use transition::{
    Answer, Claimed, Download, End, Idempotency, NewTask, Orphan, Record, Refusal, SealedEffect, Transition,
};

use crate::{Counters, Filter, TaskId, Totals};

/// An answer that may take its time.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A whole store.
pub trait Store: Journal + View {}

impl<S: Journal + View> Store for S {}

/// Decides and remembers what happens to tasks.
///
/// Every method answers once what it did is durable, and only then is it visible in the [`View`]. A store may gather the
/// wishes of many callers and make them durable together.
pub trait Journal: Send + Sync + 'static {
    /// Tells the store whom to keep informed, and its limits. Called once by each engine, before all else.
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits);

    /// Grants or refuses each wish, in order; one answer for each.
    ///
    /// # Errors
    /// When it is not known to be durable; the caller may ask again, because a wish that was already granted is refused as
    /// [`Refusal::Superseded`] or does nothing. Only [`Transition::Submitted`] must not be repeated.
    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>>;

    /// Takes the oldest waiting task whose lanes are all free, with its lanes, and makes it RUNNING; `None` when there is none.
    ///
    /// A task never overtakes an older one that wants one of its lanes. One that [starts early](NewTask::starts_early) may be
    /// taken before it is durable, and nobody sees it before; whether its attempt then [stands](Self::stands) is to be asked
    /// once it can be told to stop.
    fn claim(&self) -> Answering<'_, Option<Claimed>>;

    /// Whether an attempt that was claimed goes on; not if its task started early and has turned out not to be accepted.
    fn stands(&self, id: TaskId, attempt: u32) -> bool {
        let _ = (id, attempt);
        true
    }

    /// Takes over the tasks that are RUNNING on workers which are gone, so that their old attempts can write nothing any more.
    ///
    /// Asked before the first [`claim`](Self::claim) and with every sweep. A store that ends with its only engine has none.
    fn rescue(&self) -> Answering<'_, Vec<Orphan>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    /// Forgets tasks that ended at least `keep` ago; as many at once as the store thinks fit.
    fn sweep(&self, keep: Duration) -> Answering<'_, Swept>;

    /// Whether the store can take wishes now.
    ///
    /// # Errors
    /// The one that it last met, as long as it has not got over it.
    fn health(&self) -> Result<(), Arc<StoreError>> {
        Ok(())
    }
}

/// Answers questions about tasks, of what is durable only.
pub trait View: Send + Sync + 'static {
    /// The task as it is now, without its progress.
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>>;

    /// The tasks that the filter lets through, oldest first.
    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>>;

    /// How many tasks the filter lets through, whatever its `after` and `limit`.
    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals>;

    /// The store's part of the [`Counters`]: tasks and times.
    fn counters(&self) -> Counters;
}

/// Is told what has happened, after it has become visible.
///
/// Called from within the store's methods or from a thread of the store's; never while the store holds a lock.
pub trait Listener: Send + Sync + 'static {
    /// Something has happened. Two notices may come in another order than what they tell of: look, don't guess.
    fn notice(&self, notice: Notice);
}

/// Something that has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// So many tasks may be there to be claimed.
    Work(usize),
    /// A running task has been asked to stop, or started early and was not accepted.
    CancelRequested(TaskId),
    /// A task's record has changed; not said of progress.
    Changed(TaskId),
    /// A task has ended.
    Ended(TaskId),
    /// A task has been forgotten.
    Gone(TaskId),
}

/// What a store must not exceed.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many tasks may be WAITING or RUNNING.
    pub max_unfinished: usize,
    /// How many of one owner may be.
    pub max_per_owner: usize,
    /// How many tasks may be kept, the unfinished ones among them; and how many keys.
    pub max_tasks: usize,
}

impl Default for Limits {
    /// None.
    fn default() -> Self {
        Self { max_unfinished: usize::MAX, max_per_owner: usize::MAX, max_tasks: usize::MAX }
    }
}

/// What a sweep did.
#[derive(Clone, Debug, Default)]
pub struct Swept {
    /// What has been forgotten.
    pub gone: Vec<Arc<Record>>,
    /// How long until there is something to do again; `None`: not before another task has ended.
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

/// Nanoseconds since 1970; of times before 1678 and after 2262 the nearest there are.
fn nanoseconds(time: jiff::Timestamp) -> i64 {
    let nanoseconds = time.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}
