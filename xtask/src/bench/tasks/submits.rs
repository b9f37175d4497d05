//! Clients that submit tasks and look after them until they are FINISHED.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::super::load::{CONNECTIONS, read_answer};

/// Tasks that one client has submitted and not seen FINISHED yet.
const OPEN: usize = 8;

/// Before a client asks again for a task that was not FINISHED: whoever is slow must not be slowed down further by polls.
const PAUSE: Duration = Duration::from_millis(1);

/// How clients get to see their tasks FINISHED.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// They submit, and look again later.
    Polls,
    /// They submit with `Prefer: wait`, and the answer tells.
    Answer,
}

/// What came of it.
#[derive(Default)]
pub struct Outcome {
    /// Tasks that were seen FINISHED.
    pub seen: u64,
    /// Requests that asked for a task.
    pub polls: u64,
    /// How long it took, to the last task.
    pub seconds: f64,
    /// How long each submit took until its answer, in milliseconds.
    pub submits: Vec<f64>,
}

impl Outcome {
    /// Tasks per second.
    pub fn rate(&self) -> f64 {
        self.seen as f64 / self.seconds
    }
}

/// Lets [`CONNECTIONS`] clients of `host:port` submit for some seconds, and waits for what they have submitted.
pub fn submit_and_see(address: &str, sight: Sight, length: Duration) -> Result<Outcome> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let started = Instant::now();
        let mut clients = tokio::task::JoinSet::new();
        for _ in 0..CONNECTIONS {
            let address = address.to_owned();
            clients.spawn(async move { Client::connect(address, sight).await?.run(started + length).await });
        }
        let mut all = Outcome::default();
        for outcome in clients.join_all().await {
            let outcome = outcome?;
            all.seen += outcome.seen;
            all.polls += outcome.polls;
            all.submits.extend(outcome.submits);
        }
        all.seconds = started.elapsed().as_secs_f64();
        Ok(all)
    })
}

struct Client {
    address: String,
    sight: Sight,
    stream: TcpStream,
    buffer: Vec<u8>,
    open: VecDeque<String>,
    outcome: Outcome,
}

impl Client {
    async fn connect(address: String, sight: Sight) -> Result<Self> {
        let stream = TcpStream::connect(&address).await?;
        stream.set_nodelay(true)?;
        let buffer = vec![0; 64 * 1024];
        Ok(Self { address, sight, stream, buffer, open: VecDeque::new(), outcome: Outcome::default() })
    }

    async fn run(mut self, end: Instant) -> Result<Outcome> {
        while Instant::now() < end {
            self.submit().await?;
            self.look(OPEN).await?;
        }
        self.look(1).await?;
        Ok(self.outcome)
    }

    async fn submit(&mut self) -> Result<()> {
        let asked = Instant::now();
        let prefer = match self.sight {
            Sight::Polls => "",
            Sight::Answer => "Prefer: wait=60\r\n",
        };
        let request = format!(
            "POST /noop.json HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n{prefer}\r\n",
            self.address
        );
        let answer = self.send(&request).await?;
        let id = member(answer, "\"id\":").context("an answer without an id")?.to_owned();
        let is_finished = is_finished(answer)?;
        self.outcome.submits.push(asked.elapsed().as_secs_f64() * 1000.0);
        match is_finished {
            true => self.outcome.seen += 1,
            false => self.open.push_back(id),
        }
        Ok(())
    }

    /// Looks at the oldest task, and on until fewer than `most` are open.
    async fn look(&mut self, most: usize) -> Result<()> {
        while let Some(id) = self.open.front() {
            let request = format!("GET /tasks/{id}.json HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
            self.outcome.polls += 1;
            let is_finished = is_finished(self.send(&request).await?)?;
            if is_finished {
                self.open.pop_front();
                self.outcome.seen += 1;
            }
            if self.open.len() < most {
                break;
            }
            if !is_finished {
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    async fn send(&mut self, request: &str) -> Result<&str> {
        self.stream.write_all(request.as_bytes()).await?;
        let length = read_answer(&mut self.stream, &mut self.buffer).await?;
        Ok(std::str::from_utf8(&self.buffer[..length])?)
    }
}

fn is_finished(answer: &str) -> Result<bool> {
    match member(answer, "\"status\":") {
        Some("FINISHED") => Ok(true),
        Some("WAITING" | "RUNNING") => Ok(false),
        _ => bail!("a task that does nothing came to this: {answer}"),
    }
}

/// The value that stands behind a member's name; all contenders write JSON without blanks.
fn member<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(name)?;
    let value = rest.strip_prefix('"').unwrap_or(rest);
    value.split(['"', ',', '}']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_found_in_documents() {
        let document = r#"{"task":{"id":5,"status":"FINISHED"}}"#;
        assert_eq!(member(document, "\"id\":"), Some("5"));
        assert_eq!(member(document, "\"status\":"), Some("FINISHED"));
        assert_eq!(member(r#"{"task":{"id":"7"}}"#, "\"id\":"), Some("7"));
        assert_eq!(member(document, "\"none\":"), None);
    }
}
