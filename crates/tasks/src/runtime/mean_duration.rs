//! How long tasks take, for the answer to a submit that the queue has no room for.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// A running mean of how long tasks take.
#[derive(Default)]
pub(crate) struct MeanDuration(AtomicU64);

impl MeanDuration {
    /// A task has taken this long. Concurrent updates may overwrite each other; that is acceptable for a mean.
    pub(crate) fn record(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 8);
        let mean = self.0.load(Relaxed);
        self.0.store(mean - mean / 8 + took.min(u64::MAX / 8) / 8, Relaxed);
    }

    /// When one of so many workers is likely to have finished a task; from a second to a minute.
    pub(crate) fn until_next(&self, workers: usize) -> Duration {
        let mean = Duration::from_micros(self.0.load(Relaxed));
        let next = mean / u32::try_from(workers.max(1)).unwrap_or(u32::MAX);
        next.clamp(Duration::from_secs(1), Duration::from_secs(60))
    }
}
