//! A store that is being checked.

use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};

use longhaul_tasks::{
    Filter, Lane, TaskId,
    clock::ManualClock,
    store::{
        AttemptKey, Beat, Claimed, Command, CommandError, End, Limits, NewTask, Outcome, Record, Signal,
        Store, StoreFuture, WorkerId,
    },
};

use crate::samples::{cancel, new_task, seal, submit};

const ANSWERS: &str = "a store that is being checked answers";

pub(crate) struct StoreUnderTest<S> {
    pub(crate) inner: S,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) worker: WorkerId,
}

impl<S: Store> StoreUnderTest<S> {
    pub(crate) fn new(inner: S, clock: Arc<ManualClock>) -> Self {
        Self { inner, clock, worker: WorkerId::new("worker 1") }
    }

    pub(crate) async fn apply_all(&self, commands: Vec<Command>) -> Vec<Outcome> {
        let count = commands.len();
        let outcomes = self.inner.apply(commands).await.expect(ANSWERS);
        assert_eq!(outcomes.len(), count, "one outcome for each command");
        outcomes
    }

    /// Applies the commands as one batch; what became of each.
    pub(crate) async fn results(&self, commands: Vec<Command>) -> Vec<Result<(), CommandError>> {
        self.apply_all(commands).await.into_iter().map(|outcome| outcome.result).collect()
    }

    pub(crate) async fn apply(&self, command: Command) -> Outcome {
        self.apply_all(vec![command]).await.remove(0)
    }

    pub(crate) async fn submit(&self, lanes: &[&str]) -> TaskId {
        self.submit_task(new_task(lanes)).await
    }

    pub(crate) async fn submit_task(&self, task: NewTask) -> TaskId {
        let outcome = self.apply(submit(task)).await;
        assert_eq!(outcome.result, Ok(()));
        outcome.record.expect("an accepted task has a record").task.id
    }

    pub(crate) async fn submit_within(&self, task: NewTask, limits: Limits) -> Outcome {
        self.apply(Command::Submit { task, limits }).await
    }

    pub(crate) async fn claim_up_to(&self, max: usize, kinds: &[&str]) -> Vec<Claimed> {
        let claimed = self.inner.claim(&self.worker, kinds, max).await.expect(ANSWERS);
        assert!(claimed.len() <= max, "no more than asked for");
        claimed
    }

    pub(crate) async fn claim(&self) -> Option<Claimed> {
        self.claim_up_to(1, &[]).await.pop()
    }

    pub(crate) async fn claim_one(&self) -> Claimed {
        self.claim().await.expect("a task is ready")
    }

    pub(crate) async fn get(&self, id: TaskId) -> Option<Arc<Record>> {
        let mut found = self.inner.get(&[id]).await.expect(ANSWERS);
        assert_eq!(found.len(), 1, "one answer for one id");
        found.remove(0)
    }

    pub(crate) async fn record(&self, id: TaskId) -> Arc<Record> {
        self.get(id).await.expect("the task is there")
    }

    /// All tasks that pass the filter, page by page.
    pub(crate) async fn all(&self, filter: &Filter) -> Vec<Arc<Record>> {
        let mut filter = filter.clone();
        let mut records = Vec::new();
        loop {
            let page = self.inner.page(&filter).await.expect(ANSWERS);
            records.extend(page.records);
            match page.next {
                Some(next) => filter.after = Some(next),
                None => return records,
            }
        }
    }

    pub(crate) async fn cancel(&self, id: TaskId) -> Outcome {
        self.apply(cancel(id)).await
    }

    pub(crate) async fn seal(&self, key: AttemptKey) -> Result<(), CommandError> {
        self.apply(key.seal(seal())).await.result
    }

    pub(crate) async fn end(&self, key: AttemptKey, end: End) -> Result<(), CommandError> {
        self.apply(key.end(end)).await.result
    }

    pub(crate) async fn release(&self, key: AttemptKey, interrupted: bool) -> Result<(), CommandError> {
        self.apply(key.release(interrupted)).await.result
    }

    pub(crate) async fn free_lanes(&self, id: TaskId) -> Result<(), CommandError> {
        self.apply(Command::FreeLanes { id }).await.result
    }

    pub(crate) async fn prune(&self, id: TaskId) -> Outcome {
        self.apply(Command::Prune { id }).await
    }

    pub(crate) async fn heartbeat(&self, keys: &[AttemptKey]) -> Vec<Signal> {
        let beats = keys.iter().map(|attempt| Beat { attempt: *attempt, progress: None }).collect();
        self.inner.heartbeat(&self.worker, beats).await.expect(ANSWERS)
    }

    pub(crate) fn enter(&self, attempt: AttemptKey, lane: &str) -> StoreFuture<'_, ()> {
        self.inner.enter(attempt, Lane::new(lane))
    }

    /// Enters a lane that is free.
    pub(crate) async fn enter_free(&self, attempt: AttemptKey, lane: &str) {
        in_time(self.enter(attempt, lane)).await.expect("the lane is free");
    }

    pub(crate) async fn leave(&self, attempt: AttemptKey, lane: &str) {
        self.inner.leave(attempt, Lane::new(lane)).await.expect(ANSWERS);
    }

    /// No command of this attempt is carried out, and it has lost its task.
    pub(crate) async fn assert_is_over(&self, key: AttemptKey) {
        let before = self.get(key.id).await.map(|record| format!("{record:?}"));
        let refused = Err(CommandError::Superseded);
        assert_eq!(self.seal(key).await, refused);
        for end in [crate::samples::finished(), crate::samples::failed(), End::Cancelled] {
            assert_eq!(self.end(key, end.clone()).await, refused);
            assert_eq!(self.apply(key.end_and_keep_lanes(end)).await.result, refused);
        }
        for interrupted in [false, true] {
            assert_eq!(self.release(key, interrupted).await, refused);
        }
        assert!(in_time(self.enter(key, "a free lane")).await.is_err());
        self.leave(key, "a free lane").await;
        assert_eq!(self.heartbeat(&[key]).await, [Signal::Lost(key)]);
        assert_eq!(self.get(key.id).await.map(|record| format!("{record:?}")), before);
    }
}

/// How often a future is polled until it counts as waiting.
const POLLS: usize = 10;

/// Polls a future often enough that it has begun to wait.
///
/// # Panics
/// If it does not wait.
pub(crate) async fn assert_waits<T>(future: &mut StoreFuture<'_, T>) {
    for _ in 0..POLLS {
        let is_ready = poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_ready())).await;
        assert!(!is_ready, "it has to wait");
        tokio::task::yield_now().await;
    }
}

/// Awaits what must not wait; no check depends on how long this is.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future).await.expect("it does not have to wait")
}
