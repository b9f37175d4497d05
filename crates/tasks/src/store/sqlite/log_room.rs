//! Keeps the database's log longer than what is in it.
//!
//! A file system that brings a file to the disk which has grown has to bring its own records there, too, and what they
//! depend on: on ext4 that may be much of a pack which somebody is writing. A commit in the midst of a log needs nothing of
//! that. Zeros behind the last commit are no commits
//! (<https://www.sqlite.org/fileformat2.html#the_write_ahead_log>).

use std::{
    fs::File,
    io::{self, Seek, SeekFrom, Write},
    path::Path,
};

/// How much is added at once, in bytes: some hundred commits.
const ROOM: usize = 4 << 20;

/// The log, and how long it was made.
pub(super) struct LogRoom {
    log: Option<File>,
    until: u64,
}

impl LogRoom {
    /// Makes room in the log of an open database. Without it everything is only slower.
    pub(super) fn beside(database: &Path) -> Self {
        let mut name = database.as_os_str().to_owned();
        name.push("-wal");
        let log = File::options().append(true).open(name).ok();
        // What a crash left behind may be longer, and is used again from its beginning.
        let long = log.as_ref().and_then(|log| log.metadata().ok()).map_or(0, |log| log.len());
        let mut room = Self { log, until: long.max(ROOM as u64) };
        room.renew();
        room
    }

    /// Makes more room once the log has outgrown it, or was cut.
    pub(super) fn renew(&mut self) {
        if let Err(error) = self.try_renew() {
            tracing::debug!(%error, "could not make room in the log of the task database");
            self.log = None;
        }
    }

    fn try_renew(&mut self) -> io::Result<()> {
        let Some(log) = &mut self.log else { return Ok(()) };
        // Not by its metadata: to a file whose time was asked for Linux (since 6.13) gives a finer one at the next change, and a
        // file system without a journal brings that to the disk with the commit.
        let long = log.seek(SeekFrom::End(0))?;
        if long == self.until {
            return Ok(());
        }
        log.write_all(&vec![0; ROOM])?;
        log.sync_data()?;
        self.until = log.metadata()?.len();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_is_longer_than_what_is_in_it_however_long_that_is() {
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("tasks.sqlite-wal")).unwrap();
        let long = || log.metadata().unwrap().len();
        let mut room = LogRoom::beside(&folder.path().join("tasks.sqlite"));
        assert_eq!(long(), ROOM as u64);
        room.renew();
        assert_eq!(long(), ROOM as u64, "there is room");
        log.set_len(ROOM as u64 + 1).unwrap();
        room.renew();
        assert_eq!(long(), 2 * ROOM as u64 + 1);
        log.set_len(0).unwrap();
        room.renew();
        assert_eq!(long(), ROOM as u64, "somebody has cut it");
        LogRoom::beside(&folder.path().join("tasks.sqlite"));
        assert_eq!(long(), ROOM as u64, "it does not grow with each start");
    }

    #[test]
    fn a_database_without_a_log_needs_no_room() {
        let folder = tempfile::tempdir().unwrap();
        LogRoom::beside(&folder.path().join("tasks.sqlite")).renew();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
