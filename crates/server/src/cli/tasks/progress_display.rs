//! Shows the progress of uploads and tasks on standard error.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressState, ProgressStyle};
use longhaul_tasks::Status;

use crate::cli::{
    client::{Task, Upload},
    tasks::format::{amount, printable},
};

/// Shows the progress of an upload and a task.
pub enum ProgressDisplay {
    /// Shows nothing.
    Silent,
    /// Prints a line for each step; for logs.
    Lines { last: String },
    /// Draws a progress bar.
    Bar(ProgressBar),
}

impl ProgressDisplay {
    /// A bar if standard error is a terminal, lines otherwise, nothing if `quiet`.
    pub fn new(quiet: bool) -> Self {
        match (quiet, std::io::stderr().is_terminal()) {
            (true, _) => Self::Silent,
            (false, false) => Self::Lines { last: String::new() },
            (false, true) => {
                let bar = ProgressBar::no_length();
                bar.enable_steady_tick(Duration::from_millis(100));
                Self::Bar(bar)
            }
        }
    }

    /// Starts to show an upload. The returned function must be called with the number of bytes of each chunk sent.
    pub fn upload(&mut self, upload: &Upload) -> impl Fn(u64) + Send + Sync + 'static {
        let name = printable(&upload.name);
        match self {
            Self::Silent => {}
            Self::Lines { .. } => print(&format!("Uploading {name} ({})", HumanBytes(upload.length))),
            Self::Bar(bar) => {
                bar.set_style(style(UPLOAD));
                bar.set_length(upload.length);
                bar.set_message(format!("Uploading {name}"));
            }
        }
        let bar = if let Self::Bar(bar) = self { Some(bar.clone()) } else { None };
        move |bytes| bar.iter().for_each(|bar| bar.inc(bytes))
    }

    /// Shows the current progress of the task.
    pub fn task(&mut self, task: &Task) {
        match self {
            Self::Silent => {}
            Self::Lines { last } => {
                let step = step(task);
                if *last != step && !task.status.has_ended() {
                    print(&format!("Task {}: {step}", task.id));
                    *last = step;
                }
            }
            Self::Bar(bar) => show(bar, task),
        }
    }

    /// Prints a message.
    pub fn message(&self, text: &str) {
        match self {
            Self::Silent => {}
            Self::Lines { .. } => print(text),
            Self::Bar(bar) => bar.suspend(|| print(text)),
        }
    }

    /// Removes the bar.
    pub fn clear(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// Ignores errors: standard error may be closed.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

const UPLOAD: &str = "{msg} {wide_bar} {percent} % {bytes}/{total_bytes} ({bytes_per_sec}, {eta} left)";
const COUNTING: &str = "{spinner} {msg} {amount} ({rate})";
const WITH_TOTAL: &str = "{msg} {wide_bar} {percent} % {amount}/{total} ({rate}, {eta} left)";
const WITHOUT_AMOUNT: &str = "{spinner} {msg}";

fn show(bar: &ProgressBar, task: &Task) {
    if task.status.has_ended() {
        return;
    }
    let done = task.progress.as_ref().map_or(0.0, |progress| progress.amount);
    // The total is an estimate from the file and may be too small.
    let total =
        task.progress.as_ref().and_then(|progress| progress.total).filter(|total| *total as f64 >= done);
    bar.set_style(style(match total {
        Some(_) => WITH_TOTAL,
        None if done > 0.0 => COUNTING,
        None => WITHOUT_AMOUNT,
    }));
    let step = step(task);
    if bar.message() != step {
        bar.set_message(step);
        bar.unset_length();
        bar.reset();
    }
    match total {
        Some(total) => bar.set_length(total),
        None => bar.unset_length(),
    }
    // The bar counts in whole numbers; negative ones become 0.
    bar.set_position(done as u64);
}

fn step(task: &Task) -> String {
    match (task.status, &task.progress) {
        (Status::Waiting, _) => "Waiting...".to_owned(),
        (_, Some(progress)) => printable(&progress.step),
        (_, None) => printable(&task.description),
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
    style
        .progress_chars("━╸─")
        .with_key("amount", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&amount(state.pos() as f64));
        })
        .with_key("total", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = out.write_str(&amount(state.len().unwrap_or_default() as f64));
        })
        .with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
        })
}
