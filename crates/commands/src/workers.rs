//! Threads that share the work of a job.

use std::{
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread::{self, ScopedJoinHandle},
};

use longhaul_tasks::Failure;

/// Items of work that threads take one after the other.
pub(crate) struct WorkQueue<I>(Mutex<Option<I>>);

impl<I: Iterator> WorkQueue<I> {
    pub(crate) fn new(items: impl IntoIterator<IntoIter = I>) -> Self {
        Self(Mutex::new(Some(items.into_iter())))
    }

    /// The next item; `None` once all were taken or [`Self::stop`] was called. The iterator is dropped then.
    pub(crate) fn next(&self) -> Option<I::Item> {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let next = items.as_mut()?.next();
        if next.is_none() {
            *items = None;
        }
        next
    }

    /// Drops the remaining items.
    fn stop(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Runs `work` on one thread for each of the workers. If one of them fails or panics, the queue is stopped, so that the
/// others end soon.
///
/// # Errors
/// The failure of the first worker that failed.
pub(crate) fn run_all<W: Send, T: Send, I: Iterator + Send>(
    workers: Vec<W>,
    queue: &WorkQueue<I>,
    work: impl Fn(W) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let failure = FirstFailure::default();
    let results = thread::scope(|scope| {
        let (work, failure) = (&work, &failure);
        let start = |worker| scope.spawn(move || failure.run(|| queue.stop(), || work(worker)));
        join_all(workers.into_iter().map(start).collect())
    });
    failure.into_result(results)
}

/// The failure of the first thread that failed. Other threads may fail later as a consequence.
#[derive(Default)]
pub(crate) struct FirstFailure(Mutex<Option<Failure>>);

impl FirstFailure {
    /// Runs `work` and records its failure. If it fails or panics, calls `stop_others`.
    pub(crate) fn run<T>(
        &self,
        stop_others: impl Fn(),
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Option<T> {
        let mut guard = StopOthers { stop_others, has_succeeded: false };
        match work() {
            Ok(result) => {
                guard.has_succeeded = true;
                Some(result)
            }
            Err(failure) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                None
            }
        }
    }

    /// The results, or the first failure if there is one.
    pub(crate) fn into_result<T>(self, results: Vec<Option<T>>) -> Result<Vec<T>, Failure> {
        match self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(results.into_iter().flatten().collect()),
        }
    }
}

/// Calls `stop_others` when it is dropped, unless the work has succeeded.
struct StopOthers<F: Fn()> {
    stop_others: F,
    has_succeeded: bool,
}

impl<F: Fn()> Drop for StopOthers<F> {
    fn drop(&mut self) {
        if !self.has_succeeded {
            (self.stop_others)();
        }
    }
}

/// Waits for all threads and returns their results. Resumes the panic of a thread.
pub(crate) fn join_all<T>(threads: Vec<ScopedJoinHandle<'_, T>>) -> Vec<T> {
    threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
}
