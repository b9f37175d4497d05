//! The lock of a branch, as Git has it: a file beside the ref with its future content, which is renamed to the ref.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use gix::ObjectId;

use crate::{Repository, StageError, sync::sync_folder};

/// How often to try again while another program has the branch locked.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// The lock of a branch, which holds the commit that the branch is to move to. Removed when it is dropped.
pub(super) struct RefLock {
    heads: PathBuf,
    path: PathBuf,
    is_removed_on_drop: bool,
}

impl RefLock {
    /// Locks the branch, and syncs `commit` as its future content. Waits until `check` fails, which gets the time waited so
    /// far.
    pub(super) fn acquire(
        repository: &Repository,
        branch: &str,
        commit: ObjectId,
        check: &dyn Fn(Duration) -> Result<(), StageError>,
    ) -> Result<Self, StageError> {
        let update = |source| StageError::Update { branch: branch.to_owned(), source };
        let (heads, path) = (heads(repository), ref_path(repository, branch));
        let started = Instant::now();
        loop {
            let created = make_folders(&heads, &path).and_then(|()| File::create_new(lock_path(&path)));
            match created {
                Ok(mut file) => {
                    let lock = Self { heads, path, is_removed_on_drop: true };
                    writeln!(file, "{commit}").and_then(|()| file.sync_all()).map_err(update)?;
                    return Ok(lock);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // Git removes folders that have become empty.
                Err(error) if error.kind() == io::ErrorKind::NotFound && heads.exists() => {}
                Err(error) => return Err(update(error)),
            }
            check(started.elapsed())?;
            thread::sleep(RETRY_INTERVAL);
        }
    }

    /// Takes over the lock that was left with `commit` as its content, if there is one. Only for the holder of the
    /// [`PublisherLock`](super::PublisherLock).
    pub(super) fn adopt(
        repository: &Repository,
        branch: &str,
        commit: ObjectId,
    ) -> Result<Option<Self>, StageError> {
        let (heads, path) = (heads(repository), ref_path(repository, branch));
        let found = locked_commit(&lock_path(&path));
        let found = found.map_err(|source| StageError::Update { branch: branch.to_owned(), source })?;
        Ok((found == Some(commit)).then(|| Self { heads, path, is_removed_on_drop: true }))
    }

    /// Leaves the lock when it is dropped.
    pub(super) fn persist(&mut self) {
        self.is_removed_on_drop = false;
    }

    /// Removes the lock.
    pub(super) fn remove(mut self) -> io::Result<()> {
        self.is_removed_on_drop = false;
        fs::remove_file(lock_path(&self.path))
    }

    /// Moves the branch: the lock becomes the ref, and both are synced.
    pub(super) fn commit(self) -> io::Result<()> {
        if self.path.is_dir() {
            remove_empty_folders(&self.path)?;
        }
        fs::rename(lock_path(&self.path), &self.path)?;
        // Some of the folders may be new.
        for folder in self.path.ancestors().skip(1) {
            sync_folder(folder)?;
            if folder == self.heads {
                break;
            }
        }
        Ok(())
    }
}

impl Drop for RefLock {
    fn drop(&mut self) {
        if !self.is_removed_on_drop {
            return;
        }
        // Where this fails, the lock is removed when the server starts again.
        let _ = fs::remove_file(lock_path(&self.path));
        let inner = self.path.ancestors().skip(1).take_while(|folder| **folder != self.heads);
        for folder in inner {
            // Fails where there is anything else in it.
            let _ = fs::remove_dir(folder);
        }
    }
}

/// The file of a branch's ref.
pub(super) fn ref_path(repository: &Repository, branch: &str) -> PathBuf {
    heads(repository).join(branch)
}

/// The lock of the ref in this file.
pub(super) fn lock_path(path: &Path) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

/// The commit that a ref lock holds; `None` if there is no such lock, or it holds something else.
pub(crate) fn locked_commit(lock: &Path) -> io::Result<Option<ObjectId>> {
    let content = match fs::read(lock) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        content => content?,
    };
    Ok(content.strip_suffix(b"\n").and_then(|hex| ObjectId::from_hex(hex).ok()))
}

fn heads(repository: &Repository) -> PathBuf {
    repository.path().join("refs/heads")
}

/// Makes the folders between `heads` and the ref. Not `heads` itself: the repository may have been deleted.
fn make_folders(heads: &Path, path: &Path) -> io::Result<()> {
    let inner: Vec<_> = path.ancestors().skip(1).take_while(|folder| *folder != heads).collect();
    for folder in inner.into_iter().rev() {
        match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            // There is a branch of this name, so there cannot be one below it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            created => created?,
        }
    }
    Ok(())
}

/// Removes the folder, in which there must be nothing but folders.
fn remove_empty_folders(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        remove_empty_folders(&entry?.path())?;
    }
    fs::remove_dir(folder)
}
