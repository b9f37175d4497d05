//! The one thread that goes by the clock: forgets tasks when their time is over, stops jobs that take too long, takes over
//! what others left.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use parking_lot::{Condvar, Mutex};

use crate::{
    clock::Clock,
    engine::Engine,
    rescue,
    run::{Cause, Run},
    store::{StoreError, Swept},
    wait::wait_for,
    worker,
};

/// Tasks that end close together are forgotten together.
const SWEEP_PACE: Duration = Duration::from_millis(50);

/// How long until what could not be done now is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Wakes the keeper before the time it sleeps until.
#[derive(Default)]
pub(crate) struct Alarm {
    state: Mutex<State>,
    bell: Condvar,
    is_sweep_expected: AtomicBool,
}

#[derive(Default)]
struct State {
    rings: u64,
    next: Option<Duration>,
}

impl Alarm {
    pub(crate) fn ring(&self) {
        self.state.lock().rings += 1;
        self.bell.notify_all();
    }

    /// Something is due at this moment.
    pub(crate) fn expect(&self, moment: Duration) {
        if self.state.lock().next.is_none_or(|next| moment < next) {
            self.ring();
        }
    }

    /// A task has ended. As all are kept equally long, it is due after those that had ended before.
    pub(crate) fn expect_sweep(&self) {
        if !self.is_sweep_expected.swap(true, SeqCst) {
            self.ring();
        }
    }

    /// Sleeps until it rings or the moment has come, unless it has rung since `heard`.
    fn sleep(&self, heard: u64, until: Option<Duration>, clock: &dyn Clock) {
        let mut state = self.state.lock();
        state.next = until;
        if state.rings == heard {
            match until.and_then(|moment| clock.sleep_until(moment)) {
                Some(time) => drop(self.bell.wait_for(&mut state, time)),
                None => self.bell.wait(&mut state),
            }
        }
    }

    /// How often it has rung. From now on it rings for whatever is due, until it is slept again.
    fn listen(&self) -> u64 {
        let mut state = self.state.lock();
        state.next = None;
        state.rings
    }
}

/// Goes by the clock until the engine stops.
pub(crate) fn keep_time(engine: Arc<Engine>) {
    let runtime = engine.runtime.clone();
    let _inside = runtime.enter();
    let mut next_sweep = None;
    clear_leftovers(&engine);
    while !engine.pool.is_stopping() {
        let heard = engine.alarm.listen();
        let now = engine.clock.elapsed();
        let next_deadline = enforce_deadlines(&engine, now);
        if next_sweep.is_none_or(|due| due <= now) {
            next_sweep = tidy(&engine, now);
        }
        let next = [next_deadline, next_sweep].into_iter().flatten().min();
        engine.alarm.sleep(heard, next, &*engine.clock);
    }
}

fn clear_leftovers(engine: &Engine) {
    if let Err(error) = rescue::clear_leftovers(engine) {
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, "could not clear away result files that nobody owns");
    }
}

/// Takes over what was cut short, lets the threads begin, and forgets what is over; when to do it again, if need be.
fn tidy(engine: &Arc<Engine>, now: Duration) -> Option<Duration> {
    // Lowered first, so that a task that ends from here on rings.
    engine.alarm.is_sweep_expected.store(false, SeqCst);
    let swept = rescue::rescue(engine).and_then(|()| {
        engine.staff();
        wait_for(sweep(engine))
    });
    let next = match swept {
        Ok(swept) => swept.next.map(|left| left.max(SWEEP_PACE)),
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "could not take tasks over or forget old ones"
            );
            Some(RETRY)
        }
    };
    if next.is_some() {
        engine.alarm.is_sweep_expected.store(true, SeqCst);
    }
    next.map(|left| now.saturating_add(left))
}

/// Forgets every task whose time is over, with its files.
pub(crate) async fn sweep(engine: &Engine) -> Result<Swept, StoreError> {
    let mut all = Swept::default();
    loop {
        let swept = engine.store.sweep(engine.times.keep).await?;
        engine.remove_results(&swept.gone).await;
        all.gone.extend(swept.gone);
        all.next = swept.next;
        if all.next.is_none_or(|left| !left.is_zero()) {
            return Ok(all);
        }
    }
}

/// Stops what has taken too long and gives up what does not stop; when to look again.
fn enforce_deadlines(engine: &Arc<Engine>, now: Duration) -> Option<Duration> {
    let timeout = engine.times.task_timeout?;
    let running: Vec<_> = engine.running.read().values().cloned().collect();
    running.iter().filter_map(|run| enforce_deadline(engine, run, timeout, now)).min()
}

fn enforce_deadline(
    engine: &Arc<Engine>,
    run: &Arc<Run>,
    timeout: Duration,
    now: Duration,
) -> Option<Duration> {
    let deadline = run.begun.saturating_add(timeout);
    if now < deadline {
        return Some(deadline);
    }
    run.stop(Cause::Deadline);
    let end_of_grace = run.overdue.get_or_init(|| now).saturating_add(engine.times.grace);
    if now < end_of_grace {
        return Some(end_of_grace);
    }
    match run.give_up() {
        Some(cause) => worker::abandon(engine, run, cause),
        None if run.is_unsettled() => return Some(now.saturating_add(RETRY)),
        None => {}
    }
    None
}
