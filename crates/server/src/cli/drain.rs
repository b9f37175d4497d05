//! `longhaul drain`.

use std::{
    io::{Write, stderr, stdout},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use tokio::time::sleep;

use super::tasks::ServerArg;

/// The pause between two questions.
const PAUSE: Duration = Duration::from_secs(1);

/// Make a server take no new tasks, and wait until it has none left
#[derive(Debug, Args)]
#[command(after_help = "\
A drained server answers everything but requests for new tasks, which are 503. It takes them again after --undo, or when it is
started again:

  longhaul drain && systemctl restart longhaul")]
pub(super) struct DrainArgs {
    /// Take new tasks again
    #[arg(long)]
    undo: bool,

    /// Do not wait for the tasks that have not ended
    #[arg(long, conflicts_with = "undo")]
    no_wait: bool,

    #[command(flatten)]
    server: ServerArg,

    /// Print the JSON document of the server, for programs
    #[arg(long)]
    json: bool,
}

/// Drains the server, and waits for its tasks unless it was told not to.
pub(super) async fn run(args: DrainArgs) -> anyhow::Result<ExitCode> {
    let client = args.server.client()?;
    let (mut drained, mut response) = client.drain(!args.undo).await?;
    let mut told = None;
    while !args.undo && !args.no_wait && drained.unfinished() > 0 {
        if told.replace(drained.unfinished()) != Some(drained.unfinished()) {
            writeln!(stderr(), "Tasks that have not ended: {}", drained.unfinished())?;
        }
        sleep(PAUSE).await;
        (drained, response) = client.drain(true).await?;
    }
    let mut out = stdout().lock();
    match (args.json, args.undo) {
        (true, _) => writeln!(out, "{}", response.text)?,
        (false, true) => writeln!(out, "The server takes new tasks")?,
        (false, false) => writeln!(
            out,
            "The server takes no new tasks; {} wait and {} run",
            drained.waiting, drained.running
        )?,
    }
    Ok(ExitCode::SUCCESS)
}
