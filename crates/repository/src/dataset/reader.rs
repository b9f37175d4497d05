//! Reads the features of a layer in a commit.

use gix::bstr::ByteSlice;
use longhaul_geodata::Batch;

use super::{
    DatasetPath, FOLDER, KartColumn,
    feature_entry::{FeatureEntries, FeatureEntry, PackedKey},
    feature_reader::FeatureReader,
    feature_tree::FeatureTreeWalk,
    stored::{DatasetError, StoredDataset},
};
use crate::{Repository, layer_path::feature_paths, object};

/// A batch is handed on when it has as many features ...
const MOST_FEATURES: usize = 256;
/// ... or as many bytes.
const MOST_BYTES: usize = 256 << 10;

/// A layer as a commit has it.
pub struct Dataset {
    repository: Repository,
    path: DatasetPath,
    stored: StoredDataset,
}

impl Repository {
    /// The layer that `commit` has at `path`; `None` if there is none.
    ///
    /// # Errors
    /// If the commit or the layer cannot be read.
    pub fn dataset(
        &self,
        commit: gix::ObjectId,
        path: &DatasetPath,
    ) -> Result<Option<Dataset>, DatasetError> {
        let git = self.git();
        let root = git.find_commit(commit)?.tree()?;
        let Some(entry) = root.lookup_entry(path.components())?.filter(|entry| entry.mode().is_tree()) else {
            return Ok(None);
        };
        let stored = StoredDataset::open(&git, object::bytes(entry.object_id()))?;
        Ok(stored.map(|stored| Dataset { repository: self.clone(), path: path.clone(), stored }))
    }

    /// The tree of the layer that `commit` has at `path`, without the documents beside it; `None` if there is
    /// none. Layers with the same tree have the same features and columns.
    ///
    /// # Errors
    /// If the commit cannot be read.
    pub fn layer_tree(
        &self,
        commit: gix::ObjectId,
        path: &DatasetPath,
    ) -> Result<Option<gix::ObjectId>, DatasetError> {
        self.tree_at(commit, path.components().chain([FOLDER]))
    }

    /// As [`Self::layer_tree`], with the documents beside it: layers with the same tree are the same.
    ///
    /// # Errors
    /// As there.
    pub fn layer_tree_with_documents(
        &self,
        commit: gix::ObjectId,
        path: &DatasetPath,
    ) -> Result<Option<gix::ObjectId>, DatasetError> {
        self.tree_at(commit, path.components())
    }

    fn tree_at<'a>(
        &self,
        commit: gix::ObjectId,
        path: impl Iterator<Item = &'a str>,
    ) -> Result<Option<gix::ObjectId>, DatasetError> {
        let git = self.git();
        let root = git.find_commit(commit)?.tree()?;
        let entry = root.lookup_entry(path)?;
        Ok(entry.filter(|entry| entry.mode().is_tree()).map(|entry| entry.object_id()))
    }
}

impl Dataset {
    /// Its path.
    pub fn path(&self) -> &DatasetPath {
        &self.path
    }

    /// Its columns with their ids, in order.
    pub fn columns(&self) -> &[KartColumn] {
        &self.stored.columns
    }

    /// What it consists of.
    pub(super) fn stored(&self) -> &StoredDataset {
        &self.stored
    }

    /// A handle on its repository, for one thread.
    pub(super) fn git(&self) -> gix::Repository {
        self.repository.git()
    }

    /// All its features, a batch at a time. Those whose keys are whole numbers from 0 to 2^30 come in the order of their keys, all
    /// others in that of their paths in Git.
    ///
    /// Their values, the primary key among them, are in the order of [`Self::columns`]. A feature that was written
    /// before a column was added has no value there, and its values of columns that were removed are left out.
    pub fn batches(&self) -> impl Iterator<Item = Result<Batch, DatasetError>> + use<> {
        Batches { entries: self.entries_by_key(), reader: self.reader(), done: false }
    }

    /// Where all its features are, in the order of [`Self::batches`].
    pub fn entries_by_key(&self) -> FeatureEntries {
        FeatureEntries { walk: FeatureTreeWalk::by_key(self.git(), self.stored.feature_tree()) }
    }

    /// Where all its features are, in the order of their paths in Git.
    pub fn entries(&self) -> FeatureEntries {
        FeatureEntries { walk: FeatureTreeWalk::new(self.git(), self.stored.feature_tree()) }
    }

    /// Reads single features.
    pub fn reader(&self) -> FeatureReader {
        FeatureReader::new(&self.repository, &self.stored)
    }

    /// The feature with the key that `key` stands for in a listing: a number, a text, or Kart's file name.
    ///
    /// # Errors
    /// If the layer cannot be read.
    pub fn find(&self, key: &str) -> Result<Option<FeatureEntry>, DatasetError> {
        let git = self.git();
        let tree = git.find_tree(self.tree())?;
        for path in feature_paths(key) {
            let path = path.split('/').skip(1);
            let Some(entry) = tree.lookup_entry(path)?.filter(|entry| entry.mode().is_blob()) else {
                continue;
            };
            if let Some(key) = PackedKey::of_file_name(entry.filename().as_bytes()) {
                return Ok(Some(FeatureEntry { key, blob: entry.object_id() }));
            }
        }
        Ok(None)
    }
}

struct Batches {
    entries: FeatureEntries,
    reader: FeatureReader,
    done: bool,
}

impl Iterator for Batches {
    type Item = Result<Batch, DatasetError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let batch = self.read_batch();
        self.done |= batch.is_err();
        batch.map(|batch| (!batch.is_empty()).then_some(batch)).transpose()
    }
}

impl Batches {
    fn read_batch(&mut self) -> Result<Batch, DatasetError> {
        let mut batch = self.reader.batch()?;
        while batch.len() < MOST_FEATURES && batch.size() < MOST_BYTES {
            let Some(entry) = self.entries.next().transpose()? else {
                self.done = true;
                break;
            };
            self.reader.read(&entry, &mut batch)?;
        }
        Ok(batch)
    }
}
