//! Longhaul runs long geodata jobs behind a web API, and keeps what they make in Git.

#![forbid(unsafe_code)]

mod access;
mod cli;
mod data_folder;
mod jobs;
mod serving;
mod settings;
mod upload;
mod web;

use std::{io::Write, process::ExitCode};

use clap::Parser;

fn main() -> ExitCode {
    match cli::Cli::parse().run() {
        Ok(status) => status,
        Err(error) if is_of_a_reader_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If nobody reads that either, the status has to do.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether the output could not be written because its reader has seen enough, as in `longhaul tasks | head`.
fn is_of_a_reader_gone(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref::<std::io::Error>();
    cause.is_some_and(|cause| cause.kind() == std::io::ErrorKind::BrokenPipe)
}
