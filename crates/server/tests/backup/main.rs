//! `longhaul backup` and `longhaul restore`.

#![allow(clippy::unwrap_used, reason = "tests may")]

#[path = "../harness/mod.rs"]
mod harness;

mod copies;
mod refusals;
mod under_load;

use std::{path::Path, process::Output};

use harness::{Form, Server, geopackage, server::longhaul};
use tempfile::TempDir;

fn file(names: &[&str]) -> Form {
    Form::default().file("fileUpload", "points.gpkg", &geopackage::points("points", names))
}

fn run(arguments: &[&str], paths: [&Path; 2]) -> Output {
    longhaul().args(arguments).arg(paths[0]).arg("--data").arg(paths[1]).output().unwrap()
}

/// Backs the server's folder up; what the program says about it.
fn back_up(server: &Server, to: &Path) -> serde_json::Value {
    let output = run(&["backup", "--json"], [to, &server.data("")]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A server on a new data folder, made of the backup.
fn restored(from: &Path) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["restore"], [from, folder.path()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Server::start_in(folder, &["--keep", "1h"], |_| {})
}

fn start() -> (Server, TempDir) {
    (Server::start_with(&["--keep", "1h"]), tempfile::tempdir().unwrap())
}
