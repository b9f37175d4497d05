use std::{
    env,
    fs::File,
    io::{Read, Seek},
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use super::next_steps::{program, quoted};
use crate::cli::client::ServerAddress;

/// The `longhaul serve` of the demo, on a free port.
pub(super) struct DemoServer {
    child: Child,
    /// Kept open, so that the server can write to it.
    _output: BufReader<ChildStdout>,
    /// The address on which it listens.
    pub(super) address: ServerAddress,
    /// A command line that starts the same server.
    pub(super) command: String,
}

/// How long the graceful stop may take.
const STOP_TIMEOUT: Duration = Duration::from_secs(15);

impl DemoServer {
    /// Starts it and waits until it accepts connections.
    pub(super) async fn start(data: &Path) -> anyhow::Result<Self> {
        let starting = "starting a server";
        let log = tempfile::tempfile().context(starting)?;
        let this_program = env::current_exe().context(starting)?;
        // The temporary folder may be on a small disk, and the map is a small file.
        let options = ["--listen", "127.0.0.1:0", "--min-free", "8MiB"];
        let mut command = Command::new(this_program);
        command.arg("serve").arg("--data").arg(data).args(options);
        // The settings of the user's own server must not apply to this one.
        env::vars_os()
            .filter(|(name, _)| name.to_string_lossy().starts_with("LONGHAUL_"))
            .for_each(|(name, _)| _ = command.env_remove(name));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.try_clone().context(starting)?);
        command.kill_on_drop(true);
        // The demo handles Ctrl-C and then stops the server itself.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().context(starting)?;
        let mut output = BufReader::new(child.stdout.take().context(starting)?);
        let address = read_address(&mut output, log).await?;
        let command =
            format!("{} serve --data {} {}", program(), quoted(&data.to_string_lossy()), options.join(" "));
        Ok(Self { child, _output: output, address, command })
    }

    /// Stops it gracefully; kills it after a timeout.
    pub(super) async fn stop(mut self) {
        terminate(&self.child);
        if timeout(STOP_TIMEOUT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(pid) = pid {
        // Fails harmlessly if the process has ended.
        let _ = kill_process(pid, Signal::TERM);
    }
}

#[cfg(not(unix))]
fn terminate(_child: &Child) {}

async fn read_address(output: &mut BufReader<ChildStdout>, log: File) -> anyhow::Result<ServerAddress> {
    let mut line = String::new();
    output.read_line(&mut line).await.context("waiting for the server")?;
    match line.trim().strip_prefix("listening on ") {
        Some(address) => address.parse().context("waiting for the server"),
        None => bail!("the server did not start: {}", log_text(log)),
    }
}

fn log_text(mut log: File) -> String {
    let mut text = String::new();
    let read = log.rewind().and_then(|()| log.read_to_string(&mut text));
    match read {
        Ok(_) if !text.trim().is_empty() => text.trim().to_owned(),
        _ => "its log is empty".to_owned(),
    }
}
