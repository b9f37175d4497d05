//! A dataset as a commit holds it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    FOLDER, KartColumn,
    generated_keys::GeneratedKeys,
    legend::Legend,
    tree::{self, EntryMode, TreeEntry},
};
use crate::object::Id;

/// What a dataset consists of, apart from its features.
pub(crate) struct StoredDataset {
    /// The tree [`FOLDER`].
    pub(crate) folder: Id,
    /// Its columns with their ids.
    pub(crate) columns: Vec<KartColumn>,
    /// Its legends by name.
    pub(crate) legends: BTreeMap<String, Legend>,
    /// The tree of its features.
    pub(crate) features: Option<Id>,
    /// The lines of `meta/legend`.
    pub(crate) legend_files: Vec<TreeEntry>,
    /// The lines of `meta`.
    pub(crate) meta: Vec<TreeEntry>,
    /// The entries beside [`FOLDER`].
    pub(crate) attachments: Vec<TreeEntry>,
}

/// A dataset could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// Git could not give an object.
    #[error("could not read the dataset from the repository")]
    Git(#[source] gix::Error),
    /// A part of it is malformed.
    #[error("{0} of the dataset is malformed")]
    Malformed(&'static str),
}

impl From<gix::Error> for DatasetError {
    fn from(error: gix::Error) -> Self {
        Self::Git(error)
    }
}

impl StoredDataset {
    /// Reads the dataset in a tree; `None` if it is not a table dataset.
    pub(crate) fn open(git: &gix::Repository, tree: Id) -> Result<Option<Self>, DatasetError> {
        let (folder, attachments): (Vec<_>, Vec<_>) = read_tree(git, tree)?
            .into_iter()
            .partition(|entry| entry.name == FOLDER.as_bytes() && entry.mode == EntryMode::Tree);
        let Some(folder_id) = folder.first().map(|folder| folder.id) else {
            return Ok(None);
        };
        Self::of_folder(git, folder_id, attachments).map(Some)
    }

    /// Reads the dataset whose [`FOLDER`] is the tree `folder`.
    pub(crate) fn of_folder(
        git: &gix::Repository,
        folder_id: Id,
        attachments: Vec<TreeEntry>,
    ) -> Result<Self, DatasetError> {
        let folder = read_tree(git, folder_id)?;
        let meta = find(&folder, "meta", EntryMode::Tree).ok_or(DatasetError::Malformed("the tree"))?;
        let meta = read_tree(git, meta)?;
        let item = |name| find(&meta, name, EntryMode::Blob).map(|id| read(git, id)).transpose();

        let schema = item("schema.json")?.ok_or(DatasetError::Malformed("schema.json"))?;
        let legend_files = match find(&meta, "legend", EntryMode::Tree) {
            Some(tree) => read_tree(git, tree)?,
            None => Vec::new(),
        };
        Ok(Self {
            folder: folder_id,
            columns: parse(&schema, "schema.json")?,
            legends: read_legends(git, &legend_files)?,
            legend_files,
            features: find(&folder, "feature", EntryMode::Tree),
            meta,
            attachments,
        })
    }

    /// The keys it made for rows without one. They take 27 MB for half a million rows, so they are only read when rows come.
    pub(crate) fn generated_keys(
        &self,
        git: &gix::Repository,
    ) -> Result<Option<GeneratedKeys>, DatasetError> {
        const NAME: &str = "generated-pks.json";
        let Some(id) = find(&self.meta, NAME, EntryMode::Blob) else { return Ok(None) };
        GeneratedKeys::parse(&read(git, id)?).map(Some).ok_or(DatasetError::Malformed(NAME))
    }

    /// The line that names the tree of its features.
    pub(crate) fn feature_tree(&self) -> Option<TreeEntry> {
        self.features.map(|tree| TreeEntry::tree("feature", tree))
    }
}

/// The id of the entry of that name and mode.
pub(crate) fn find(entries: &[TreeEntry], name: &str, mode: EntryMode) -> Option<Id> {
    let mut same = entries.iter().filter(|entry| entry.name == name.as_bytes());
    same.find(|entry| entry.mode == mode).map(|entry| entry.id)
}

/// The bytes of an object.
pub(crate) fn read(git: &gix::Repository, id: Id) -> Result<Vec<u8>, DatasetError> {
    Ok(read_object(git, id)?.detach().data)
}

/// An object in a buffer that is used again when the object is dropped.
pub(crate) fn read_object(git: &gix::Repository, id: Id) -> Result<gix::Object<'_>, DatasetError> {
    Ok(git.find_object(gix::ObjectId::from(id))?)
}

/// The lines of a tree.
pub(crate) fn read_tree(git: &gix::Repository, id: Id) -> Result<Vec<TreeEntry>, DatasetError> {
    Ok(tree::decode(&read(git, id)?)?)
}

fn read_legends(
    git: &gix::Repository,
    files: &[TreeEntry],
) -> Result<BTreeMap<String, Legend>, DatasetError> {
    let malformed = || DatasetError::Malformed("a legend");
    files
        .iter()
        .map(|file| {
            let name = String::from_utf8(file.name.clone()).map_err(|_| malformed())?;
            let legend = Legend::decode(&read(git, file.id)?).ok_or_else(malformed)?;
            Ok((name, legend))
        })
        .collect()
}

fn parse<'a, T: Deserialize<'a>>(json: &'a [u8], what: &'static str) -> Result<T, DatasetError> {
    serde_json::from_slice(json).map_err(|_| DatasetError::Malformed(what))
}
