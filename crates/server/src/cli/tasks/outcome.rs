use std::{
    io::{self, Write, stderr, stdout},
    process::ExitCode,
};

use longhaul_tasks::Status;

use super::text::{printable, write_commit, write_failure};
use crate::cli::client::Task;

/// The exit status of a program that Ctrl-C stopped.
pub const INTERRUPTED: u8 = 130;

/// Tells what came of a task: what it made on the standard output, what went wrong on the other.
///
/// The exit status is 0 only if the task finished.
///
/// # Errors
/// If the output cannot be written. That nobody reads it is no error: the exit status still says how the task ended.
pub fn conclude(task: &Task, branch: Option<&str>, json: bool, quiet: bool) -> anyhow::Result<ExitCode> {
    let told = match (json, quiet) {
        (true, _) => writeln!(stdout(), "{}", task.text).and_then(|()| complain(task)),
        (false, true) => complain(task),
        (false, false) => tell(task, branch).and_then(|()| complain(task)),
    };
    match told {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ if task.status == Status::Finished => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}

/// What a finished task made.
fn tell(task: &Task, branch: Option<&str>) -> io::Result<()> {
    if task.status != Status::Finished {
        return Ok(());
    }
    for warning in task.warnings() {
        writeln!(stderr(), "Note: {}", printable(&warning))?;
    }
    let mut out = stdout().lock();
    match task.commit() {
        Some(commit) => write_commit(&mut out, &commit, branch),
        None => writeln!(out, "Task {}: {}", task.id, task.status),
    }
}

/// Why a task did not finish.
fn complain(task: &Task) -> io::Result<()> {
    if task.status == Status::Finished {
        return Ok(());
    }
    let mut err = stderr().lock();
    writeln!(err, "Task {}: {}", task.id, task.status)?;
    task.error.iter().try_for_each(|failure| write_failure(&mut err, failure))
}
