//! Makes a data folder of a backup.

use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

use anyhow::{Context, bail, ensure};

use super::{
    copier::{names, sync},
    folder::require_complete,
};

/// In a data folder that a restore has not completed.
const MARKER: &str = "restoring";

/// Copies the backup `from` into the data folder, which must be empty or not there.
///
/// # Errors
/// If `from` is no complete backup, or a file cannot be read or written. The data folder is not usable then.
pub(crate) fn run(from: &Path, data: &Path) -> anyhow::Result<()> {
    require_complete(from)?;
    let is_taken = names(data)?.iter().any(|name| name != "lost+found");
    ensure!(!is_taken, "{} is not empty; a backup is restored into a new data folder", data.display());
    let restoring = || format!("restoring {} into {}", from.display(), data.display());
    copy_all(from, data).with_context(restoring)
}

/// Returns an error if a restore into the data folder was interrupted.
pub(crate) fn refuse_interrupted(data: &Path) -> anyhow::Result<()> {
    match data.join(MARKER).exists() {
        true => bail!(
            "the restore of {} was not completed; remove what is in it and restore the backup again",
            data.display()
        ),
        false => Ok(()),
    }
}

fn copy_all(from: &Path, data: &Path) -> io::Result<()> {
    fs::create_dir_all(data)?;
    File::create(data.join(MARKER))?.sync_all()?;
    for name in ["repos", "results", "uploads", "longhaul.sqlite"] {
        if from.join(name).exists() {
            copy(&from.join(name), &data.join(name))?;
        }
    }
    sync(data)?;
    fs::remove_file(data.join(MARKER))?;
    sync(data)
}

/// Copies a file or a folder. Who may not read a data folder may not read the copy either, whatever the modes in the backup.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let metadata = fs::metadata(from)?;
    if metadata.is_dir() {
        fs::create_dir_all(to)?;
        for name in names(from)? {
            copy(&from.join(&name), &to.join(&name))?;
        }
        return Ok(());
    }
    fs::copy(from, to)?;
    fs::set_permissions(to, Permissions::from_mode(metadata.permissions().mode() & 0o770))
}
