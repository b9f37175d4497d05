//! A Longhaul server with a temporary data folder on a free port.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::http::Client;
use super::served::Served;
use super::watched::Usage;
use crate::project;

/// The program to measure.
#[derive(clap::Args)]
pub struct Binary {
    /// Measure this longhaul instead of building one
    #[arg(long, value_name = "PATH")]
    binary: Option<PathBuf>,
}

impl Binary {
    /// Builds it if necessary and returns its path.
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
    served: Served,
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
        let mut command = Command::new(binary);
        command.arg("serve").arg("--data").arg(&data).args([
            "--listen",
            "127.0.0.1:0",
            "--min-free",
            "1048576",
            "--keep",
            "1h",
        ]);
        command.args(flags).stderr(File::create(data.with_extension("log"))?);
        let served = Served::start(command)?;
        Ok(Self { address: served.address.clone(), served, data })
    }

    /// A connection to it.
    pub fn client(&self) -> Result<Client> {
        Client::connect(&self.address)
    }

    /// Memory and CPU time up to now.
    pub fn usage(&self) -> Usage {
        self.served.usage()
    }

    /// Creates a repository and returns its path.
    pub fn create(&self, name: &str) -> Result<PathBuf> {
        create(&mut self.client()?, name)?;
        Ok(self.data.join(format!("repos/{name}.git")))
    }
}

fn create(client: &mut Client, name: &str) -> Result<()> {
    client.send("PUT", &format!("/repos/{name}/init.json"))?.json()?;
    Ok(())
}

/// Runs imports one after the other as long as this value lives, each into its own repository.
pub struct Importing {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<u32>>,
}

impl Importing {
    /// Starts the imports.
    pub fn start(server: &Longhaul, file: PathBuf) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let (address, over) = (server.address.clone(), is_over.clone());
        let thread = thread::spawn(move || {
            let mut client = Client::connect(&address)?;
            let mut imports = 0;
            while !over.load(Relaxed) {
                let repository = format!("beside-{imports}");
                create(&mut client, &repository)?;
                let task = import(&mut client, &repository, &file)?;
                expect_finished(&wait_for(&mut client, task, Duration::from_millis(20))?)?;
                imports += 1;
            }
            Ok(imports)
        });
        Self { is_over, thread }
    }

    /// Waits for the end of the last import and returns their number.
    pub fn stop(self) -> Result<u32> {
        self.is_over.store(true, Relaxed);
        self.thread.join().unwrap_or_else(|_| bail!("the thread that imports panicked"))
    }
}

/// Uploads a GeoPackage into a repository and returns the id of the task.
pub fn import(client: &mut Client, repository: &str, file: &Path) -> Result<u64> {
    let path =
        format!("/repos/{repository}/import.json?format=gpkg&authorName=bench&authorEmail=bench@example.org");
    upload(client, &path, file)
}

/// Uploads a file of OpenStreetMap data into a repository and returns the id of the task.
pub fn import_osm(client: &mut Client, repository: &str, file: &Path) -> Result<u64> {
    upload(client, &format!("/repos/{repository}/osm/import.json"), file)
}

fn upload(client: &mut Client, path: &str, file: &Path) -> Result<u64> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let document = client.upload(path, &name, &mut File::open(file)?)?.json()?;
    document["task"]["id"].as_u64().context("the import's answer has no task id")
}

/// Polls a task until it has ended and returns its final document.
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

/// Returns an error with the whole document unless the task is FINISHED.
pub fn expect_finished(document: &Value) -> Result<()> {
    match status_of(document) {
        "FINISHED" => Ok(()),
        _ => bail!("the import did not finish: {document}"),
    }
}
