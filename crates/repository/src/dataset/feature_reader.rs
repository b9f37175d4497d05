//! Reads the values of features.

use std::collections::HashMap;

use longhaul_geodata::{Batch, Value};

use super::{
    KartColumn,
    feature::Feature,
    feature_entry::FeatureEntry,
    projection::Projection,
    stored::{DatasetError, StoredDataset, read_object},
};
use crate::{Repository, object};

/// Reads features of one layer, in any order. Each thread has its own.
pub struct FeatureReader {
    git: gix::Repository,
    projections: HashMap<String, Projection>,
    width: usize,
}

impl FeatureReader {
    pub(super) fn new(repository: &Repository, stored: &StoredDataset) -> Self {
        Self::for_columns(repository, stored, &stored.columns)
    }

    /// A reader that gives values in the order of other columns than those that the layer has now.
    pub(crate) fn for_columns(
        repository: &Repository,
        stored: &StoredDataset,
        columns: &[KartColumn],
    ) -> Self {
        let projections = stored.legends.iter();
        let projections = projections.map(|(name, legend)| (name.clone(), Projection::new(legend, columns)));
        Self { git: repository.git(), projections: projections.collect(), width: columns.len() }
    }

    /// An empty batch for features of the layer.
    ///
    /// # Errors
    /// If the layer has no columns.
    pub fn batch(&self) -> Result<Batch, DatasetError> {
        match self.width {
            0 => Err(DatasetError::Malformed("schema.json")),
            width => Ok(Batch::new(width)),
        }
    }

    /// Adds the values of a feature to `batch`, the primary key among them, in the order of the layer's columns.
    ///
    /// # Errors
    /// If the feature cannot be read; the batch is then as it was before.
    pub fn read(&self, entry: &FeatureEntry, batch: &mut Batch) -> Result<(), DatasetError> {
        self.read_blob(&entry.key.values(), object::bytes(entry.blob), batch)
    }

    /// As [`Self::read`], for the feature with these keys in the blob with this id.
    pub(crate) fn read_blob(
        &self,
        keys: &[Value<'_>],
        blob: object::Id,
        batch: &mut Batch,
    ) -> Result<(), DatasetError> {
        let blob = read_object(&self.git, blob)?;
        let feature = Feature::decode(&blob.data).ok_or(DatasetError::Malformed("a feature"))?;
        let projection = self.projections.get(feature.legend).ok_or(DatasetError::Malformed("a legend"))?;
        projection.apply(keys, &feature.values).for_each(|value| batch.push(value));
        Ok(())
    }
}
