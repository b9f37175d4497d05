use std::{
    collections::HashSet,
    ffi::OsString,
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
///   longhaul.sqlite   tasks; with -wal and -shm beside it while a server runs
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

    /// Removes the uploads that a server left when it ended, but for those that tasks still need.
    ///
    /// They are known by their names, which are never used twice, so that none goes because the folder was moved.
    pub fn clear(&self, needed: impl IntoIterator<Item = PathBuf>) -> anyhow::Result<()> {
        let needed: HashSet<_> =
            needed.into_iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        let folder = self.uploads();
        remove_content(&folder, &needed).with_context(|| format!("clearing {}", folder.display()))
    }

    /// The database of the tasks.
    pub fn tasks(&self) -> PathBuf {
        self.path.join("longhaul.sqlite")
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

fn remove_content(folder: &Path, but_for: &HashSet<OsString>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if but_for.contains(&entry.file_name()) {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}
