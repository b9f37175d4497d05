//! The command line, a file per subcommand.

mod backup;
mod changes;
mod client;
mod demo;
mod drain;
pub(crate) mod exit_status;
mod export;
mod git_process;
mod history;
mod import;
mod layers;
mod log_format;
#[cfg(feature = "packaging")]
mod packaging_files;
mod pre_receive;
mod repositories;
mod serve;
mod tasks;
mod token;

use std::{future::Future, process::ExitCode};

use anyhow::Context;
use clap::{Parser, Subcommand};

pub(crate) use git_process::GIT_NOT_FOUND;
pub(crate) use pre_receive::run as pre_receive;

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
    Backup(backup::BackupArgs),
    Demo(demo::DemoArgs),
    Diff(changes::DiffArgs),
    Drain(drain::DrainArgs),
    Export(export::ExportArgs),
    #[command(hide = true)]
    GitProcess(git_process::GitProcessArgs),
    History(history::HistoryArgs),
    Import(import::ImportArgs),
    #[cfg(feature = "packaging")]
    #[command(hide = true)]
    PackagingFiles(packaging_files::PackagingFilesArgs),
    Repos(repositories::ReposArgs),
    Log(repositories::LogArgs),
    Rename(repositories::RenameArgs),
    Delete(repositories::DeleteArgs),
    Restore(backup::RestoreArgs),
    Revert(changes::RevertArgs),
    Layers(layers::LayersArgs),
    Tasks(tasks::TasksArgs),
    Token(token::TokenArgs),
}

impl Cli {
    /// Runs the subcommand.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Serve(arguments) => serve::run(arguments).map(|()| ExitCode::SUCCESS),
            Command::Backup(arguments) => backup::run(arguments).map(|()| ExitCode::SUCCESS),
            Command::Restore(arguments) => backup::restore(arguments).map(|()| ExitCode::SUCCESS),
            Command::Drain(arguments) => run_client(drain::run(arguments)),
            Command::Demo(arguments) => run_client(demo::run(arguments)),
            Command::Diff(arguments) => run_client(changes::run_diff(arguments)),
            Command::Export(arguments) => run_client(export::run(arguments)),
            Command::Layers(arguments) => run_client(layers::run(arguments)),
            Command::History(arguments) => run_client(history::run(arguments)),
            Command::GitProcess(arguments) => git_process::run(arguments),
            #[cfg(feature = "packaging")]
            Command::PackagingFiles(arguments) => {
                packaging_files::run(&arguments).map(|()| ExitCode::SUCCESS)
            }
            Command::Import(arguments) => run_client(import::run(arguments)),
            Command::Repos(arguments) => run_client(repositories::list(arguments)),
            Command::Log(arguments) => run_client(repositories::log(arguments)),
            Command::Rename(arguments) => run_client(repositories::rename(arguments)),
            Command::Delete(arguments) => run_client(repositories::delete(arguments)),
            Command::Revert(arguments) => run_client(changes::run_revert(arguments)),
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

/// Whatever the umask was: new folders get the mode 0750 and files 0640.
#[cfg(unix)]
fn restrict_new_files() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o027));
}

#[cfg(not(unix))]
fn restrict_new_files() {}
