//! A Longhaul server of our own, on a scratch folder and a free port.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::http::Client;
use super::watched::Usage;
use crate::project;

/// Which program to measure.
#[derive(clap::Args)]
pub struct Binary {
    /// Measure this longhaul instead of building one
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

impl Binary {
    /// Where it is, once it is built.
    pub fn get(&self) -> Result<PathBuf> {
        self.binary.clone().map_or_else(build, Ok)
    }
}

fn build() -> Result<PathBuf> {
    let mut cargo = project::cargo();
    cargo.args(["build", "--release", "--package", "longhaul", "--message-format=json-render-diagnostics"]);
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("building longhaul failed");
    }
    let messages = output.stdout.split(|byte| *byte == b'\n');
    let built = messages.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let executable =
        built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back();
    executable.context("cargo named no executable")
}

/// A running `longhaul serve`; it is stopped when dropped.
pub struct Longhaul {
    child: Child,
    data: PathBuf,
    /// `host:port`
    pub address: String,
}

impl Longhaul {
    /// Starts it on a data folder and waits until it accepts connections. Its log goes to `DATA.log`.
    pub fn start(binary: &Path, data: PathBuf) -> Result<Self> {
        Self::start_with(binary, data, &[])
    }

    /// As [`Self::start`], with more flags.
    pub fn start_with(binary: &Path, data: PathBuf, flags: &[String]) -> Result<Self> {
        let log = File::create(data.with_extension("log"))?;
        let mut command = Command::new(binary);
        command.arg("serve").arg("--data").arg(&data).args([
            "--listen",
            "127.0.0.1:0",
            "--min-free",
            "1048576",
            "--keep",
            "1h",
        ]);
        command.args(flags);
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .context("starting longhaul")?;
        let address = read_address(&mut child)?;
        Ok(Self { child, data, address })
    }

    /// A connection to it.
    pub fn client(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    /// Memory and CPU time up to now.
    pub fn usage(&self) -> Usage {
        Usage::of(self.child.id()).unwrap_or_default()
    }

    /// Makes a repository and says where it lies on disk.
    pub fn create(&self, name: &str) -> Result<PathBuf> {
        self.client()?.send("PUT", &format!("/repos/{name}/init.json"))?.json()?;
        Ok(self.data.join(format!("repos/{name}.git")))
    }
}

impl Drop for Longhaul {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_address(child: &mut Child) -> Result<String> {
    let stdout = child.stdout.take().context("no standard output")?;
    let mut lines = BufReader::new(stdout);
    let mut line = String::new();
    lines.read_line(&mut line)?;
    let Some(address) = line.trim().strip_prefix("listening on http://") else {
        let _ = child.kill();
        bail!("longhaul said {line:?} instead of where it listens");
    };
    // Whatever it says later must find a reader, or it would stop with a full pipe.
    thread::spawn(move || lines.lines().map_while(Result::ok).count());
    Ok(address.to_owned())
}

/// Uploads a GeoPackage into a repository; the new task's id.
pub fn import(client: &mut Client, repository: &str, file: &Path) -> Result<u64> {
    let path =
        format!("/repos/{repository}/import.json?format=gpkg&authorName=bench&authorEmail=bench@example.org");
    upload(client, &path, file)
}

/// Uploads a file of OpenStreetMap data into a repository; the new task's id.
pub fn import_osm(client: &mut Client, repository: &str, file: &Path) -> Result<u64> {
    upload(client, &format!("/repos/{repository}/osm/import.json"), file)
}

fn upload(client: &mut Client, path: &str, file: &Path) -> Result<u64> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let document = client.upload(path, &name, &mut File::open(file)?)?.json()?;
    document["task"]["id"].as_u64().context("the import's answer has no task id")
}

/// Polls a task until it has ended; its last document, of which the status is FINISHED, FAILED or CANCELLED.
pub fn wait_for(client: &mut Client, task: u64, between: Duration) -> Result<Value> {
    loop {
        let document = client.get(&format!("/tasks/{task}.json"))?;
        match status_of(&document) {
            "WAITING" | "RUNNING" => thread::sleep(between),
            _ => return Ok(document),
        }
    }
}

/// The status of a task's document.
pub fn status_of(document: &Value) -> &str {
    document["task"]["status"].as_str().unwrap_or("missing")
}

/// An error with the whole document unless the task is FINISHED.
pub fn expect_finished(document: &Value) -> Result<()> {
    match status_of(document) {
        "FINISHED" => Ok(()),
        _ => bail!("the import did not finish: {document}"),
    }
}
