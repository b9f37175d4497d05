//! Many pollers at once: wrk where it is installed, else a small load generator of our own.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::files::stdout_of;

/// As many as wrk makes, and every load of ours.
pub const CONNECTIONS: usize = 64;

/// What makes the requests.
#[derive(Clone, Copy)]
pub enum Load {
    Wrk,
    Own,
}

impl Load {
    /// wrk if it can be started.
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

    /// Requests per second that a server answers; an error if any answer is not a success.
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
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let started = Instant::now();
        let mut pollers = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            pollers.spawn(poll_until(address.to_owned(), request.clone(), started + length));
        }
        let mut answers = 0;
        for polled in pollers.join_all().await {
            answers += polled?;
        }
        Ok(answers as f64 / started.elapsed().as_secs_f64())
    })
}

/// How many answers one connection got. All answers to one request are as long as the first.
async fn poll_until(address: String, request: String, end: Instant) -> Result<u64> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 64 * 1024];
    let mut answers = 0;
    while Instant::now() < end {
        stream.write_all(request.as_bytes()).await?;
        read_answer(&mut stream, &mut buffer).await?;
        answers += 1;
    }
    Ok(answers)
}

/// Reads one answer into the beginning of `buffer`; how long it is, with its head. An error unless it is a success.
pub async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    loop {
        let more = stream.read(&mut buffer[filled..]).await?;
        ensure!(more > 0, "the server closed the connection, or its answer is too long");
        filled += more;
        if let Some(length) = length_of(&buffer[..filled])? {
            ensure!(filled <= length, "more bytes than were announced");
            if filled == length {
                return Ok(length);
            }
        }
    }
}

/// The length of the whole answer, once its headers are there.
fn length_of(answer: &[u8]) -> Result<Option<usize>> {
    let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = std::str::from_utf8(&answer[..end])?;
    ensure!(head.starts_with("HTTP/1.1 20"), "not a success: {head}");
    let named = |line: &str| {
        Some(line.split_once(':')?)
            .filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = head.lines().find_map(named).context("an answer without a length")?.parse()?;
    Ok(Some(end + 4 + length))
}
