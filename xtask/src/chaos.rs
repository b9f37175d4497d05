//! `cargo xtask chaos`: the chaos test with more kills.

use anyhow::{Result, bail};

use crate::project;

/// The options of `cargo xtask chaos`.
#[derive(clap::Args)]
pub struct Args {
    /// How often to kill the server
    #[arg(long, default_value_t = 1000)]
    kills: u64,
    /// Seed of the random decisions; a new one by default, which is printed
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs the test, optimized.
pub fn run(args: &Args) -> Result<()> {
    let mut cargo = project::cargo();
    cargo.args(["test", "--release", "--package", "longhaul", "--test", "chaos", "--", "--nocapture"]);
    cargo.env("CHAOS_KILLS", args.kills.to_string());
    cargo.env("CHAOS_SEED", args.seed.unwrap_or_else(seed_from_clock).to_string());
    if !cargo.status()?.success() {
        bail!("the chaos test failed");
    }
    Ok(())
}

fn seed_from_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
