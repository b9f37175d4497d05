//! Walks through the trees below the `feature` tree of a dataset.

use std::vec;

use longhaul_geodata::Value;

use super::{
    feature_path::{DIGITS, packed_key, unpack_key},
    tree::{EntryMode, TreeEntry, decode},
};

/// The deepest nesting of trees. A dataset has four levels.
const DEEPEST: usize = 16;

/// The trees and blobs of a dataset's features in Git's order, each tree before what is in it.
///
/// Trees are read while the iterator advances. It ends after the first error.
pub(crate) struct FeatureTreeWalk {
    git: gix::Repository,
    /// The trees that are being read, the innermost last.
    open: Vec<vec::IntoIter<TreeEntry>>,
    by_key: bool,
}

impl FeatureTreeWalk {
    /// What is in `root` and below, the root first.
    pub(crate) fn new(git: gix::Repository, root: Option<TreeEntry>) -> Self {
        let root: Vec<TreeEntry> = root.into_iter().collect();
        Self { git, open: vec![root.into_iter()], by_key: false }
    }

    /// The same, in the order of the keys where these are whole numbers from 0 to 2^30. Other features come in Git's order.
    pub(crate) fn by_key(git: gix::Repository, root: Option<TreeEntry>) -> Self {
        Self { by_key: true, ..Self::new(git, root) }
    }

    fn enter(&mut self, entry: &TreeEntry) -> gix::Result<()> {
        if entry.mode != EntryMode::Tree {
            return Ok(());
        }
        if self.open.len() > DEEPEST {
            return Err(gix::error::message("features lie too deep").into());
        }
        let tree = self.git.find_tree(gix::ObjectId::from(entry.id))?;
        let mut entries = decode(&tree.data)?;
        if self.by_key {
            entries.sort_by_cached_key(key_order);
        }
        self.open.push(entries.into_iter());
        Ok(())
    }
}

/// The place of an entry among its neighbours: that of a tree by its digit, that of a feature by its key.
fn key_order(entry: &TreeEntry) -> i64 {
    match (entry.mode, &entry.name[..]) {
        (EntryMode::Tree, [digit]) => {
            DIGITS.iter().position(|known| known == digit).map_or(0, |at| at as i64)
        }
        (EntryMode::Blob, name) => match packed_key(name).as_deref().and_then(unpack_key) {
            Some(Value::Integer(key)) => key,
            _ => 0,
        },
        _ => 0,
    }
}

impl Iterator for FeatureTreeWalk {
    type Item = gix::Result<TreeEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(innermost) = self.open.last_mut() {
            let Some(entry) = innermost.next() else {
                self.open.pop();
                continue;
            };
            return Some(match self.enter(&entry) {
                Ok(()) => Ok(entry),
                Err(error) => {
                    self.open.clear();
                    Err(error)
                }
            });
        }
        None
    }
}
