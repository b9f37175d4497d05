//! What this process runs: begins attempts, ends them, and cleans up after them.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parking_lot::{Mutex, RwLock};
use pollster::block_on;
use tokio::{
    runtime::Handle,
    sync::{Notify, OwnedSemaphorePermit},
};

use super::{
    attempt::{Attempt, StopCause},
    completion::CompletionWaiters,
    job_outcome::Ending,
    store_client::StoreClient,
    task_files::TaskFiles,
    worker_slots::WorkerSlots,
};
use crate::{
    ErrorReport, Status, Task, TaskId,
    clock::Clock,
    store::{Claimed, Command, CommandError, End, Orphan, Record},
};

/// The attempts of this process, until everything of them is cleaned up.
pub(crate) struct Attempts {
    pub(crate) store: StoreClient,
    pub(crate) files: TaskFiles,
    pub(crate) slots: Arc<WorkerSlots>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) task_timeout: Option<Duration>,
    pub(crate) runtime: Handle,
    pub(crate) waiters: CompletionWaiters,
    running: RwLock<HashMap<TaskId, Arc<Attempt>>>,
    /// How many cancels of each task have files to remove.
    cleanups: Mutex<HashMap<TaskId, usize>>,
    /// Something was removed from the two maps.
    removed: Notify,
}

impl Attempts {
    pub(super) fn new(
        store: StoreClient,
        files: TaskFiles,
        slots: Arc<WorkerSlots>,
        clock: Arc<dyn Clock>,
        task_timeout: Option<Duration>,
        runtime: Handle,
    ) -> Self {
        Self {
            store,
            files,
            slots,
            clock,
            task_timeout,
            runtime,
            waiters: CompletionWaiters::default(),
            running: RwLock::default(),
            cleanups: Mutex::default(),
            removed: Notify::new(),
        }
    }

    /// Begins an attempt at a task that was claimed.
    pub(super) fn begin(&self, claimed: Claimed, slot: OwnedSemaphorePermit) -> Arc<Attempt> {
        self.insert(Attempt::new(claimed, slot, self.clock.elapsed(), self.runtime.clone()))
    }

    /// Takes over an attempt that another process began.
    pub(super) fn adopt(&self, orphan: Orphan) -> Arc<Attempt> {
        self.insert(Attempt::recovered(orphan, self.clock.elapsed(), self.runtime.clone()))
    }

    fn insert(&self, attempt: Attempt) -> Arc<Attempt> {
        let attempt = Arc::new(attempt);
        self.running.write().insert(attempt.id(), attempt.clone());
        attempt
    }

    /// Everything of the attempt is cleaned up, or another process will do it.
    pub(super) fn remove(&self, attempt: &Arc<Attempt>) {
        {
            let mut running = self.running.write();
            if running.get(&attempt.id()).is_some_and(|current| Arc::ptr_eq(current, attempt)) {
                running.remove(&attempt.id());
            }
        }
        self.waiters.wake(attempt.id());
        self.removed.notify_waiters();
    }

    pub(super) fn get(&self, id: TaskId) -> Option<Arc<Attempt>> {
        self.running.read().get(&id).cloned()
    }

    pub(super) fn all(&self) -> Vec<Arc<Attempt>> {
        self.running.read().values().cloned().collect()
    }

    /// The task, with the progress of the attempt that runs here.
    pub(crate) fn task(&self, record: &Record) -> Task {
        let mut task = record.task.clone();
        if task.status == Status::Running
            && let Some(attempt) = self.running.read().get(&task.id)
        {
            task.progress = attempt.steps.snapshot();
        }
        task
    }

    /// Whether something of the task is still to be cleaned up here.
    pub(crate) fn is_busy_with(&self, id: TaskId) -> bool {
        self.running.read().contains_key(&id) || self.cleanups.lock().contains_key(&id)
    }

    /// Keeps those waiting who wait until everything of a task is cleaned up.
    pub(super) fn begin_cleanup(self: &Arc<Self>, id: TaskId) -> Cleanup {
        *self.cleanups.lock().entry(id).or_default() += 1;
        Cleanup { attempts: self.clone(), id }
    }

    /// Resolves when nothing runs and everything is cleaned up.
    pub(super) async fn all_removed(&self) {
        loop {
            let mut removed = std::pin::pin!(self.removed.notified());
            removed.as_mut().enable();
            if self.running.read().is_empty() && self.cleanups.lock().is_empty() {
                return;
            }
            removed.await;
        }
    }

    /// Ends the attempt in the background.
    pub(super) fn end_in_background(self: &Arc<Self>, attempt: Arc<Attempt>, ending: Ending) {
        let attempts = self.clone();
        self.runtime.spawn(async move { attempts.end(&attempt, ending).await });
    }

    /// Writes the end, cleans up after the task, and removes the attempt; the task's status then, unless it is gone.
    pub(super) async fn end(&self, attempt: &Arc<Attempt>, mut ending: Ending) -> Option<Status> {
        let outcome = loop {
            let outcome = self.store.apply_until_stored(ending.command(attempt.key)).await;
            match outcome.result {
                Err(CommandError::CancelRequested) => ending = Ending::Cancelled,
                _ => break outcome,
            }
        };
        if let Err(error) = outcome.result {
            tracing::warn!(task = %attempt.id(), ?error, "the end of a task was not accepted");
        }
        let status = outcome.record.map(|record| record.task.status);
        self.log_end(attempt, status);
        self.files.clean_up(attempt, status.is_some_and(Status::has_ended)).await;
        self.remove(attempt);
        status
    }

    /// Ends an attempt whose job was asked to stop and did not. Its thread may still run: the task ends, the slot is given to
    /// another, and only the lanes stay occupied until the thread returns.
    pub(super) fn abandon(self: &Arc<Self>, attempt: Arc<Attempt>, cause: StopCause) {
        tracing::error!(task = %attempt.id(), kind = &*attempt.kind, "a job was abandoned because it did not stop");
        self.slots.abandon(&attempt);
        let end = match cause {
            StopCause::Cancel => End::Cancelled,
            StopCause::Deadline | StopCause::Shutdown | StopCause::Lost => {
                End::Failed(Arc::new(self.overdue()), None)
            }
        };
        let attempts = self.clone();
        self.runtime.spawn(async move {
            let outcome = attempts.store.apply_until_stored(attempt.key.end_and_keep_lanes(end)).await;
            let status = outcome.record.map(|record| record.task.status);
            attempts.log_end(&attempt, status);
            attempts.files.clean_up(&attempt, status.is_some_and(Status::has_ended)).await;
            attempts.remove(&attempt);
            attempts.release_abandoned(&attempt).await;
        });
    }

    /// The thread of an abandoned attempt has returned.
    pub(super) fn abandoned_thread_returned(&self, attempt: &Arc<Attempt>) {
        block_on(self.release_abandoned(attempt));
    }

    /// Frees the lanes of an abandoned attempt once its thread has returned and its end is written.
    async fn release_abandoned(&self, attempt: &Arc<Attempt>) {
        if attempt.is_second_release() {
            self.slots.abandoned_thread_returned();
            // What the job made after its end was written.
            self.files.clean_up(attempt, false).await;
            self.store.apply_until_stored(Command::FreeLanes { id: attempt.id() }).await;
        }
    }

    /// The error of a task that took too long.
    pub(super) fn overdue(&self) -> ErrorReport {
        let timeout = self.task_timeout.unwrap_or_default();
        ErrorReport::message(format!("the task took longer than the {timeout:?} it may take"))
    }

    /// Not in the task's span, because the thread may have gone on.
    fn log_end(&self, attempt: &Attempt, status: Option<Status>) {
        let seconds = self.clock.elapsed().saturating_sub(attempt.begun).as_secs_f64();
        let status = status.map_or("forgotten", Status::as_str);
        let (id, kind) = (attempt.id().0, &*attempt.kind);
        tracing::debug!(parent: None, id, kind, status, seconds, "an attempt has ended");
    }
}

/// A cleanup that goes on until this is dropped.
pub(crate) struct Cleanup {
    attempts: Arc<Attempts>,
    id: TaskId,
}

impl Drop for Cleanup {
    fn drop(&mut self) {
        {
            let mut cleanups = self.attempts.cleanups.lock();
            if let Some(count) = cleanups.get_mut(&self.id) {
                *count -= 1;
                if *count == 0 {
                    cleanups.remove(&self.id);
                }
            }
        }
        self.attempts.waiters.wake(self.id);
        self.attempts.removed.notify_waiters();
    }
}
