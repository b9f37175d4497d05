//! Requests that may come again because their answer was lost.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use super::Board;
use crate::store::{Idempotency, Record};

/// A request as its owner calls it.
pub(in crate::store) type RequestKey = (Option<Arc<str>>, String);

/// A request that may come again.
#[derive(Clone)]
pub(in crate::store) struct Request {
    pub(in crate::store) fingerprint: String,
    /// The task as it was answered first.
    pub(in crate::store) record: Arc<Record>,
}

impl Board {
    /// Learns of a request that is remembered elsewhere.
    pub(in crate::store) fn recall(&mut self, key: RequestKey, request: Request) {
        self.requests.entry(key).or_insert(request);
    }

    /// Leaves it to somebody else to remember requests.
    pub(in crate::store) fn forget_requests(&mut self) {
        self.requests.clear();
    }

    /// Whether any is remembered.
    pub(in crate::store) fn has_requests(&self) -> bool {
        self.request_count > 0
    }

    /// Forgets the requests whose time is over.
    pub(in crate::store) fn expire_requests(&mut self, now: Timestamp) {
        self.requests.retain(|_, first| first.counts_at(now));
        self.request_count = self.requests.len();
    }

    /// So many requests are not remembered any more.
    pub(in crate::store) fn count_expired(&mut self, requests: usize) {
        self.request_count = self.request_count.saturating_sub(requests);
    }
}

impl Request {
    pub(super) fn counts_at(&self, now: Timestamp) -> bool {
        // Whoever sets the clock back makes nobody's request count twice.
        let age = Duration::try_from(now.duration_since(self.record.task.created)).unwrap_or_default();
        age < Idempotency::KEPT
    }
}
