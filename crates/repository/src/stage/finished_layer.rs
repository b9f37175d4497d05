//! A layer whose features are all written, and whose trees are not.

use std::collections::HashSet;

use longhaul_geodata::{Layer, geometry::Extent};

use super::{
    StageError,
    feature_entries::FeatureEntries,
    layer_changes::LayerChanges,
    meta::{DatasetMeta, LayerTrees, Meta},
    trees,
};
use crate::{
    DatasetPath, FeatureCounts, Interrupter, Repository,
    dataset::{KartColumn, generated_keys::GeneratedKeys, legend::Legend, stored::StoredDataset},
    object::Id,
    pack::{ObjectSink, PackWriter},
    schema_changes,
};

/// A layer whose features are all written.
pub(super) struct FinishedLayer {
    pub(super) path: DatasetPath,
    pub(super) layer: Layer,
    pub(super) columns: Vec<KartColumn>,
    pub(super) legend: Legend,
    pub(super) generated_keys: Option<GeneratedKeys>,
    /// The dataset that the branch has at this path.
    pub(super) dataset: Option<StoredDataset>,
    /// Whether title, description and metadata of the previous version stay.
    pub(super) keep_descriptions: bool,
    /// The entries of its features, sorted.
    pub(super) feature_entries: FeatureEntries,
    /// What differs from the previous version.
    pub(super) counts: FeatureCounts,
    /// The extent of the features that were written.
    pub(super) extent: Option<Extent>,
    /// Trees that the repository has already.
    pub(super) known: HashSet<Id>,
}

impl FinishedLayer {
    /// Writes what does not depend on the features.
    pub(super) fn write_meta(&self, sink: &mut ObjectSink) -> Result<DatasetMeta, StageError> {
        let meta = Meta {
            layer: &self.layer,
            columns: &self.columns,
            legend: &self.legend,
            scheme: self.feature_entries.scheme(),
            generated_keys: self.generated_keys.as_ref(),
            previous: self.dataset.as_ref(),
            keep_descriptions: self.keep_descriptions,
        };
        meta.write(sink)
    }

    /// How many trees [`Self::write_trees`] will write; `None` if that is not known before.
    pub(super) fn tree_count(&self) -> Option<u32> {
        let is_alone = self.dataset.is_none() && self.path.components().count() == 1;
        is_alone.then(|| trees::count(&self.feature_entries) + DatasetMeta::TREES)
    }

    /// Writes the trees of the features and of the dataset, and frees the entries.
    pub(super) fn write_trees(
        &mut self,
        meta: DatasetMeta,
        pack: &PackWriter,
        sink: &mut ObjectSink,
        interrupter: &Interrupter,
    ) -> Result<LayerTrees, StageError> {
        let scheme = self.feature_entries.scheme();
        let feature_entries = std::mem::replace(&mut self.feature_entries, FeatureEntries::new(scheme));
        let features = trees::build(&feature_entries, &self.known, pack, sink, interrupter)?;
        meta.write_trees(sink, features)
    }

    /// What the layer, whose tree is `new`, changes.
    pub(super) fn changes(&self, repository: &Repository, features: u64, new: Id) -> LayerChanges {
        let old = self.dataset.as_ref();
        let old_extent = old.and_then(|old| repository.remembered_extent(old.folder.into()));
        // Descriptions are kept where features are added to those that are there.
        let extent = match (self.keep_descriptions, old_extent) {
            (false, _) => self.extent,
            (true, Some(old)) => Some(self.extent.map_or(old, |extent| extent.union(old))),
            (true, None) => None,
        };
        LayerChanges {
            path: self.path.clone(),
            old: old.map(|old| old.folder.into()),
            new: Some(new.into()),
            counts: self.counts,
            old_extent,
            extent,
            unchanged: features - self.counts.added - self.counts.changed,
            schema: old.map_or_else(Vec::new, |old| schema_changes(&old.columns, &self.columns)),
        }
    }
}
