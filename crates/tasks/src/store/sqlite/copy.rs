//! Copies of a database that is in use.

use std::{
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags};

use super::SqliteStore;

/// How long to wait for a process that has locked the database.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a database was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// It cannot be read, or the copy cannot be written.
    #[error("copying the task database")]
    Database(#[from] rusqlite::Error),
    /// The copy cannot be brought to the disk.
    #[error("saving the copy of the task database")]
    Io(#[from] io::Error),
    /// The list of a task's files cannot be read.
    #[error("reading which files the tasks need")]
    Files(#[source] serde_json::Error),
}

/// What a copy of a database holds.
#[derive(Debug)]
pub struct DatabaseCopy {
    /// How many tasks.
    pub tasks: u64,
    /// The files that were given to tasks which had not ended, as they were submitted.
    pub files: Vec<PathBuf>,
}

impl SqliteStore {
    /// Writes a copy of the database `from` to the file `to`, while another process uses the database and writes to it.
    ///
    /// The copy is one state of the database, on the disk, and replaces a file that is there. Blocks, one pass through the
    /// database.
    ///
    /// # Errors
    /// If the database cannot be read, or the copy not be written. The file `to` is as before then.
    pub fn copy_database(from: &Path, to: &Path) -> Result<DatabaseCopy, CopyError> {
        // Readers of a write-ahead log write to its index; with a read-only connection they could not create it.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(from, flags)?;
        database.busy_timeout(BUSY_TIMEOUT)?;
        vacuum_into(&database, to)?;
        contents(to)
    }
}

/// Writes the database as it is to the file `to`, in one step.
pub(super) fn vacuum_into(database: &Connection, to: &Path) -> Result<(), CopyError> {
    let mut part = OsString::from(to);
    part.push(".part");
    let part = PathBuf::from(part);
    match fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let name = part.to_str().ok_or_else(|| io::Error::other("the path of the copy is not UTF-8"))?;
    database.execute("VACUUM INTO ?", [name])?;
    File::open(&part)?.sync_all()?;
    fs::rename(&part, to)?;
    if let Some(folder) = to.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

fn contents(copy: &Path) -> Result<DatabaseCopy, CopyError> {
    // It is not opened by anybody else, so it needs no files beside it.
    let uri = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(copy, uri)?;
    let tasks = database.query_row("SELECT count(*) FROM task", [], |row| row.get::<_, i64>(0))?;
    let mut select = database.prepare("SELECT files FROM task WHERE files IS NOT NULL")?;
    let lists = select.query_map([], |row| row.get::<_, String>(0))?;
    let mut files = Vec::new();
    for list in lists {
        files.extend(serde_json::from_str::<Vec<PathBuf>>(&list?).map_err(CopyError::Files)?);
    }
    Ok(DatabaseCopy { tasks: tasks.unsigned_abs(), files })
}
