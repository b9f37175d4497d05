//! The tar archive, for systems other than Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::{Program, copy, debian, empty, output, packaging};
use crate::project;

/// Makes the archive in the folder, and returns its path.
pub fn make(program: &Program, folder: &Path) -> Result<PathBuf> {
    let name = format!("longhaul-{}-{}", program.version, debian::architecture()?);
    let parent = folder.join("archive");
    let root = parent.join(&name);
    empty(&root)?;
    copy(&program.binary, &root.join("bin/longhaul"), 0o755)?;
    for license in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md", "README.md"] {
        copy(&project::root().join(license), &root.join(license), 0o644)?;
    }
    let folders =
        [(packaging(), "packaging"), (project::root().join("docs"), "docs"), (program.man.clone(), "man")];
    for (from, to) in folders.into_iter().chain([(program.completions.clone(), "completions")]) {
        copy_files(&from, &root.join(to))?;
    }
    let archive = folder.join(format!("{name}.tar.gz"));
    let mut tar = Command::new("tar");
    tar.args(["--create", "--gzip", "--owner=0", "--group=0", "--sort=name", "--file"]).arg(&archive);
    output(tar.arg("--directory").arg(&parent).arg(&name))?;
    Ok(archive)
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            copy(&entry.path(), &to.join(entry.file_name()), 0o644)?;
        }
    }
    Ok(())
}
