//! Time, as something that tests can move by hand.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use parking_lot::Mutex;

/// Tells the time of day for the records, and how much time has passed for deadlines and retention.
///
/// The two are apart because the time of day may be set back or forward while the program runs.
pub trait Clock: Send + Sync + 'static {
    /// The time of day.
    fn now(&self) -> Timestamp;

    /// How much time has passed since the clock was made; never goes back.
    fn elapsed(&self) -> Duration;

    /// For how long a thread that waits for `elapsed` to reach `moment` may sleep; `None`: until it is woken.
    fn sleep_until(&self, moment: Duration) -> Option<Duration>;

    /// Calls `wake` whenever time has moved otherwise than by passing.
    fn on_jump(&self, wake: Box<dyn Fn() + Send + Sync>) {
        drop(wake);
    }
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep_until(&self, moment: Duration) -> Option<Duration> {
        Some(moment.saturating_sub(self.elapsed()))
    }
}

/// A clock that stands still until it is told to go on; for tests.
pub struct ManualClock {
    start: Timestamp,
    elapsed: Mutex<Duration>,
    wakers: Mutex<Vec<Box<dyn Fn() + Send + Sync>>>,
}

impl Default for ManualClock {
    /// It is midnight of 1 January 2026 UTC.
    fn default() -> Self {
        Self {
            start: Timestamp::constant(1_767_225_600, 0),
            elapsed: Mutex::default(),
            wakers: Mutex::default(),
        }
    }
}

impl ManualClock {
    /// Lets `time` pass and wakes the threads that wait for it.
    pub fn advance(&self, time: Duration) {
        *self.elapsed.lock() += time;
        self.wakers.lock().iter().for_each(|wake| wake());
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.start + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.elapsed.lock()
    }

    fn sleep_until(&self, moment: Duration) -> Option<Duration> {
        (moment <= self.elapsed()).then_some(Duration::ZERO)
    }

    fn on_jump(&self, wake: Box<dyn Fn() + Send + Sync>) {
        self.wakers.lock().push(wake);
    }
}
