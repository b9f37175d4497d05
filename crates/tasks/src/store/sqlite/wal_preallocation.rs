//! Keeps the database's write-ahead log longer than what is in it.
//!
//! When a file has grown, the file system has to bring its own records to the disk with it, and what they depend on: on ext4 that
//! may be much unrelated data of the same file system. A commit within a preallocated log needs none of that. SQLite does not take
//! the zeros behind the last commit for commits (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

/// How much is added at once, in bytes: some hundred commits.
const STEP: usize = 4 << 20;

/// The log, and the length that it was given.
pub(super) struct WalPreallocation {
    log: Option<File>,
    length: u64,
}

impl WalPreallocation {
    /// Preallocates the log of an open database. Where that fails, commits are only slower.
    pub(super) fn of(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let log = File::options().append(true).open(name).ok();
        // The log of a crashed process may be longer; SQLite uses it again from its beginning.
        let found = log.as_ref().and_then(|log| log.metadata().ok()).map_or(0, |log| log.len());
        let mut preallocation = Self { log, length: found.max(STEP as u64) };
        preallocation.renew();
        preallocation
    }

    /// Preallocates more once the log has outgrown its length, or was truncated.
    pub(super) fn renew(&mut self) {
        if let Err(error) = self.try_renew() {
            tracing::debug!(%error, "could not preallocate the log of the task database");
            self.log = None;
        }
    }

    fn try_renew(&mut self) -> io::Result<()> {
        let Some(log) = &mut self.log else { return Ok(()) };
        // `seek` instead of `metadata`: Linux (since 6.13) gives a file whose time was read a finer time at its next change, and a
        // file system without a journal writes that to the disk with the commit.
        if log.seek(SeekFrom::End(0))? == self.length {
            return Ok(());
        }
        log.write_all(&vec![0; STEP])?;
        log.sync_data()?;
        self.length = log.metadata()?.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_stays_longer_than_what_is_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("tasks.sqlite-wal")).unwrap();
        let length = || log.metadata().unwrap().len();
        let mut preallocation = WalPreallocation::of(&folder.path().join("tasks.sqlite"));
        assert_eq!(length(), STEP as u64);
        preallocation.renew();
        assert_eq!(length(), STEP as u64, "it is long enough");
        log.set_len(STEP as u64 + 1).unwrap();
        preallocation.renew();
        assert_eq!(length(), 2 * STEP as u64 + 1);
        log.set_len(0).unwrap();
        preallocation.renew();
        assert_eq!(length(), STEP as u64, "it was truncated");
        WalPreallocation::of(&folder.path().join("tasks.sqlite"));
        assert_eq!(length(), STEP as u64, "it does not grow with each start");
    }

    #[test]
    fn a_database_without_a_log_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        WalPreallocation::of(&folder.path().join("tasks.sqlite")).renew();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
