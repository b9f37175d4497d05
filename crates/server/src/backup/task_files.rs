//! Copies the files of tasks: uploads, and results.

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::copier::{Copier, Found, Same, Way, names, remove};
use crate::data_folder::UPLOADS;

const RESULTS: &str = "results";

/// The files of the tasks in a backup.
pub(super) struct TaskFiles {
    data: PathBuf,
    to: PathBuf,
    results: BTreeSet<OsString>,
    uploads: BTreeSet<OsString>,
}

impl TaskFiles {
    pub(super) fn new(data: &Path, to: &Path) -> Self {
        Self { data: data.to_owned(), to: to.to_owned(), results: BTreeSet::new(), uploads: BTreeSet::new() }
    }

    /// Copies the results that are there, a folder for each task. One that vanishes belonged to a task that was removed.
    pub(super) fn copy_results(&mut self, copier: &mut Copier) -> io::Result<()> {
        let folder = self.data.join(RESULTS);
        for task in names(&folder)?.into_iter().filter(|name| is_number(name)) {
            let to = self.to.join(RESULTS).join(&task);
            fs::create_dir_all(&to)?;
            for name in names(&folder.join(&task))? {
                copier.copy(&folder.join(&task).join(&name), &to.join(&name), Same::Timed, Way::Copy)?;
            }
            self.results.insert(task);
        }
        Ok(())
    }

    /// Copies the uploads that tasks need; those that are gone.
    pub(super) fn copy_uploads(
        &mut self,
        held: &HeldUploads,
        needed: &[PathBuf],
        copier: &mut Copier,
    ) -> io::Result<Vec<PathBuf>> {
        self.uploads = needed.iter().filter_map(|file| file.file_name()).map(OsStr::to_owned).collect();
        let mut missing = Vec::new();
        for name in &self.uploads {
            let to = self.to.join(UPLOADS).join(name);
            if copier.copy(&held.folder.join(name), &to, Same::Named, Way::Copy)? == Found::Vanished {
                missing.push(name.into());
            }
        }
        Ok(missing)
    }

    /// Removes the files that the tasks do not have any more.
    pub(super) fn remove_others(&self) -> io::Result<()> {
        for (inner, needed) in [(RESULTS, &self.results), (UPLOADS, &self.uploads)] {
            let folder = self.to.join(inner);
            for name in names(&folder)?.into_iter().filter(|name| !needed.contains(name)) {
                remove(&folder.join(name))?;
            }
        }
        Ok(())
    }
}

/// The folder of a task's result is called by its id; that of an attempt that has not ended is not.
fn is_number(name: &OsStr) -> bool {
    name.to_str().is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Second names for uploads, so that a task that ends does not take its file away. Dropping the value removes them.
pub(super) struct HeldUploads {
    uploads: PathBuf,
    folder: PathBuf,
}

impl HeldUploads {
    /// Holds nothing yet. The second names are in a folder among the uploads, which the start of a server removes.
    pub(super) fn new(uploads: &Path) -> io::Result<Self> {
        let folder = uploads.join(format!(".backup-{}", Uuid::new_v4()));
        fs::create_dir(&folder)?;
        Ok(Self { uploads: uploads.to_owned(), folder })
    }

    /// Holds all uploads that are there.
    pub(super) fn hold(&mut self) -> io::Result<()> {
        let files =
            names(&self.uploads)?.into_iter().filter(|name| !name.as_encoded_bytes().starts_with(b"."));
        for name in files {
            match fs::hard_link(self.uploads.join(&name), self.folder.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // The task has ended meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                linked => linked?,
            }
        }
        Ok(())
    }
}

impl Drop for HeldUploads {
    fn drop(&mut self) {
        // Otherwise the next start of the server does that.
        let _ = fs::remove_dir_all(&self.folder);
    }
}
