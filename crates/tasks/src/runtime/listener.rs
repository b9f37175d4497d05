//! Passes on what happens in the store.

use std::sync::Weak;

use super::{Runtime, attempt::StopCause};
use crate::{
    Change,
    store::{Listener, Notice},
};

/// Informs those parts of the runtime that wait for something to happen in the store.
pub(crate) struct RuntimeListener(pub(crate) Weak<Runtime>);

impl Listener for RuntimeListener {
    fn notice(&self, notice: Notice) {
        let Some(runtime) = self.0.upgrade() else { return };
        match notice {
            Notice::Work(tasks) => runtime.slots.announce_work(tasks),
            Notice::CancelRequested(id) => {
                if let Some(attempt) = runtime.attempts.get(id) {
                    attempt.stop(StopCause::Cancel);
                }
            }
            Notice::Changed(id) => runtime.send(Change::Changed(id)),
            Notice::Ended(id) => {
                runtime.attempts.waiters.wake(id);
                runtime.timer.task_ended();
            }
            Notice::Gone(id) => {
                runtime.attempts.waiters.wake(id);
                runtime.send(Change::Gone(id));
            }
            Notice::Missed => {
                runtime.slots.announce_work(runtime.slots.workers());
                runtime.attempts.waiters.wake_all();
                runtime.timer.wake();
                runtime.send(Change::Missed);
            }
        }
    }
}

impl Runtime {
    fn send(&self, change: Change) {
        if self.changes.receiver_count() > 0 {
            let _ = self.changes.send(change);
        }
    }
}
