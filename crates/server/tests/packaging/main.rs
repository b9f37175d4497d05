//! The files in the folder `packaging`, used as they are.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![cfg(target_os = "linux")]

#[path = "../harness/mod.rs"]
mod harness;

mod configuration;
mod monitoring;
mod proxy;
mod scheduled;
mod system_calls;
mod units;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packaging")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(packaging().join(name)).unwrap()
}

/// The output of a program; `None`, and a message, if it is not installed.
fn output(command: &mut Command) -> Option<Output> {
    let output = command.output();
    if output.is_err() {
        println!("!! LEFT OUT: {} is not installed", command.get_program().display());
    }
    output.ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
