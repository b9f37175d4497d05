//! The store in memory with something wrong with it, or somebody always quicker than the engine.

use std::{sync::Arc, time::Duration};

use longhaul_tasks::{
    Counters, Filter, MemoryStore, StoreError, TaskId, Totals,
    clock::Clock,
    store::{Answer, Answering, Claimed, Journal, Limits, Listener, Record, Swept, Transition, View},
};

pub struct Tampered {
    pub store: MemoryStore,
    writes: OnWrite,
    claims: OnClaim,
    sweeps: OnSweep,
    is_slow: bool,
}

type OnWrite = Box<dyn Fn(&MemoryStore, &Transition) -> Result<(), StoreError> + Send + Sync>;
type OnClaim = Box<dyn Fn(&MemoryStore, &Claimed) + Send + Sync>;
type OnSweep = Box<dyn Fn() -> Result<(), StoreError> + Send + Sync>;

impl Tampered {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            store: MemoryStore::with_clock(clock),
            writes: Box::new(|_, _| Ok(())),
            claims: Box::new(|_, _| ()),
            sweeps: Box::new(|| Ok(())),
            is_slow: false,
        }
    }

    /// Does this before each wish is written, which is not if it fails.
    pub fn when_written(
        mut self,
        tamper: impl Fn(&MemoryStore, &Transition) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        self.writes = Box::new(tamper);
        self
    }

    /// Does this when a task has been claimed, before the engine knows.
    pub fn when_claimed(mut self, tamper: impl Fn(&MemoryStore, &Claimed) + Send + Sync + 'static) -> Self {
        self.claims = Box::new(tamper);
        self
    }

    /// Does this before each sweep, which is left out if it fails.
    pub fn when_swept(mut self, tamper: impl Fn() -> Result<(), StoreError> + Send + Sync + 'static) -> Self {
        self.sweeps = Box::new(tamper);
        self
    }

    /// Answers nothing at once, as a store on a disk or behind a network.
    pub fn slow(mut self) -> Self {
        self.is_slow = true;
        self
    }

    fn answer<'a, T: Send + 'a>(&'a self, answer: Answering<'a, T>) -> Answering<'a, T> {
        match self.is_slow {
            false => answer,
            true => Box::pin(async move {
                let _ = tokio::spawn(tokio::task::yield_now()).await;
                answer.await
            }),
        }
    }
}

impl Journal for Tampered {
    fn attach(&self, listener: Arc<dyn Listener>, limits: Limits) {
        self.store.attach(listener, limits);
    }

    fn write(&self, wishes: Vec<Transition>) -> Answering<'_, Vec<Answer>> {
        for wish in &wishes {
            if let Err(error) = (self.writes)(&self.store, wish) {
                return Box::pin(async { Err(error) });
            }
        }
        self.answer(self.store.write(wishes))
    }

    fn claim(&self) -> Answering<'_, Option<Claimed>> {
        self.answer(Box::pin(async {
            let claimed = self.store.claim().await?;
            if let Some(claimed) = &claimed {
                (self.claims)(&self.store, claimed);
            }
            Ok(claimed)
        }))
    }

    fn sweep(&self, keep: Duration) -> Answering<'_, Swept> {
        match (self.sweeps)() {
            Ok(()) => self.answer(self.store.sweep(keep)),
            Err(error) => Box::pin(async { Err(error) }),
        }
    }
}

impl View for Tampered {
    fn get(&self, id: TaskId) -> Answering<'_, Option<Arc<Record>>> {
        self.answer(self.store.get(id))
    }

    fn list<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Vec<Arc<Record>>> {
        self.answer(self.store.list(filter))
    }

    fn totals<'a>(&'a self, filter: &'a Filter) -> Answering<'a, Totals> {
        self.answer(self.store.totals(filter))
    }

    fn counters(&self) -> Counters {
        self.store.counters()
    }
}
