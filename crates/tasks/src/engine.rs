//! What all handles, threads and contexts share.

use std::{
    io,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    sync::{Arc, Weak, atomic::AtomicBool},
    thread,
    time::Duration,
};

use parking_lot::{Mutex, RwLock};
use tokio::{
    runtime::Handle,
    sync::{Notify, broadcast},
};

use crate::{
    Change, PublishError, Recoveries, TaskId,
    clock::Clock,
    ids::ById,
    keeper::Alarm,
    pace::Pace,
    pool::Pool,
    registry::Kinds,
    results::{self, Results},
    run::{Cause, Run},
    stopping::Stopping,
    store::{Answer, Download, Listener, Notice, Record, Store, StoreError, Transition},
    watch::Watch,
    worker,
};

/// The engine: who runs, who waits, where it is written down.
pub(crate) struct Engine {
    pub(crate) kinds: Kinds,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) pool: Pool,
    pub(crate) watch: Watch,
    pub(crate) alarm: Alarm,
    pub(crate) pace: Pace,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) runtime: Handle,
    pub(crate) results: Option<Results>,
    pub(crate) times: Times,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) recoveries: Mutex<Recoveries>,
    /// What this engine runs or is clearing up after, by task.
    pub(crate) running: RwLock<ById<Arc<Run>>>,
    /// The tasks that are being cancelled or rescued, by how many; their files may not have been removed yet.
    pub(crate) clearing: Mutex<ById<usize>>,
    pub(crate) cleared: Notify,
    pub(crate) is_out: AtomicBool,
    pub(crate) stopping: Stopping,
}

/// How long things may take.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) keep: Duration,
    pub(crate) task_timeout: Option<Duration>,
    pub(crate) grace: Duration,
    /// How often a task may be cut short before it is given up.
    pub(crate) max_attempts: u32,
}

impl Engine {
    /// Writes one wish and waits for the journal's answer.
    pub(crate) async fn write(&self, wish: Transition) -> Result<Answer, StoreError> {
        let answers = self.store.write(vec![wish]).await?;
        answers.into_iter().next().ok_or_else(|| StoreError::new("the task store gave no answer", None))
    }

    /// [`write`](Self::write), again and again until the store answers: a task's end must not be lost.
    pub(crate) async fn write_surely(&self, wish: Transition) -> Answer {
        let mut pause = Duration::from_millis(50);
        loop {
            match self.write(wish.clone()).await {
                Ok(answer) => return answer,
                Err(error) => tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the task store does not answer"
                ),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// What a job that is being run is called to account by. It hears of stops that came before it was known.
    pub(crate) async fn begin(&self, run: &Arc<Run>) {
        self.running.write().insert(run.id, run.clone());
        if let Ok(Some(record)) = self.store.get(run.id).await
            && record.cancel_requested
        {
            run.stop(Cause::Cancel);
        }
        if !self.store.stands(run.id, run.attempt) {
            run.stop(Cause::Cancel);
        }
        if self.pool.is_stopping() {
            run.stop(Cause::Shutdown);
        }
        if let Some(timeout) = self.times.task_timeout {
            self.alarm.expect(run.begun.saturating_add(timeout));
        }
    }

    /// Everything of the attempt is cleared away.
    pub(crate) fn forget(&self, run: &Arc<Run>) {
        {
            let mut running = self.running.write();
            if running.get(&run.id).is_some_and(|current| Arc::ptr_eq(current, run)) {
                running.remove(&run.id);
            }
        }
        self.watch.wake(run.id);
        self.cleared.notify_waiters();
    }

    /// Adds what only this engine knows of a running task.
    pub(crate) fn describe(&self, record: &Record) -> crate::Task {
        let mut task = record.task.clone();
        if task.status == crate::Status::Running
            && let Some(run) = self.running.read().get(&task.id)
        {
            task.progress = run.steps.snapshot();
        }
        task
    }

    /// Whether something of the task is still to be cleared away here.
    pub(crate) fn is_busy_with(&self, id: TaskId) -> bool {
        self.running.read().contains_key(&id) || self.clearing.lock().contains_key(&id)
    }

    /// Asks a task to stop. The files of one that never ran are removed while the answer is already on its way.
    pub(crate) async fn cancel(self: &Arc<Self>, id: TaskId) -> Result<Answer, StoreError> {
        let clearing = Clearing::begin(self.clone(), id);
        let mut answer = self.write(Transition::CancelRequested { id }).await?;
        let files = std::mem::take(&mut answer.files);
        if !files.is_empty() {
            self.runtime.spawn_blocking(move || {
                results::remove_all(&files, id);
                drop(clearing);
            });
        }
        Ok(answer)
    }

    /// Removes files that nobody needs, while the answer is already on its way.
    pub(crate) fn remove_files(&self, files: Vec<PathBuf>, id: TaskId) {
        if !files.is_empty() {
            self.runtime.spawn_blocking(move || results::remove_all(&files, id));
        }
    }

    /// When it may pay to ask again where everything that is kept is too much; from a second to a minute.
    pub(crate) fn until_a_sweep(&self) -> Duration {
        self.times.keep.clamp(Duration::from_secs(1), Duration::from_secs(60))
    }

    /// Starts threads until there are enough.
    pub(crate) fn staff(self: &Arc<Self>) {
        while self.pool.hire() {
            let engine = self.clone();
            let started = thread::Builder::new().name("task".into()).spawn(move || worker::work(engine));
            if let Err(error) = started {
                self.pool.unhire();
                tracing::error!(%error, "could not start a thread to run tasks");
                return;
            }
        }
    }

    /// Lets another task run in the place of one that waits. Whether it did.
    pub(crate) fn park(self: &Arc<Self>, run: &Run) -> bool {
        let is_parked = self.pool.park(run);
        if is_parked {
            self.staff();
        }
        is_parked
    }

    /// Whether a job's sealed effect is visible, as far as the job can tell.
    pub(crate) fn is_published(&self, kind: &str, job: &str, intent: &str) -> bool {
        let Some(known) = self.kinds.get(kind) else { return false };
        match catch_unwind(AssertUnwindSafe(|| known.publish(job, intent))) {
            Ok(Ok(())) => true,
            Ok(Err(PublishError::Retry(error) | PublishError::Impossible(error))) => {
                let error = &*error as &dyn std::error::Error;
                tracing::error!(kind, error, "could not complete the publication of a task");
                false
            }
            Err(_) => false,
        }
    }

    pub(crate) fn results(&self) -> io::Result<&Results> {
        let missing = || io::Error::new(io::ErrorKind::Unsupported, "no folder was named for result files");
        self.results.as_ref().ok_or_else(missing)
    }

    pub(crate) fn sync_result(&self, run: &Run, download: &Download) -> io::Result<()> {
        self.results()?.sync(run.id, run.attempt, download)
    }

    /// Removes what the attempt made and did not publish and, if the task has ended, what it was given.
    pub(crate) async fn clear_up(&self, run: &Arc<Run>, has_ended: bool) {
        let has_files = has_ended && !run.files.is_empty();
        let part = self.results.clone().filter(|_| run.download.lock().is_some());
        if !has_files && part.is_none() {
            return;
        }
        let run = run.clone();
        let cleared = self.runtime.spawn_blocking(move || {
            if has_files {
                results::remove_all(&run.files, run.id);
            }
            if let Some(results) = part {
                results.discard(run.id, run.attempt);
            }
        });
        let _ = cleared.await;
    }

    /// Removes what a forgotten task offered.
    pub(crate) async fn remove_results(&self, gone: &[Arc<Record>]) {
        let Some(results) = self.results.clone() else { return };
        let ids: Vec<_> =
            gone.iter().filter(|record| record.download.is_some()).map(|record| record.task.id).collect();
        if !ids.is_empty() {
            let _ =
                self.runtime.spawn_blocking(move || ids.into_iter().for_each(|id| results.remove(id))).await;
        }
    }
}

/// Keeps those waiting who wait for everything of a task to be cleared away.
pub(crate) struct Clearing {
    engine: Arc<Engine>,
    id: TaskId,
}

impl Clearing {
    pub(crate) fn begin(engine: Arc<Engine>, id: TaskId) -> Self {
        *engine.clearing.lock().entry(id).or_default() += 1;
        Self { engine, id }
    }
}

impl Drop for Clearing {
    fn drop(&mut self) {
        {
            let mut clearing = self.engine.clearing.lock();
            if let Some(times) = clearing.get_mut(&self.id) {
                *times -= 1;
                if *times == 0 {
                    clearing.remove(&self.id);
                }
            }
        }
        self.engine.watch.wake(self.id);
        self.engine.cleared.notify_waiters();
    }
}

/// Brings what happens in the store to those who wait for it here.
pub(crate) struct Ear(pub(crate) Weak<Engine>);

impl Listener for Ear {
    fn notice(&self, notice: Notice) {
        let Some(engine) = self.0.upgrade() else { return };
        match notice {
            Notice::Work(tasks) => engine.pool.ring(tasks),
            Notice::CancelRequested(id) => {
                let run = engine.running.read().get(&id).cloned();
                if let Some(run) = run {
                    run.stop(Cause::Cancel);
                }
            }
            Notice::Changed(id) => engine.tell(Change::Changed(id)),
            Notice::Ended(id) => {
                engine.watch.wake(id);
                engine.alarm.expect_sweep();
            }
            Notice::Gone(id) => {
                engine.watch.wake(id);
                engine.tell(Change::Gone(id));
            }
        }
    }
}

impl Engine {
    /// Asks everything to stop: threads without work at once, jobs as they allow.
    pub(crate) fn begin_to_stop(&self) {
        self.pool.stop();
        self.stopping.begin();
        self.watch.wake_all();
        self.alarm.ring();
        let running: Vec<_> = self.running.read().values().cloned().collect();
        running.iter().for_each(|run| run.stop(Cause::Shutdown));
    }

    /// Resolves when every thread is out and everything is cleared up.
    pub(crate) async fn all_out(&self) {
        self.pool.all_out().await;
        loop {
            let mut cleared = std::pin::pin!(self.cleared.notified());
            cleared.as_mut().enable();
            if self.running.read().is_empty() && self.clearing.lock().is_empty() {
                return;
            }
            cleared.await;
        }
    }

    /// Lets the tasks wait again whose jobs go on although they were asked to stop; they can write nothing any more. What is
    /// sealed, or was cancelled, stays as it is: a store that outlives the program knows what to make of it.
    pub(crate) async fn hand_everything_back(&self) {
        let running: Vec<_> = self.running.read().values().cloned().collect();
        let back = |run: &Arc<Run>| Transition::HandedBack {
            id: run.id,
            attempt: run.attempt,
            was_cut_short: false,
        };
        if let Err(error) = self.store.write(running.iter().map(back).collect()).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "could not hand tasks back that did not stop");
        }
    }

    fn tell(&self, change: Change) {
        if self.changes.receiver_count() > 0 {
            let _ = self.changes.send(change);
        }
    }
}
