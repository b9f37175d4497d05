//! What differs between two versions of a layer.

use std::collections::HashMap;

use gix::ObjectId;
use longhaul_geodata::Value;

use super::{
    ChangedLayer, DiffError, FeatureChange, FeatureChanges, MetaChange, MetaValue, SchemaChange,
    feature_changes::RawChanges, meta_changes, schema_changes,
};
use crate::{
    DatasetError, DatasetPath, Interrupter, KartColumn, Repository,
    dataset::{
        feature::Feature,
        feature_path::{packed_key, unpack_keys},
        projection::Projection,
        stored::{StoredDataset, read},
    },
    object::bytes,
};

/// Two versions of a layer, of which one may be missing.
pub struct LayerDiff {
    git: gix::Repository,
    path: DatasetPath,
    old: Option<LayerVersion>,
    new: Option<LayerVersion>,
}

struct LayerVersion {
    stored: StoredDataset,
    projections: HashMap<String, Projection>,
}

impl Repository {
    /// Opens both versions of a layer.
    ///
    /// # Errors
    /// If one of them cannot be read.
    pub fn layer_diff(&self, layer: &ChangedLayer) -> Result<LayerDiff, DatasetError> {
        let git = self.git();
        let open = |tree: Option<ObjectId>| tree.map(|tree| LayerVersion::open(&git, tree)).transpose();
        let (old, new) = (open(layer.old)?, open(layer.new)?);
        Ok(LayerDiff { path: layer.path.clone(), old, new, git })
    }
}

impl LayerVersion {
    fn open(git: &gix::Repository, tree: ObjectId) -> Result<Self, DatasetError> {
        let stored = StoredDataset::of_folder(git, bytes(tree), Vec::new())?;
        let projections = stored.legends.iter();
        let projections =
            projections.map(|(name, legend)| (name.clone(), Projection::new(legend, &stored.columns)));
        Ok(Self { projections: projections.collect(), stored })
    }
}

impl LayerDiff {
    /// The path of the layer.
    pub fn path(&self) -> &DatasetPath {
        &self.path
    }

    /// The old columns; none if the layer was added.
    pub fn old_columns(&self) -> &[KartColumn] {
        self.old.as_ref().map_or(&[], |version| &version.stored.columns)
    }

    /// The new columns; none if the layer was deleted.
    pub fn new_columns(&self) -> &[KartColumn] {
        self.new.as_ref().map_or(&[], |version| &version.stored.columns)
    }

    /// Whether only the new commit has the layer.
    pub fn is_added(&self) -> bool {
        self.old.is_none()
    }

    /// Whether only the old commit has the layer.
    pub fn is_deleted(&self) -> bool {
        self.new.is_none()
    }

    /// The metadata that differs, sorted by key.
    ///
    /// # Errors
    /// If an item cannot be read.
    pub fn meta(&self) -> Result<Vec<MetaChange>, DatasetError> {
        let items = |version: &Option<LayerVersion>| {
            version.as_ref().map_or_else(Vec::new, |version| version.stored.meta.clone())
        };
        meta_changes::meta_changes(&self.git, &items(&self.old), &items(&self.new))
    }

    /// What differs between the columns of the versions, if there are both.
    pub fn schema(&self) -> Vec<SchemaChange> {
        match (&self.old, &self.new) {
            (Some(old), Some(new)) => {
                schema_changes::schema_changes(&old.stored.columns, &new.stored.columns)
            }
            _ => Vec::new(),
        }
    }

    /// The new `schema.json`, or the old one if the layer was deleted.
    pub(super) fn schema_item(&self) -> Result<Option<MetaValue>, DatasetError> {
        match self.new.as_ref().or(self.old.as_ref()) {
            Some(version) => meta_changes::item(&self.git, &version.stored.meta, "schema.json"),
            None => Ok(None),
        }
    }

    /// The features that differ.
    ///
    /// # Errors
    /// If a tree cannot be read, or it is interrupted.
    pub fn features(&self, interrupter: &Interrupter) -> Result<FeatureChanges, DiffError> {
        let tree =
            |version: &Option<LayerVersion>| version.as_ref().and_then(|version| version.stored.features);
        let changes = RawChanges::new(self.git.clone(), tree(&self.old), tree(&self.new), interrupter);
        FeatureChanges::new(changes)
    }

    /// The old values of a feature, in the order of [`Self::old_columns`]; `None` if it was added.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn old_values(&self, change: &FeatureChange) -> Result<Option<LayerValues<'_>>, DatasetError> {
        self.values(&self.old, &change.name, change.old)
    }

    /// The new values of a feature, in the order of [`Self::new_columns`]; `None` if it was deleted.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn new_values(&self, change: &FeatureChange) -> Result<Option<LayerValues<'_>>, DatasetError> {
        self.values(&self.new, &change.name, change.new)
    }

    fn values<'a>(
        &'a self,
        version: &'a Option<LayerVersion>,
        name: &[u8],
        blob: Option<ObjectId>,
    ) -> Result<Option<LayerValues<'a>>, DatasetError> {
        let (Some(version), Some(blob)) = (version, blob) else { return Ok(None) };
        let packed = packed_key(name).ok_or(DatasetError::Malformed("a feature"))?;
        let blob = read(&self.git, bytes(blob))?;
        Ok(Some(LayerValues {
            columns: &version.stored.columns,
            projections: &version.projections,
            packed,
            blob,
        }))
    }
}

/// The values of a feature.
pub struct LayerValues<'a> {
    columns: &'a [KartColumn],
    projections: &'a HashMap<String, Projection>,
    packed: Vec<u8>,
    blob: Vec<u8>,
}

impl LayerValues<'_> {
    /// The columns, in the order of the values.
    pub fn columns(&self) -> &[KartColumn] {
        self.columns
    }

    /// The values. Those of columns that the feature lacks are null.
    ///
    /// # Errors
    /// If the feature is malformed.
    pub fn decode(&self) -> Result<Vec<Value<'_>>, DatasetError> {
        let malformed = || DatasetError::Malformed("a feature");
        let keys = unpack_keys(&self.packed).ok_or_else(malformed)?;
        let feature = Feature::decode(&self.blob).ok_or_else(malformed)?;
        let projection = self.projections.get(feature.legend).ok_or(DatasetError::Malformed("a legend"))?;
        Ok(projection.apply(&keys, &feature.values).collect())
    }
}
