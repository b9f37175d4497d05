//! Runs the binary as a client and reads its output.

use std::{
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::harness::{Server, geopackage, server::longhaul};

/// The binary, with the address of the server in its environment.
pub fn client_of(server: &Server, arguments: &[&str]) -> Command {
    client_at(&format!("http://{}", server.address), arguments)
}

pub fn client_at(url: &str, arguments: &[&str]) -> Command {
    let mut command = longhaul();
    command.args(arguments).env("LONGHAUL_SERVER", url).stdin(Stdio::null());
    command
}

/// The outcome of a program.
#[derive(Debug)]
pub struct Done {
    pub status: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Done {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// Runs it to its end.
pub fn run(mut command: Command) -> Done {
    let output = command.output().unwrap();
    Done {
        status: output.status.code(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A running program; both outputs are read.
pub struct Running {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    err: BufReader<std::process::ChildStderr>,
    seen: String,
}

impl Running {
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let err = BufReader::new(child.stderr.take().unwrap());
        Self { child, out, err, seen: String::new() }
    }

    /// Waits for a line with these words on the standard error output.
    pub fn wait_for(&mut self, words: &str) {
        wait_for(&mut self.err, words, &mut self.seen);
    }

    /// Waits for a line with these words on the standard output, and gives everything up to it.
    pub fn wait_for_out(&mut self, words: &str) -> String {
        let mut seen = String::new();
        wait_for(&mut self.out, words, &mut seen);
        seen
    }

    /// As Ctrl-C does.
    pub fn interrupt(&self) {
        signal("-INT", self.child.id());
    }

    pub fn end(mut self) -> Done {
        let (mut out, mut err) = (String::new(), std::mem::take(&mut self.seen));
        self.out.read_to_string(&mut out).unwrap();
        self.err.read_to_string(&mut err).unwrap();
        Done { status: self.child.wait().unwrap().code(), out, err }
    }
}

impl Drop for Running {
    /// A test that gave up leaves nothing running.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn wait_for(from: &mut impl BufRead, words: &str, seen: &mut String) {
    let begin = seen.len();
    while !seen[begin..].contains(words) {
        assert!(from.read_line(seen).unwrap() > 0, "it ended without saying {words:?}: {seen}");
    }
}

pub fn signal(signal: &str, process: u32) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// A GeoPackage of points on disk; it is gone when the folder is dropped.
pub fn file_of_points(layer: &str, names: &[&str]) -> (TempDir, PathBuf) {
    file(&format!("{layer}.gpkg"), &geopackage::points(layer, names))
}

pub fn file(name: &str, content: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    (folder, path)
}
