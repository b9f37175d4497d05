//! The folder of a backup.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::copier::{names, sync};

/// Says that a folder is a backup.
const DESCRIPTION: &str = "backup.json";
const LOCK: &str = "lock";
/// How backups are laid out.
const FORMAT: u32 = 1;

/// The content of [`DESCRIPTION`].
#[derive(Debug, Deserialize, Serialize)]
struct Description {
    format: u32,
    /// The version of the program.
    version: String,
    /// When a backup was completed; `None` if none was.
    completed: Option<Timestamp>,
}

/// A folder that is made a backup; nobody else does that at the same time.
pub(super) struct BackupFolder {
    path: PathBuf,
    /// The operating system releases the lock when the process ends.
    _lock: File,
}

impl BackupFolder {
    /// Opens the folder of an earlier backup, or makes it.
    pub(super) fn open(path: &Path, data: &Path) -> anyhow::Result<Self> {
        let opening = || format!("opening the backup {}", path.display());
        let was_there = path.exists();
        fs::create_dir_all(path).with_context(opening)?;
        let (path, data) = (path.canonicalize().with_context(opening)?, data.canonicalize()?);
        if path.starts_with(&data) || data.starts_with(&path) {
            if !was_there {
                // It is empty.
                let _ = fs::remove_dir(&path);
            }
            bail!("a backup cannot be in the data folder, nor the data folder in a backup");
        }
        let is_new = !path.join(DESCRIPTION).exists();
        if is_new {
            let others = names(&path)?.into_iter().any(|name| name != "lost+found" && name != LOCK);
            ensure!(!others, "{} is neither empty nor a backup", path.display());
        } else {
            describe(&path)?;
        }
        let lock = File::options().create(true).append(true).open(path.join(LOCK)).with_context(opening)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another backup into {} runs", path.display()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(opening),
        }
        let folder = Self { path, _lock: lock };
        if is_new {
            folder.write(None)?;
        }
        for inner in ["repos", "results", "uploads"] {
            fs::create_dir_all(folder.path.join(inner)).with_context(opening)?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Says that the backup is complete as of now.
    pub(super) fn complete(&self) -> anyhow::Result<()> {
        self.write(Some(Timestamp::now()))
    }

    fn write(&self, completed: Option<Timestamp>) -> anyhow::Result<()> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let description = serde_json::to_vec(&Description { format: FORMAT, version, completed })?;
        let (part, path) = (self.path.join("backup.json.part"), self.path.join(DESCRIPTION));
        let written = fs::write(&part, description).and_then(|()| fs::rename(part, &path));
        written.and_then(|()| sync(&self.path)).with_context(|| format!("writing {}", path.display()))
    }
}

/// Returns an error unless a backup was completed in this folder.
pub(super) fn require_complete(folder: &Path) -> anyhow::Result<()> {
    match describe(folder)?.completed {
        Some(_) => Ok(()),
        None => bail!("the backup {} was never completed", folder.display()),
    }
}

fn describe(folder: &Path) -> anyhow::Result<Description> {
    let path = folder.join(DESCRIPTION);
    let reading = || format!("{} is not a backup: reading {}", folder.display(), path.display());
    let description: Description =
        serde_json::from_slice(&fs::read(&path).with_context(reading)?).with_context(reading)?;
    let known = FORMAT;
    let Description { format, version, .. } = &description;
    ensure!(
        *format == known,
        "the backup has the format {format}, made by version {version}; this program knows {known}"
    );
    Ok(description)
}
