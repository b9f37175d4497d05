//! What Ctrl-C does to a task that the program has submitted.

use super::{Interrupts, ProgressDisplay, cancel_and_wait};
use crate::cli::client::{Client, Task};

/// Cancels the task and returns it once it has ended. A second Ctrl-C ends the waiting; then, and if the task does not end, a
/// message says so and nothing is returned.
///
/// # Errors
/// If a request fails.
pub async fn cancel_interrupted(
    client: &Client,
    task: &Task,
    display: &ProgressDisplay,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Option<Task>> {
    let id = task.id;
    display.clear();
    display.message(&format!("Cancelling task {id}... (Ctrl-C again to quit without waiting)"));
    let cancelled = tokio::select! {
        task = cancel_and_wait(client, id) => task?,
        () = interrupts.next() => {
            display.message(&format!("Task {id} is being cancelled; 'longhaul tasks show {id}' shows its outcome."));
            return Ok(None);
        }
    };
    if cancelled.status.has_ended() {
        return Ok(Some(cancelled));
    }
    display.message(&format!("Task {id} is being cancelled, but has not ended yet."));
    Ok(None)
}
