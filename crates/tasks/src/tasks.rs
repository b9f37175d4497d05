//! The handle by which tasks are submitted and read.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::sync::broadcast;

use crate::{
    Builder, Counters, Filter, Priority, Registry, ResultFile, Task, TaskId, Totals,
    job::Submittable,
    runtime::Runtime,
    sanitize,
    store::{Command, CommandError, Idempotency, NewTask, StoreError},
};

/// Runs jobs in the background and answers questions about them; a clone is the same engine.
///
/// When the last clone is dropped the engine stops as [`stop`](Self::stop) does, without waiting for it.
#[derive(Clone)]
pub struct Tasks {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) _stop_on_drop: Arc<StopOnDrop>,
}

/// Stops the runtime with the last handle. The runtime's own threads hold none.
pub(crate) struct StopOnDrop(pub(crate) Arc<Runtime>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.begin_shutdown();
    }
}

/// What belongs to a task besides its job.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// What it works on, for lists of all tasks on one subject.
    pub subject: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who submits it.
    pub owner: Option<String>,
    /// The transaction it works in.
    pub transaction: Option<String>,
    /// Files that were made for it, such as an upload. The task owns them once it has an id, and they are removed when it ends; if
    /// the submit fails the caller keeps them. Those of a repeated submit are removed. A relative path is relative to the folder
    /// that [`Builder::files`](crate::Builder::files) names.
    pub files: Vec<PathBuf>,
    /// Makes repeated submits of one owner with one key one task: for 24 hours the first answer is repeated, whatever has become
    /// of the task.
    pub idempotency: Option<Idempotency>,
    /// How many places of the queue must stay free behind it, for tasks that are more important.
    pub leave_free: usize,
}

/// Why a task was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// As many tasks as allowed wait or run.
    #[error("too many tasks are waiting")]
    QueueFull {
        /// When it is worth to ask again.
        retry_after: Duration,
    },
    /// As many tasks of this owner as allowed wait or run.
    #[error("too many tasks of the same user are waiting")]
    OwnerLimit {
        /// When it is worth to ask again.
        retry_after: Duration,
    },
    /// As many tasks as allowed are kept, and none may be forgotten yet.
    #[error("too many tasks are kept")]
    StoreFull {
        /// When it is worth to ask again.
        retry_after: Duration,
    },
    /// The key was used for a different request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The engine was not told of this kind of job when it was built.
    #[error("no job is registered as `{kind}`")]
    NotRegistered {
        /// The job's kind.
        kind: &'static str,
    },
    /// The job cannot be stored as JSON.
    #[error("storing a `{kind}` job")]
    Job {
        /// The job's kind.
        kind: &'static str,
        /// Why not.
        source: serde_json::Error,
    },
    /// The engine is [drained](Tasks::drain).
    #[error("the server is drained: it takes no new tasks")]
    Draining,
    /// The engine is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// The store could not answer; the task may have been accepted all the same.
    #[error("accepting a task")]
    Store(#[source] StoreError),
}

/// Something has happened to a task: look at it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new, or its record has changed. Progress is not announced.
    Changed(TaskId),
    /// It has been forgotten.
    Gone(TaskId),
    /// Changes were missed, because the store lost its connection: anything may have happened.
    Missed,
}

/// Some of the tasks that a filter lets through.
#[derive(Clone, Debug)]
pub struct Page {
    /// The tasks, oldest first.
    pub tasks: Vec<Task>,
    /// What [`Filter::after`] has to be for the next page; `None` if there is none.
    pub next: Option<TaskId>,
}

impl Page {
    /// How many tasks a page holds at most.
    pub const MAX: usize = 1000;
}

impl Tasks {
    /// An engine that runs these jobs, yet to be set up and started.
    pub fn builder<E: Send + Sync + 'static>(registry: Registry<E>) -> Builder {
        Builder::new(registry.into_kinds())
    }

    /// How many tasks may wait or run.
    pub fn max_unfinished(&self) -> usize {
        self.runtime.limits.max_unfinished
    }

    /// How many tasks may be kept, unfinished ones included.
    pub fn max_tasks(&self) -> usize {
        self.runtime.limits.max_tasks
    }

    /// Accepts a job; the answer is the new task, which [`get`](Self::get) finds from now on.
    pub async fn submit<J, S>(&self, job: J, submission: Submission) -> Result<Task, SubmitError>
    where
        J: Submittable<S>,
    {
        let mut limits = self.runtime.limits;
        limits.max_unfinished = limits.max_unfinished.saturating_sub(submission.leave_free);
        let command = Command::Submit { task: self.new_task(job, submission)?, limits };
        let outcome = self.runtime.store.apply(command).await.map_err(SubmitError::Store)?;
        match (outcome.result, outcome.record) {
            (Ok(()), Some(record)) => {
                self.runtime.files.remove_in_background(outcome.files, record.task.id, None);
                Ok(record.task.clone())
            }
            (Err(error), _) => Err(self.refused(error)),
            (Ok(()), None) => Err(SubmitError::Store(unexpected_answer())),
        }
    }

    fn refused(&self, error: CommandError) -> SubmitError {
        let soon = || self.runtime.mean_duration.until_next(self.runtime.slots.workers());
        match error {
            CommandError::QueueFull => SubmitError::QueueFull { retry_after: soon() },
            CommandError::OwnerLimit => SubmitError::OwnerLimit { retry_after: soon() },
            CommandError::StoreFull => {
                SubmitError::StoreFull { retry_after: self.runtime.sweeper.retry_after() }
            }
            CommandError::KeyReused => SubmitError::KeyReused,
            _ => SubmitError::Store(unexpected_answer()),
        }
    }

    fn new_task<J: Submittable<S>, S>(&self, job: J, submission: Submission) -> Result<NewTask, SubmitError> {
        let kind = J::kind();
        if self.runtime.kinds.get(kind).is_none() {
            return Err(SubmitError::NotRegistered { kind });
        }
        if self.runtime.shutdown.has_begun() {
            return Err(SubmitError::Stopping);
        }
        if self.is_draining() {
            return Err(SubmitError::Draining);
        }
        let json = serde_json::to_string(&job).map_err(|source| SubmitError::Job { kind, source })?;
        Ok(NewTask {
            kind: kind.into(),
            job: json.into(),
            description: sanitize::shared(&job.description_text()),
            lanes: job.lane_list(),
            subject: submission.subject.as_deref().map(sanitize::shared),
            priority: submission.priority,
            owner: submission.owner.as_deref().map(sanitize::shared),
            transaction: submission.transaction.as_deref().map(sanitize::shared),
            files: submission.files,
            idempotency: submission.idempotency,
        })
    }

    /// The task as it is now; `None` if there is none. Takes no lock that a job holds. A durable store reads ended
    /// tasks from the disk, except for those that ended last.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn get(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let record = self.runtime.store.get(id).await?;
        Ok(record.map(|record| self.runtime.attempts.task(&record)))
    }

    /// The tasks of these ids as they are now, in the order asked; `None` for each that is not there.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn get_many(&self, ids: &[TaskId]) -> Result<Vec<Option<Task>>, StoreError> {
        let records = self.runtime.store.store().get(ids).await?;
        Ok(records
            .iter()
            .map(|record| record.as_ref().map(|record| self.runtime.attempts.task(record)))
            .collect())
    }

    /// The next page of the tasks that pass the filter, oldest first: at most [`Page::MAX`] of them, however many its `limit`
    /// allows.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn page(&self, filter: &Filter) -> Result<Page, StoreError> {
        let page = self.runtime.store.store().page(filter).await?;
        let tasks = page.records.iter().map(|record| self.runtime.attempts.task(record)).collect();
        Ok(Page { tasks, next: page.next })
    }

    /// All tasks that pass the filter, oldest first, in memory: for filters that few tasks pass, or that have a limit.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Task>, StoreError> {
        let (mut filter, mut tasks) = (filter.clone(), Vec::new());
        loop {
            let page = self.page(&filter).await?;
            filter.limit = filter.limit.map(|limit| limit.saturating_sub(page.tasks.len()));
            tasks.extend(page.tasks);
            match page.next {
                Some(next) if filter.limit != Some(0) => filter.after = Some(next),
                _ => return Ok(tasks),
            }
        }
    }

    /// How many tasks pass the filter, by status, whatever its `after` and `limit`.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn totals(&self, filter: &Filter) -> Result<Totals, StoreError> {
        self.runtime.store.store().totals(filter).await
    }

    /// The engine in numbers.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn counters(&self) -> Result<Counters, StoreError> {
        let counters = self.runtime.store.store().counters().await?;
        let recoveries = *self.runtime.recoveries.lock();
        Ok(Counters { recoveries, workers: self.runtime.slots.workers(), ..counters })
    }

    /// Whether tasks can be accepted now: the store takes commands, and the engine is neither drained nor stopped.
    ///
    /// # Errors
    /// Why not.
    pub fn health(&self) -> Result<(), Arc<StoreError>> {
        if self.runtime.shutdown.has_begun() {
            return Err(Arc::new(StoreError::new("the server is stopping", None)));
        }
        if self.is_draining() {
            return Err(Arc::new(StoreError::new(SubmitError::Draining.to_string(), None)));
        }
        self.runtime.store.store().health()
    }

    /// Asks a task to stop, and answers with the task as it then is, without waiting for its job; `None` if there is none.
    ///
    /// A waiting task is CANCELLED by this and never runs. A running one is told, unless it has passed its commit point; it is
    /// FINISHED then. A task that has ended does not change.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn cancel(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let outcome = self.runtime.cancel(id).await?;
        Ok(outcome.record.map(|record| self.runtime.attempts.task(&record)))
    }

    /// Forgets a task that has ended, with its files, and answers with it once more; one that has not ended stays. `None` if
    /// there is none, so only one of two concurrent prunes gets it.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn prune(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let outcome = self.runtime.store.apply(Command::Prune { id }).await?;
        if outcome.result.is_ok() {
            self.runtime.files.remove_results(vec![id]).await;
        }
        Ok(outcome.record.map(|record| self.runtime.attempts.task(&record)))
    }

    /// Waits until the task has ended; `None` if there is none, or no longer. Its files may not be cleaned up yet.
    ///
    /// Once the engine has been told to stop it answers with the task as it is.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn ended(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.wait_until(id, |task| task.status.has_ended() || self.runtime.shutdown.has_begun()).await
    }

    /// Waits until the task has ended and everything is cleaned up after it; `None` if there is none, or no longer.
    ///
    /// Once the engine has stopped it answers with the task as it is.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn wait(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let is_over = |task: &Task| task.status.has_ended() && !self.runtime.attempts.is_busy_with(id);
        self.wait_until(id, |task| is_over(task) || self.runtime.shutdown.is_over()).await
    }

    async fn wait_until(
        &self,
        id: TaskId,
        suffices: impl Fn(&Task) -> bool,
    ) -> Result<Option<Task>, StoreError> {
        let waiter = self.runtime.attempts.waiters.register(id);
        loop {
            let mut woken = std::pin::pin!(waiter.woken());
            woken.as_mut().enable();
            let Some(record) = self.runtime.store.get(id).await? else { return Ok(None) };
            if suffices(&record.task) {
                return Ok(Some(self.runtime.attempts.task(&record)));
            }
            woken.await;
        }
    }

    /// The file that the task offers, open; `None` where it offers none (yet, or any more).
    ///
    /// # Errors
    /// When the store cannot answer, or the file cannot be opened.
    pub async fn result_file(&self, id: TaskId) -> Result<Option<ResultFile>, StoreError> {
        let record = self.runtime.store.get(id).await?;
        let Some(download) = record.and_then(|record| record.download.clone()) else { return Ok(None) };
        let opened = self.runtime.files.open(id, download).await;
        opened.map_err(|error| StoreError::new("opening the result file", Some(error.into())))
    }

    /// Tells of every change from now on. A receiver that falls more than 1024 changes behind is told how many it missed.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.runtime.changes.subscribe()
    }

    /// Forgets every task whose time is over, as the engine does by itself; how many there were.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        Ok(self.runtime.sweeper.sweep().await?.gone.len())
    }

    /// Stops: nothing is accepted or started any more, and every running job is asked to stop. Returns when all threads have
    /// ended, at the latest after `grace`; whether they have.
    ///
    /// A sealed job finishes. Any other goes back to WAITING, also one that does not stop in time, so that a durable store
    /// starts it again next time; in a memory store it is lost with the process. Questions are still answered.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.runtime.begin_shutdown();
        let has_ended = tokio::time::timeout(grace, self.runtime.all_ended()).await.is_ok();
        if !has_ended {
            self.runtime.release_all().await;
        }
        self.runtime.shutdown.end();
        self.runtime.attempts.waiters.wake_all();
        has_ended
    }
}

fn unexpected_answer() -> StoreError {
    StoreError::new("the task store refused the task", None)
}
