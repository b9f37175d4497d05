//! What a person sees while a task goes on. All of it goes to the standard error output: what a program may want to
//! read goes to the other.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressState, ProgressStyle};
use longhaul_tasks::Status;

use crate::cli::{
    client::{Task, Upload},
    tasks::text::{amount, printable},
};

/// Shows how an upload and a task go on.
pub enum View {
    /// Nothing at all.
    Silent,
    /// A line for each step, for logs.
    Lines { last: String },
    /// A bar that moves.
    Bar(ProgressBar),
}

impl View {
    /// A bar where a person looks on, lines where none does, nothing where that is wished for.
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

    /// Begins to show an upload; what is returned wants to know the bytes of each piece.
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

    /// Shows what the task is doing now.
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

    /// Says something in between.
    pub fn say(&self, words: &str) {
        match self {
            Self::Silent => {}
            Self::Lines { .. } => print(words),
            Self::Bar(bar) => bar.suspend(|| print(words)),
        }
    }

    /// Leaves no trace of a bar.
    pub fn end(&self) {
        if let Self::Bar(bar) = self {
            bar.finish_and_clear();
        }
    }
}

/// That nobody reads it is no reason to stop.
fn print(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

const UPLOAD: &str = "{msg} {wide_bar} {bytes}/{total_bytes} ({bytes_per_sec})";
const COUNTING: &str = "{spinner} {msg} {amount} ({rate})";
const FILLING: &str = "{msg} {wide_bar} {amount}/{total} ({rate})";
const WAITING: &str = "{spinner} {msg}";

fn show(bar: &ProgressBar, task: &Task) {
    if task.status.has_ended() {
        return;
    }
    let done = task.progress.as_ref().map_or(0.0, |progress| progress.amount);
    // A total is what the file said, and may be less than what came.
    let total =
        task.progress.as_ref().and_then(|progress| progress.total).filter(|total| *total as f64 >= done);
    bar.set_style(style(match total {
        Some(_) => FILLING,
        None if done > 0.0 => COUNTING,
        None => WAITING,
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
    // The bar counts in whole numbers, and negative ones become nothing.
    bar.set_position(done as u64);
}

fn step(task: &Task) -> String {
    match (task.status, &task.progress) {
        (Status::Waiting, _) => "Waiting for its turn...".to_owned(),
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
