//! The peers: what else runs tasks that are kept, each behind a front of a few lines of JavaScript.
//!
//! Front and worker are processes of their own, so that each has a core. What is durable is so in the same way: a submit is
//! answered once it is on the disk, unless the peer's name says otherwise.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::super::files::{emptied, run, stdout_of};
use super::super::served::Served;
use super::submits::Sight;

/// What npm is to install, and the programs.
const FILES: [(&str, &str); 6] = [
    ("package.json", include_str!("package.json")),
    ("front.mjs", include_str!("front.mjs")),
    ("bullmq-front.mjs", include_str!("bullmq-front.mjs")),
    ("bullmq-worker.mjs", include_str!("bullmq-worker.mjs")),
    ("graphile-front.mjs", include_str!("graphile-front.mjs")),
    ("graphile-worker.mjs", include_str!("graphile-worker.mjs")),
];

/// A peer that runs; it is stopped when dropped, the front first and the database last.
pub struct Peer {
    /// What it is.
    pub name: &'static str,
    /// How its front lets a client see that a task has ended.
    pub sight: Sight,
    /// What is asked.
    pub front: Served,
    _worker: Served,
    _database: Database,
}

/// Installs and starts all of them.
pub fn start(folder: &Path) -> Result<Vec<Peer>> {
    let scripts = install(folder)?;
    let bullmq = |name, fsync, sight| {
        Peer::start(name, sight, &scripts, "bullmq", redis(&emptied(folder.join(name))?, fsync)?)
    };
    Ok(vec![
        bullmq("BullMQ on Redis, fsync always", "always", Sight::Polls)?,
        bullmq("BullMQ on Redis, fsync always, Prefer: wait", "always", Sight::Answer)?,
        bullmq("BullMQ on Redis, fsync every second", "everysec", Sight::Polls)?,
        bullmq("BullMQ on Redis, fsync every second, Prefer: wait", "everysec", Sight::Answer)?,
        // It tells nobody when a job has ended.
        Peer::start("graphile-worker on PostgreSQL", Sight::Polls, &scripts, "graphile", postgres()?)?,
    ])
}

fn install(folder: &Path) -> Result<PathBuf> {
    let scripts = folder.join("peers");
    std::fs::create_dir_all(&scripts)?;
    for (name, content) in FILES {
        std::fs::write(scripts.join(name), content)?;
    }
    if !scripts.join("node_modules").exists() {
        println!("installing the peers in {}", scripts.display());
        run(Command::new("npm").args(["install", "--no-audit", "--no-fund"]).current_dir(&scripts))
            .context("npm brings the peers; leave them out with --only-longhaul")?;
    }
    Ok(scripts)
}

impl Peer {
    fn start(
        name: &'static str,
        sight: Sight,
        scripts: &Path,
        kind: &str,
        database: Database,
    ) -> Result<Self> {
        let node = |role: &str| {
            let mut command = Command::new("node");
            command.arg(scripts.join(format!("{kind}-{role}.mjs"))).arg(&database.address);
            command.args((sight == Sight::Answer).then_some("answer-ends"));
            Served::start(command)
        };
        // The front makes the tables.
        let front = node("front")?;
        Ok(Self { name, sight, front, _worker: node("worker")?, _database: database })
    }
}

/// A database server of our own, on a socket.
struct Database {
    address: PathBuf,
    stop: Stop,
}

enum Stop {
    Kill(Child),
    Postgres(PathBuf),
}

fn redis(folder: &Path, fsync: &str) -> Result<Database> {
    let address = folder.join("redis.sock");
    let mut command = Command::new("redis-server");
    command.args([
        "--port",
        "0",
        "--save",
        "",
        "--appendonly",
        "yes",
        "--appendfsync",
        fsync,
        "--loglevel",
        "warning",
    ]);
    command.arg("--dir").arg(folder).arg("--unixsocket").arg(&address);
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let child = child.context("redis-server is Debian's package redis-server")?;
    let database = Database { address, stop: Stop::Kill(child) };
    while !database.address.exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    Ok(database)
}

/// PostgreSQL refuses to run as root, so its folder lies where its own user can reach it.
fn postgres() -> Result<Database> {
    let folder = emptied(std::env::temp_dir().join("longhaul-bench-postgres"))?;
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
    // The server would keep our end of a pipe open.
    let status = start.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "PostgreSQL did not start; see {}", folder.join("log").display());
    Ok(Database { address: folder, stop: Stop::Postgres(data) })
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

impl Drop for Database {
    fn drop(&mut self) {
        match &mut self.stop {
            Stop::Kill(child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Stop::Postgres(data) => {
                let stop = postgres_program("pg_ctl");
                let _ = stop
                    .and_then(|mut stop| run(stop.args(["-m", "immediate", "-D"]).arg(&*data).arg("stop")));
            }
        }
    }
}
