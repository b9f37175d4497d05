//! One cargo command of the test run.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::test_counts::TestCounts;
use crate::project;

/// A cargo command with a title; its exit status says whether it passed.
pub struct Step {
    pub title: &'static str,
    args: Vec<String>,
    env: Option<(&'static str, &'static str)>,
    counts_tests: bool,
}

/// The outcome of a step.
pub struct Outcome {
    pub passed: bool,
    pub counts: TestCounts,
    pub took: Duration,
}

impl Step {
    /// `cargo COMMAND`, its words separated by spaces.
    pub fn new(title: &'static str, command: &str) -> Self {
        let args = command.split_whitespace().map(str::to_owned).collect();
        Self { title, args, env: None, counts_tests: false }
    }

    /// `cargo COMMAND LAST`, for a command that resolves dependencies: in CI the lock file must be up to date.
    pub fn building(title: &'static str, command: &str, last: &str) -> Self {
        let locked = if std::env::var_os("CI").is_some() { "--locked" } else { "" };
        Self::new(title, &format!("{command} {locked} {last}"))
    }

    /// With an environment variable.
    pub fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.env = Some((name, value));
        self
    }

    /// The step runs tests: counts them from the summaries of the test runner.
    pub fn counting(mut self) -> Self {
        self.counts_tests = true;
        self
    }

    /// The command line.
    pub fn shown(&self) -> String {
        let env = self.env.map(|(name, value)| format!("{name}='{value}' ")).unwrap_or_default();
        format!("{env}cargo {}", self.args.join(" "))
    }

    /// Runs the command. If it fails without a failed test, that counts as one failure.
    pub fn run(&self) -> Result<Outcome> {
        let started = Instant::now();
        let (passed, mut counts) = if self.counts_tests { self.run_counting() } else { self.run_plain() }
            .with_context(|| format!("running {}", self.shown()))?;
        if !passed && counts.failed == 0 {
            counts.failed = 1;
        }
        Ok(Outcome { passed, counts, took: started.elapsed() })
    }

    fn run_plain(&self) -> Result<(bool, TestCounts)> {
        Ok((self.command().status()?.success(), TestCounts::default()))
    }

    /// Copies both outputs line by line and reads the summaries in them: nextest writes to standard error, libtest to
    /// standard output.
    fn run_counting(&self) -> Result<(bool, TestCounts)> {
        let mut child = self.command().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let stderr = child.stderr.take().context("no standard error")?;
        let counts = thread::scope(|scope| {
            let errors = scope.spawn(|| copy_lines(stderr, std::io::stderr()));
            let mut counts = copy_lines(stdout, std::io::stdout())?;
            counts += errors.join().unwrap_or_else(|_| Ok(TestCounts::default()))?;
            anyhow::Ok(counts)
        })?;
        Ok((child.wait()?.success(), counts))
    }

    fn command(&self) -> Command {
        let mut command = project::cargo();
        command.args(&self.args).stdin(Stdio::null()).envs(self.env);
        command
    }
}

fn copy_lines(from: impl Read, mut to: impl Write) -> Result<TestCounts> {
    let mut counts = TestCounts::default();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        counts += TestCounts::read(&String::from_utf8_lossy(&line));
        line.clear();
    }
    to.flush()?;
    Ok(counts)
}
