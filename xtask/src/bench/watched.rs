//! Memory and CPU time of a child process.
//!
//! The kernel records the peak itself (`VmHWM`), so that sampling every few milliseconds misses only memory allocated in the
//! last milliseconds. Reading /proc needs no unsafe call.

use std::process::{Child, Command};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

const GLANCE: Duration = Duration::from_millis(10);

/// Linux reports CPU time in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

/// The resources that a process has used.
#[derive(Debug, Default, Clone, Copy)]
pub struct Usage {
    /// Resident memory in bytes at its peak.
    pub peak: u64,
    /// Resident memory in bytes at the last sample.
    pub resident: u64,
    /// CPU seconds, in user and system mode, of all its threads.
    pub cpu: f64,
}

impl Usage {
    /// Reads the values of a running process; `None` if it has ended.
    pub fn of(pid: u32) -> Option<Self> {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(Self {
            peak: memory(&status, "VmHWM:")?,
            resident: memory(&status, "VmRSS:")?,
            cpu: cpu_seconds(&stat)?,
        })
    }
}

/// Runs a command and returns wall-clock seconds and usage, or an error unless it succeeds.
pub fn run(command: &mut Command) -> Result<(f64, Usage)> {
    let shown = format!("{command:?}");
    let started = Instant::now();
    let mut child = command.spawn().with_context(|| format!("starting {shown}"))?;
    let (status, usage) = wait(&mut child)?;
    let took = started.elapsed().as_secs_f64();
    ensure!(status.success(), "{shown}: {status}");
    Ok((took, usage))
}

fn wait(child: &mut Child) -> Result<(std::process::ExitStatus, Usage)> {
    let pid = child.id();
    let (done, watching) = channel();
    let watcher = thread::spawn(move || {
        let mut last = Usage::default();
        while watching.recv_timeout(GLANCE) == Err(RecvTimeoutError::Timeout) {
            last = Usage::of(pid).unwrap_or(last);
        }
        last
    });
    let status = child.wait();
    drop::<Sender<()>>(done);
    Ok((status?, watcher.join().unwrap_or_default()))
}

/// `VmHWM:     1234 kB` in bytes.
fn memory(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// Fields 14 and 15 of /proc/PID/stat; the second field, the name in brackets, may hold anything.
fn cpu_seconds(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(|field| field.parse::<f64>().ok());
    Some((times.next()?? + times.next()??) / TICKS_PER_SECOND)
}
