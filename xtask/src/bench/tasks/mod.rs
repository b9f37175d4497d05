//! `cargo xtask bench tasks`: no-op jobs in the task engine.
//!
//! The measured server is a small program that embeds `longhaul-tasks` and `longhaul-tasks-web` with the durable store; the Longhaul
//! server has no such job. graphile-worker runs the same jobs behind a small HTTP server.

mod graphile_worker;
mod kept;
mod noop_server;
mod starts;
mod submits;
mod throughput;
mod waiting;

use anyhow::Result;
use clap::ValueEnum;

use super::files;

pub use noop_server::NoopServer;

/// The options of `cargo xtask bench tasks`.
#[derive(clap::Args)]
pub struct Args {
    /// Measure only this
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Leave graphile-worker out, which is installed with npm
    #[arg(long)]
    only_longhaul: bool,
    /// Rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds of each run
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// Number of ended tasks in the store
    #[arg(long, default_value_t = 1_000_000)]
    kept: u64,
    /// Number of waiting clients
    #[arg(long, default_value_t = 1000)]
    clients: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Tasks submitted, run and seen as FINISHED
    Throughput,
    /// Time from submit to start with idle workers
    Starts,
    /// Memory, lists and restart with many ended tasks
    Kept,
    /// Long polls and events
    Waiting,
}

/// Runs the parts one after the other; each prints its figures.
pub fn run(args: &Args) -> Result<()> {
    let folder = files::bench_folder()?;
    let is_wanted = |part| args.only.is_none_or(|only| only == part);
    if is_wanted(Part::Throughput) {
        throughput::run(args, &folder)?;
    }
    if is_wanted(Part::Starts) {
        starts::run(&folder)?;
    }
    if is_wanted(Part::Kept) {
        kept::run(args.kept, &folder)?;
    }
    if is_wanted(Part::Waiting) {
        waiting::run(args.clients, &folder)?;
    }
    Ok(())
}
