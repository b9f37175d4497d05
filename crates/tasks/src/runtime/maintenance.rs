//! The maintenance thread, which goes by the clock: it recovers tasks, enforces deadlines, tries publications again, forgets
//! ended tasks, and sends heartbeats.

use std::{error::Error, sync::Arc, time::Duration};

use pollster::block_on;

use super::{
    attempt::{Attempt, StopCause},
    attempts::Attempts,
    deadlines::Deadlines,
    publication::Publisher,
    recovery::Recovery,
    shutdown::Shutdown,
    sweeper::Sweeper,
    timer::Timer,
};
use crate::store::{Beat, Signal};

/// Tasks that end close together are forgotten together.
const SWEEP_INTERVAL: Duration = Duration::from_millis(50);

/// How long until what could not be done is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What the thread works on.
pub(crate) struct Maintenance {
    pub(crate) timer: Arc<Timer>,
    pub(crate) shutdown: Arc<Shutdown>,
    pub(crate) attempts: Arc<Attempts>,
    pub(crate) recovery: Recovery,
    pub(crate) deadlines: Deadlines,
    pub(crate) publisher: Arc<Publisher>,
    pub(crate) sweeper: Sweeper,
}

/// When something is due again.
#[derive(Default)]
struct Due {
    sweep: Option<Duration>,
    publication: Option<Duration>,
    heartbeat: Option<Duration>,
}

impl Maintenance {
    /// Runs until the runtime stops.
    pub(crate) fn run(self) {
        let _entered = self.attempts.runtime.enter();
        if let Err(error) = self.recovery.remove_leftovers() {
            tracing::error!(error = &error as &dyn Error, "could not remove result files without a task");
        }
        let mut due = Due { sweep: Some(Duration::ZERO), ..Due::default() };
        while !self.shutdown.has_begun() {
            let seen = self.timer.wake_ups();
            let now = self.attempts.clock.elapsed();
            let deadline = self.deadlines.enforce(now);
            if due.sweep.is_none_or(|moment| moment <= now) {
                due.sweep = self.recover_and_sweep(now);
            }
            due.publication = self.retry_publications(due.publication, now);
            due.heartbeat = self.heartbeat(due.heartbeat, now);
            let next = [deadline, due.sweep, due.publication, due.heartbeat].into_iter().flatten().min();
            self.timer.sleep(seen, next, &*self.attempts.clock);
        }
        self.publisher.give_back();
    }

    /// Recovers what was interrupted, lets the worker threads start, and forgets ended tasks; when to do it again.
    fn recover_and_sweep(&self, now: Duration) -> Option<Duration> {
        // Set first, so that a task that ends from here on wakes the thread.
        self.timer.set_sweep_due(false);
        let swept = self.recovery.recover().and_then(|()| {
            self.attempts.slots.start_threads();
            block_on(self.sweeper.sweep())
        });
        let next = match swept {
            Ok(swept) => swept.next.map(|left| left.max(SWEEP_INTERVAL)),
            Err(error) => {
                let error = &error as &dyn Error;
                tracing::error!(error, "could not recover interrupted tasks or forget ended ones");
                Some(RETRY)
            }
        };
        if next.is_some() {
            self.timer.set_sweep_due(true);
        }
        next.map(|left| now.saturating_add(left))
    }

    /// Tries pending publications again, on a blocking thread; when to do it again.
    fn retry_publications(&self, due: Option<Duration>, now: Duration) -> Option<Duration> {
        if !self.publisher.is_pending() {
            return None;
        }
        match due {
            Some(moment) if moment <= now => {
                let (publisher, timer) = (self.publisher.clone(), self.timer.clone());
                self.attempts.runtime.spawn_blocking(move || {
                    publisher.retry();
                    timer.wake();
                });
                None
            }
            Some(moment) => Some(moment),
            None => Some(now.saturating_add(RETRY)),
        }
    }

    /// Tells a shared store that this process is alive; when to do it again.
    fn heartbeat(&self, due: Option<Duration>, now: Duration) -> Option<Duration> {
        let interval = self.attempts.store.store().heartbeat_interval()?;
        if let Some(moment) = due.filter(|moment| *moment > now) {
            return Some(moment);
        }
        let beat = |attempt: &Arc<Attempt>| Beat { attempt: attempt.key, progress: attempt.steps.snapshot() };
        match block_on(self.attempts.store.heartbeat(self.attempts.all().iter().map(beat).collect())) {
            Ok(signals) => signals.iter().for_each(|signal| self.obey(signal)),
            Err(error) => tracing::error!(error = &error as &dyn Error, "could not send a heartbeat"),
        }
        Some(now.saturating_add(interval))
    }

    fn obey(&self, signal: &Signal) {
        let (Signal::Cancel(key) | Signal::Lost(key)) = *signal;
        if let Some(attempt) = self.attempts.get(key.id).filter(|attempt| attempt.key == key) {
            attempt.stop(StopCause::of(signal));
        }
    }
}
