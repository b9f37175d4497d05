//! Who waits for which task to end.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{TaskId, ids::ById};

/// The waiting parties by task; an entry lives as long as somebody waits.
#[derive(Default)]
pub(crate) struct Watch(Mutex<ById<Entry>>);

struct Entry {
    notify: Arc<Notify>,
    watchers: usize,
}

/// One who waits.
pub(crate) struct Watcher<'a> {
    watch: &'a Watch,
    id: TaskId,
    notify: Arc<Notify>,
}

impl Watch {
    /// Whoever asks first and looks at the task afterwards misses nothing.
    pub(crate) fn watch(&self, id: TaskId) -> Watcher<'_> {
        let mut entries = self.0.lock();
        let entry = entries.entry(id).or_insert_with(|| Entry { notify: Arc::default(), watchers: 0 });
        entry.watchers += 1;
        Watcher { watch: self, id, notify: entry.notify.clone() }
    }

    /// Wakes those who wait for the task.
    pub(crate) fn wake(&self, id: TaskId) {
        if let Some(entry) = self.0.lock().get(&id) {
            entry.notify.notify_waiters();
        }
    }

    /// Wakes everybody.
    pub(crate) fn wake_all(&self) {
        self.0.lock().values().for_each(|entry| entry.notify.notify_waiters());
    }
}

impl Watcher<'_> {
    /// Takes effect before it is awaited, once it has been enabled.
    pub(crate) fn woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let mut entries = self.watch.0.lock();
        if let Some(entry) = entries.get_mut(&self.id) {
            entry.watchers -= 1;
            if entry.watchers == 0 {
                entries.remove(&self.id);
            }
        }
    }
}
