use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// How many requests of each kind there were since [`TasksWeb`](crate::TasksWeb) was created. A clone counts the same.
#[derive(Clone, Debug, Default)]
pub struct RequestCounts(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    polls: AtomicU64,
    long_polls: AtomicU64,
    streams: AtomicU64,
}

impl RequestCounts {
    /// Requests for single tasks, [long polls](Self::long_polls) among them.
    pub fn polls(&self) -> u64 {
        self.0.polls.load(Relaxed)
    }

    /// Requests for single tasks that waited for a change.
    pub fn long_polls(&self) -> u64 {
        self.0.long_polls.load(Relaxed)
    }

    /// Event streams that were opened.
    pub fn streams(&self) -> u64 {
        self.0.streams.load(Relaxed)
    }

    pub(crate) fn count_poll(&self) {
        self.0.polls.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_long_poll(&self) {
        self.0.long_polls.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_stream(&self) {
        self.0.streams.fetch_add(1, Relaxed);
    }
}
