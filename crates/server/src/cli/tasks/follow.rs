//! Follows, cancels and removes a task.

use std::{
    io::{Write, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::bail;
use tokio::time::timeout;

use super::{INTERRUPTED, Interrupts, ProgressDisplay, print_outcome};
use crate::cli::client::{Client, ClientError, Task};

/// How long polls may fail, for example while the server restarts.
const RETRY_FOR: Duration = Duration::from_secs(300);
/// How long to wait for the end of a cancelled task.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(10);

/// Follows a task to its end. Ctrl-C stops following and leaves the task alone.
pub(super) async fn watch(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen();
    let mut display = ProgressDisplay::new(json);
    let follow = async { client.follow(client.task(id).await?, RETRY_FOR, |task| display.task(task)).await };
    let followed = tokio::select! {
        task = follow => Some(task),
        () = interrupts.next() => None,
    };
    display.clear();
    match followed {
        Some(task) => print_outcome(&task?, None, json, false),
        None => {
            display.message(&format!("Task {id} continues; 'longhaul tasks cancel {id}' cancels it."));
            Ok(INTERRUPTED.into())
        }
    }
}

/// Cancels a task and waits a short time for its end.
pub(super) async fn cancel(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let before = client.task(id).await?;
    let task = cancel_and_wait(client, id).await?;
    let mut out = stdout().lock();
    match (json, before.status.has_ended(), task.status.has_ended()) {
        (true, ..) => writeln!(out, "{}", task.text)?,
        (false, true, _) => writeln!(out, "Task {id} has ended already: {}", task.status)?,
        (false, false, true) => writeln!(out, "Task {id}: {}", task.status)?,
        (false, false, false) => {
            writeln!(out, "Task {id} is being cancelled, but has not ended yet: {}", task.status)?
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes an ended task.
pub(super) async fn prune(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let task = client.prune(id).await?;
    if !task.status.has_ended() {
        bail!(
            "task {id} is {}: only a task that has ended can be removed ('longhaul tasks cancel {id}' cancels it)",
            task.status
        );
    }
    let mut out = stdout().lock();
    match json {
        true => writeln!(out, "{}", task.text)?,
        false => writeln!(out, "Removed task {id}; it was {}", task.status)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Cancels a task, waits a short time for its end and returns its state.
///
/// # Errors
/// If a request fails.
pub async fn cancel_and_wait(client: &Client, id: u64) -> Result<Task, ClientError> {
    let mut last = client.cancel(id).await?;
    let followed =
        timeout(CANCEL_TIMEOUT, client.follow(last.clone(), CANCEL_TIMEOUT, |task| last = task.clone()))
            .await;
    followed.unwrap_or(Ok(last))
}
