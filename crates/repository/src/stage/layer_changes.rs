use gix::ObjectId;
use longhaul_geodata::geometry::Extent;

use crate::{DatasetPath, FeatureCounts, SchemaChange};

/// What a commit changes in a layer that it writes.
#[derive(Clone, Debug, PartialEq)]
pub struct LayerChanges {
    /// The path of the layer.
    pub path: DatasetPath,
    /// The tree that the branch has of it, without the files beside it; `None` if the layer is new.
    pub old: Option<ObjectId>,
    /// The tree that the commit has of it; `None` if the layer is deleted.
    pub new: Option<ObjectId>,
    /// The features that differ.
    pub counts: FeatureCounts,
    /// How many features stay as they were.
    pub unchanged: u64,
    /// The extent that the layer had, if it is known.
    pub old_extent: Option<Extent>,
    /// The extent that the layer will have, if it is known.
    pub extent: Option<Extent>,
    /// What differs between the columns; nothing if the layer is new.
    pub schema: Vec<SchemaChange>,
}

impl LayerChanges {
    /// How many features the layer had.
    pub fn features_before(&self) -> u64 {
        self.unchanged + self.counts.changed + self.counts.deleted
    }

    /// How many features the layer will have.
    pub fn features(&self) -> u64 {
        self.unchanged + self.counts.changed + self.counts.added
    }
}
