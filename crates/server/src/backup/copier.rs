//! Copies single files.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata},
    io,
    path::{Path, PathBuf},
};

/// Copies files, and counts them.
#[derive(Default)]
pub(super) struct Copier {
    pub(super) counts: Counts,
    /// What was not copied, and why.
    pub(super) left_out: Vec<String>,
}

/// What a backup had to do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Files that were copied.
    pub(crate) copied: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Files that got a second name instead.
    pub(crate) linked: u64,
    /// Files whose copy was there already.
    pub(crate) unchanged: u64,
}

/// Whether a file was still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    There,
    Vanished,
}

/// When a file of an earlier backup is taken as the copy of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Same {
    /// The name says what is in the file; the size shows that the copy is complete.
    Named,
    /// It has the same size and the same time.
    Timed,
}

/// How a file gets into the backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Copy,
    /// By a second name for it, where it is on the same file system; only for files that nobody writes to again.
    Link,
}

impl Copier {
    /// Copies a file whose content does not change, unless its copy is there. The copy appears in one step.
    pub(super) fn copy(&mut self, from: &Path, to: &Path, same: Same, way: Way) -> io::Result<Found> {
        let metadata = match fs::symlink_metadata(from) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Vanished),
            metadata => metadata?,
        };
        if !metadata.is_file() {
            self.left_out.push(format!("{}, because it is not a plain file", from.display()));
            return Ok(Found::There);
        }
        if fs::metadata(to).is_ok_and(|copy| is_same(&copy, &metadata, same)) {
            self.counts.unchanged += 1;
            return Ok(Found::There);
        }
        let part = part_of(to);
        remove_if_there(&part)?;
        if way == Way::Link && fs::hard_link(from, &part).is_ok() {
            self.counts.linked += 1;
        } else {
            let copied = fs::copy(from, &part);
            match copied {
                Err(error) if error.kind() == io::ErrorKind::NotFound && !from.exists() => {
                    return Ok(Found::Vanished);
                }
                copied => self.counts.bytes += copied?,
            }
            File::open(&part)?.set_modified(metadata.modified()?)?;
            self.counts.copied += 1;
        }
        fs::rename(&part, to)?;
        Ok(Found::There)
    }

    /// Makes `content` the content of the file `to`, in one step.
    pub(super) fn write(&mut self, content: &[u8], to: &Path) -> io::Result<()> {
        if fs::read(to).is_ok_and(|there| there == content) {
            self.counts.unchanged += 1;
            return Ok(());
        }
        let part = part_of(to);
        fs::write(&part, content)?;
        self.counts.copied += 1;
        self.counts.bytes += content.len() as u64;
        fs::rename(&part, to)
    }
}

fn is_same(copy: &Metadata, original: &Metadata, same: Same) -> bool {
    let has_same_time = || matches!((copy.modified(), original.modified()), (Ok(a), Ok(b)) if a == b);
    copy.len() == original.len() && (same == Same::Named || has_same_time())
}

/// The name that a file has while it is written.
fn part_of(to: &Path) -> PathBuf {
    let mut part = OsString::from(to);
    part.push(".part");
    part.into()
}

fn remove_if_there(file: &Path) -> io::Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Brings all that was written to the file system of `folder` to the disk.
pub(super) fn sync(folder: &Path) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::fs::syncfs(File::open(folder)?)?;
    #[cfg(not(target_os = "linux"))]
    {
        rustix::fs::sync();
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// The names in a folder, of which there are none if it is not there.
pub(super) fn names(folder: &Path) -> io::Result<Vec<OsString>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.file_name())).collect(),
    }
}

/// Removes a file or a folder.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path)?.is_dir() {
        true => fs::remove_dir_all(path),
        false => fs::remove_file(path),
    }
}
