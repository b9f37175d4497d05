//! A store for tests of the runtime.

use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
    time::Duration,
};

use longhaul_tasks::{
    Counters, Filter, Lane, MemoryStore, Status, StoreError, TaskId, Totals,
    clock::{Clock, SystemClock},
    store::{
        AttemptKey, Beat, Claimed, Command, Listener, Orphan, Outcome, Record, RecordPage, Seal, Signal,
        Store, StoreFuture, Swept, TaskCommand, WorkerId,
    },
};
use parking_lot::Mutex;

type BeforeCommand = Box<dyn Fn(&Command) -> Result<Vec<Command>, StoreError> + Send + Sync>;
type AfterClaim = Box<dyn Fn(&Claimed) -> Vec<Command> + Send + Sync>;
type BeforeRecover = Box<dyn Fn() + Send + Sync>;
type BeforeSweep = Box<dyn Fn() -> Result<(), StoreError> + Send + Sync>;

/// Forwards to a [`MemoryStore`], and does what a test wants at certain moments.
///
/// A clone is the same store. It survives the [crash](Self::crash) of the processes that use it: their tasks are recovered by
/// the next one, as those of a store that several processes share.
#[derive(Clone)]
pub struct ForwardingStore(Arc<Inner>);

struct Inner {
    store: MemoryStore,
    before_command: BeforeCommand,
    after_claim: AfterClaim,
    before_recover: BeforeRecover,
    before_sweep: BeforeSweep,
    is_slow: bool,
    attempts: Mutex<Attempts>,
}

/// What [`Store::recover`] needs and a [`MemoryStore`] does not tell.
#[derive(Default)]
struct Attempts {
    /// The last attempt at each task.
    last: BTreeMap<TaskId, Attempt>,
    /// The workers whose processes have crashed.
    gone: HashSet<WorkerId>,
}

#[derive(Clone)]
struct Attempt {
    claimed: Claimed,
    worker: WorkerId,
    seal: Option<Arc<Seal>>,
}

impl Default for ForwardingStore {
    fn default() -> Self {
        Self::new(Arc::new(SystemClock::default()))
    }
}

impl ForwardingStore {
    /// An empty store that goes by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            store: MemoryStore::with_clock(clock),
            before_command: Box::new(|_| Ok(Vec::new())),
            after_claim: Box::new(|_| Vec::new()),
            before_recover: Box::new(|| {}),
            before_sweep: Box::new(|| Ok(())),
            is_slow: false,
            attempts: Mutex::default(),
        }))
    }

    /// Before each command of [`Store::apply`] the commands that `hook` returns are applied, as if somebody else had been
    /// faster. If it fails, so does the batch, and none of its commands is carried out.
    ///
    /// # Panics
    /// If the store is already in use.
    #[must_use]
    pub fn before_command(
        self,
        hook: impl Fn(&Command) -> Result<Vec<Command>, StoreError> + Send + Sync + 'static,
    ) -> Self {
        self.set(|inner| inner.before_command = Box::new(hook))
    }

    /// After each claim the commands that `hook` returns are applied, before the claim is answered.
    ///
    /// # Panics
    /// If the store is already in use.
    #[must_use]
    pub fn after_claim(self, hook: impl Fn(&Claimed) -> Vec<Command> + Send + Sync + 'static) -> Self {
        self.set(|inner| inner.after_claim = Box::new(hook))
    }

    /// Calls `hook` before each recovery.
    ///
    /// # Panics
    /// If the store is already in use.
    #[must_use]
    pub fn before_recover(self, hook: impl Fn() + Send + Sync + 'static) -> Self {
        self.set(|inner| inner.before_recover = Box::new(hook))
    }

    /// Calls `hook` before each sweep; if it fails, so does the sweep.
    ///
    /// # Panics
    /// If the store is already in use.
    #[must_use]
    pub fn before_sweep(self, hook: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> Self {
        self.set(|inner| inner.before_sweep = Box::new(hook))
    }

    /// No answer is there at the first poll, as with a store on a disk or behind a network.
    ///
    /// # Panics
    /// If the store is already in use.
    #[must_use]
    pub fn slow(self) -> Self {
        self.set(|inner| inner.is_slow = true)
    }

    /// From now on the workers that have claimed tasks so far count as gone, though they may still write: their running tasks
    /// are recovered by others.
    pub fn crash(&self) {
        let Attempts { last, gone } = &mut *self.0.attempts.lock();
        gone.extend(last.values().map(|attempt| attempt.worker.clone()));
    }

    fn set(mut self, set: impl FnOnce(&mut Inner)) -> Self {
        set(Arc::get_mut(&mut self.0).expect("the store is not in use yet"));
        self
    }
}

impl Inner {
    fn answer<'a, T: Send + 'a>(&'a self, answer: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        match self.is_slow {
            false => answer,
            true => Box::pin(async move {
                let _ = tokio::spawn(tokio::task::yield_now()).await;
                answer.await
            }),
        }
    }

    async fn apply(&self, commands: Vec<Command>) -> Result<Vec<Outcome>, StoreError> {
        for command in &commands {
            self.store.apply((self.before_command)(command)?).await?;
        }
        let outcomes = self.store.apply(commands.clone()).await?;
        let mut attempts = self.attempts.lock();
        for (command, outcome) in commands.into_iter().zip(&outcomes) {
            if let Command::Change { id, command: TaskCommand::Seal { seal, .. } } = command
                && outcome.result.is_ok()
                && let Some(attempt) = attempts.last.get_mut(&id)
            {
                attempt.seal = Some(seal);
            }
        }
        Ok(outcomes)
    }

    async fn claim(&self, worker: &WorkerId, kinds: &[&str], max: usize) -> Result<Vec<Claimed>, StoreError> {
        let claimed = self.store.claim(worker, kinds, max).await?;
        for claimed in &claimed {
            let attempt = Attempt { claimed: claimed.clone(), worker: worker.clone(), seal: None };
            self.attempts.lock().last.insert(claimed.key.id, attempt);
            self.store.apply((self.after_claim)(claimed)).await?;
        }
        Ok(claimed)
    }

    async fn recover(&self, worker: &WorkerId) -> Result<Vec<Orphan>, StoreError> {
        (self.before_recover)();
        let left = self.attempts.lock().take_left(worker);
        let ids: Vec<TaskId> = left.iter().map(|attempt| attempt.claimed.key.id).collect();
        let records = self.store.get(&ids).await?;
        let mut orphans = Vec::new();
        for (attempt, record) in left.into_iter().zip(records) {
            match record {
                Some(record) if record.task.status == Status::Running => {
                    orphans.push(self.adopt(attempt, &record, worker).await?);
                }
                Some(record) if record.task.status == Status::Waiting => {}
                // The threads that kept its lanes are gone.
                _ => drop(self.store.apply(vec![Command::FreeLanes { id: attempt.claimed.key.id }]).await?),
            }
        }
        Ok(orphans)
    }

    async fn adopt(
        &self,
        attempt: Attempt,
        record: &Record,
        worker: &WorkerId,
    ) -> Result<Orphan, StoreError> {
        let Attempt { mut claimed, seal, .. } = attempt;
        let id = claimed.key.id;
        self.store.apply(vec![Command::Change { id, command: TaskCommand::Adopt }]).await?;
        claimed.key.fence += 1;
        let attempt = Attempt { claimed: claimed.clone(), worker: worker.clone(), seal: seal.clone() };
        self.attempts.lock().last.insert(id, attempt);
        let (interruptions, cancel_requested) = (record.interruptions, record.cancel_requested);
        Ok(Orphan { claimed, interruptions, cancel_requested, seal })
    }
}

impl Attempts {
    /// The last attempts of workers that are gone, unless the worker that asks is gone itself.
    fn take_left(&mut self, worker: &WorkerId) -> Vec<Attempt> {
        if self.gone.contains(worker) {
            return Vec::new();
        }
        let Self { last, gone } = self;
        last.extract_if(.., |_, attempt| gone.contains(&attempt.worker)).map(|(_, attempt)| attempt).collect()
    }
}

impl Store for ForwardingStore {
    fn subscribe(&self, listener: Arc<dyn Listener>) {
        self.0.store.subscribe(listener);
    }

    fn apply(&self, commands: Vec<Command>) -> StoreFuture<'_, Vec<Outcome>> {
        self.0.answer(Box::pin(self.0.apply(commands)))
    }

    fn claim<'a>(
        &'a self,
        worker: &'a WorkerId,
        kinds: &'a [&'a str],
        max: usize,
    ) -> StoreFuture<'a, Vec<Claimed>> {
        self.0.answer(Box::pin(self.0.claim(worker, kinds, max)))
    }

    fn heartbeat<'a>(&'a self, worker: &'a WorkerId, beats: Vec<Beat>) -> StoreFuture<'a, Vec<Signal>> {
        self.0.answer(self.0.store.heartbeat(worker, beats))
    }

    fn enter(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()> {
        self.0.answer(self.0.store.enter(attempt, lane))
    }

    fn leave(&self, attempt: AttemptKey, lane: Lane) -> StoreFuture<'_, ()> {
        self.0.answer(self.0.store.leave(attempt, lane))
    }

    fn recover<'a>(&'a self, worker: &'a WorkerId) -> StoreFuture<'a, Vec<Orphan>> {
        self.0.answer(Box::pin(self.0.recover(worker)))
    }

    fn sweep(&self, keep: Duration) -> StoreFuture<'_, Swept> {
        self.0.answer(Box::pin(async move {
            (self.0.before_sweep)()?;
            self.0.store.sweep(keep).await
        }))
    }

    fn get<'a>(&'a self, ids: &'a [TaskId]) -> StoreFuture<'a, Vec<Option<Arc<Record>>>> {
        self.0.answer(self.0.store.get(ids))
    }

    fn page<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, RecordPage> {
        self.0.answer(self.0.store.page(filter))
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> StoreFuture<'a, Totals> {
        self.0.answer(self.0.store.totals(filter))
    }

    fn counters(&self) -> StoreFuture<'_, Counters> {
        self.0.answer(self.0.store.counters())
    }
}
