//! The parts of the command line that speak to a server, against a real one.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod demo;
mod import;
mod interrupt;
mod program;
mod tasks;
