//! `cargo xtask test`: everything that must pass before a change is merged.
//!
//! All steps run even if one fails, so that one run reports every failure.

mod prerequisites;
mod python;
mod step;
mod test_counts;

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use step::Step;
use test_counts::TestCounts;

/// The application outside the workspace.
const EXAMPLE: &str = "--manifest-path examples/embedding/Cargo.toml";
/// The packages that are not libraries for others.
const UNPUBLISHED: &str =
    "--exclude longhaul --exclude longhaul-tasks-contract --exclude xtask --exclude fuzz-targets";
/// Installs a Debian package of the program that the tests have built. `cargo xtask package --check` does that with an optimized one.
const PACKAGE: &str = "run --quiet --package xtask -- package --check --binary target/debug/longhaul";
/// Checks manifests, files and dependencies of all packages against each other. The steps before have built the code and downloaded all
/// dependencies.
const WITHOUT_BUILD: &str = "--no-verify --offline --allow-dirty";

/// Runs the steps and ends with a line `N passed, N failed`; an error if anything failed.
pub fn run() -> Result<()> {
    prerequisites::install_or_report()?;
    python::install_clients();

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
    let mut steps = vec![
        Step::new("formatting", "fmt --all --check"),
        Step::new("formatting of the example", &format!("fmt --check {EXAMPLE}")),
        Step::building("lints", "clippy --workspace --all-targets --all-features", "-- -D warnings"),
        Step::building("tests", &format!("{tests} --workspace --all-features"), "").counting(),
        Step::building("doc tests", "test --no-fail-fast --doc --workspace --all-features", "").counting(),
        Step::building("example", &format!("test {EXAMPLE} --target-dir target/embedding"), "").counting(),
        Step::building("documentation", "doc --no-deps --workspace --all-features", "")
            .with("RUSTDOCFLAGS", "-D warnings"),
        Step::building(
            "packaging",
            &format!("package --quiet --workspace {UNPUBLISHED} {WITHOUT_BUILD}"),
            "",
        ),
    ];
    if prerequisites::can_install_package() {
        steps.push(Step::new("installation", PACKAGE));
    } else {
        println!(
            "!! root, mount namespaces, mmdebstrap and dpkg-deb are needed to install the package: that is LEFT OUT"
        );
    }
    steps
}

fn heading(text: &str) {
    println!("\n== {text}");
    // The step prints to the same standard output, past this buffer.
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
