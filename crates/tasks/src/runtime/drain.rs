//! An engine that takes no new tasks.

use std::sync::atomic::Ordering::Relaxed;

use crate::Tasks;

impl Tasks {
    /// Whether to accept no new tasks from now on; those that were accepted run as before. Not stored.
    pub fn drain(&self, is_draining: bool) {
        self.runtime.is_draining.store(is_draining, Relaxed);
    }

    /// Whether the engine was told to [`drain`](Self::drain).
    pub fn is_draining(&self) -> bool {
        self.runtime.is_draining.load(Relaxed)
    }
}
