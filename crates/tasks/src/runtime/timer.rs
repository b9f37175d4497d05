//! Wakes the maintenance thread when something is due.

use std::{
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use crate::clock::Clock;

/// What the maintenance thread sleeps on.
pub(crate) struct Timer {
    task_timeout: Option<Duration>,
    state: Mutex<State>,
    woken: Condvar,
    is_sweep_due: AtomicBool,
}

#[derive(Default)]
struct State {
    wake_ups: u64,
    /// Until when the thread sleeps.
    until: Option<Duration>,
}

impl Timer {
    pub(crate) fn new(task_timeout: Option<Duration>) -> Self {
        Self {
            task_timeout,
            state: Mutex::default(),
            woken: Condvar::new(),
            is_sweep_due: AtomicBool::new(false),
        }
    }

    /// Wakes the thread now.
    pub(crate) fn wake(&self) {
        self.state.lock().wake_ups += 1;
        self.woken.notify_all();
    }

    /// An attempt that began at this moment has to be checked at its deadline.
    pub(crate) fn deadline_begins(&self, begun: Duration) {
        let Some(timeout) = self.task_timeout else { return };
        let deadline = begun.saturating_add(timeout);
        if self.state.lock().until.is_none_or(|until| deadline < until) {
            self.wake();
        }
    }

    /// A task has ended. This wakes the thread only if no sweep is planned: an earlier ended task is always forgotten first.
    pub(crate) fn task_ended(&self) {
        if !self.is_sweep_due.swap(true, SeqCst) {
            self.wake();
        }
    }

    /// A publication has to be tried again.
    pub(crate) fn retry_publications(&self) {
        self.wake();
    }

    /// Says whether a sweep is planned. After `false`, the next task that ends wakes the thread.
    pub(crate) fn set_sweep_due(&self, is_due: bool) {
        self.is_sweep_due.store(is_due, SeqCst);
    }

    /// How often the thread was woken; to be given to [`sleep`](Self::sleep), so that no wake-up is missed.
    pub(crate) fn wake_ups(&self) -> u64 {
        let mut state = self.state.lock();
        state.until = None;
        state.wake_ups
    }

    /// Sleeps until the moment has come or the thread is woken, unless it was woken since `seen`.
    pub(crate) fn sleep(&self, seen: u64, until: Option<Duration>, clock: &dyn Clock) {
        let mut state = self.state.lock();
        state.until = until;
        if state.wake_ups == seen {
            match until.and_then(|moment| clock.sleep_until(moment)) {
                Some(time) => drop(self.woken.wait_for(&mut state, time)),
                None => self.woken.wait(&mut state),
            }
        }
    }
}
