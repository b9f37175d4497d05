//! Reads the features of a layer in a commit.

use std::collections::HashMap;

use longhaul_geodata::Batch;

use super::{
    DatasetPath, FOLDER, KartColumn,
    feature::Feature,
    feature_path::{packed_key, unpack_keys},
    feature_tree::FeatureTreeWalk,
    projection::Projection,
    stored::{DatasetError, StoredDataset, read},
    tree::EntryMode,
};
use crate::{Repository, object::Id};

/// A batch is handed on when it has as many features ...
const MOST_FEATURES: usize = 256;
/// ... or as many bytes.
const MOST_BYTES: usize = 256 << 10;
/// The largest feature that is read, in bytes: a batch has a limit.
const LARGEST_FEATURE: usize = 1 << 30;

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
        let stored = StoredDataset::open(&git, crate::object::bytes(entry.object_id()))?;
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
        let git = self.git();
        let root = git.find_commit(commit)?.tree()?;
        let entry = root.lookup_entry(path.components().chain([FOLDER]))?;
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

    /// All its features, a batch at a time, in the order of their paths in Git.
    ///
    /// Their values, the primary key among them, are in the order of [`Self::columns`]. A feature that was written
    /// before a column was added has no value there, and its values of columns that were removed are left out.
    pub fn batches(&self) -> impl Iterator<Item = Result<Batch, DatasetError>> + use<> {
        let git = self.git();
        let projections = self.stored.legends.iter();
        let projections = projections
            .map(|(name, legend)| (name.clone(), Projection::new(legend, &self.stored.columns)))
            .collect();
        let places = FeatureTreeWalk::new(git.clone(), self.stored.feature_tree());
        Batches { git, places, projections, width: self.stored.columns.len(), done: false }
    }
}

struct Batches {
    git: gix::Repository,
    places: FeatureTreeWalk,
    projections: HashMap<String, Projection>,
    width: usize,
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
        if self.width == 0 {
            return Err(DatasetError::Malformed("schema.json"));
        }
        let mut batch = Batch::new(self.width);
        while batch.len() < MOST_FEATURES && batch.size() < MOST_BYTES {
            let Some(entry) = self.places.next().transpose()? else {
                self.done = true;
                break;
            };
            if entry.mode == EntryMode::Blob {
                self.read_feature(&entry.name, entry.id, &mut batch)?;
            }
        }
        Ok(batch)
    }

    fn read_feature(&self, name: &[u8], blob: Id, batch: &mut Batch) -> Result<(), DatasetError> {
        let malformed = || DatasetError::Malformed("a feature");
        let packed = packed_key(name).ok_or_else(malformed)?;
        let keys = unpack_keys(&packed).ok_or_else(malformed)?;
        let blob = read(&self.git, blob)?;
        if blob.len() > LARGEST_FEATURE {
            return Err(DatasetError::Malformed("the size of a feature"));
        }
        let feature = Feature::decode(&blob).ok_or_else(malformed)?;
        let projection = self.projections.get(feature.legend).ok_or(DatasetError::Malformed("a legend"))?;
        projection.apply(&keys, &feature.values).for_each(|value| batch.push(value));
        Ok(())
    }
}
