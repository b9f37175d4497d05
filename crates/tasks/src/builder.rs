//! How an engine is set up.

use std::{num::NonZero, path::PathBuf, sync::Arc, thread, time::Duration};

use tokio::{runtime::Handle, sync::broadcast};

use crate::{
    Tasks,
    clock::{Clock, SystemClock},
    engine::{Ear, Engine, Times},
    keeper,
    pool::Pool,
    registry::Kinds,
    results::Results,
    store::{Limits, MemoryStore, Store},
    tasks::Alive,
};

/// Sets an engine up; every setting has a default.
#[must_use = "nothing runs until it is started"]
pub struct Builder {
    kinds: Kinds,
    workers: usize,
    max_parked: usize,
    limits: Limits,
    times: Times,
    results: Option<PathBuf>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
}

impl Builder {
    pub(crate) fn new(kinds: Kinds) -> Self {
        let cores = thread::available_parallelism().map_or(2, NonZero::get);
        Self {
            kinds,
            workers: cores.max(2),
            max_parked: 256,
            limits: Limits { max_unfinished: 10_000, max_tasks: 2_000_000, ..Limits::default() },
            times: Times {
                keep: Duration::from_secs(600),
                task_timeout: None,
                grace: Duration::from_secs(10),
                max_attempts: 3,
            },
            results: None,
            clock: Arc::new(SystemClock::default()),
            store: Arc::new(MemoryStore::new()),
        }
    }

    /// How many jobs run at once, from 1 to 1024; by default as many as there are cores, and two at least.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers.clamp(1, 1024);
        self
    }

    /// How many jobs may be [parked](crate::Context::park) at once, each with a thread of its own; 256 by default. A job beyond
    /// that waits in its place.
    pub fn max_parked(mut self, jobs: usize) -> Self {
        self.max_parked = jobs;
        self
    }

    /// How many tasks may wait or run before new ones are refused; 10,000 by default.
    pub fn max_unfinished(mut self, tasks: usize) -> Self {
        self.limits.max_unfinished = tasks;
        self
    }

    /// How many tasks of one owner may wait or run before new ones are refused; by default as many as of all.
    pub fn max_per_owner(mut self, tasks: usize) -> Self {
        self.limits.max_per_owner = tasks;
        self
    }

    /// How many tasks may be kept, the unfinished ones among them, before new ones are refused; 2,000,000 by default. A full
    /// store never forgets a task before its time. As many [keys](crate::Submission::idempotency) are kept.
    pub fn max_tasks(mut self, tasks: usize) -> Self {
        self.limits.max_tasks = tasks;
        self
    }

    /// How often a task may be cut short by the end of the program before it is FAILED instead of being started again; 3 by
    /// default, and 1 at least.
    pub fn max_attempts(mut self, attempts: u32) -> Self {
        self.times.max_attempts = attempts.max(1);
        self
    }

    /// How long an ended task can be asked for, from its own end on; 10 minutes by default.
    pub fn keep(mut self, keep: Duration) -> Self {
        self.times.keep = keep;
        self
    }

    /// How long a job may run until its point of no return; by default as long as it likes.
    pub fn task_timeout(mut self, timeout: Duration) -> Self {
        self.times.task_timeout = Some(timeout);
        self
    }

    /// How long a job that is past its deadline has to stop before it is given up; 10 seconds by default.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.times.grace = grace;
        self
    }

    /// The folder for result files, which is made if need be; without it no task can offer one. It should be one for this store
    /// alone.
    pub fn results(mut self, folder: impl Into<PathBuf>) -> Self {
        self.results = Some(folder.into());
        self
    }

    /// By which clock deadlines go; the machine's by default. A store has its own.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Where tasks are kept; a new [`MemoryStore`] by default.
    pub fn store(mut self, store: impl Store) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Starts the engine's threads.
    ///
    /// # Panics
    /// Outside a Tokio runtime. Jobs may use the one in which this is called, which needs its timer enabled.
    pub fn start(self) -> Tasks {
        let engine = Arc::new(Engine {
            kinds: self.kinds,
            store: self.store,
            pool: Pool::new(self.workers, self.max_parked),
            watch: Default::default(),
            alarm: Default::default(),
            pace: Default::default(),
            clock: self.clock,
            runtime: Handle::current(),
            results: self.results.map(Results::new),
            times: self.times,
            changes: broadcast::Sender::new(1024),
            recoveries: Default::default(),
            running: Default::default(),
            clearing: Default::default(),
            cleared: Default::default(),
            is_out: Default::default(),
            stopping: Default::default(),
        });
        engine.store.attach(Arc::new(Ear(Arc::downgrade(&engine))), self.limits);
        keep_time(&engine);
        Tasks { _alive: Arc::new(Alive(engine.clone())), engine }
    }
}

fn keep_time(engine: &Arc<Engine>) {
    let weak = Arc::downgrade(engine);
    engine.clock.on_jump(Box::new(move || {
        if let Some(engine) = weak.upgrade() {
            engine.alarm.ring();
        }
    }));
    let keeper = engine.clone();
    let started = thread::Builder::new().name("task-keeper".into()).spawn(move || keeper::keep_time(keeper));
    if let Err(error) = started {
        tracing::error!(%error, "could not start the thread that goes by the clock: nothing will run");
    }
}
