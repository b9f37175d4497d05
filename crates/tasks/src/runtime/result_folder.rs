//! The folder of files that tasks offer for download.
//!
//! A job writes into `ID-ATTEMPT.part/`; after the seal that is renamed to `ID/`, which is removed with the task.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{TaskId, store::Download};

/// A file of a finished task, open: it can be read to its end even if the task is forgotten in the meantime.
#[derive(Debug)]
pub struct ResultFile {
    /// The file, at its beginning.
    pub file: File,
    /// Where it is. It is removed with the task.
    pub path: PathBuf,
    /// Its name, without a folder.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub length: u64,
}

/// The folder of result files.
#[derive(Clone)]
pub(crate) struct ResultFolder(PathBuf);

impl ResultFolder {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Where the attempt is to write the file; creates the folder.
    pub(crate) fn prepare(&self, id: TaskId, attempt: u32, name: &str) -> io::Result<PathBuf> {
        if Path::new(name).file_name() != Some(name.as_ref()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("a result cannot be called `{name}`"),
            ));
        }
        let folder = self.part(id, attempt);
        fs::create_dir_all(&folder)?;
        Ok(folder.join(name))
    }

    /// Syncs the file that the attempt has announced.
    pub(crate) fn sync(&self, id: TaskId, attempt: u32, download: &Download) -> io::Result<()> {
        let folder = self.part(id, attempt);
        File::open(folder.join(&download.name))?.sync_all()?;
        File::open(folder)?.sync_all()
    }

    /// Renames what the attempt has written to its final place.
    fn rename(&self, id: TaskId, attempt: u32) -> io::Result<()> {
        fs::rename(self.part(id, attempt), self.folder(id))?;
        File::open(&self.0)?.sync_all()
    }

    /// Puts what the attempt has written in its final place, if it is not there yet.
    pub(crate) fn publish(&self, id: TaskId, attempt: u32, download: &Download) -> io::Result<()> {
        match self.folder(id).join(&download.name).try_exists()? {
            true => File::open(&self.0)?.sync_all(),
            false => self.rename(id, attempt),
        }
    }

    /// The folders that an earlier process has left.
    pub(crate) fn leftovers(&self) -> io::Result<Vec<Leftover>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let leftovers = entries.map(|entry| entry.map(|entry| Leftover::new(entry.path())));
        Ok(leftovers.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Removes what the attempt has written and not published.
    pub(crate) fn discard(&self, id: TaskId, attempt: u32) {
        remove(&self.part(id, attempt), id);
    }

    /// Removes the file that the task offers.
    pub(crate) fn remove(&self, id: TaskId) {
        remove(&self.folder(id), id);
    }

    pub(crate) fn open(&self, id: TaskId, download: &Download) -> io::Result<ResultFile> {
        let path = self.folder(id).join(&download.name);
        let file = File::open(&path)?;
        let length = file.metadata()?.len();
        Ok(ResultFile {
            file,
            path,
            name: download.name.clone(),
            media_type: download.media_type.clone(),
            length,
        })
    }

    fn folder(&self, id: TaskId) -> PathBuf {
        self.0.join(id.to_string())
    }

    fn part(&self, id: TaskId, attempt: u32) -> PathBuf {
        self.0.join(format!("{id}-{attempt}.part"))
    }
}

/// A folder that an earlier process made.
pub(crate) struct Leftover {
    path: PathBuf,
    pub(crate) id: TaskId,
    pub(crate) is_published: bool,
}

impl Leftover {
    /// `None` if it is not the folder of a task.
    fn new(path: PathBuf) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let part = name.strip_suffix(".part").and_then(|part| part.split_once('-'));
        let id = TaskId(part.map_or(name, |(id, _)| id).parse().ok()?);
        let is_published = part.is_none();
        Some(Self { path, id, is_published })
    }

    pub(crate) fn remove(&self) {
        remove(&self.path, self.id);
    }
}

/// Removes files; a relative path is relative to `folder`.
pub(crate) fn remove_all(folder: &Path, files: &[PathBuf], id: TaskId) {
    files.iter().for_each(|file| remove(&folder.join(file), id));
}

/// Removes a file or folder if it is there; a failure is only logged, because the task has ended whatever becomes of it.
fn remove(path: &Path, id: TaskId) {
    let removed = match fs::symlink_metadata(path) {
        Ok(there) if there.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(task = %id, path = %path.display(), %error, "could not remove a file of an ended task");
        }
        _ => {}
    }
}
