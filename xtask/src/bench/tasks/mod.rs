//! `cargo xtask bench tasks`: what the task engine does when the jobs do nothing.
//!
//! The jobs are those of a small program of ours that is made of `tasks` and `tasks-web` as any embedder's would be, with the
//! durable store; Longhaul itself offers no such job. Peers do the same behind a front of a few lines.

mod kept;
mod noop_server;
mod peers;
mod starts;
mod submits;
mod throughput;
mod waiting;

use anyhow::Result;
use clap::ValueEnum;

use super::files;

pub use noop_server::NoopServer;

/// What to measure.
#[derive(clap::Args)]
pub struct Args {
    /// Measure only this
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Leave the peers out, which are installed with npm
    #[arg(long)]
    only_longhaul: bool,
    /// How often each contender runs
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How many seconds each run lasts
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// How many tasks are kept
    #[arg(long, default_value_t = 1_000_000)]
    kept: u64,
    /// How many clients wait
    #[arg(long, default_value_t = 1000)]
    clients: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Tasks submitted, run and seen FINISHED
    Throughput,
    /// From submit to start on an idle pool
    Starts,
    /// Memory, lists and restart with many kept tasks
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
