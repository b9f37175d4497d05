//! The folder of files that tasks offer for download.
//!
//! A job writes into `ID-ATTEMPT.part/`; when its task is about to be FINISHED that becomes `ID/`, which goes with the task.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use crate::{TaskId, store::Download};

/// A file of a finished task, open: it can be read to its end even if the task is forgotten meanwhile.
#[derive(Debug)]
pub struct ResultFile {
    /// The file, at its beginning.
    pub file: File,
    /// Its name, without a folder.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// How many bytes it has.
    pub length: u64,
}

/// The folder.
#[derive(Clone)]
pub(crate) struct Results(PathBuf);

impl Results {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Where the attempt should write the file; its folder is there.
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

    /// Whether the attempt has written what it announced; brings it to disk.
    pub(crate) fn sync(&self, id: TaskId, attempt: u32, download: &Download) -> io::Result<()> {
        let folder = self.part(id, attempt);
        File::open(folder.join(&download.name))?.sync_all()?;
        File::open(folder)?.sync_all()
    }

    /// Puts what the attempt has written in its place.
    pub(crate) fn publish(&self, id: TaskId, attempt: u32) -> io::Result<()> {
        fs::rename(self.part(id, attempt), self.folder(id))?;
        File::open(&self.0)?.sync_all()
    }

    /// [`publish`](Self::publish), unless that was done already.
    pub(crate) fn publish_if_need_be(&self, id: TaskId, attempt: u32, download: &Download) -> io::Result<()> {
        match self.folder(id).join(&download.name).try_exists()? {
            true => Ok(()),
            false => self.publish(id, attempt),
        }
    }

    /// The tasks whose files are here, published or not, as an earlier engine left them.
    pub(crate) fn left(&self) -> io::Result<Vec<Left>> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let left = entries.map(|entry| entry.map(|entry| Left::new(entry.path())));
        Ok(left.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect())
    }

    /// Removes what the attempt has written and not published.
    pub(crate) fn discard(&self, id: TaskId, attempt: u32) {
        remove(&self.part(id, attempt), id);
    }

    /// Removes what the task offers.
    pub(crate) fn remove(&self, id: TaskId) {
        remove(&self.folder(id), id);
    }

    pub(crate) fn open(&self, id: TaskId, download: &Download) -> io::Result<ResultFile> {
        let file = File::open(self.folder(id).join(&download.name))?;
        let length = file.metadata()?.len();
        Ok(ResultFile { file, name: download.name.clone(), media_type: download.media_type.clone(), length })
    }

    fn folder(&self, id: TaskId) -> PathBuf {
        self.0.join(id.to_string())
    }

    fn part(&self, id: TaskId, attempt: u32) -> PathBuf {
        self.0.join(format!("{id}-{attempt}.part"))
    }
}

/// A folder that an earlier engine made.
pub(crate) struct Left {
    path: PathBuf,
    pub(crate) id: TaskId,
    pub(crate) is_published: bool,
}

impl Left {
    /// `None` if it is nothing of ours.
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

pub(crate) fn remove_all(files: &[PathBuf], id: TaskId) {
    files.iter().for_each(|file| remove(file, id));
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
