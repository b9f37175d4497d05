//! Many pollers at once: wrk if it is installed, otherwise a small load generator.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::clients::{Client, Next, run_clients};
use super::files::stdout_of;

/// Number of connections of every load.
pub const CONNECTIONS: usize = 64;

/// The load generator.
#[derive(Clone, Copy)]
pub enum Load {
    Wrk,
    Own,
}

impl Load {
    /// Chooses wrk if it can be started.
    pub fn choose() -> Self {
        match Command::new("wrk").arg("--version").output() {
            Ok(_) => Self::Wrk,
            Err(_) => Self::Own,
        }
    }

    /// For the report.
    pub fn describe(self, seconds: u64) -> String {
        match self {
            Self::Wrk => format!("wrk -t1 -c{CONNECTIONS} -d{seconds}s"),
            Self::Own => format!(
                "own load generator, 1 thread, {CONNECTIONS} connections, {seconds} s (wrk is not installed)"
            ),
        }
    }

    /// Measures requests per second. Returns an error if any response is not a success.
    pub fn requests_per_second(self, address: &str, path: &str, seconds: u64) -> Result<f64> {
        match self {
            Self::Wrk => wrk(address, path, seconds),
            Self::Own => own(address, path, Duration::from_secs(seconds)),
        }
    }
}

fn wrk(address: &str, path: &str, seconds: u64) -> Result<f64> {
    let mut command = Command::new("wrk");
    command.args([
        "-t1",
        &format!("-c{CONNECTIONS}"),
        &format!("-d{seconds}s"),
        &format!("http://{address}{path}"),
    ]);
    let said = stdout_of(&mut command)?;
    ensure!(!said.contains("Non-2xx") && !said.contains("Socket errors"), "wrk met errors: {said}");
    let rate = said
        .lines()
        .find_map(|line| line.trim().strip_prefix("Requests/sec:"))
        .context("wrk told no rate")?;
    Ok(rate.trim().parse()?)
}

fn own(address: &str, path: &str, length: Duration) -> Result<f64> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let started = Instant::now();
    let poller = || Poller { request: request.clone(), end: started + length, answers: 0 };
    let pollers = run_clients(address, (0..CONNECTIONS).map(|_| poller()))?;
    let answers: u64 = pollers.iter().map(|poller| poller.answers).sum();
    Ok(answers as f64 / started.elapsed().as_secs_f64())
}

/// Sends the same request until its time is over.
struct Poller {
    request: String,
    end: Instant,
    answers: u64,
}

impl Client for Poller {
    fn request(&mut self, request: &mut String) {
        request.push_str(&self.request);
    }

    fn on_response(&mut self, _: &str) -> Result<Next> {
        self.answers += 1;
        Ok(if Instant::now() < self.end { Next::Send } else { Next::End })
    }
}
