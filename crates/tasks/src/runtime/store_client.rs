//! The store, as this process uses it.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use crate::{
    TaskId,
    registry::JobKinds,
    store::{Beat, Claimed, Command, Orphan, Outcome, Record, Signal, Store, StoreError, WorkerId},
};

/// The pauses between attempts to reach a store that does not answer.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(5));

/// The store, and the name under which this process claims tasks.
#[derive(Clone)]
pub(crate) struct StoreClient {
    store: Arc<dyn Store>,
    worker: WorkerId,
}

impl StoreClient {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        static STARTS: AtomicU64 = AtomicU64::new(1);
        let (process, start) = (std::process::id(), STARTS.fetch_add(1, Relaxed));
        Self { store, worker: WorkerId::new(format!("process-{process}-{start}")) }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Claims one task. A store of this process alone gives every kind to it, so that an unknown one fails instead of waiting
    /// for ever.
    pub(crate) async fn claim_one(&self, known: &JobKinds) -> Result<Option<Claimed>, StoreError> {
        let is_shared = self.store.heartbeat_interval().is_some();
        let kinds: Vec<_> = if is_shared { known.names().collect() } else { Vec::new() };
        Ok(self.store.claim(&self.worker, &kinds, 1).await?.pop())
    }

    /// Takes over tasks of workers that are gone.
    pub(crate) async fn recover(&self) -> Result<Vec<Orphan>, StoreError> {
        self.store.recover(&self.worker).await
    }

    /// Tells that attempts are alive; what they must know.
    pub(crate) async fn heartbeat(&self, beats: Vec<Beat>) -> Result<Vec<Signal>, StoreError> {
        self.store.heartbeat(&self.worker, beats).await
    }

    /// Sends one command.
    pub(crate) async fn apply(&self, command: Command) -> Result<Outcome, StoreError> {
        let outcomes = self.store.apply(vec![command]).await?;
        outcomes.into_iter().next().ok_or_else(|| StoreError::new("the task store gave no answer", None))
    }

    /// Sends one command again and again until the store answers, because the end of a task must not be lost.
    pub(crate) async fn apply_until_stored(&self, command: Command) -> Outcome {
        let (mut pause, longest) = PAUSES;
        loop {
            match self.apply(command.clone()).await {
                Ok(outcome) => return outcome,
                Err(error) => tracing::error!(error = &error as &dyn Error, "the task store does not answer"),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    /// One task.
    pub(crate) async fn get(&self, id: TaskId) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.store.get(&[id]).await?.into_iter().next().flatten())
    }
}
