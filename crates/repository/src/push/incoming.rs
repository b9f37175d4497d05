//! The objects of a push that Git has received but not yet accepted.

use std::{
    fs, io,
    io::Write,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use crate::repository::open_isolated;

/// A push whose objects are in Git's quarantine: a folder of objects beside those of the repository (`GIT_QUARANTINE_PATH`,
/// git-receive-pack(1)).
pub struct IncomingPush {
    /// The repository with the objects of the push.
    pub(super) git: gix::Repository,
    /// The repository without them.
    pub(super) known: gix::Repository,
    _alternates: Option<Alternates>,
}

impl IncomingPush {
    /// Opens the push to the bare repository in the folder `repository`. There is no quarantine if the push has no objects.
    ///
    /// Until the value is dropped there is a file in the quarantine that leads to the objects of the repository.
    ///
    /// # Errors
    /// If the repository cannot be opened, or the file cannot be written.
    pub fn open(repository: &Path, quarantine: Option<&Path>) -> gix::Result<Self> {
        let mut known = open_isolated(repository)?.to_thread_local();
        // The objects of the repository count as of now; each look for a new one would list its packs again.
        known.objects.refresh_never();
        let mut git = known.clone();
        let Some(quarantine) = quarantine else { return Ok(Self { git, known, _alternates: None }) };
        let objects = fs::canonicalize(known.objects.store_ref().path()).map_err(gix::Error::from_error)?;
        let alternates = Alternates::write(quarantine, &objects).map_err(gix::Error::from_error)?;
        let received = gix::odb::at(quarantine, known.object_hash()).map_err(gix::Error::from_error)?;
        git.objects = received.into();
        Ok(Self { git, known, _alternates: Some(alternates) })
    }
}

/// The file `info/alternates` of a folder of objects, gitrepository-layout(5). Removed when it is dropped, or else Git would
/// move it into the repository.
struct Alternates {
    folder: PathBuf,
}

impl Alternates {
    fn write(quarantine: &Path, objects: &Path) -> io::Result<Self> {
        let folder = quarantine.join("info");
        fs::create_dir(&folder)?;
        let alternates = Self { folder };
        let mut file = fs::File::create_new(alternates.file())?;
        file.write_all(&quoted(objects.as_os_str().as_bytes()))?;
        Ok(alternates)
    }

    fn file(&self) -> PathBuf {
        self.folder.join("alternates")
    }
}

impl Drop for Alternates {
    fn drop(&mut self) {
        let _ = fs::remove_file(self.file());
        let _ = fs::remove_dir(&self.folder);
    }
}

/// A line with the path in quotation marks, as in C.
fn quoted(path: &[u8]) -> Vec<u8> {
    let mut line = vec![b'"'];
    for &byte in path {
        match byte {
            b'\n' => line.extend(b"\\n"),
            b'"' | b'\\' => line.extend([b'\\', byte]),
            _ => line.push(byte),
        }
    }
    line.extend(b"\"\n");
    line
}
