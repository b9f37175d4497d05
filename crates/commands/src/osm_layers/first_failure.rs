//! Threads of one job: what the first to fail says is why the job fails.

use std::{
    panic::resume_unwind,
    sync::{Mutex, PoisonError},
    thread::{self, ScopedJoinHandle},
};

use longhaul_tasks::Failure;

/// What the first thread that failed said. Others fail after it, because it has.
#[derive(Default)]
pub(super) struct FirstFailure(Mutex<Option<Failure>>);

impl FirstFailure {
    /// Does the work, and keeps what it says if it fails. If it fails or panics, `give_up` tells the others.
    pub(super) fn watch<T>(
        &self,
        give_up: impl Fn(),
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Option<T> {
        let mut others = Others { give_up, are_needed: false };
        match work() {
            Ok(done) => {
                others.are_needed = true;
                Some(done)
            }
            Err(failure) => {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(failure);
                None
            }
        }
    }

    /// What was done, if nothing failed.
    pub(super) fn or_all<T>(self, done: Vec<Option<T>>) -> Result<Vec<T>, Failure> {
        match self.0.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(failure) => Err(failure),
            None => Ok(done.into_iter().flatten().collect()),
        }
    }
}

/// Those that may wait for this thread.
struct Others<F: Fn()> {
    give_up: F,
    are_needed: bool,
}

impl<F: Fn()> Drop for Others<F> {
    fn drop(&mut self) {
        if !self.are_needed {
            (self.give_up)();
        }
    }
}

/// Does the work on a thread for each of the workers.
pub(super) fn run_all<W: Send, T: Send>(
    workers: Vec<W>,
    work: impl Fn(W) -> Result<T, Failure> + Sync,
) -> Result<Vec<T>, Failure> {
    let failure = FirstFailure::default();
    let done = thread::scope(|scope| {
        let (work, failure) = (&work, &failure);
        let start = |worker| scope.spawn(move || failure.watch(|| (), || work(worker)));
        join(workers.into_iter().map(start).collect())
    });
    failure.or_all(done)
}

/// Waits for all of them; a panic goes on here.
pub(super) fn join<T>(running: Vec<ScopedJoinHandle<'_, T>>) -> Vec<T> {
    running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
}
