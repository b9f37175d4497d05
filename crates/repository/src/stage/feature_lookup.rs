//! Finds features in the trees of a layer.

use super::StageError;
use crate::{
    dataset::{
        stored::read_tree,
        tree::{EntryMode, TreeEntry},
    },
    object::Id,
};

/// Finds features of one version by their places. The last tree that was read is kept, because neighbours are looked for one after
/// the other.
pub(super) struct FeatureLookup<'a> {
    git: &'a gix::Repository,
    root: Option<Id>,
    /// The trees down to the last one, each with its name.
    open: Vec<(Vec<u8>, Vec<TreeEntry>)>,
}

impl<'a> FeatureLookup<'a> {
    pub(super) fn new(git: &'a gix::Repository, root: Option<Id>) -> Self {
        Self { git, root, open: Vec::new() }
    }

    /// The blob of the feature `name` in the trees `folder` below the root.
    pub(super) fn find(&mut self, folder: &[Vec<u8>], name: &[u8]) -> Result<Option<Id>, StageError> {
        let Some(root) = self.root else { return Ok(None) };
        if self.open.is_empty() {
            self.open.push((Vec::new(), read_tree(self.git, root)?));
        }
        let same = self.open[1..].iter().zip(folder).take_while(|((open, _), name)| open == *name).count();
        self.open.truncate(1 + same);
        for name in &folder[same..] {
            let Some(tree) = find_name(&self.open[self.open.len() - 1].1, name, EntryMode::Tree) else {
                return Ok(None);
            };
            self.open.push((name.clone(), read_tree(self.git, tree)?));
        }
        Ok(find_name(&self.open[self.open.len() - 1].1, name, EntryMode::Blob))
    }
}

fn find_name(entries: &[TreeEntry], name: &[u8], mode: EntryMode) -> Option<Id> {
    entries.iter().find(|entry| entry.name == name && entry.mode == mode).map(|entry| entry.id)
}
