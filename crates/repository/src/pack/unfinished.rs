//! Files that are no pack yet, or not to be found yet; they go with whoever wrote them, or at the next start.

use std::{
    fs, io, mem,
    path::{Path, PathBuf},
    thread,
};

use uuid::Uuid;

/// What the names of unfinished packs and indexes begin with. `git gc` removes such files too, when they are old.
const UNFINISHED: [&str; 2] = ["tmp_pack_", "tmp_idx_"];

/// What stands in our `.keep` files, so that nobody else's are taken for ours.
pub(super) const KEPT_BY_US: &[u8] = b"longhaul is publishing this pack\n";

/// To free a file that is longer takes the disk longer than a cancel may.
const LARGE: u64 = 1 << 20;

/// A pack or index that is not whole yet, under a name that no reader looks for; removed when dropped.
#[derive(Debug)]
pub(super) struct Unfinished(pub(super) PathBuf);

impl Unfinished {
    /// A new place in `folder` for a pack.
    pub(super) fn pack(folder: &Path) -> Self {
        Self(folder.join(format!("{}{}", UNFINISHED[0], Uuid::new_v4().simple())))
    }

    /// A new place in `folder` for an index.
    pub(super) fn index(folder: &Path) -> Self {
        Self(folder.join(format!("{}{}", UNFINISHED[1], Uuid::new_v4().simple())))
    }

    pub(super) fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.0, to)?;
        self.0.clear();
        Ok(())
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let path = mem::take(&mut self.0);
        if path.as_os_str().is_empty() {
            return;
        }
        // What is not removed goes when the server starts again; there is nobody to tell of it.
        let is_large = fs::metadata(&path).is_ok_and(|file| file.len() > LARGE);
        let remove = {
            let path = path.clone();
            move || drop(fs::remove_file(path))
        };
        if !is_large || thread::Builder::new().name("pack-remove".into()).spawn(remove).is_err() {
            let _ = fs::remove_file(path);
        }
    }
}

/// Removes the unfinished packs, and the marks on finished ones, that a killed server left in `folder`. Those of other
/// programs may be in use; the names of their packs are shorter.
pub(crate) fn remove_leftovers(folder: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let rest = UNFINISHED.iter().find_map(|start| name.to_str()?.strip_prefix(start));
        let is_unfinished = rest.is_some_and(|rest| rest.len() == 32 && Uuid::try_parse(rest).is_ok());
        if is_unfinished || is_our_mark(&entry.path()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn is_our_mark(path: &Path) -> bool {
    let is_small = || fs::metadata(path).is_ok_and(|file| file.len() == KEPT_BY_US.len() as u64);
    path.extension().is_some_and(|ending| ending == "keep")
        && is_small()
        && fs::read(path).is_ok_and(|bytes| bytes == KEPT_BY_US)
}

/// What stands under its last name before it should be found; removed when dropped.
#[derive(Debug)]
pub(super) struct Unpublished(pub(super) PathBuf);

impl Unpublished {
    /// Leaves the file where it is.
    pub(super) fn stays(mut self) {
        self.0.clear();
    }
}

impl Drop for Unpublished {
    fn drop(&mut self) {
        // There is nobody to tell of an error.
        let _ = std::fs::remove_file(&self.0);
    }
}
