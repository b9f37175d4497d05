//! The project's own chores: `cargo xtask test`, `bench`, `fuzz` and `chaos`.
//!
//! A plain program that runs others. What it measures or checks lives in the crates; of Longhaul, only the benchmarks link
//! anything in: the task engine and its web face, to offer jobs that do nothing.

#[cfg(feature = "bench")]
mod bench;
mod chaos;
mod fuzz;
mod project;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own chores.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Checks formatting and lints, then runs every test: the one command that must pass
    Test,
    /// Lets libFuzzer look for inputs that break something, for as long as one likes
    Fuzz(fuzz::Args),
    /// Kills the real server again and again, and checks that every promise was kept
    Chaos(chaos::Args),
    /// Measures Longhaul beside its neighbours on this machine
    #[cfg(feature = "bench")]
    Bench(bench::Args),
    /// Measures Longhaul beside its neighbours on this machine
    #[cfg(not(feature = "bench"))]
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().chore) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(chore: Chore) -> Result<()> {
    match chore {
        Chore::Test => test::run(),
        Chore::Fuzz(args) => fuzz::run(&args),
        Chore::Chaos(args) => chaos::run(&args),
        #[cfg(feature = "bench")]
        Chore::Bench(args) => bench::run(args),
        #[cfg(not(feature = "bench"))]
        Chore::Bench { args } => run_again_with_benchmarks(&args),
    }
}

/// Builds xtask with its benchmarks, optimised, and hands the arguments on.
#[cfg(not(feature = "bench"))]
fn run_again_with_benchmarks(args: &[std::ffi::OsString]) -> Result<()> {
    let mut cargo = project::cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "xtask", "--features", "bench", "--", "bench"]);
    let status = cargo.args(args).status()?;
    std::process::exit(status.code().unwrap_or(1));
}
