use std::{
    collections::HashSet,
    ffi::OsString,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::backup::restore;

/// The name of the folder of uploaded files, below the data folder.
pub(crate) const UPLOADS: &str = "uploads";

/// The data folder of the server, locked as long as this value lives. It may be read by its owner and its group.
///
/// ```text
/// DATA/
///   repos/      bare Git repositories
///   uploads/    files being received; each is removed with its task
///   results/    files that tasks offer for download
///   cache/      what is made again when it is missing
///   git-hooks/  what Git runs when somebody pushes
///   longhaul.sqlite   tasks; with -wal and -shm beside it while a server runs
///   lock        held by the server that uses the folder
/// ```
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    /// The operating system releases the lock when the process ends, even if it crashes.
    _lock: File,
}

impl DataFolder {
    /// Creates the folder if necessary, and locks it.
    ///
    /// # Errors
    /// If the folder cannot be created, or another server uses it.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let opening = || format!("opening the data folder {}", path.display());
        let is_new = !path.exists();
        fs::create_dir_all(path).with_context(opening)?;
        let path = path.canonicalize().with_context(opening)?;
        restore::refuse_interrupted(&path)?;
        set_mode(&path, is_new).with_context(opening)?;
        let lock = File::options().create(true).append(true).open(path.join("lock")).with_context(opening)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => bail!("another server uses the data folder {}", path.display()),
            Err(TryLockError::Error(error)) => return Err(error).with_context(opening),
        }
        let folder = Self { path, _lock: lock };
        for inner in [folder.repos(), folder.uploads(), folder.results()] {
            fs::create_dir_all(inner).with_context(opening)?;
        }
        folder.sync(is_new).with_context(opening)?;
        Ok(folder)
    }

    /// Brings the names of its folders to the disk, and its own if it is new.
    fn sync(&self, is_new: bool) -> io::Result<()> {
        File::open(&self.path)?.sync_all()?;
        match self.path.parent().filter(|_| is_new) {
            Some(parent) => File::open(parent)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Removes uploads left behind by an earlier server, except those that unfinished tasks need.
    ///
    /// Only file names are compared, which are unique, so that a data folder can be moved.
    pub fn remove_unused_uploads(&self, needed: impl IntoIterator<Item = PathBuf>) -> anyhow::Result<()> {
        let needed: HashSet<_> =
            needed.into_iter().filter_map(|path| path.file_name().map(ToOwned::to_owned)).collect();
        let folder = self.uploads();
        remove_entries_except(&folder, &needed)
            .with_context(|| format!("removing unused files from {}", folder.display()))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The task database.
    pub fn tasks(&self) -> PathBuf {
        self.path.join("longhaul.sqlite")
    }

    /// The folder of the repositories.
    pub fn repos(&self) -> PathBuf {
        self.path.join("repos")
    }

    /// The folder of uploaded files.
    pub fn uploads(&self) -> PathBuf {
        self.path.join(UPLOADS)
    }

    /// The folder of what can be made again.
    pub fn cache(&self) -> PathBuf {
        self.path.join("cache")
    }

    /// The folder of the hooks that Git runs instead of those in repositories.
    pub fn git_hooks(&self) -> PathBuf {
        self.path.join("git-hooks")
    }

    /// The folder of files that tasks offer for download.
    pub fn results(&self) -> PathBuf {
        self.path.join("results")
    }
}

/// A new folder may be read by its group. Of an older one only what others may do is taken away.
#[cfg(unix)]
fn set_mode(folder: &Path, is_new: bool) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o7777;
    let wanted = if is_new { 0o750 } else { mode & !0o007 };
    if wanted == mode { Ok(()) } else { fs::set_permissions(folder, fs::Permissions::from_mode(wanted)) }
}

#[cfg(not(unix))]
fn set_mode(_folder: &Path, _is_new: bool) -> io::Result<()> {
    Ok(())
}

fn remove_entries_except(folder: &Path, needed: &HashSet<OsString>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if needed.contains(&entry.file_name()) {
            continue;
        }
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}
