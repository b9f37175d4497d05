use gix::ObjectId;

use crate::{DatasetPath, FeatureCounts, SchemaChange};

/// What a commit changes in a layer that it writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerChanges {
    /// The path of the layer.
    pub path: DatasetPath,
    /// The tree that the branch has of it, without the files beside it; `None` if the layer is new.
    pub old: Option<ObjectId>,
    /// The tree that the commit has of it.
    pub new: ObjectId,
    /// The features that differ.
    pub counts: FeatureCounts,
    /// How many features stay as they were.
    pub unchanged: u64,
    /// What differs between the columns; nothing if the layer is new.
    pub schema: Vec<SchemaChange>,
}
