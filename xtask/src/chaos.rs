//! `cargo xtask chaos`: the chaos test for as long as one likes.

use anyhow::{Result, bail};

use crate::project;

/// How much chaos.
#[derive(clap::Args)]
pub struct Args {
    /// How often the server is killed
    #[arg(long, default_value_t = 1000)]
    kills: u64,
    /// What happens when, the same for the same seed; by default a new one, which is printed
    #[arg(long)]
    seed: Option<u64>,
}

/// Runs it, optimised, and shows what it says.
pub fn run(args: &Args) -> Result<()> {
    let mut cargo = project::cargo();
    cargo.args(["test", "--release", "--package", "longhaul", "--test", "chaos", "--", "--nocapture"]);
    cargo.env("CHAOS_KILLS", args.kills.to_string());
    cargo.env("CHAOS_SEED", args.seed.unwrap_or_else(seed_of_the_clock).to_string());
    if !cargo.status()?.success() {
        bail!("a promise was broken");
    }
    Ok(())
}

fn seed_of_the_clock() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_nanos() as u64)
}
