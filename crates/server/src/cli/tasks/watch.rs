//! Tasks that go on: to follow one, to stop it, to forget it.

use std::{
    io::{Write, stdout},
    process::ExitCode,
    time::Duration,
};

use anyhow::bail;
use tokio::time::timeout;

use super::{INTERRUPTED, Interrupts, View, conclude};
use crate::cli::client::{Client, ClientError, Task};

/// How long a cancelled task is waited for. Most end at once.
const PATIENCE: Duration = Duration::from_secs(10);

/// Follows a task to its end. Ctrl-C ends the watching and nothing else.
pub(super) async fn watch(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let mut interrupts = Interrupts::listen();
    let mut view = View::new(json);
    let follow = async { client.follow(client.task(id).await?, |task| view.task(task)).await };
    let followed = tokio::select! {
        task = follow => Some(task),
        () = interrupts.next() => None,
    };
    view.end();
    match followed {
        Some(task) => conclude(&task?, None, json, false),
        None => {
            view.say(&format!("Task {id} goes on; 'longhaul tasks cancel {id}' stops it."));
            Ok(INTERRUPTED.into())
        }
    }
}

/// Stops a task and waits a moment for its end.
pub(super) async fn cancel(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let before = client.task(id).await?;
    let task = stopped(client, id).await?;
    let mut out = stdout().lock();
    match (json, before.status.has_ended(), task.status.has_ended()) {
        (true, ..) => writeln!(out, "{}", task.text)?,
        (false, true, _) => writeln!(out, "Task {id} has ended already: {}", task.status)?,
        (false, false, true) => writeln!(out, "Task {id}: {}", task.status)?,
        (false, false, false) => {
            writeln!(out, "Task {id} was told to stop and has not yet: {}", task.status)?
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Forgets a task.
pub(super) async fn prune(client: &Client, id: u64, json: bool) -> anyhow::Result<ExitCode> {
    let task = client.prune(id).await?;
    if !task.status.has_ended() {
        bail!(
            "task {id} is {}: only a task that has ended can be forgotten ('longhaul tasks cancel {id}' stops it)",
            task.status
        );
    }
    let mut out = stdout().lock();
    match json {
        true => writeln!(out, "{}", task.text)?,
        false => writeln!(out, "Task {id} is forgotten; it was {}", task.status)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Asks a task to stop and waits a moment for its end; the task as it is then.
///
/// # Errors
/// If the server does not answer.
pub async fn stopped(client: &Client, id: u64) -> Result<Task, ClientError> {
    let mut last = client.cancel(id).await?;
    let followed = timeout(PATIENCE, client.follow(last.clone(), |task| last = task.clone())).await;
    followed.unwrap_or(Ok(last))
}
