use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

/// The folder of all that the server keeps; ours alone as long as this lives.
///
/// ```text
/// DATA/
///   repos/      bare Git repositories
///   uploads/    files being received; each goes with its task
///   results/    files that tasks offer for download
///   lock        held by the server that uses the folder
/// ```
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// The operating system lets go of the lock when the process ends, however it ends.
    _lock: File,
}

impl DataFolder {
    /// Makes the folder if need be, and takes it.
    ///
    /// # Errors
    /// If it cannot be made, or another server uses it.
    pub fn take(path: &Path) -> anyhow::Result<Self> {
        let taking = || format!("taking the data folder {}", path.display());
        fs::create_dir_all(path).with_context(taking)?;
        let path = path.canonicalize().with_context(taking)?;
        let lock = File::options().create(true).append(true).open(path.join("lock")).with_context(taking)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another server uses the data folder {}", path.display()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(taking),
        }
        let folder = Self { path, _lock: lock };
        for inner in [folder.repos(), folder.uploads(), folder.results()] {
            fs::create_dir_all(inner).with_context(taking)?;
        }
        Ok(folder)
    }

    /// Removes what a server left when it ended, uploads and results: no task knows of them any more.
    pub fn clear(&self) -> anyhow::Result<()> {
        for folder in [self.uploads(), self.results()] {
            remove_content(&folder).with_context(|| format!("clearing {}", folder.display()))?;
        }
        Ok(())
    }

    /// The folder of the repositories.
    pub fn repos(&self) -> PathBuf {
        self.path.join("repos")
    }

    /// The folder of what is being received.
    pub fn uploads(&self) -> PathBuf {
        self.path.join("uploads")
    }

    /// The folder of what tasks offer.
    pub fn results(&self) -> PathBuf {
        self.path.join("results")
    }
}

fn remove_content(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}
