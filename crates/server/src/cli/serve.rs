//! `longhaul serve`.

use std::{io::IsTerminal, time::Duration};

use anyhow::Context;
use clap::Args;
use tracing_subscriber::EnvFilter;

use crate::{serving, settings::Given};

/// Threads for work that blocks: reads, uploads, and what tasks clear away.
const BLOCKING_THREADS: usize = 128;

/// Every setting is a flag, an environment variable and a key of the file that --config names, in that order of strength.
/// The log goes to standard error; LONGHAUL_LOG says how much: `warn`, `debug`, `longhaul=trace`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: Given,
}

/// Serves until a signal says otherwise.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    begin_log();
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

fn begin_log() {
    let filter = EnvFilter::try_from_env("LONGHAUL_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let stderr = std::io::stderr();
    let colours = stderr.is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colours).init();
}
