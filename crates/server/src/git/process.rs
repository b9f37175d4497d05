//! A running process of Git.

use std::{
    io,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::AsyncReadExt,
    process::{Child, ChildStderr, ChildStdin, ChildStdout, Command},
    time,
};

/// How long a process may take to remove its lock files after SIGTERM.
const TERM_TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of standard error that are logged.
const MAX_LOGGED: usize = 4 * 1024;

/// A process, and those that it has started. Dropping it ends them.
pub(super) struct GitProcess {
    child: Option<Child>,
    /// Dropped when the process has ended.
    held: Option<Held>,
}

/// What belongs to a running process: a slot, a lock.
pub(super) type Held = Box<dyn Send>;

impl GitProcess {
    /// Starts the command in a process group of its own. `what` names it in the log.
    pub(super) fn spawn(
        mut command: Command,
        stdin: Stdio,
        what: String,
        held: Held,
    ) -> io::Result<(Self, Option<ChildStdin>, ChildStdout)> {
        command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn()?;
        let input = child.stdin.take();
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let process = Self { child: Some(child), held: Some(held) };
        let missing = || io::Error::other("a pipe of the process is missing");
        let (output, errors) = (output.ok_or_else(missing)?, errors.ok_or_else(missing)?);
        tokio::spawn(log_errors(errors, what));
        Ok((process, input, output))
    }

    /// Waits for the end of the process.
    pub(super) async fn wait(&mut self) -> io::Result<ExitStatus> {
        match &mut self.child {
            Some(child) => child.wait().await,
            None => Err(io::Error::other("the process was ended")),
        }
    }
}

impl Drop for GitProcess {
    fn drop(&mut self) {
        let Some(child) = self.child.take() else { return };
        let Some(group) = group_of(&child) else { return };
        signal(group, Signal::TERM);
        // Without a runtime nobody waits for the process; the server ends then.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(end(child, group, self.held.take()));
        }
    }
}

/// Waits for the process; kills its group if it takes too long.
async fn end(mut child: Child, group: Pid, _held: Option<Held>) {
    if time::timeout(TERM_TIMEOUT, child.wait()).await.is_err() {
        signal(group, Signal::KILL);
        let _ = child.wait().await;
    }
}

/// The group of a process; `None` if it has ended, so that the number may belong to another one.
fn group_of(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()?).ok()?)
}

fn signal(group: Pid, signal: Signal) {
    // Fails if all processes of the group have ended.
    let _ = kill_process_group(group, signal);
}

/// Logs what Git writes to its standard error. Much of it is due to clients: a connection that was closed, an object that does
/// not exist.
async fn log_errors(mut errors: ChildStderr, what: String) {
    let mut text = Vec::new();
    let mut chunk = vec![0; 4096];
    while let Ok(length @ 1..) = errors.read(&mut chunk).await {
        let room = MAX_LOGGED - text.len();
        text.extend_from_slice(&chunk[..length.min(room)]);
    }
    if !text.is_empty() {
        let text = String::from_utf8_lossy(&text);
        tracing::info!(text = ?text.trim_end(), "{what} wrote to its standard error");
    }
}
