#![doc = include_str!("../README.md")]

mod entries;
mod part;
mod section;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use entries::Entries;
pub use part::Part;
pub use section::{CachedFile, Section};

/// A folder of files that can be made again. Cheap to clone.
#[derive(Clone, Debug)]
pub struct DiskCache(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    folder: PathBuf,
    /// The most bytes of all files.
    limit: u64,
    entries: Mutex<Entries>,
}

impl DiskCache {
    /// The cache in `folder`, which is created if necessary. It holds at most `limit` bytes, but always the file that was kept
    /// last.
    ///
    /// # Errors
    /// If the folder cannot be created.
    pub fn open(folder: &Path, limit: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let inner = Inner { folder: folder.to_owned(), limit, entries: Mutex::default() };
        Ok(Self(Arc::new(inner)))
    }

    /// A subfolder, whose files count with those of the others. What an earlier process left of incomplete files is removed, so
    /// that a section is to be opened once.
    ///
    /// # Errors
    /// If the folder cannot be created or listed.
    pub fn section(&self, name: &'static str) -> io::Result<Section> {
        let section = Section::open(self.clone(), name)?;
        self.evict(None);
        Ok(section)
    }

    /// The bytes of all files.
    pub fn size(&self) -> u64 {
        self.0.entries.lock().size()
    }

    /// The most bytes of all files.
    pub fn limit(&self) -> u64 {
        self.0.limit
    }

    fn folder(&self) -> &Path {
        &self.0.folder
    }

    fn entries(&self) -> &Mutex<Entries> {
        &self.0.entries
    }

    /// Removes the files that were not used for longest, until the others are not too much. One is spared.
    fn evict(&self, spared: Option<&entries::Name>) {
        let evicted = self.0.entries.lock().evict(self.0.limit, spared);
        self.remove_files(evicted);
    }

    fn remove_files(&self, paths: impl IntoIterator<Item = PathBuf>) {
        for path in paths {
            // A file that stays is counted again when the cache is opened.
            let _ = fs::remove_file(self.folder().join(path));
        }
    }
}
