//! `longhaul serve`.

use std::{io::IsTerminal, time::Duration};

use anyhow::Context;
use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::{serving, settings::Given};

/// Threads for work that blocks: reads, uploads, and what tasks clear away.
const BLOCKING_THREADS: usize = 128;

/// What `longhaul serve` is told.
#[derive(Debug, Args)]
#[command(after_help = "\
Every setting is a flag, an environment variable or a key of the file that --config names. A flag counts more than
the environment, and that more than the file.

The log goes to standard error. LONGHAUL_LOG says how much of it: warn, info (the default), debug, or by part as in
LONGHAUL_LOG=info,longhaul=trace")]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Given,
}

/// Serves until a signal says otherwise.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    begin_log()?;
    let settings = arguments.settings.decide()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context("starting the server's threads")?;
    let served = runtime.block_on(serving::serve(settings));
    runtime.shutdown_timeout(Duration::from_secs(2));
    served
}

fn begin_log() -> anyhow::Result<()> {
    let filter = match std::env::var_os("LONGHAUL_LOG").filter(|wish| !wish.is_empty()) {
        // The cause says no more than the error itself.
        Some(wish) => EnvFilter::try_new(wish.to_string_lossy()).map_err(|error| {
            anyhow::anyhow!("LONGHAUL_LOG is {wish:?}, not a filter such as info,longhaul=trace: {error}")
        })?,
        None => EnvFilter::new("info"),
    };
    let stderr = std::io::stderr();
    let colours = stderr.is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
    Ok(())
}
