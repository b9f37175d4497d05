//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! All steps run even when one fails, so that one run tells all there is to mend.

mod prerequisites;
mod step;
mod test_counts;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use step::Step;
use test_counts::TestCounts;

/// Runs the steps and ends with a line `N passed, N failed`; an error if anything failed.
pub fn run() -> Result<()> {
    prerequisites::meet()?;

    let started = Instant::now();
    let steps = steps();
    let mut total = TestCounts::default();
    let mut failed = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        heading(&format!("{}/{} {}: {}", number + 1, steps.len(), step.title, step.shown()));
        let ended = step.run()?;
        total += ended.counts;
        if !ended.passed {
            failed.push(step.title);
        }
        println!(
            "-- {} {} in {}",
            step.title,
            if ended.passed { "passed" } else { "FAILED" },
            seconds(ended.took)
        );
    }
    conclude(&failed, total, started.elapsed())
}

fn steps() -> Vec<Step> {
    let nextest = prerequisites::has_nextest();
    let tests = if nextest { "nextest run --no-fail-fast" } else { "test --no-fail-fast --all-targets" };
    vec![
        Step::new("formatting", "fmt --all --check"),
        Step::building("lints", "clippy --workspace --all-targets --all-features", "-- -D warnings"),
        Step::building("tests", &format!("{tests} --workspace --all-features"), "").counting(),
        Step::building("doc tests", "test --no-fail-fast --doc --workspace --all-features", "").counting(),
        Step::building("documentation", "doc --no-deps --workspace --all-features", "")
            .with("RUSTDOCFLAGS", "-D warnings"),
    ]
}

fn heading(text: &str) {
    println!("\n== {text}");
    // What the step prints goes past our buffer.
    let _ = std::io::stdout().flush();
}

fn conclude(failed: &[&str], total: TestCounts, took: Duration) -> Result<()> {
    heading(&format!("all steps took {}", seconds(took)));
    println!("{total}");
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}
