//! The handle by which tasks are asked for and asked about.

use std::{
    path::PathBuf,
    sync::{Arc, atomic::Ordering::SeqCst},
    time::Duration,
};

use tokio::sync::broadcast;

use crate::{
    Builder, Counters, Filter, Priority, Registry, ResultFile, Task, TaskId, Totals,
    engine::Engine,
    job::Submittable,
    keeper,
    store::{Idempotency, NewTask, Refusal, StoreError, Transition},
    text,
};

/// Runs jobs in the background and answers questions about them; a clone is the same engine.
///
/// When the last clone is dropped the engine stops as [`stop`](Self::stop) says, without anybody waiting for it.
#[derive(Clone)]
pub struct Tasks {
    pub(crate) engine: Arc<Engine>,
    pub(crate) _alive: Arc<Alive>,
}

/// Stops the engine when nobody holds a handle any more; the engine's own threads do not count.
pub(crate) struct Alive(pub(crate) Arc<Engine>);

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.begin_to_stop();
    }
}

/// What belongs to a task besides its job.
#[derive(Clone, Debug, Default)]
pub struct Submission {
    /// What it works on, for those who ask for all tasks on something.
    pub subject: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// Who asks for it.
    pub owner: Option<String>,
    /// The transaction it works in.
    pub transaction: Option<String>,
    /// Files that were made for it, such as an upload. They become the task's with its id, and are removed when it ends;
    /// where the submit fails they stay the caller's. Of a submit that was made before they are removed.
    pub files: Vec<PathBuf>,
    /// Makes submits of the same owner with the same key one task: for 24 hours the answer is the first one, whatever has become
    /// of the task.
    pub idempotency: Option<Idempotency>,
}

/// Why a task was not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// As many tasks as allowed wait or run.
    #[error("too many tasks are waiting")]
    QueueFull {
        /// When it may pay to ask again.
        retry_after: Duration,
    },
    /// As many tasks of this owner as allowed wait or run.
    #[error("too many tasks of the same user are waiting")]
    OwnerLimit {
        /// When it may pay to ask again.
        retry_after: Duration,
    },
    /// As many tasks as allowed are kept, and none may be forgotten yet.
    #[error("too many tasks are kept")]
    StoreFull {
        /// When it may pay to ask again.
        retry_after: Duration,
    },
    /// Something else was asked for under this key.
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
    /// It is there, or its status has changed. Not said of progress.
    Changed(TaskId),
    /// It has been forgotten.
    Gone(TaskId),
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

    /// Accepts a job; the answer is the new task, which [`get`](Self::get) finds from now on.
    pub async fn submit<J, S>(&self, job: J, submission: Submission) -> Result<Task, SubmitError>
    where
        J: Submittable<S>,
    {
        let new = self.new_task(job, submission)?;
        let answer = self.engine.write(Transition::Submitted(new)).await.map_err(SubmitError::Store)?;
        match (answer.verdict, answer.record) {
            (Ok(()), Some(record)) => {
                self.engine.remove_files(answer.files, record.task.id);
                Ok(record.task.clone())
            }
            (Err(refusal), _) => Err(self.refused(refusal)),
            (Ok(()), None) => Err(SubmitError::Store(no_answer())),
        }
    }

    fn refused(&self, refusal: Refusal) -> SubmitError {
        let soon = || self.engine.pace.until_next(self.engine.pool.workers());
        match refusal {
            Refusal::QueueFull => SubmitError::QueueFull { retry_after: soon() },
            Refusal::OwnerLimit => SubmitError::OwnerLimit { retry_after: soon() },
            Refusal::StoreFull => SubmitError::StoreFull { retry_after: self.engine.until_a_sweep() },
            Refusal::KeyReused => SubmitError::KeyReused,
            _ => SubmitError::Store(no_answer()),
        }
    }

    fn new_task<J: Submittable<S>, S>(&self, job: J, submission: Submission) -> Result<NewTask, SubmitError> {
        let kind = J::kind();
        if self.engine.kinds.get(kind).is_none() {
            return Err(SubmitError::NotRegistered { kind });
        }
        if self.engine.pool.is_stopping() {
            return Err(SubmitError::Stopping);
        }
        let json = serde_json::to_string(&job).map_err(|source| SubmitError::Job { kind, source })?;
        Ok(NewTask {
            kind: kind.into(),
            job: json.into(),
            description: text::shared(&job.words()),
            lanes: job.lanes_taken(),
            subject: submission.subject.as_deref().map(text::shared),
            priority: submission.priority,
            owner: submission.owner.as_deref().map(text::shared),
            transaction: submission.transaction.as_deref().map(text::shared),
            files: submission.files,
            starts_early: J::starts_early(),
            idempotency: submission.idempotency,
        })
    }

    /// The task as it is now; `None` if there is none. Takes no lock that a job holds, and no disk.
    ///
    /// # Errors
    /// When the store cannot answer; one that answers from memory always can.
    pub async fn get(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let record = self.engine.store.get(id).await?;
        Ok(record.map(|record| self.engine.describe(&record)))
    }

    /// The tasks that the filter lets through, oldest first.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn list(&self, filter: &Filter) -> Result<Vec<Task>, StoreError> {
        let records = self.engine.store.list(filter).await?;
        Ok(records.iter().map(|record| self.engine.describe(record)).collect())
    }

    /// The next page of the tasks that the filter lets through, oldest first: at most [`Page::MAX`] of them, however many its
    /// `limit` allows.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn page(&self, filter: &Filter) -> Result<Page, StoreError> {
        let limit = filter.limit.unwrap_or(usize::MAX).min(Page::MAX);
        let tasks = self.list(&Filter { limit: Some(limit), ..filter.clone() }).await?;
        let next = tasks.last().map(|task| task.id).filter(|_| tasks.len() == limit);
        Ok(Page { tasks, next })
    }

    /// The tasks of these ids as they are now, in the order asked; `None` for each that is not there.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn get_many(&self, ids: &[TaskId]) -> Result<Vec<Option<Task>>, StoreError> {
        let mut tasks = Vec::with_capacity(ids.len());
        for id in ids {
            tasks.push(self.get(*id).await?);
        }
        Ok(tasks)
    }

    /// How many tasks the filter lets through, by status, whatever its `after` and `limit`.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn totals(&self, filter: &Filter) -> Result<Totals, StoreError> {
        self.engine.store.totals(filter).await
    }

    /// The engine in numbers. Cheap, and never waits for a disk.
    pub fn counters(&self) -> Counters {
        let recoveries = *self.engine.recoveries.lock();
        Counters { recoveries, workers: self.engine.pool.workers(), ..self.engine.store.counters() }
    }

    /// Whether tasks can be accepted now: the store takes wishes, and nobody has asked to stop.
    ///
    /// # Errors
    /// Why not.
    pub fn health(&self) -> Result<(), Arc<StoreError>> {
        if self.engine.pool.is_stopping() {
            return Err(Arc::new(StoreError::new("the server is stopping", None)));
        }
        self.engine.store.health()
    }

    /// Asks a task to stop, and answers at once with the task as it then is; `None` if there is none.
    ///
    /// A waiting task is CANCELLED by this and never runs. A running one is told; whether it ends CANCELLED depends on whether
    /// it is past its point of no return. Nothing happens to one that has ended.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn cancel(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let answer = self.engine.cancel(id).await?;
        Ok(answer.record.map(|record| self.engine.describe(&record)))
    }

    /// Forgets a task that has ended, with its files, and answers with it once more; one that has not ended stays. `None` if
    /// there is none; so of two who prune the same task one gets it.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn prune(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let answer = self.engine.write(Transition::Pruned { id }).await?;
        if answer.verdict.is_ok() {
            self.engine.remove_results(answer.record.as_slice()).await;
        }
        Ok(answer.record.map(|record| self.engine.describe(&record)))
    }

    /// Waits until the task has ended; `None` if there is none, or no longer. What it leaves may not be cleared up yet.
    ///
    /// Once the engine has been told to stop it answers with the task as it is.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn ended(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        self.wait_until(id, |task| task.status.has_ended() || self.engine.pool.is_stopping()).await
    }

    /// Waits until the task has ended and everything is cleared up after it; `None` if there is none, or no longer.
    ///
    /// Once the engine has stopped it answers with the task as it is.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn wait(&self, id: TaskId) -> Result<Option<Task>, StoreError> {
        let is_over = |task: &Task| task.status.has_ended() && !self.engine.is_busy_with(id);
        self.wait_until(id, |task| is_over(task) || self.engine.is_out.load(SeqCst)).await
    }

    async fn wait_until(
        &self,
        id: TaskId,
        suffices: impl Fn(&Task) -> bool,
    ) -> Result<Option<Task>, StoreError> {
        let watcher = self.engine.watch.watch(id);
        loop {
            let mut woken = std::pin::pin!(watcher.woken());
            woken.as_mut().enable();
            let Some(record) = self.engine.store.get(id).await? else { return Ok(None) };
            if suffices(&record.task) {
                return Ok(Some(self.engine.describe(&record)));
            }
            woken.await;
        }
    }

    /// The file that the task offers, open; `None` where it offers none (yet, or any more).
    ///
    /// # Errors
    /// When the store cannot answer, or the file cannot be opened.
    pub async fn result_file(&self, id: TaskId) -> Result<Option<ResultFile>, StoreError> {
        let record = self.engine.store.get(id).await?;
        let (Some(download), Some(results)) =
            (record.and_then(|record| record.download.clone()), self.engine.results.clone())
        else {
            return Ok(None);
        };
        let opened = self.engine.runtime.spawn_blocking(move || results.open(id, &download)).await;
        match opened.map_err(std::io::Error::other).flatten() {
            Ok(file) => Ok(Some(file)),
            // Forgotten since it was looked up.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StoreError::new("opening the result file", Some(error.into()))),
        }
    }

    /// Tells of every change from now on. One who falls more than 1024 changes behind is told how many were missed.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.engine.changes.subscribe()
    }

    /// Forgets every task whose time is over, as the engine does by itself; how many that were.
    ///
    /// # Errors
    /// When the store cannot answer.
    pub async fn sweep(&self) -> Result<usize, StoreError> {
        Ok(keeper::sweep(&self.engine).await?.gone.len())
    }

    /// Stops: nothing is accepted or started any more, and every running job is asked to stop. Returns when all threads are
    /// out, at the latest after `grace`; whether they are.
    ///
    /// A job past its point of no return finishes. Any other goes back to WAITING, also one that does not heed the request in
    /// time, so that a durable store starts it again next time; in a memory store it is lost with the program. Questions are
    /// still answered.
    pub async fn stop(&self, grace: Duration) -> bool {
        self.engine.begin_to_stop();
        let is_out = tokio::time::timeout(grace, self.engine.all_out()).await.is_ok();
        if !is_out {
            self.engine.hand_everything_back().await;
        }
        self.engine.is_out.store(true, SeqCst);
        self.engine.watch.wake_all();
        is_out
    }
}

fn no_answer() -> StoreError {
    StoreError::new("the task store refused the task", None)
}
