//! The command line, a file per subcommand.

mod client;
mod demo;
mod import;
mod serve;
mod tasks;
mod token;

use std::{future::Future, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Runs long geodata jobs behind a web API; what they make is kept in Git.
#[derive(Debug, Parser)]
#[command(name = "longhaul", version, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the web API
    Serve(serve::Arguments),
    Demo(demo::DemoArgs),
    Import(import::ImportArgs),
    Tasks(tasks::TasksArgs),
    Token(token::TokenArgs),
}

impl Cli {
    /// Does what was asked for.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(arguments) => serve::run(arguments).map(|()| ExitCode::SUCCESS),
            Command::Demo(arguments) => as_client(demo::run(arguments)),
            Command::Import(arguments) => as_client(import::run(arguments)),
            Command::Tasks(arguments) => as_client(tasks::run(arguments)),
            Command::Token(arguments) => token::run(arguments).map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Runs what speaks to a server; one thread is enough for that.
fn as_client(work: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting to speak to servers")?;
    let done = runtime.block_on(work);
    // A file system that hangs must not keep the program from ending.
    runtime.shutdown_background();
    done
}
