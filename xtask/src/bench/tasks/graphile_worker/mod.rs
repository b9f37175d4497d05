//! graphile-worker on PostgreSQL, behind an HTTP server of a few lines of JavaScript.
//!
//! Front and worker are separate processes. The response to a submit is sent once the job is durable, as in Longhaul.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use super::super::files::{empty_folder, run, stdout_of};
use super::super::served::Served;

const FILES: [(&str, &str); 3] = [
    ("package.json", include_str!("package.json")),
    ("front.mjs", include_str!("front.mjs")),
    ("worker.mjs", include_str!("worker.mjs")),
];

/// A running graphile-worker. Dropping it stops the front first and the database last.
pub struct GraphileWorker {
    /// The HTTP server.
    pub front: Served,
    _worker: Served,
    _database: Postgres,
}

impl GraphileWorker {
    /// Installs it with npm and starts it.
    pub fn start(folder: &Path) -> Result<Self> {
        let scripts = install(folder)?;
        let database = start_postgres()?;
        let node = |script: &str| {
            let mut command = Command::new("node");
            command.arg(scripts.join(script)).arg(&database.socket);
            Served::start(command)
        };
        // The front creates the tables.
        let front = node("front.mjs")?;
        Ok(Self { front, _worker: node("worker.mjs")?, _database: database })
    }
}

fn install(folder: &Path) -> Result<PathBuf> {
    let scripts = folder.join("graphile-worker");
    std::fs::create_dir_all(&scripts)?;
    for (name, content) in FILES {
        std::fs::write(scripts.join(name), content)?;
    }
    if !scripts.join("node_modules").exists() {
        println!("installing graphile-worker in {}", scripts.display());
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund"]).current_dir(&scripts))
            .context("npm installs graphile-worker; leave it out with --only-longhaul")?;
    }
    Ok(scripts)
}

/// A PostgreSQL server of the benchmark, on a Unix socket.
struct Postgres {
    socket: PathBuf,
    data: PathBuf,
}

/// PostgreSQL refuses to run as root, so its data is in a folder that the user postgres can read.
fn start_postgres() -> Result<Postgres> {
    let folder = empty_folder(std::env::temp_dir().join("longhaul-bench-postgres"))?;
    if is_root() {
        run(Command::new("chown").arg("postgres").arg(&folder))?;
    }
    let data = folder.join("data");
    run(postgres_program("initdb")?.args(["--auth=trust", "--username=postgres", "-D"]).arg(&data))?;
    let settings = format!(
        "-c listen_addresses= -c max_connections=200 -c unix_socket_directories={}",
        folder.display()
    );
    let mut start = postgres_program("pg_ctl")?;
    start.args(["-w", "-o", &settings, "-D"]).arg(&data).arg("-l").arg(folder.join("log")).arg("start");
    // The server inherits the output and would keep a pipe open.
    let status = start.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "PostgreSQL did not start; see {}", folder.join("log").display());
    Ok(Postgres { socket: folder, data })
}

fn postgres_program(name: &str) -> Result<Command> {
    let folder = stdout_of(Command::new("pg_config").arg("--bindir"));
    let folder = folder.context("PostgreSQL is Debian's packages postgresql and libpq-dev")?;
    let program = Path::new(folder.trim()).join(name);
    let mut command = Command::new(&program);
    if is_root() {
        command = Command::new("runuser");
        command.args(["-u", "postgres", "--"]).arg(&program);
    }
    command.current_dir("/");
    Ok(command)
}

fn is_root() -> bool {
    stdout_of(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let stop = postgres_program("pg_ctl");
        let _ =
            stop.and_then(|mut stop| run(stop.args(["-m", "immediate", "-D"]).arg(&self.data).arg("stop")));
    }
}
