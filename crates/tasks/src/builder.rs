//! How an engine is set up.

use std::{num::NonZero, path::PathBuf, sync::Arc, thread, time::Duration};

use crate::{
    Tasks,
    clock::{Clock, SystemClock},
    registry::JobKinds,
    runtime::{Runtime, Settings},
    store::{Limits, MemoryStore, Store},
    tasks::StopOnDrop,
};

/// Sets an engine up; every setting has a default.
#[must_use = "nothing runs until it is started"]
pub struct Builder {
    kinds: JobKinds,
    settings: Settings,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
}

impl Builder {
    pub(crate) fn new(kinds: JobKinds) -> Self {
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        let settings = Settings {
            workers: cores.max(2),
            max_parked: 256,
            limits: Limits {
                max_unfinished: 10_000,
                max_tasks: 2_000_000,
                max_bytes: 64 << 20,
                ..Limits::default()
            },
            keep: Duration::from_secs(600),
            task_timeout: None,
            grace: Duration::from_secs(10),
            max_attempts: 3,
            results: None,
            files: PathBuf::new(),
        };
        Self { kinds, settings, clock: Arc::new(SystemClock::default()), store: Arc::new(MemoryStore::new()) }
    }

    /// How many jobs run at once, from 1 to 1024; by default as many as there are cores, and two at least.
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers.clamp(1, 1024);
        self
    }

    /// How many jobs may be [parked](crate::Context::park) at once, each with a thread of its own; 256 by default. A job beyond
    /// that keeps its worker slot while it waits.
    pub fn max_parked(mut self, jobs: usize) -> Self {
        self.settings.max_parked = jobs;
        self
    }

    /// How many tasks may wait or run before new ones are refused; 10,000 by default.
    pub fn max_unfinished(mut self, tasks: usize) -> Self {
        self.settings.limits.max_unfinished = tasks;
        self
    }

    /// How many tasks of one owner may wait or run before new ones are refused; by default as many as of all.
    pub fn max_per_owner(mut self, tasks: usize) -> Self {
        self.settings.limits.max_per_owner = tasks;
        self
    }

    /// How many tasks may be kept, unfinished ones included, before new ones are refused; 2,000,000 by default. A full
    /// store never forgets a task before its time. As many [keys](crate::Submission::idempotency) are kept.
    pub fn max_tasks(mut self, tasks: usize) -> Self {
        self.settings.limits.max_tasks = tasks;
        self
    }

    /// How many bytes the jobs that wait or run may take as JSON, with their texts, before new ones are refused; 64 MiB by default.
    /// Those of one owner take at most half of them.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.settings.limits.max_bytes = bytes;
        self
    }

    /// How often a task may be interrupted by the end of the process before it is FAILED instead of being started again; 3 by
    /// default, and 1 at least.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.settings.max_attempts = attempts.max(1);
        self
    }

    /// How long an ended task can be asked for, from its own end on; 10 minutes by default.
    pub fn keep(mut self, keep: Duration) -> Self {
        self.settings.keep = keep;
        self
    }

    /// How long a job may run until its commit point; without limit by default.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.settings.task_timeout = Some(timeout);
        self
    }

    /// How long a job that is past its deadline may take to stop before it is abandoned; 10 seconds by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.settings.grace = grace;
        self
    }

    /// The folder for result files, created if needed; without it no task can offer one. It must be for this store alone.
    pub fn results(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.results = Some(folder.into());
        self
    }

    /// The folder to which relative paths in [`Submission::files`](crate::Submission::files) are relative; the current folder by
    /// default. A store that keeps such paths can be used in another place.
    pub fn files(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.files = folder.into();
        self
    }

    /// The clock for deadlines; the machine's by default. A store has its own.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where tasks are kept; a new [`MemoryStore`] by default. With the feature `sqlite`, `SqliteStore` keeps them in a file:
    ///
    /// ```
    /// # #[cfg(feature = "sqlite")]
    /// # async fn durable() -> Result<(), Box<dyn std::error::Error>> {
    /// use longhaul_tasks::{Registry, SqliteStore, Tasks};
    /// let tasks = Tasks::builder(Registry::new(())).store(SqliteStore::open("tasks.sqlite")?).start();
    /// # Ok(())
    /// # }
    /// ```
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Starts the engine's threads.
    ///
    /// # Panics
    /// Outside a Tokio runtime. Jobs may use the one in which this is called; its timer must be enabled.
    pub fn start(self) -> Tasks {
        let runtime = Runtime::start(self.kinds, self.store, self.clock, self.settings);
        Tasks { _stop_on_drop: Arc::new(StopOnDrop(runtime.clone())), runtime }
    }
}
