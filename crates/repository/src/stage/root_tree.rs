//! The root tree of the commit: that of the branch, with changed layers.

use std::collections::BTreeMap;

use super::StageError;
use crate::{
    DatasetPath,
    dataset::{
        datasets::Datasets,
        layout_version::{VERSION, VERSION_FILE, layout_version},
        stored::{StoredDataset, find, read_tree},
        tree::{EntryMode, TreeEntry, encode},
    },
    object::{Id, ObjectKind, bytes},
    pack::ObjectSink,
};

/// The tree that the commit will have.
pub(super) struct RootTree {
    base: Option<Id>,
    /// The paths of its datasets.
    datasets: Vec<DatasetPath>,
    changes: FolderChanges,
}

/// The changes in one folder.
#[derive(Default)]
struct FolderChanges {
    tree: Option<Id>,
    below: BTreeMap<String, FolderChanges>,
}

impl RootTree {
    /// The tree of the commit `tip`, or an empty one.
    pub(super) fn open(git: &gix::Repository, tip: Option<Id>) -> Result<Self, StageError> {
        let base = match tip {
            Some(tip) => {
                let commit = git.find_commit(gix::ObjectId::from(tip))?;
                Some(bytes(commit.tree_id()?.detach()))
            }
            None => None,
        };
        let mut datasets = Vec::new();
        if let Some(tree) = base {
            check_version(git, tree)?;
            for found in Datasets::below(git.clone(), tree.into(), String::new())? {
                datasets.push(DatasetPath::of_tree(found?.path));
            }
        }
        Ok(Self { base, datasets, changes: FolderChanges::default() })
    }

    /// The tree that the branch has.
    pub(super) fn base(&self) -> Option<Id> {
        self.base
    }

    /// Whether there may be a dataset at `path`, beside those of the branch and those that were reserved.
    pub(super) fn check_place(&self, path: &DatasetPath) -> Result<(), StageError> {
        let folded = path.folded();
        for other in &self.datasets {
            let other_folded = other.folded();
            let reason = if folded == other_folded && path != other {
                format!("'{other}' differs from it only by upper and lower case")
            } else if is_within(&folded, &other_folded) {
                format!("it would be inside the layer '{other}'")
            } else if is_within(&other_folded, &folded) {
                format!("the layer '{other}' would be inside it")
            } else {
                continue;
            };
            return Err(StageError::Occupied { path: path.clone(), reason });
        }
        Ok(())
    }

    /// The dataset that the branch has at `path`.
    pub(super) fn dataset(
        &self,
        git: &gix::Repository,
        path: &DatasetPath,
    ) -> Result<Option<StoredDataset>, StageError> {
        let Some(tree) = self.folder(git, path)? else { return Ok(None) };
        match StoredDataset::open(git, tree)? {
            Some(dataset) => Ok(Some(dataset)),
            None => {
                let reason = "there is a folder that is not a layer".to_owned();
                Err(StageError::Occupied { path: path.clone(), reason })
            }
        }
    }

    /// The tree of the folder that the branch has at `path`.
    pub(super) fn folder(&self, git: &gix::Repository, path: &DatasetPath) -> Result<Option<Id>, StageError> {
        let Some(mut tree) = self.base else { return Ok(None) };
        for component in path.components() {
            let entries = read_tree(git, tree)?;
            match entries.iter().find(|entry| entry.name == component.as_bytes()) {
                Some(TreeEntry { mode: EntryMode::Tree, id, .. }) => tree = *id,
                Some(_) => {
                    let reason = format!("'{component}' is a file");
                    return Err(StageError::Occupied { path: path.clone(), reason });
                }
                None => return Ok(None),
            }
        }
        Ok(Some(tree))
    }

    /// Reserves the path for a dataset that will be put there.
    pub(super) fn reserve(&mut self, path: &DatasetPath) {
        if !self.datasets.contains(path) {
            self.datasets.push(path.clone());
        }
    }

    /// Puts the tree of a dataset at its path.
    pub(super) fn put(&mut self, path: &DatasetPath, tree: Id) {
        let mut folder = &mut self.changes;
        for component in path.components() {
            folder = folder.below.entry(component.to_owned()).or_default();
        }
        folder.tree = Some(tree);
    }

    /// Writes the blobs in the root tree itself.
    pub(super) fn write_blobs(&mut self, sink: &mut ObjectSink) -> Result<(), StageError> {
        if self.base.is_none() {
            write_version(sink)?;
        }
        Ok(())
    }

    /// Writes the tree of the repository with all that was put into it.
    pub(super) fn write(&self, git: &gix::Repository, sink: &mut ObjectSink) -> Result<Id, StageError> {
        let mut entries = self.changes.applied(git, self.base, sink)?;
        if !entries.iter().any(|entry| entry.name == VERSION_FILE.as_bytes()) {
            entries.push(TreeEntry::blob(VERSION_FILE, write_version(sink)?));
        }
        Ok(sink.add(ObjectKind::Tree, &encode(entries))?)
    }
}

impl FolderChanges {
    /// The entries of the folder that was `base`, with the changes.
    fn applied(
        &self,
        git: &gix::Repository,
        base: Option<Id>,
        sink: &mut ObjectSink,
    ) -> Result<Vec<TreeEntry>, StageError> {
        let mut entries = base.map_or_else(|| Ok(Vec::new()), |base| read_tree(git, base))?;
        for (name, changes) in &self.below {
            let old = find(&entries, name, EntryMode::Tree);
            let id = match changes.tree {
                Some(tree) => tree,
                None => {
                    let folder = encode(changes.applied(git, old, sink)?);
                    sink.add(ObjectKind::Tree, &folder)?
                }
            };
            entries.retain(|entry| entry.name != name.as_bytes());
            entries.push(TreeEntry::tree(name.as_bytes(), id));
        }
        Ok(entries)
    }
}

fn is_within(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'))
}

fn write_version(sink: &mut ObjectSink) -> Result<Id, StageError> {
    Ok(sink.add(ObjectKind::Blob, format!("{VERSION}\n").as_bytes())?)
}

fn check_version(git: &gix::Repository, root: Id) -> Result<(), StageError> {
    match layout_version(git, root)? {
        Some(version) if version != VERSION => Err(StageError::Version(version)),
        _ => Ok(()),
    }
}
