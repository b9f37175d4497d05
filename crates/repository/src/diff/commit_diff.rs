//! The layers and files in which two commits differ.

use gix::ObjectId;

use super::{
    DiffError,
    tree_pair::{TreePair, entries},
};
use crate::{
    DatasetPath, Interrupter, Repository,
    dataset::{
        FOLDER,
        tree::{EntryMode, TreeEntry},
    },
    object::{Id, bytes},
};

/// The most folders, layers and files that a comparison looks at. A hostile repository can be built in which a few objects
/// expand to billions.
const MOST: usize = 100_000;
/// The deepest nesting of folders.
const DEEPEST: usize = 32;

/// The layers and files in which two commits differ, each sorted by path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitDiff {
    /// The layers whose columns, metadata or features differ.
    pub layers: Vec<ChangedLayer>,
    /// The files beside and above the layers that differ, such as metadata documents and licences.
    pub files: Vec<FileChange>,
}

/// A layer that differs between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLayer {
    /// Its path.
    pub path: DatasetPath,
    /// Its tree in the old commit, without the files beside it; `None` if it was added.
    pub old: Option<ObjectId>,
    /// The same of the new commit; `None` if it was deleted.
    pub new: Option<ObjectId>,
}

/// A file outside of the layers that differs between two commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path. Bytes that are not UTF-8 become U+FFFD.
    pub path: String,
    /// The old blob; `None` if it was added.
    pub old: Option<ObjectId>,
    /// The new blob; `None` if it was deleted.
    pub new: Option<ObjectId>,
}

impl Repository {
    /// Compares two commits; `None` is a commit without layers.
    ///
    /// # Errors
    /// If a commit cannot be read, there are too many differences, or it is interrupted.
    pub fn diff(
        &self,
        old: Option<ObjectId>,
        new: Option<ObjectId>,
        interrupter: &Interrupter,
    ) -> Result<CommitDiff, DiffError> {
        let git = self.git();
        let root = |commit: Option<ObjectId>| -> gix::Result<Option<Id>> {
            let Some(commit) = commit else { return Ok(None) };
            Ok(Some(bytes(git.find_commit(commit)?.tree_id()?.detach())))
        };
        let root =
            FolderPair { path: String::new(), old: root(old)?, new: root(new)?, ..FolderPair::default() };
        let mut comparison = Comparison { git: &git, interrupter, seen: 0, found: CommitDiff::default() };
        comparison.compare(root, 0)?;
        let mut found = comparison.found;
        found.layers.sort_by(|a, b| a.path.cmp(&b.path));
        found.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }
}

struct Comparison<'a> {
    git: &'a gix::Repository,
    interrupter: &'a Interrupter,
    /// How many folders, layers and files were looked at.
    seen: usize,
    found: CommitDiff,
}

/// A folder of both commits.
#[derive(Default)]
struct FolderPair {
    path: String,
    old: Option<Id>,
    new: Option<Id>,
    /// Whether it is inside a layer, so that nothing in it is one.
    old_is_inside: bool,
    new_is_inside: bool,
}

impl Comparison<'_> {
    fn compare(&mut self, folder: FolderPair, depth: usize) -> Result<(), DiffError> {
        if folder.old == folder.new {
            return Ok(());
        }
        self.interrupter.check()?;
        self.count()?;
        if depth > DEEPEST {
            let error = gix::error::message("too many folders on the way to the layers");
            return Err(gix::Error::from(error).into());
        }
        let (old, new) = (entries(self.git, folder.old)?, entries(self.git, folder.new)?);
        let (old_is_layer, new_is_layer) = (is_layer(&old), is_layer(&new));
        for pair in TreePair::new(old, new) {
            if pair.is_tree && pair.name == FOLDER.as_bytes() {
                let old = pair.old.filter(|_| !folder.old_is_inside);
                let new = pair.new.filter(|_| !folder.new_is_inside);
                self.add_layer(&folder.path, old, new)?;
            } else if !pair.name.starts_with(b".") {
                let path = join(&folder.path, &pair.name);
                if pair.is_tree {
                    let inner = FolderPair {
                        path,
                        old: pair.old,
                        new: pair.new,
                        old_is_inside: folder.old_is_inside || old_is_layer,
                        new_is_inside: folder.new_is_inside || new_is_layer,
                    };
                    self.compare(inner, depth + 1)?;
                } else {
                    self.count()?;
                    let (old, new) = (pair.old.map(Into::into), pair.new.map(Into::into));
                    self.found.files.push(FileChange { path, old, new });
                }
            }
        }
        Ok(())
    }

    fn add_layer(&mut self, path: &str, old: Option<Id>, new: Option<Id>) -> Result<(), DiffError> {
        if old == new {
            return Ok(());
        }
        self.count()?;
        let path = DatasetPath::of_tree(path.to_owned());
        self.found.layers.push(ChangedLayer { path, old: old.map(Into::into), new: new.map(Into::into) });
        Ok(())
    }

    fn count(&mut self) -> Result<(), DiffError> {
        self.seen += 1;
        if self.seen > MOST { Err(DiffError::TooMany(MOST)) } else { Ok(()) }
    }
}

fn is_layer(entries: &[TreeEntry]) -> bool {
    entries.iter().any(|entry| entry.name == FOLDER.as_bytes() && entry.mode == EntryMode::Tree)
}

fn join(folder: &str, name: &[u8]) -> String {
    let name = String::from_utf8_lossy(name);
    if folder.is_empty() { name.into_owned() } else { format!("{folder}/{name}") }
}
