//! The command line, a file per subcommand.

mod client;
mod demo;
pub(crate) mod exit_status;
mod export;
mod import;
mod layers;
mod log_format;
mod repositories;
mod serve;
mod tasks;
mod token;

use std::{future::Future, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

/// Runs long geodata jobs behind a web API and stores their results in Git.
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
    Export(export::ExportArgs),
    Import(import::ImportArgs),
    Repos(repositories::ReposArgs),
    Log(repositories::LogArgs),
    Rename(repositories::RenameArgs),
    Delete(repositories::DeleteArgs),
    Layers(layers::LayersArgs),
    Tasks(tasks::TasksArgs),
    Token(token::TokenArgs),
}

impl Cli {
    /// Runs the subcommand.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(arguments) => serve::run(arguments).map(|()| ExitCode::SUCCESS),
            Command::Demo(arguments) => run_client(demo::run(arguments)),
            Command::Export(arguments) => run_client(export::run(arguments)),
            Command::Layers(arguments) => run_client(layers::run(arguments)),
            Command::Import(arguments) => run_client(import::run(arguments)),
            Command::Repos(arguments) => run_client(repositories::list(arguments)),
            Command::Log(arguments) => run_client(repositories::log(arguments)),
            Command::Rename(arguments) => run_client(repositories::rename(arguments)),
            Command::Delete(arguments) => run_client(repositories::delete(arguments)),
            Command::Tasks(arguments) => run_client(tasks::run(arguments)),
            Command::Token(arguments) => token::run(arguments).map(|()| ExitCode::SUCCESS),
        }
    }
}

/// Runs a subcommand that is a client of a server, on a single-threaded runtime.
fn run_client(client: impl Future<Output = anyhow::Result<ExitCode>>) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("starting the async runtime")?;
    let done = runtime.block_on(client);
    // Does not wait for blocking file operations, which may hang.
    runtime.shutdown_background();
    done
}
