//! Callers that wait for a task to end.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::TaskId;

/// The waiting callers by task; an entry exists while somebody waits.
#[derive(Default)]
pub(crate) struct CompletionWaiters(Mutex<HashMap<TaskId, Entry>>);

struct Entry {
    notify: Arc<Notify>,
    waiters: usize,
}

/// One waiting caller.
pub(crate) struct Waiter<'a> {
    all: &'a CompletionWaiters,
    id: TaskId,
    notify: Arc<Notify>,
}

impl CompletionWaiters {
    /// Registers a caller. One that looks at the task afterwards misses no wake-up.
    pub(crate) fn register(&self, id: TaskId) -> Waiter<'_> {
        let mut entries = self.0.lock();
        let entry = entries.entry(id).or_insert_with(|| Entry { notify: Arc::default(), waiters: 0 });
        entry.waiters += 1;
        Waiter { all: self, id, notify: entry.notify.clone() }
    }

    /// Wakes the callers that wait for the task.
    pub(crate) fn wake(&self, id: TaskId) {
        if let Some(entry) = self.0.lock().get(&id) {
            entry.notify.notify_waiters();
        }
    }

    /// Wakes all callers.
    pub(crate) fn wake_all(&self) {
        self.0.lock().values().for_each(|entry| entry.notify.notify_waiters());
    }
}

impl Waiter<'_> {
    /// Resolves with the next wake-up after it was enabled or first polled.
    pub(crate) fn woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let mut entries = self.all.0.lock();
        if let Some(entry) = entries.get_mut(&self.id) {
            entry.waiters -= 1;
            if entry.waiters == 0 {
                entries.remove(&self.id);
            }
        }
    }
}
