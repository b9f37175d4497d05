//! The folder of the project, and its cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

/// The folder that holds the workspace's `Cargo.toml`.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_path_buf()
}

/// Returns an error if the project is no longer in the folder in which xtask was compiled.
pub fn check_root() -> Result<()> {
    let root = root();
    if !root.join("Cargo.toml").is_file() {
        bail!(
            "xtask was compiled in {0}, but there is no {0}/Cargo.toml now; if the project was moved, compile xtask again: \
             touch xtask/src/main.rs && cargo xtask",
            root.display()
        );
    }
    Ok(())
}

/// The cargo that runs xtask, in the root folder.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    cargo
}
