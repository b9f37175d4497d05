use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What clients have asked for since the routes were made.
#[derive(Debug, Default)]
pub struct Traffic {
    polls: AtomicU64,
    waits: AtomicU64,
    streams: AtomicU64,
}

impl Traffic {
    /// Looks at single tasks, those that waited for a change among them.
    pub fn polls(&self) -> u64 {
        self.polls.load(Relaxed)
    }

    /// Looks that waited for a change.
    pub fn waits(&self) -> u64 {
        self.waits.load(Relaxed)
    }

    /// Streams of events that were begun.
    pub fn streams(&self) -> u64 {
        self.streams.load(Relaxed)
    }

    pub(crate) fn count_poll(&self) {
        self.polls.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_wait(&self) {
        self.waits.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_stream(&self) {
        self.streams.fetch_add(1, Relaxed);
    }
}
