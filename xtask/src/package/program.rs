//! The program that is packaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{Program, copy, empty, output};
use crate::project;

/// Builds the program unless `binary` is one, takes its debug symbols away, and lets it write its manual and completions.
pub fn prepare(binary: Option<&Path>, folder: &Path) -> Result<Program> {
    let built = match binary {
        Some(binary) => fs::canonicalize(binary).with_context(|| format!("finding {}", binary.display()))?,
        None => build()?,
    };
    empty(folder)?;
    let binary = folder.join("longhaul");
    copy(&built, &binary, 0o755)?;
    output(Command::new("strip").arg(&binary))?;
    let texts = folder.join("texts");
    output(Command::new(&binary).arg("packaging-files").arg(&texts))?;
    let version = output(Command::new(&binary).arg("--version"))?;
    let version = version.split_whitespace().last().unwrap_or_default().to_owned();
    Ok(Program { binary, man: texts.join("man"), completions: texts.join("completions"), version })
}

fn build() -> Result<PathBuf> {
    let mut cargo = project::cargo();
    cargo.args(["build", "--profile", "dist", "--package", "longhaul", "--features", "packaging"]);
    if !cargo.status()?.success() {
        bail!("the program could not be built");
    }
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| project::root().join("target"), PathBuf::from);
    Ok(target.join("dist/longhaul"))
}
