//! `cargo xtask fuzz`: libFuzzer on the targets of `fuzz/targets`, one after the other.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::project;

/// The options of `cargo xtask fuzz`.
#[derive(clap::Args)]
pub struct Args {
    /// Run only this target
    target: Option<String>,
    /// Seconds for each target
    #[arg(long, default_value_t = 300)]
    seconds: u32,
}

/// Runs each target until its time is over or it finds a failure.
pub fn run(args: &Args) -> Result<()> {
    let known = cargo_fuzz().arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    ensure!(known.success(), "cargo-fuzz is missing; type: cargo install cargo-fuzz");
    write_seeds()?;
    for target in targets()? {
        if args.target.as_ref().is_none_or(|wanted| *wanted == target) {
            fuzz(&target, args.seconds)?;
        }
    }
    Ok(())
}

fn write_seeds() -> Result<()> {
    let mut cargo = project::cargo();
    cargo.args(["run", "--quiet", "--package", "fuzz-targets", "--example", "write_seeds", "fuzz/corpus"]);
    ensure!(cargo.status()?.success(), "the seeds could not be written");
    Ok(())
}

/// The names of the targets.
fn targets() -> Result<Vec<String>> {
    let folder = project::root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    let name = |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut targets: Vec<_> = entries.filter_map(|entry| name(&entry.ok()?.path())).collect();
    targets.sort();
    Ok(targets)
}

/// Without a sanitizer: the crates contain no `unsafe` code; the targets look for panics and failed assertions.
fn fuzz(target: &str, seconds: u32) -> Result<()> {
    println!("== {target}");
    let mut cargo = cargo_fuzz();
    cargo.args(["run", "--sanitizer", "none", target, "--"]);
    cargo.args([format!("-max_total_time={seconds}"), "-max_len=20000".to_owned()]);
    if !cargo.status()?.success() {
        bail!(
            "{target} failed: the input is in fuzz/artifacts/{target}; copy it to fuzz/findings/{target}, where the tests \
             replay it, and fix the failure"
        );
    }
    Ok(())
}

/// cargo-fuzz needs unstable options of rustc.
fn cargo_fuzz() -> Command {
    let mut cargo = project::cargo();
    cargo.arg("fuzz").env("RUSTC_BOOTSTRAP", "1");
    cargo
}
