//! `longhaul serve`.

use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::log_format::LogFormat;
use crate::{serving, settings::RawSettings};

/// Threads for blocking work: reads of repositories, uploads, removal of files of ended tasks.
const BLOCKING_THREADS: usize = 128;

/// The arguments of `longhaul serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Every setting is a flag, an environment variable or a key of the file that --config names. A flag counts more than
the environment, the environment counts more than the file.

The log goes to standard error. LONGHAUL_LOG sets its level: warn, info (the default), debug, or a level per module
as in LONGHAUL_LOG=info,longhaul=trace")]
pub(crate) struct Arguments {
    #[command(flatten)]
    settings: RawSettings,

    /// How the lines of the log look
    #[arg(long, env = "LONGHAUL_LOG_FORMAT", value_name = "FORMAT", value_enum, default_value_t)]
    log_format: LogFormat,
}

/// Runs the server until a signal stops it.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    arguments.log_format.init()?;
    super::restrict_new_files();
    let settings = arguments.settings.resolve()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .max_blocking_threads(BLOCKING_THREADS)
        .build()
        .context("starting the server's threads")?;
    let served = runtime.block_on(serving::serve(settings));
    runtime.shutdown_timeout(Duration::from_secs(2));
    served
}
