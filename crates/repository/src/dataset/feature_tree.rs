//! Walks through the trees below the `feature` tree of a dataset.

use std::vec;

use super::tree::{EntryMode, TreeEntry, decode};

/// The deepest nesting of trees. A dataset has four levels.
const DEEPEST: usize = 16;

/// The trees and blobs of a dataset's features in Git's order, each tree before what is in it.
///
/// Trees are read while the iterator advances. It ends after the first error.
pub(crate) struct FeatureTreeWalk {
    git: gix::Repository,
    /// The trees that are being read, the innermost last.
    open: Vec<vec::IntoIter<TreeEntry>>,
}

impl FeatureTreeWalk {
    /// What is in `root` and below, the root first.
    pub(crate) fn new(git: gix::Repository, root: Option<TreeEntry>) -> Self {
        let root: Vec<TreeEntry> = root.into_iter().collect();
        Self { git, open: vec![root.into_iter()] }
    }

    fn enter(&mut self, entry: &TreeEntry) -> gix::Result<()> {
        if entry.mode != EntryMode::Tree {
            return Ok(());
        }
        if self.open.len() > DEEPEST {
            return Err(gix::error::message("features lie too deep").into());
        }
        let tree = self.git.find_tree(gix::ObjectId::from(entry.id))?;
        self.open.push(decode(&tree.data)?.into_iter());
        Ok(())
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
