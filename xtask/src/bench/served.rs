//! A server process that is started, measured and stopped.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use super::watched::Usage;

/// A running program that has printed `listening on http://ADDRESS`. Dropping the value kills it.
pub struct Served {
    child: Child,
    /// `host:port`
    pub address: String,
}

impl Served {
    /// Starts it and waits until it prints its address.
    pub fn start(mut command: Command) -> Result<Self> {
        let shown = format!("{command:?}");
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("starting {shown}"))?;
        match read_address(&mut child) {
            Ok(address) => Ok(Self { child, address }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error.context(format!("starting {shown}")))
            }
        }
    }

    /// Memory and CPU time up to now.
    pub fn usage(&self) -> Usage {
        Usage::of(self.child.id()).unwrap_or_default()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_address(child: &mut Child) -> Result<String> {
    let stdout = child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let Some(address) = line.trim().strip_prefix("listening on http://") else {
        bail!("it printed {line:?} instead of its address");
    };
    // Reads the rest of the output, so that the program does not block on a full pipe.
    thread::spawn(move || lines.lines().map_while(Result::ok).count());
    Ok(address.to_owned())
}
