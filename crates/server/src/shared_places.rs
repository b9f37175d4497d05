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
    /// Clones and fetches by Git.
    pub(crate) fetches: Arc<Places>,
    /// Pushes by Git.
    pub(crate) pushes: Arc<Places>,
}

impl SharedPlaces {
    /// For so many connections, and clones and fetches at the same time.
    pub(crate) fn new(connections: usize, fetches: usize) -> Self {
        Self {
            requests: Places::new("requests", connections),
            streams: Places::new("streams", 2048.min(connections)),
            uploads: Places::new("uploads", 32),
            reads: Places::new("reads", 16),
            lists: Places::new("lists", 16),
            fetches: Places::new("fetches", fetches),
            // A push takes more memory and time of the disk than a fetch.
            pushes: Places::new("pushes", fetches.div_ceil(4)),
        }
    }

    pub(crate) fn all(&self) -> [&Arc<Places>; 7] {
        let Self { requests, streams, uploads, reads, lists, fetches, pushes } = self;
        [requests, streams, uploads, reads, lists, fetches, pushes]
    }
}
