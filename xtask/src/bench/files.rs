//! The benchmarks' folder, and sizes of what is in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::project;

/// `target/bench`, wherever cargo keeps its target folder.
pub fn bench_folder() -> Result<PathBuf> {
    let output = project::cargo().args(["metadata", "--format-version=1", "--no-deps"]).output()?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).context("reading cargo metadata")?;
    let target = metadata["target_directory"].as_str().context("cargo metadata names no target directory")?;
    let folder = Path::new(target).join("bench");
    std::fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    Ok(folder)
}

/// Empties the folder, or creates it.
pub fn empty_folder(folder: PathBuf) -> Result<PathBuf> {
    if folder.exists() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// The bytes of all packs of a bare repository.
pub fn pack_bytes(repository: &Path) -> Result<u64> {
    let mut bytes = 0;
    for file in packed_files(repository)? {
        if file.extension().is_some_and(|extension| extension == "pack") {
            bytes += file.metadata()?.len();
        }
    }
    Ok(bytes)
}

/// The names of all files in the pack folder of a bare repository.
pub fn packed_files(repository: &Path) -> Result<Vec<PathBuf>> {
    let folder = repository.join("objects/pack");
    let entries = std::fs::read_dir(&folder).with_context(|| format!("listing {}", folder.display()))?;
    Ok(entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?)
}

/// Waits until the folder has this many files: those of a cancelled task are removed in the background.
pub fn wait_for_packs(repository: &Path, count: usize) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while packed_files(repository)?.len() != count {
        ensure!(Instant::now() < deadline, "a cancelled task left files in objects/pack");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// All refs and their targets.
pub fn branches(repository: &Path) -> Result<String> {
    stdout_of(Command::new("git").arg("--git-dir").arg(repository).arg("for-each-ref"))
}

/// Writes all dirty pages to disk, so that the writes of one contender do not slow down the next.
pub fn sync() -> Result<()> {
    run(&mut Command::new("sync"))
}

/// Runs a program. Returns an error with its output unless it succeeds.
pub fn run(command: &mut Command) -> Result<()> {
    stdout_of(command).map(drop)
}

/// Returns the standard output of a program, or an error with its standard error unless it succeeds.
pub fn stdout_of(command: &mut Command) -> Result<String> {
    let shown = format!("{command:?}");
    let output = command.output().with_context(|| format!("starting {shown}"))?;
    if !output.status.success() {
        bail!("{shown}: {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
