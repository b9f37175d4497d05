//! Finding the datasets of a commit.

use std::vec;

use gix::{
    ObjectId,
    bstr::{BStr, BString, ByteSlice},
};

use super::{DatasetPath, FOLDER, stored::DatasetError};
use crate::Repository;

/// The most trees that are searched. No repository of layers has as many, but a hostile one can be built in
/// which a few objects expand to billions.
const MOST_FOLDERS: usize = 100_000;
/// The deepest nesting of folders.
pub(crate) const DEEPEST: usize = 32;

impl Repository {
    /// Where the layers of `commit` are, in Git's order.
    ///
    /// # Errors
    /// If the commit cannot be read.
    pub fn datasets(&self, commit: ObjectId) -> Result<Vec<DatasetPath>, DatasetError> {
        let git = self.git();
        let root = git.find_commit(commit)?.tree_id()?.detach();
        let found = Datasets::below(git, root, String::new())?;
        found.map(|found| Ok(DatasetPath::of_tree(found?.path))).collect()
    }
}

/// The datasets below a folder, in Git's order. Datasets inside a dataset and hidden folders are ignored.
///
/// Trees are read while the iterator advances. It ends after the first error.
pub(crate) struct Datasets {
    git: gix::Repository,
    /// The folders that are being looked into, the innermost last.
    open: Vec<Folder>,
    /// How many there were so far.
    folders: usize,
}

/// A dataset that was found.
pub(crate) struct FoundDataset {
    pub(crate) path: String,
    pub(crate) tree: ObjectId,
}

struct Folder {
    path: String,
    trees: vec::IntoIter<(BString, ObjectId)>,
}

impl Datasets {
    /// Nothing.
    pub(crate) fn none(git: gix::Repository) -> Self {
        Self { git, open: Vec::new(), folders: 0 }
    }

    /// The datasets below the tree `folder` at `path`, which is not a dataset itself.
    pub(crate) fn below(git: gix::Repository, folder: ObjectId, path: String) -> gix::Result<Self> {
        let mut datasets = Self::none(git);
        let (_, trees) = datasets.trees_in(folder)?;
        datasets.enter(path, trees)?;
        Ok(datasets)
    }

    /// Whether a tree is a dataset, and the trees in it that may lead to some.
    fn trees_in(&self, tree: ObjectId) -> gix::Result<(bool, Vec<(BString, ObjectId)>)> {
        let mut is_dataset = false;
        let mut trees = Vec::new();
        for entry in self.git.find_tree(tree)?.iter() {
            let entry = entry?;
            if !entry.mode().is_tree() {
                continue;
            }
            is_dataset |= entry.filename() == FOLDER;
            if !entry.filename().starts_with(b".") {
                trees.push((entry.filename().to_owned(), entry.object_id()));
            }
        }
        Ok((is_dataset, trees))
    }

    fn enter(&mut self, path: String, trees: Vec<(BString, ObjectId)>) -> gix::Result<()> {
        self.folders += 1;
        if self.folders > MOST_FOLDERS || self.open.len() > DEEPEST {
            return Err(gix::error::message("too many folders on the way to the layers").into());
        }
        self.open.push(Folder { path, trees: trees.into_iter() });
        Ok(())
    }

    /// Looks at one tree: a dataset, or one more folder.
    fn look_at(&mut self, path: String, tree: ObjectId) -> gix::Result<Option<FoundDataset>> {
        match self.trees_in(tree)? {
            (true, _) => Ok(Some(FoundDataset { path, tree })),
            (false, trees) => self.enter(path, trees).map(|()| None),
        }
    }
}

impl Iterator for Datasets {
    type Item = gix::Result<FoundDataset>;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(folder) = self.open.last_mut() {
            let Some((name, tree)) = folder.trees.next() else {
                self.open.pop();
                continue;
            };
            let path = join(&folder.path, name.as_bstr());
            let found = self.look_at(path, tree);
            if found.is_err() {
                self.open.clear();
            }
            if let Some(found) = found.transpose() {
                return Some(found);
            }
        }
        None
    }
}

fn join(folder: &str, name: &BStr) -> String {
    match folder {
        "" => name.to_str_lossy().into_owned(),
        folder => format!("{folder}/{}", name.to_str_lossy()),
    }
}
