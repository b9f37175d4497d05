//! Requests that a client may repeat.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::store::{Idempotency, Record};

/// The owner, and the key that it has chosen.
pub(in crate::store) type RequestKey = (Option<Arc<str>>, String);

/// A request that may be repeated.
#[derive(Clone)]
pub(in crate::store) struct Request {
    pub(in crate::store) fingerprint: String,
    /// The task as it was first answered.
    pub(in crate::store) record: Arc<Record>,
}

impl Request {
    /// Whether the key is still kept. A clock that was set back does not expire it.
    pub(super) fn is_kept_at(&self, now: Timestamp) -> bool {
        let age = Duration::try_from(now.duration_since(self.record.task.created)).unwrap_or_default();
        age < Idempotency::KEPT
    }
}
