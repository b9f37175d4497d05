//! How many jobs run at once, and the threads that run them.
//!
//! A job needs a *seat* to run. A parked job gives its seat back and keeps its thread, so there are as many threads as seats,
//! parked jobs and given-up jobs together. What the threads do is not here.

use std::{sync::Arc, time::Duration};

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::{
    run::Run,
    wait::{either, wait_for},
};

/// Seats and the count of threads.
pub(crate) struct Pool {
    seats: Arc<Semaphore>,
    workers: usize,
    max_parked: usize,
    state: Mutex<State>,
    bell: Condvar,
    all_out: Notify,
}

#[derive(Default)]
struct State {
    /// How often work was announced.
    rings: u64,
    threads: usize,
    parked: usize,
    given_up: usize,
    is_stopping: bool,
}

impl Pool {
    pub(crate) fn new(workers: usize, max_parked: usize) -> Self {
        Self {
            seats: Arc::new(Semaphore::new(workers)),
            workers,
            max_parked,
            state: Mutex::default(),
            bell: Condvar::new(),
            all_out: Notify::new(),
        }
    }

    pub(crate) fn workers(&self) -> usize {
        self.workers
    }

    /// Says that there may be so many tasks to run; wakes no more threads than that.
    pub(crate) fn ring(&self, tasks: usize) {
        self.state.lock().rings += 1;
        (0..tasks).take_while(|_| self.bell.notify_one()).for_each(drop);
    }

    /// What to give to [`wait_for_ring`](Self::wait_for_ring) so that no ring from now on is missed.
    pub(crate) fn rings(&self) -> u64 {
        self.state.lock().rings
    }

    /// Sleeps until there has been a ring since `heard`, the thread is not needed any more, or the time is over.
    pub(crate) fn wait_for_ring(&self, heard: u64, at_most: Option<Duration>) {
        let mut state = self.state.lock();
        while state.rings == heard && !state.has_too_many(self.workers) {
            match at_most {
                None => self.bell.wait(&mut state),
                Some(time) => {
                    self.bell.wait_for(&mut state, time);
                    return;
                }
            }
        }
    }

    /// Waits for a seat; `None` when the pool stops.
    pub(crate) fn sit(&self) -> Option<OwnedSemaphorePermit> {
        match self.seats.clone().try_acquire_owned() {
            Ok(seat) => Some(seat),
            Err(_) => wait_for(self.seats.clone().acquire_owned()).ok(),
        }
    }

    /// Whether another thread is needed; it counts as one from now on.
    pub(crate) fn hire(&self) -> bool {
        let mut state = self.state.lock();
        let needed = !state.is_stopping && state.threads < state.wanted(self.workers);
        state.threads += usize::from(needed);
        needed
    }

    /// Whether the thread that asks should end; it is not counted any more then.
    pub(crate) fn dismisses(&self) -> bool {
        let mut state = self.state.lock();
        let too_many = state.has_too_many(self.workers);
        if too_many {
            state.leave(&self.all_out);
            // Should a ring have woken this thread, it was meant for whoever goes on working.
            self.bell.notify_one();
        }
        too_many
    }

    /// Takes back a thread that could not be started.
    pub(crate) fn unhire(&self) {
        self.state.lock().leave(&self.all_out);
    }

    /// Gives the run's seat back while it waits, unless too many are parked already. Whether it did.
    pub(crate) fn park(&self, run: &Run) -> bool {
        let seat = {
            let mut state = self.state.lock();
            if state.parked >= self.max_parked {
                return false;
            }
            let Some(seat) = run.seat.lock().take() else { return false };
            state.parked += 1;
            seat
        };
        drop(seat);
        true
    }

    /// Waits for a seat again. A run that is to stop does not wait: it goes on without, to be out the sooner.
    pub(crate) fn unpark(&self, run: &Run) {
        let seat = wait_for(either(self.seats.clone().acquire_owned(), run.stopped()));
        self.state.lock().parked -= 1;
        self.bell.notify_one();
        if let Ok(Ok(seat)) = seat {
            *run.seat.lock() = Some(seat);
        }
    }

    /// Gives the seat of a run that does not come back to others.
    pub(crate) fn give_up(&self, run: &Run) {
        self.state.lock().given_up += 1;
        drop(run.seat.lock().take());
    }

    /// The thread of a given-up run has come back.
    pub(crate) fn welcome_back(&self) {
        self.state.lock().given_up -= 1;
        self.bell.notify_one();
    }

    /// Lets every thread end once it has nothing to run.
    pub(crate) fn stop(&self) {
        self.state.lock().is_stopping = true;
        self.seats.close();
        self.bell.notify_all();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.state.lock().is_stopping
    }

    /// Resolves when no thread is left.
    pub(crate) async fn all_out(&self) {
        let mut out = std::pin::pin!(self.all_out.notified());
        out.as_mut().enable();
        if self.state.lock().threads > 0 {
            out.await;
        }
    }
}

impl State {
    fn wanted(&self, workers: usize) -> usize {
        workers + self.parked + self.given_up
    }

    fn has_too_many(&self, workers: usize) -> bool {
        self.is_stopping || self.threads > self.wanted(workers)
    }

    fn leave(&mut self, all_out: &Notify) {
        self.threads -= 1;
        if self.threads == 0 {
            all_out.notify_waiters();
        }
    }
}
