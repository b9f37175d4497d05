//! Temporary files for packs and indexes. Those that a killed process left are removed when the server starts.

use std::{
    fs, io, mem,
    path::{Path, PathBuf},
    thread,
};

use uuid::Uuid;

/// What the temporary names of packs begin with. `git gc` removes files with such names, too, when they are old.
pub(super) const PACK: &str = "tmp_pack_";
/// What the temporary names of indexes begin with.
pub(super) const INDEX: &str = "tmp_idx_";

/// What our `.keep` files contain, so that those of others are not taken for ours.
pub(super) const KEEP_FILE_CONTENT: &[u8] = b"longhaul is publishing this pack\n";

/// Removing a longer file can take longer than a cancel may take.
const LARGE: u64 = 1 << 20;

/// A pack or index under a name that readers ignore; removed when it is dropped.
#[derive(Debug)]
pub(super) struct TemporaryFile(pub(super) PathBuf);

impl TemporaryFile {
    /// A new name in `folder` for a pack.
    pub(super) fn pack(folder: &Path) -> Self {
        Self(folder.join(format!("{PACK}{}", Uuid::new_v4().simple())))
    }

    /// A new name in `folder` for an index.
    pub(super) fn index(folder: &Path) -> Self {
        Self(folder.join(format!("{INDEX}{}", Uuid::new_v4().simple())))
    }

    /// Renames the file for good.
    pub(super) fn rename(mut self, to: &Path) -> io::Result<()> {
        fs::rename(&self.0, to)?;
        self.0.clear();
        Ok(())
    }

    /// Gives the file another temporary name.
    pub(super) fn move_to(&mut self, path: PathBuf) -> io::Result<()> {
        fs::rename(&self.0, &path)?;
        self.0 = path;
        Ok(())
    }

    /// Leaves the file where it is.
    pub(super) fn persist(mut self) {
        self.0.clear();
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let path = mem::take(&mut self.0);
        if path.as_os_str().is_empty() {
            return;
        }
        // Where this fails, the file is removed when the server starts again.
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

/// Whether the file is a `.keep` file that this crate wrote.
pub(super) fn is_our_keep_file(path: &Path) -> bool {
    let is_small = || fs::metadata(path).is_ok_and(|file| file.len() == KEEP_FILE_CONTENT.len() as u64);
    path.extension().is_some_and(|ending| ending == "keep")
        && is_small()
        && fs::read(path).is_ok_and(|bytes| bytes == KEEP_FILE_CONTENT)
}
