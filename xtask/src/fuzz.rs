//! `cargo xtask fuzz`: libFuzzer on the targets of `fuzz/targets`, one after the other.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::project;

/// What to fuzz.
#[derive(clap::Args)]
pub struct Args {
    /// Only this target
    target: Option<String>,
    /// How many seconds each target gets
    #[arg(long, default_value_t = 300)]
    seconds: u32,
}

/// Runs the targets until their time is up, or one of them finds something.
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

/// By the names of their programs.
fn targets() -> Result<Vec<String>> {
    let folder = project::root().join("fuzz/fuzz_targets");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    let name = |file: &Path| file.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let mut targets: Vec<_> = entries.filter_map(|entry| name(&entry.ok()?.path())).collect();
    targets.sort();
    Ok(targets)
}

/// Without a sanitizer: nothing of ours is `unsafe`, and what is looked for are panics and broken promises.
fn fuzz(target: &str, seconds: u32) -> Result<()> {
    println!("== {target}");
    let mut cargo = cargo_fuzz();
    cargo.args(["run", "--sanitizer", "none", target, "--"]);
    cargo.args([format!("-max_total_time={seconds}"), "-max_len=20000".to_owned()]);
    if !cargo.status()?.success() {
        bail!(
            "{target} found something: it lies in fuzz/artifacts/{target}; put it into fuzz/findings/{target}, where the \
             tests replay it, and mend what it breaks"
        );
    }
    Ok(())
}

/// It wants options of rustc that are not stable.
fn cargo_fuzz() -> Command {
    let mut cargo = project::cargo();
    cargo.arg("fuzz").env("RUSTC_BOOTSTRAP", "1");
    cargo
}
