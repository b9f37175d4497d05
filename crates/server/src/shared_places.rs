use std::sync::Arc;

use crate::places::Places;

/// All places that callers share, by kind.
#[derive(Clone, Debug)]
pub(crate) struct SharedPlaces {
    /// Requests that are being handled, or whose response is long.
    pub(crate) requests: Arc<Places>,
    /// Event streams.
    pub(crate) streams: Arc<Places>,
    /// Files that are being received.
    pub(crate) uploads: Arc<Places>,
    /// Reads from repositories.
    pub(crate) reads: Arc<Places>,
    /// Lists that are written while their client reads them.
    pub(crate) lists: Arc<Places>,
}

impl SharedPlaces {
    /// For so many connections.
    pub(crate) fn new(connections: usize) -> Self {
        Self {
            requests: Places::new("requests", connections),
            streams: Places::new("streams", 2048.min(connections)),
            uploads: Places::new("uploads", 32),
            reads: Places::new("reads", 16),
            lists: Places::new("lists", 16),
        }
    }

    pub(crate) fn all(&self) -> [&Arc<Places>; 5] {
        [&self.requests, &self.streams, &self.uploads, &self.reads, &self.lists]
    }
}
