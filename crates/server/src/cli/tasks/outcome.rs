use std::{
    io::{self, Write, stderr, stdout},
    process::ExitCode,
};

use longhaul_tasks::Status;

use super::format::{printable, write_commit, write_error};
use crate::cli::client::Task;

/// The exit status of a program that Ctrl-C stopped.
pub const INTERRUPTED: u8 = 130;

/// Prints the outcome of a task: the result on standard output, errors and warnings on standard error.
///
/// The exit status is 0 only if the task finished.
///
/// # Errors
/// If the output cannot be written. A broken pipe is ignored: the exit status still tells the outcome.
pub fn print_outcome(task: &Task, branch: Option<&str>, json: bool, quiet: bool) -> anyhow::Result<ExitCode> {
    let printed = match (json, quiet) {
        (true, _) => writeln!(stdout(), "{}", task.text).and_then(|()| print_failure(task)),
        (false, true) => print_failure(task),
        (false, false) => {
            print_warnings(task).and_then(|()| print_result(task, branch)).and_then(|()| print_failure(task))
        }
    };
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ if task.status == Status::Finished => Ok(ExitCode::SUCCESS),
        _ => Ok(ExitCode::FAILURE),
    }
}

/// Prints the warnings of a task, whether it succeeded or not.
fn print_warnings(task: &Task) -> io::Result<()> {
    let mut err = stderr().lock();
    task.warnings().iter().try_for_each(|warning| writeln!(err, "Warning: {}", printable(warning)))
}

/// Prints the result of a finished task.
fn print_result(task: &Task, branch: Option<&str>) -> io::Result<()> {
    if task.status != Status::Finished {
        return Ok(());
    }
    let mut out = stdout().lock();
    match task.commit() {
        Some(commit) => {
            write_commit(&mut out, &commit, branch)?;
            match task.relations() {
                0 => Ok(()),
                relations => writeln!(out, "Relations are not stored: {relations} were left out."),
            }
        }
        None => writeln!(out, "Task {}: {}", task.id, task.status),
    }
}

/// Prints the status and the error of a task that did not finish.
fn print_failure(task: &Task) -> io::Result<()> {
    if task.status == Status::Finished {
        return Ok(());
    }
    let mut err = stderr().lock();
    writeln!(err, "Task {}: {}", task.id, task.status)?;
    task.error.iter().try_for_each(|error| write_error(&mut err, error))
}
