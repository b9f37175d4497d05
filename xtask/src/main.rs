//! Commands for contributors: `cargo xtask test`, `package`, `bench`, `fuzz` and `chaos`.
//!
//! xtask runs other programs. Only the benchmarks link crates of Longhaul: the task crates, to measure no-op jobs.

#[cfg(feature = "bench")]
mod bench;
mod chaos;
mod fuzz;
mod package;
mod project;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// Commands for contributors.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check formatting and lints, run every test, check packaging: the one command that must pass
    Test,
    Package(package::Args),
    /// Run the fuzz targets with libFuzzer
    Fuzz(fuzz::Args),
    /// Kill the real server many times and check that no task is lost or wrong
    Chaos(chaos::Args),
    /// Measure Longhaul and comparable programs on this machine
    #[cfg(feature = "bench")]
    Bench(bench::Args),
    /// Measure Longhaul and comparable programs on this machine
    #[cfg(not(feature = "bench"))]
    #[command(disable_help_flag = true)]
    Bench {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        args: Vec<std::ffi::OsString>,
    },
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    project::check_root()?;
    match command {
        Command::Test => test::run(),
        Command::Package(args) => package::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Chaos(args) => chaos::run(&args),
        #[cfg(feature = "bench")]
        Command::Bench(args) => bench::run(args),
        #[cfg(not(feature = "bench"))]
        Command::Bench { args } => run_again_with_benchmarks(&args),
    }
}

/// Builds xtask with its benchmarks, optimized, and runs it with the same arguments.
#[cfg(not(feature = "bench"))]
fn run_again_with_benchmarks(args: &[std::ffi::OsString]) -> Result<()> {
    let mut cargo = project::cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "xtask", "--features", "bench", "--", "bench"]);
    let status = cargo.args(args).status()?;
    std::process::exit(status.code().unwrap_or(1));
}
