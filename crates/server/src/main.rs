//! Longhaul runs long geodata jobs behind a web API and stores their results in Git.

#![forbid(unsafe_code)]

mod access;
mod backup;
mod cli;
mod data_folder;
mod git;
mod jobs;
mod places;
mod serving;
mod settings;
mod shared_places;
mod upload;
mod web;

use std::{io::Write, path::PathBuf, process::ExitCode};

use clap::Parser;

fn main() -> ExitCode {
    if is_hook() {
        return cli::pre_receive();
    }
    match cli::Cli::parse().run() {
        Ok(status) => status,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If this fails too, only the exit status tells of the error.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            cli::exit_status::of(&error)
        }
    }
}

/// Whether Git runs this program as its hook, by a link of that name.
fn is_hook() -> bool {
    let name = std::env::args_os().next().map(PathBuf::from);
    name.is_some_and(|name| name.file_name().is_some_and(|name| name == git::PRE_RECEIVE))
}

/// Whether the reader of the output has ended, as in `longhaul tasks | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
