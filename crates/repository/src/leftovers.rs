//! What killed programs left in repositories: temporary packs, and ref locks, which keep refs from moving.

use std::{
    fs, io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, SystemTime},
};

use crate::{
    object::bytes,
    pack,
    publish::{Publication, locked_commit},
};

/// How long a lock must be unchanged, and not open in any program, to count as stale.
///
/// Git programs hold one for some milliseconds, and for as long as a hook of the repository takes.
const STALE_AFTER: Duration = Duration::from_secs(2);

/// How often to check meanwhile.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// Removes what processes that were killed left in these bare repositories: temporary packs of this crate, and the ref locks
/// that nobody holds any more, of whatever program.
///
/// What the publications of the `sealed` tasks need stays.
pub(crate) fn remove(repositories: &[PathBuf], sealed: &[Publication]) -> io::Result<()> {
    let needed: Vec<_> = sealed.iter().map(|publication| bytes(publication.new)).collect();
    let mut locks = Vec::new();
    for repository in repositories {
        let packs = repository.join("objects/pack");
        let is_needed = |lock: &PathBuf| {
            locked_commit(lock).ok().flatten().is_some_and(|commit| needed.contains(&bytes(commit)))
        };
        locks.extend(locks_in(repository)?.into_iter().filter(|lock| !is_needed(lock)));
        pack::remove_leftovers(&packs, &needed)?;
    }
    remove_stale(locks)
}

/// The ref locks in a repository: of `HEAD`, of `packed-refs`, and of every ref.
fn locks_in(repository: &Path) -> io::Result<Vec<PathBuf>> {
    let mut locks: Vec<_> =
        ["HEAD.lock", "packed-refs.lock"].map(|name| repository.join(name)).into_iter().collect();
    collect(&repository.join("refs"), &mut locks)?;
    Ok(locks)
}

/// Removes the locks that nobody holds.
///
/// A lock stays that some program has open, as far as the operating system shows that, and so does one that has just been made.
/// Where there is such a lock this waits until it is clear what it is, for two seconds at most.
fn remove_stale(locks: Vec<PathBuf>) -> io::Result<()> {
    let mut locks: Vec<_> = locks.into_iter().filter_map(Lock::look_at).collect();
    while !locks.is_empty() {
        let held = held_files();
        locks.retain(|lock| !held.contains(&lock.path));
        for lock in locks.extract_if(.., |lock| lock.is_stale()) {
            remove_lock(&lock)?;
        }
        // The owner of a lock that is renewed again and again is alive.
        locks.retain(Lock::is_unchanged);
        if !locks.is_empty() {
            thread::sleep(CHECK_INTERVAL);
        }
    }
    Ok(())
}

/// A lock as it was when it was first seen.
struct Lock {
    path: PathBuf,
    modified: SystemTime,
}

impl Lock {
    fn look_at(path: PathBuf) -> Option<Self> {
        let modified = fs::symlink_metadata(&path).ok()?.modified().ok()?;
        Some(Self { path, modified })
    }

    fn is_unchanged(&self) -> bool {
        Self::look_at(self.path.clone()).is_some_and(|now| now.modified == self.modified)
    }

    /// Whether the lock has been unchanged for long enough. A time in the future, from a clock that was set back, counts as old.
    fn is_stale(&self) -> bool {
        self.is_unchanged() && self.modified.elapsed().map_or(true, |age| age >= STALE_AFTER)
    }
}

fn collect(folder: &Path, locks: &mut Vec<PathBuf>) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            collect(&path, locks)?;
        // No ref's name ends in `.lock`.
        } else if entry.file_type()?.is_file() && path.extension().is_some_and(|ending| ending == "lock") {
            locks.push(path);
        }
    }
    Ok(())
}

fn remove_lock(lock: &Lock) -> io::Result<()> {
    match fs::remove_file(&lock.path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// The files that are open in programs whose files may be listed; none where there is no `/proc`.
fn held_files() -> Vec<PathBuf> {
    let entries = |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().flatten();
    let is_process = |entry: &fs::DirEntry| {
        entry.file_name().to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
    };
    entries("/proc".into())
        .filter(is_process)
        .flat_map(|process| entries(process.path().join("fd")))
        .filter_map(|file| fs::read_link(file.path()).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs::{File, FileTimes};

    use super::*;

    fn lock(folder: &Path, name: &str, age: Duration) -> (PathBuf, File) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let file = File::create(&path).unwrap();
        file.set_times(FileTimes::new().set_modified(SystemTime::now() - age)).unwrap();
        (path, file)
    }

    #[test]
    fn a_lock_that_nobody_holds_goes_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let old = Duration::from_secs(60);
        let names = ["HEAD.lock", "packed-refs.lock", "refs/heads/master.lock", "refs/heads/a/b.lock"];
        let stale = names.map(|name| lock(&root, name, old).0);
        let new = lock(&root, "refs/tags/just-now.lock", Duration::ZERO).0;
        let (held, _open) = lock(&root, "refs/heads/held.lock", old);
        let others = ["refs/heads/master", "refs/heads/lock", "objects/HEAD.lock", "config.lock"];
        let others = others.map(|name| lock(&root, name, old).0);
        remove(&[root.clone(), root.join("there-is-none")], &[]).unwrap();
        for gone in stale.iter().chain([&new]) {
            assert!(!gone.exists(), "{}", gone.display());
        }
        assert!(held.exists() || !Path::new("/proc/self/fd").exists(), "somebody has it open");
        for stays in others {
            assert!(stays.exists(), "{}", stays.display());
        }
    }
}
