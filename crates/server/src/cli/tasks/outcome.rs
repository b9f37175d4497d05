use std::{
    io::{Write, stderr, stdout},
    process::ExitCode,
};

use tasks::Status;

use super::text::{printable, write_commit, write_failure};
use crate::cli::client::Task;

/// The exit status of a program that Ctrl-C stopped.
pub const INTERRUPTED: u8 = 130;

/// Tells what came of a task: what it made on the standard output, what went wrong on the other.
///
/// The exit status is 0 only if the task finished.
///
/// # Errors
/// If the output cannot be written.
pub fn conclude(task: &Task, branch: Option<&str>, json: bool, quiet: bool) -> anyhow::Result<ExitCode> {
    if json {
        writeln!(stdout(), "{}", task.text)?;
    }
    match task.status {
        Status::Finished if json || quiet => {}
        Status::Finished => tell(task, branch)?,
        status => {
            let mut err = stderr().lock();
            writeln!(err, "Task {}: {status}", task.id)?;
            task.error.iter().try_for_each(|failure| write_failure(&mut err, failure))?;
        }
    }
    let finished = task.status == Status::Finished;
    Ok(if finished { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell(task: &Task, branch: Option<&str>) -> anyhow::Result<()> {
    for warning in task.warnings() {
        writeln!(stderr(), "Note: {}", printable(&warning))?;
    }
    let mut out = stdout().lock();
    match task.commit() {
        Some(commit) => write_commit(&mut out, &commit, branch)?,
        None => writeln!(out, "Task {}: {}", task.id, task.status)?,
    }
    Ok(())
}
