//! Which files there are, and which was used when.

use std::{collections::HashMap, path::PathBuf};

/// A section and the name of a file in it.
pub(crate) type Name = (&'static str, String);

/// What is known of the files. No file is touched here.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    entries: HashMap<Name, Entry>,
    size: u64,
    /// Counts uses.
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    tag: String,
    size: u64,
    /// The number of its latest use.
    used: u64,
}

impl Entries {
    /// Adds a file. The path below the cache of the one that had its name and another tag.
    pub(crate) fn insert(&mut self, name: Name, tag: String, size: u64) -> Option<PathBuf> {
        let replaced = self.remove(&name).filter(|replaced| *replaced != path(&name, &tag));
        self.uses += 1;
        self.size += size;
        self.entries.insert(name, Entry { tag, size, used: self.uses });
        replaced
    }

    /// The tag of a file that is used now.
    pub(crate) fn use_now(&mut self, name: &Name) -> Option<String> {
        self.uses += 1;
        let uses = self.uses;
        let entry = self.entries.get_mut(name)?;
        entry.used = uses;
        Some(entry.tag.clone())
    }

    /// Forgets a file; its path below the cache.
    pub(crate) fn remove(&mut self, name: &Name) -> Option<PathBuf> {
        let entry = self.entries.remove(name)?;
        self.size -= entry.size;
        Some(path(name, &entry.tag))
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Forgets files until the others have at most `limit` bytes; their paths below the cache.
    pub(crate) fn evict(&mut self, limit: u64, spared: Option<&Name>) -> Vec<PathBuf> {
        if self.size <= limit {
            return Vec::new();
        }
        let mut oldest: Vec<_> = self.entries.iter().filter(|(name, _)| Some(*name) != spared).collect();
        oldest.sort_by_key(|(_, entry)| entry.used);
        let mut size = self.size;
        let too_many = oldest.into_iter().take_while(|(_, entry)| {
            let is_too_much = size > limit;
            size -= entry.size;
            is_too_much
        });
        let evicted: Vec<Name> = too_many.map(|(name, _)| name.clone()).collect();
        evicted.iter().filter_map(|name| self.remove(name)).collect()
    }
}

/// Where a file is below the cache.
fn path((section, name): &Name, tag: &str) -> PathBuf {
    PathBuf::from(section).join(file_name(name, tag))
}

/// The name of a file on the disk, from which both can be read.
pub(crate) fn file_name(name: &str, tag: &str) -> String {
    if tag.is_empty() { name.to_owned() } else { format!("{name}.{tag}") }
}

/// Name and tag of a file on the disk.
pub(crate) fn split_file_name(file_name: &str) -> (&str, &str) {
    file_name.split_once('.').unwrap_or((file_name, ""))
}
