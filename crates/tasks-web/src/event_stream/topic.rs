use std::{collections::HashMap, sync::Arc, time::Duration};

use longhaul_tasks::{Status, Task};
use tokio::{sync::watch, time::Instant};

use super::{event::Event, snapshot::Snapshot, subscriber::Subscriber};

/// How often the progress of a task is looked up and sent to subscribers.
pub(super) const PROGRESS_INTERVAL: Duration = Duration::from_millis(100);

/// What is known of one task.
pub(super) struct Topic {
    /// The number of the event after which everything is known that has happened to the task.
    pub(super) since: u64,
    /// The newest snapshot; `None` until the first lookup.
    pub(super) snapshots: watch::Sender<Option<Arc<Snapshot>>>,
    pub(super) published: Option<Published>,
    pub(super) subscribers: HashMap<u64, Arc<Subscriber>>,
}

/// The newest event of a task.
pub(super) struct Published {
    pub(super) event: Arc<Event>,
    pub(super) at: Instant,
}

impl Topic {
    pub(super) fn new(since: u64) -> Self {
        Self { since, snapshots: watch::Sender::default(), published: None, subscribers: HashMap::new() }
    }

    /// Makes this the newest snapshot, unless the one there is equals it; the newest one.
    pub(super) fn update(&self, task: Task) -> Arc<Snapshot> {
        let known = self.snapshots.borrow().clone().filter(|snapshot| snapshot.equals(&task));
        known.unwrap_or_else(|| {
            let snapshot = Arc::new(Snapshot::new(task));
            self.snapshots.send_replace(Some(snapshot.clone()));
            snapshot
        })
    }

    /// Whether there has been no event with this snapshot yet.
    pub(super) fn is_unpublished(&self, snapshot: &Arc<Snapshot>) -> bool {
        self.published.as_ref().is_none_or(|published| !Arc::ptr_eq(&published.event.snapshot, snapshot))
    }

    /// Whether the snapshot becomes an event now. Changes do at once, progress after [`PROGRESS_INTERVAL`].
    pub(super) fn is_due(&self, snapshot: &Arc<Snapshot>, now: Instant) -> bool {
        let Some(published) = &self.published else { return true };
        self.is_unpublished(snapshot)
            && (!published.event.snapshot.has_same_status(&snapshot.task)
                || now.duration_since(published.at) >= PROGRESS_INTERVAL)
    }

    pub(super) fn has_callers(&self) -> bool {
        self.snapshots.receiver_count() > 0 || !self.subscribers.is_empty()
    }

    pub(super) fn is_running(&self) -> bool {
        self.snapshots.borrow().as_ref().is_some_and(|snapshot| snapshot.task.status == Status::Running)
    }
}
