//! Tries the Debian package in a minimal Debian in a folder.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use super::packaging;

/// Runs the script that installs the package, in a mount namespace of its own.
pub fn run(deb: &Path, folder: &Path, container: bool) -> Result<()> {
    let base = folder.join("debian-base");
    run_script("check-in-debian.sh", &[deb, &base, &folder.join("debian-installed")])?;
    if container {
        run_script("check-container.sh", &[deb, &base])?;
    }
    Ok(())
}

fn run_script(name: &str, paths: &[&Path]) -> Result<()> {
    let script = packaging().join("check").join(name);
    let status = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "bash"])
        .arg(&script)
        .args(paths)
        .status()?;
    if !status.success() {
        bail!("{} failed: {status}", script.display());
    }
    Ok(())
}
