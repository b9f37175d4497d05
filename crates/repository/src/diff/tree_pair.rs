//! The entries of two trees side by side.

use std::{cmp::Ordering, iter::Peekable, vec};

use crate::{
    DatasetError,
    dataset::{
        stored::read_tree,
        tree::{EntryMode, TreeEntry},
    },
    object::Id,
};

/// The entries of a name and a kind in two trees.
pub(super) struct EntryPair {
    pub(super) name: Vec<u8>,
    pub(super) is_tree: bool,
    pub(super) old: Option<Id>,
    pub(super) new: Option<Id>,
}

/// The trees and files in which two trees differ, in Git's order. Links, executables and submodules are ignored.
pub(super) struct TreePair {
    old: Peekable<vec::IntoIter<TreeEntry>>,
    new: Peekable<vec::IntoIter<TreeEntry>>,
}

impl TreePair {
    pub(super) fn new(old: Vec<TreeEntry>, new: Vec<TreeEntry>) -> Self {
        Self { old: old.into_iter().peekable(), new: new.into_iter().peekable() }
    }

    pub(super) fn read(
        git: &gix::Repository,
        old: Option<Id>,
        new: Option<Id>,
    ) -> Result<Self, DatasetError> {
        Ok(Self::new(entries(git, old)?, entries(git, new)?))
    }

    fn next_pair(&mut self) -> Option<(EntryMode, EntryPair)> {
        let order = match (self.old.peek(), self.new.peek()) {
            (Some(old), Some(new)) => old.order(new),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        let old = if order.is_le() { self.old.next() } else { None };
        let new = if order.is_ge() { self.new.next() } else { None };
        let (old_id, new_id) = (old.as_ref().map(|entry| entry.id), new.as_ref().map(|entry| entry.id));
        let entry = old.or(new)?;
        let is_tree = entry.mode == EntryMode::Tree;
        Some((entry.mode, EntryPair { name: entry.name, is_tree, old: old_id, new: new_id }))
    }
}

/// The entries of a tree; none if there is no tree.
pub(super) fn entries(git: &gix::Repository, tree: Option<Id>) -> Result<Vec<TreeEntry>, DatasetError> {
    tree.map_or_else(|| Ok(Vec::new()), |tree| read_tree(git, tree))
}

impl Iterator for TreePair {
    type Item = EntryPair;

    fn next(&mut self) -> Option<EntryPair> {
        loop {
            let (mode, pair) = self.next_pair()?;
            if pair.old != pair.new && !matches!(mode, EntryMode::Other(_)) {
                return Some(pair);
            }
        }
    }
}
