//! Clients that submit tasks and wait until they are FINISHED.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::super::clients::{Client, Next, run_clients};
use super::super::load::CONNECTIONS;

/// Most unfinished tasks of one client.
const OPEN: usize = 8;

/// How a client learns that its task is FINISHED.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Completion {
    /// It polls.
    Poll,
    /// It submits with `Prefer: wait`; the response has the final status.
    PreferWait,
}

/// The result of a run.
#[derive(Default)]
pub struct Outcome {
    /// Number of tasks that are FINISHED.
    pub seen: u64,
    /// Polls sent.
    pub polls: u64,
    /// Seconds until the end of the last task.
    pub seconds: f64,
    /// Latencies of the submits in milliseconds.
    pub submits: Vec<f64>,
}

impl Outcome {
    /// Tasks per second.
    pub fn rate(&self) -> f64 {
        self.seen as f64 / self.seconds
    }
}

/// Submits with [`CONNECTIONS`] clients to `host:port` for a time, and waits for the end of all submitted tasks.
pub fn submit_and_complete(address: &str, completion: Completion, length: Duration) -> Result<Outcome> {
    let started = Instant::now();
    let submitter = |_| Submitter::new(address, completion, started + length);
    let submitters = run_clients(address, (0..CONNECTIONS).map(submitter))?;
    let mut all = Outcome::default();
    for Submitter { outcome, .. } in submitters {
        all.seen += outcome.seen;
        all.polls += outcome.polls;
        all.submits.extend(outcome.submits);
    }
    all.seconds = started.elapsed().as_secs_f64();
    Ok(all)
}

/// Submits until its time is over, and polls its tasks.
struct Submitter {
    submit: String,
    /// The rest of the request of a poll, after its path.
    poll_tail: String,
    end: Instant,
    open: VecDeque<String>,
    polls_next: bool,
    sent: Instant,
    outcome: Outcome,
}

impl Submitter {
    fn new(address: &str, completion: Completion, end: Instant) -> Self {
        let prefer = match completion {
            Completion::Poll => "",
            Completion::PreferWait => "Prefer: wait=60\r\n",
        };
        Self {
            submit: format!(
                "POST /noop.json HTTP/1.1\r\nHost: {address}\r\nContent-Length: 0\r\n{prefer}\r\n"
            ),
            poll_tail: format!(".json HTTP/1.1\r\nHost: {address}\r\n\r\n"),
            end,
            open: VecDeque::new(),
            polls_next: false,
            sent: Instant::now(),
            outcome: Outcome::default(),
        }
    }

    /// Handles the response to a submit; the oldest task is polled next.
    fn on_submit_response(&mut self, response: &str, is_finished: bool) -> Result<Next> {
        self.outcome.submits.push(self.sent.elapsed().as_secs_f64() * 1000.0);
        match is_finished {
            true => self.outcome.seen += 1,
            false => self
                .open
                .push_back(member(response, "\"id\":").context("a response without an id")?.to_owned()),
        }
        self.polls_next = !self.open.is_empty();
        Ok(self.next_step())
    }

    /// Handles the response to a poll; polls again only if too many tasks are unfinished or the time is over.
    fn on_poll_response(&mut self, is_finished: bool) -> Next {
        if is_finished {
            self.open.pop_front();
            self.outcome.seen += 1;
        }
        self.polls_next = self.open.len() >= OPEN;
        match is_finished {
            false if self.polls_next || self.is_over() => {
                self.polls_next = true;
                Next::SendLater
            }
            _ => self.next_step(),
        }
    }

    /// Submits nothing after the time is over.
    fn next_step(&mut self) -> Next {
        if self.polls_next || !self.is_over() {
            return Next::Send;
        }
        self.polls_next = true;
        if self.open.is_empty() { Next::End } else { Next::Send }
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.end
    }
}

impl Client for Submitter {
    fn request(&mut self, request: &mut String) {
        self.sent = Instant::now();
        match self.open.front().filter(|_| self.polls_next) {
            Some(id) => {
                self.outcome.polls += 1;
                request.extend(["GET /tasks/", id, &self.poll_tail]);
            }
            None => request.push_str(&self.submit),
        }
    }

    fn on_response(&mut self, response: &str) -> Result<Next> {
        let is_finished = is_finished(response)?;
        match self.polls_next {
            true => Ok(self.on_poll_response(is_finished)),
            false => self.on_submit_response(response, is_finished),
        }
    }
}

fn is_finished(response: &str) -> Result<bool> {
    match member(response, "\"status\":") {
        Some("FINISHED") => Ok(true),
        Some("WAITING" | "RUNNING") => Ok(false),
        _ => bail!("a task that does nothing came to this: {response}"),
    }
}

/// The value after a member's name. All servers write JSON without blanks.
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
