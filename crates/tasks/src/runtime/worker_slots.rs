//! How many jobs run at once, and the threads that run them.
//!
//! A job needs a slot to run. A parked job gives its slot to another and keeps its thread, so there are as many threads as
//! slots, parked jobs and abandoned jobs together.

use std::{io, sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use pollster::block_on;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use super::attempt::Attempt;

/// The slots, and the count of threads.
pub(crate) struct WorkerSlots {
    free: Arc<Semaphore>,
    workers: usize,
    max_parked: usize,
    state: Mutex<State>,
    /// Work was announced, or a thread is not needed any more.
    changed: Condvar,
    all_ended: Notify,
    start_thread: Mutex<Option<Arc<StartThread>>>,
}

type StartThread = dyn Fn() -> io::Result<()> + Send + Sync;

#[derive(Default)]
struct State {
    /// How often work was announced.
    announcements: u64,
    threads: usize,
    parked: usize,
    abandoned: usize,
    is_stopping: bool,
}

impl WorkerSlots {
    pub(crate) fn new(workers: usize, max_parked: usize) -> Self {
        Self {
            free: Arc::new(Semaphore::new(workers)),
            workers,
            max_parked,
            state: Mutex::default(),
            changed: Condvar::new(),
            all_ended: Notify::new(),
            start_thread: Mutex::default(),
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Says how a thread is started; a thread that was started calls [`retire`](Self::retire) now and then.
    pub(crate) fn start_threads_with(&self, start: impl Fn() -> io::Result<()> + Send + Sync + 'static) {
        *self.start_thread.lock() = Some(Arc::new(start));
    }

    /// Starts threads until there are enough.
    pub(crate) fn start_threads(&self) {
        let Some(start) = self.start_thread.lock().clone() else { return };
        while self.needs_thread() {
            if let Err(error) = start() {
                self.state.lock().end_thread(&self.all_ended);
                tracing::error!(%error, "could not start a thread to run tasks");
                return;
            }
        }
    }

    /// Whether another thread is needed; it counts from now on.
    fn needs_thread(&self) -> bool {
        let mut state = self.state.lock();
        let is_needed = !state.is_stopping && state.threads < state.wanted(self.workers);
        state.threads += usize::from(is_needed);
        is_needed
    }

    /// Whether the calling thread has to end; it does not count any more then.
    pub(crate) fn retire(&self) -> bool {
        let mut state = self.state.lock();
        let is_surplus = state.has_surplus(self.workers);
        if is_surplus {
            state.end_thread(&self.all_ended);
            // A notification that this thread may have taken was meant for one that goes on.
            self.changed.notify_one();
        }
        is_surplus
    }

    /// Announces so many tasks to run; wakes no more threads than that.
    pub(crate) fn announce_work(&self, tasks: usize) {
        self.state.lock().announcements += 1;
        (0..tasks).take_while(|_| self.changed.notify_one()).for_each(drop);
    }

    /// How often work was announced. To be read before the store is asked, and given to [`wait_for_work`](Self::wait_for_work).
    pub(crate) fn announcements(&self) -> u64 {
        self.state.lock().announcements
    }

    /// Waits until work was announced since `seen`, the thread is not needed any more, or the time is over.
    pub(crate) fn wait_for_work(&self, seen: u64, at_most: Option<Duration>) {
        let mut state = self.state.lock();
        while state.announcements == seen && !state.has_surplus(self.workers) {
            match at_most {
                None => self.changed.wait(&mut state),
                Some(time) => {
                    self.changed.wait_for(&mut state, time);
                    return;
                }
            }
        }
    }

    /// Waits for a slot; `None` when the runtime stops.
    pub(crate) fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        match self.free.clone().try_acquire_owned() {
            Ok(slot) => Some(slot),
            Err(_) => block_on(self.free.clone().acquire_owned()).ok(),
        }
    }

    /// Frees the attempt's slot while its job waits, unless too many are parked already. Whether it did.
    pub(crate) fn park(&self, attempt: &Attempt) -> bool {
        let slot = {
            let mut state = self.state.lock();
            if state.parked >= self.max_parked {
                return false;
            }
            let Some(slot) = attempt.slot.lock().take() else { return false };
            state.parked += 1;
            slot
        };
        drop(slot);
        self.start_threads();
        true
    }

    /// Waits for a slot again. An attempt that is to stop goes on without one, so that it ends sooner.
    pub(crate) fn unpark(&self, attempt: &Attempt) {
        let slot = block_on(async {
            tokio::select! {
                biased;
                slot = self.free.clone().acquire_owned() => slot.ok(),
                () = attempt.stopped() => None,
            }
        });
        self.state.lock().parked -= 1;
        self.changed.notify_one();
        *attempt.slot.lock() = slot;
    }

    /// Gives the slot of an attempt that does not return to others.
    pub(crate) fn abandon(&self, attempt: &Attempt) {
        self.state.lock().abandoned += 1;
        drop(attempt.slot.lock().take());
        self.start_threads();
    }

    /// The thread of an abandoned attempt has returned.
    pub(crate) fn abandoned_thread_returned(&self) {
        self.state.lock().abandoned -= 1;
        self.changed.notify_one();
    }

    /// Lets every thread end once it has nothing to run.
    pub(crate) fn stop(&self) {
        self.state.lock().is_stopping = true;
        // The closure holds what the threads need, and that holds the slots.
        *self.start_thread.lock() = None;
        self.free.close();
        self.changed.notify_all();
    }

    /// Resolves when no thread is left.
    pub(crate) async fn all_threads_ended(&self) {
        let mut ended = std::pin::pin!(self.all_ended.notified());
        ended.as_mut().enable();
        if self.state.lock().threads > 0 {
            ended.await;
        }
    }
}

impl State {
    fn wanted(&self, workers: usize) -> usize {
        workers + self.parked + self.abandoned
    }

    fn has_surplus(&self, workers: usize) -> bool {
        self.is_stopping || self.threads > self.wanted(workers)
    }

    fn end_thread(&mut self, all_ended: &Notify) {
        self.threads -= 1;
        if self.threads == 0 {
            all_ended.notify_waiters();
        }
    }
}
