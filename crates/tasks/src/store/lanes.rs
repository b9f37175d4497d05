//! How a running attempt enters and leaves a lane, in the stores that keep a [`Machine`] in memory.

use parking_lot::Mutex;

use super::{AttemptKey, Notice, StoreError, machine::Machine, subscribers::Subscribers};
use crate::Lane;

/// Waits until the attempt occupies the lane. The machine is not locked meanwhile.
pub(super) async fn enter(
    machine: &Mutex<Machine>,
    attempt: AttemptKey,
    lane: Lane,
) -> Result<(), StoreError> {
    let granted = machine.lock().enter(attempt, lane);
    granted.ok_or_else(attempt_is_over)?.await.map_err(|_| attempt_is_over())
}

/// Frees the lane, and reports the tasks that can be claimed now.
pub(super) fn leave(machine: &Mutex<Machine>, subscribers: &Subscribers, attempt: AttemptKey, lane: &Lane) {
    let ready = machine.lock().leave(attempt, lane);
    subscribers.notify((ready > 0).then_some(Notice::Work(ready)).into_iter().collect());
}

fn attempt_is_over() -> StoreError {
    StoreError::new("the attempt is over and can enter no lane", None)
}
