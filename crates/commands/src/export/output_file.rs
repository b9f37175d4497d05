//! A file that is there only once it is whole.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use super::{ExportError, ExportProgress};

/// A file that is written beside its place. Dropping it removes it.
pub(super) struct OutputFile {
    place: PathBuf,
    part: PathBuf,
}

impl OutputFile {
    /// The file is to be created at [`Self::path`] by the caller.
    pub(super) fn beside(place: &Path) -> io::Result<Self> {
        let name = place.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let part = place.with_file_name(format!(".{name}.{}.part", uuid::Uuid::new_v4()));
        Ok(Self { place: place.to_owned(), part })
    }

    /// Where it is written.
    pub(super) fn path(&self) -> &Path {
        &self.part
    }

    /// Syncs the file and puts it in its place.
    pub(super) fn publish(self, progress: &dyn ExportProgress) -> Result<(), ExportError> {
        File::open(&self.part)?.sync_all()?;
        if progress.is_stopped() {
            return Err(ExportError::Stopped);
        }
        fs::rename(&self.part, &self.place)?;
        let folder = self.place.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        Ok(())
    }
}

impl Drop for OutputFile {
    fn drop(&mut self) {
        // It is not there any more after it was renamed.
        let _ = fs::remove_file(&self.part);
    }
}
