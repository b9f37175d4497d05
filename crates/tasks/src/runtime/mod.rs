//! Runs jobs: worker threads, the maintenance thread, and what both share with the [`Tasks`](crate::Tasks) handle.
//!
//! A worker claims a task and runs its job as an [`Attempt`](attempt::Attempt). What the job returned decides the
//! [`Ending`](job_outcome::Ending); a sealed attempt goes through [`publication`] first. The maintenance thread recovers tasks of
//! workers that are gone, enforces deadlines, and forgets ended tasks.

pub(crate) mod attempt;
pub(crate) mod attempts;
mod cancel_hooks;
mod completion;
mod deadlines;
mod drain;
mod job_outcome;
mod listener;
mod maintenance;
mod mean_duration;
mod publication;
mod recovery;
mod result_folder;
mod shutdown;
mod store_client;
mod sweeper;
mod task_files;
mod timer;
mod worker;
mod worker_slots;

use std::{
    path::PathBuf,
    sync::{Arc, atomic::AtomicBool},
    thread,
    time::Duration,
};

use parking_lot::Mutex;
use tokio::{
    runtime::Handle,
    sync::{broadcast, watch},
};

pub use self::result_folder::ResultFile;
use self::{
    attempt::StopCause, attempts::Attempts, deadlines::Deadlines, listener::RuntimeListener,
    maintenance::Maintenance, mean_duration::MeanDuration, publication::Publisher, recovery::Recovery,
    shutdown::Shutdown, store_client::StoreClient, sweeper::Sweeper, task_files::TaskFiles, timer::Timer,
    worker::Worker, worker_slots::WorkerSlots,
};
use crate::{
    Change, Recoveries, TaskId,
    clock::Clock,
    registry::JobKinds,
    store::{Command, Limits, Outcome, Store, StoreError},
};

/// How many changes a receiver may fall behind.
const CHANGES: usize = 1024;

/// How a runtime is set up.
pub(crate) struct Settings {
    pub(crate) workers: usize,
    pub(crate) max_parked: usize,
    pub(crate) limits: Limits,
    /// How long ended tasks are kept.
    pub(crate) keep: Duration,
    pub(crate) task_timeout: Option<Duration>,
    /// How long a job may take to stop after its deadline.
    pub(crate) grace: Duration,
    /// How often a task may be interrupted before it fails.
    pub(crate) max_attempts: u32,
    /// The folder of result files.
    pub(crate) results: Option<PathBuf>,
    /// The folder of the files that tasks were given with relative paths.
    pub(crate) files: PathBuf,
}

/// What the handle needs of the running engine.
pub(crate) struct Runtime {
    pub(crate) kinds: Arc<JobKinds>,
    pub(crate) store: StoreClient,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) slots: Arc<WorkerSlots>,
    pub(crate) files: TaskFiles,
    pub(crate) sweeper: Sweeper,
    pub(crate) shutdown: Arc<Shutdown>,
    /// Whether new tasks are refused.
    pub(crate) is_draining: AtomicBool,
    pub(crate) mean_duration: Arc<MeanDuration>,
    pub(crate) changes: broadcast::Sender<Change>,
    pub(crate) recoveries: Arc<Mutex<Recoveries>>,
    pub(crate) limits: Limits,
    timer: Arc<Timer>,
    /// Closed when the maintenance thread has ended.
    maintenance: watch::Receiver<()>,
}

impl Runtime {
    /// Starts the threads.
    ///
    /// # Panics
    /// Outside a Tokio runtime.
    pub(crate) fn start(
        kinds: JobKinds,
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        settings: Settings,
    ) -> Arc<Self> {
        let runtime = Handle::current();
        let store = StoreClient::new(store);
        let files = TaskFiles::new(settings.results, settings.files, runtime.clone());
        let slots = Arc::new(WorkerSlots::new(settings.workers, settings.max_parked));
        let timeout = settings.task_timeout;
        let attempts = Attempts::new(store.clone(), files.clone(), slots.clone(), clock, timeout, runtime);
        let (maintenance_runs, maintenance) = watch::channel(());
        let this = Arc::new(Self {
            kinds: Arc::new(kinds),
            attempts: Arc::new(attempts),
            slots,
            sweeper: Sweeper { store: store.clone(), files: files.clone(), keep: settings.keep },
            store,
            files,
            shutdown: Arc::default(),
            is_draining: AtomicBool::default(),
            mean_duration: Arc::default(),
            changes: broadcast::Sender::new(CHANGES),
            recoveries: Arc::default(),
            limits: settings.limits,
            timer: Arc::new(Timer::new(timeout)),
            maintenance,
        });
        this.store.store().subscribe(Arc::new(RuntimeListener(Arc::downgrade(&this))));
        let publisher = Arc::new(Publisher {
            kinds: this.kinds.clone(),
            attempts: this.attempts.clone(),
            shutdown: this.shutdown.clone(),
            pending: Mutex::default(),
        });
        this.prepare_workers(publisher.clone());
        let maintenance = Maintenance {
            timer: this.timer.clone(),
            shutdown: this.shutdown.clone(),
            attempts: this.attempts.clone(),
            recovery: Recovery {
                attempts: this.attempts.clone(),
                publisher: publisher.clone(),
                recoveries: this.recoveries.clone(),
                max_attempts: settings.max_attempts,
            },
            deadlines: Deadlines { attempts: this.attempts.clone(), grace: settings.grace },
            publisher,
            sweeper: this.sweeper.clone(),
        };
        this.start_maintenance(maintenance, maintenance_runs);
        this
    }

    /// Says how worker threads are started. Maintenance starts them once it has recovered interrupted tasks.
    fn prepare_workers(&self, publisher: Arc<Publisher>) {
        let worker = Arc::new(Worker {
            attempts: self.attempts.clone(),
            kinds: self.kinds.clone(),
            publisher,
            timer: self.timer.clone(),
            mean_duration: self.mean_duration.clone(),
            shutdown: self.shutdown.clone(),
        });
        self.slots.start_threads_with(move || {
            let worker = worker.clone();
            thread::Builder::new().name("task".into()).spawn(move || worker.run()).map(drop)
        });
    }

    fn start_maintenance(&self, maintenance: Maintenance, runs: watch::Sender<()>) {
        let timer = Arc::downgrade(&self.timer);
        maintenance.attempts.clock.on_jump(Box::new(move || {
            if let Some(timer) = timer.upgrade() {
                timer.wake();
            }
        }));
        let started = thread::Builder::new().name("task-maintenance".into()).spawn(move || {
            maintenance.run();
            drop(runs);
        });
        if let Err(error) = started {
            tracing::error!(%error, "could not start the maintenance thread: no task will run");
        }
    }

    /// Asks a task to stop. The files of one that never ran are removed while the answer is already on its way.
    pub(crate) async fn cancel(&self, id: TaskId) -> Result<Outcome, StoreError> {
        let cleanup = self.attempts.begin_cleanup(id);
        let command = Command::Change { id, command: crate::store::TaskCommand::Cancel };
        let mut outcome = self.store.apply(command).await?;
        let files = std::mem::take(&mut outcome.files);
        self.files.remove_in_background(files, id, Some(cleanup));
        Ok(outcome)
    }

    /// Asks everything to stop: threads without work at once, jobs as they allow.
    pub(crate) fn begin_shutdown(&self) {
        self.shutdown.begin();
        self.slots.stop();
        self.attempts.waiters.wake_all();
        self.timer.wake();
        self.attempts.all().iter().for_each(|attempt| attempt.stop(StopCause::Shutdown));
    }

    /// Resolves when every worker thread and the maintenance thread have ended and everything is cleaned up: from then on the
    /// store may be closed.
    pub(crate) async fn all_ended(&self) {
        self.slots.all_threads_ended().await;
        let mut maintenance = self.maintenance.clone();
        while maintenance.changed().await.is_ok() {}
        self.attempts.all_removed().await;
    }

    /// Lets the tasks wait again whose jobs go on although they were asked to stop; their attempts can write nothing any more.
    /// Sealed and cancelled tasks stay as they are: a store that survives the process has them recovered.
    pub(crate) async fn release_all(&self) {
        let release = |attempt: &Arc<attempt::Attempt>| attempt.key.release(false);
        let commands = self.attempts.all().iter().map(release).collect();
        if let Err(error) = self.store.store().apply(commands).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "could not release tasks that did not stop");
        }
    }
}
