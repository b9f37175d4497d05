use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    time::SystemTime,
};

use crate::{
    DiskCache, Part,
    entries::{Name, file_name, split_file_name},
};

/// A subfolder of a [`DiskCache`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Section {
    cache: DiskCache,
    name: &'static str,
}

/// A file of the cache, open.
#[derive(Debug)]
pub struct CachedFile {
    /// The file, at its beginning.
    pub file: File,
    /// How many bytes it has.
    pub length: u64,
    /// What it was kept with.
    pub tag: String,
}

impl Section {
    pub(crate) fn open(cache: DiskCache, name: &'static str) -> io::Result<Self> {
        let section = Self { cache, name };
        fs::create_dir_all(section.folder())?;
        let mut found = Vec::new();
        for entry in fs::read_dir(section.folder())? {
            let entry = entry?;
            let file = entry.file_name();
            let Some(file) = file.to_str() else { continue };
            let metadata = entry.metadata()?;
            if Part::is_name_of_part(file) && metadata.is_file() {
                fs::remove_file(entry.path())?;
            } else if metadata.is_file() {
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((modified, file.to_owned(), metadata.len()));
            }
        }
        found.sort();
        let mut replaced = Vec::new();
        let mut entries = section.cache.entries().lock();
        for (_, file, size) in found {
            let (name, tag) = split_file_name(&file);
            replaced.extend(entries.insert(section.entry(name), tag.to_owned(), size));
        }
        drop(entries);
        section.cache.remove_files(replaced);
        Ok(section)
    }

    /// The place of a file that is to be made, in the same file system as the cache.
    pub fn part(&self) -> Part {
        // The folder may have been removed.
        let _ = fs::create_dir_all(self.folder());
        Part::inside(&self.folder())
    }

    /// The file of this name, if it is there.
    pub fn get(&self, name: &str) -> Option<CachedFile> {
        let entry = self.entry(name);
        let tag = self.cache.entries().lock().use_now(&entry)?;
        let opened = File::open(self.folder().join(file_name(name, &tag)));
        let opened = opened.and_then(|file| Ok((file.metadata()?.len(), file)));
        match opened {
            Ok((length, file)) => Some(CachedFile { file, length, tag }),
            // Whatever happened to it: it is made again.
            Err(_) => {
                self.cache.entries().lock().remove(&entry);
                None
            }
        }
    }

    /// Puts a complete file in its place, after it is on the disk, and removes others if they are too much with it. Neither name
    /// nor tag has a dot or a slash.
    ///
    /// # Errors
    /// If the file cannot be synced or renamed.
    pub fn keep(&self, name: &str, tag: &str, part: Part) -> io::Result<CachedFile> {
        debug_assert!(![name, tag].iter().any(|text| text.contains(['.', '/'])));
        let file = File::open(part.path())?;
        file.sync_all()?;
        let length = file.metadata()?.len();
        fs::rename(part.path(), self.folder().join(file_name(name, tag)))?;
        let entry = self.entry(name);
        let replaced = self.cache.entries().lock().insert(entry.clone(), tag.to_owned(), length);
        self.cache.remove_files(replaced);
        self.cache.evict(Some(&entry));
        Ok(CachedFile { file, length, tag: tag.to_owned() })
    }

    /// Forgets a file that turned out to be damaged.
    pub fn remove(&self, name: &str) {
        let removed = self.cache.entries().lock().remove(&self.entry(name));
        self.cache.remove_files(removed);
    }

    fn folder(&self) -> PathBuf {
        self.cache.folder().join(self.name)
    }

    fn entry(&self, name: &str) -> Name {
        (self.name, name.to_owned())
    }
}
