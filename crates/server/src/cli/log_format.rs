//! The log of the server.

use std::io::IsTerminal;

use clap::ValueEnum;
use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// A JSON object, for programs.
    Json,
}

impl LogFormat {
    /// Begins to write the log to standard error, as LONGHAUL_LOG selects it.
    pub(super) fn init(self) -> anyhow::Result<()> {
        let stderr = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
        let log = tracing_subscriber::registry().with(filter()?);
        match self {
            Self::Text => log.with(stderr.with_ansi(std::io::stderr().is_terminal())).init(),
            Self::Json => log.with(stderr.json().flatten_event(true)).init(),
        }
        Ok(())
    }
}

fn filter() -> anyhow::Result<Targets> {
    let Some(text) = std::env::var_os("LONGHAUL_LOG").filter(|text| !text.is_empty()) else {
        return Ok(Targets::new().with_default(LevelFilter::INFO));
    };
    text.to_string_lossy().parse().map_err(|error| {
        anyhow::anyhow!("LONGHAUL_LOG is {text:?}, not a filter such as info,longhaul=trace: {error}")
    })
}
