//! The client subcommands of the command line, with a real server.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod changes;
mod demo;
mod export;
mod first_steps;
mod import;
mod interrupt;
mod program;
mod tasks;
