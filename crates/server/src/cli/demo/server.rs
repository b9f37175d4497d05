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

use super::by_hand::{program, quoted};
use crate::cli::client::ServerAddress;

/// A `longhaul serve` of the demo's own, on a free port.
pub(super) struct Server {
    child: Child,
    /// Held open, so that the server may say something.
    _output: BufReader<ChildStdout>,
    /// Where it listens.
    pub(super) address: ServerAddress,
    /// What starts such a server.
    pub(super) command: String,
}

/// How long the server may take to end its work.
const PATIENCE: Duration = Duration::from_secs(15);

impl Server {
    /// Starts it and waits until it takes connections.
    pub(super) async fn start(data: &Path) -> anyhow::Result<Self> {
        let starting = "starting a server";
        let log = tempfile::tempfile().context(starting)?;
        let this_program = env::current_exe().context(starting)?;
        // A scratch folder may lie on a small disk, and the map is a small file.
        let options = ["--listen", "127.0.0.1:0", "--min-free", "8MiB"];
        let mut command = Command::new(this_program);
        command.arg("serve").arg("--data").arg(data).args(options);
        // What is set for the user's own server is not meant for this one.
        env::vars_os()
            .filter(|(name, _)| name.to_string_lossy().starts_with("LONGHAUL_"))
            .for_each(|(name, _)| _ = command.env_remove(name));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log.try_clone().context(starting)?);
        command.kill_on_drop(true);
        // Ctrl-C is for the demo, which then tells the server.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().context(starting)?;
        let mut output = BufReader::new(child.stdout.take().context(starting)?);
        let address = read_address(&mut output, log).await?;
        let command =
            format!("{} serve --data {} {}", program(), quoted(&data.to_string_lossy()), options.join(" "));
        Ok(Self { child, _output: output, address, command })
    }

    /// Lets it end its work, within limits.
    pub(super) async fn stop(mut self) {
        terminate(&self.child);
        if timeout(PATIENCE, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}

#[cfg(unix)]
fn terminate(child: &Child) {
    use rustix::process::{Pid, Signal, kill_process};
    let pid = child.id().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
    if let Some(pid) = pid {
        // It may have ended by itself, and then there is nobody to tell.
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
        None => bail!("the server did not start: {}", last_words(log)),
    }
}

fn last_words(mut log: File) -> String {
    let mut words = String::new();
    let read = log.rewind().and_then(|()| log.read_to_string(&mut words));
    match read {
        Ok(_) if !words.trim().is_empty() => words.trim().to_owned(),
        _ => "it does not say why".to_owned(),
    }
}
