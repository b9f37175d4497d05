//! Reads features that the branch has of a layer while the layer is written.

use std::sync::Arc;

use longhaul_geodata::{Batch, Value};

use super::feature_writer::WriterSetup;
use crate::{DatasetError, FeatureReader};

/// Reads the features that the branch has of a layer by their integer keys, on one thread.
///
/// All readers of a layer must be dropped before the layer is [finished](super::Stage::finish).
pub struct PreviousReader {
    setup: Arc<WriterSetup>,
    features: FeatureReader,
}

impl PreviousReader {
    pub(super) fn new(setup: Arc<WriterSetup>, features: FeatureReader) -> Self {
        Self { setup, features }
    }

    /// An empty batch for features of the layer.
    ///
    /// # Errors
    /// If the layer has no columns.
    pub fn batch(&self) -> Result<Batch, DatasetError> {
        self.features.batch()
    }

    /// Whether the branch has a feature with this key.
    pub fn contains(&self, key: i64) -> bool {
        self.setup.previous.as_ref().is_some_and(|previous| previous.of_integer(key).is_some())
    }

    /// The integer keys of all features, ascending.
    pub fn keys(&self) -> Vec<i64> {
        self.setup.previous.as_ref().map_or_else(Vec::new, |previous| previous.integer_keys())
    }

    /// Adds the feature with this key to `batch`, its values in the order of the layer's columns. Returns whether there is one.
    ///
    /// # Errors
    /// If the feature cannot be read.
    pub fn read(&self, key: i64, batch: &mut Batch) -> Result<bool, DatasetError> {
        let previous = self.setup.previous.as_ref();
        let Some(blob) = previous.and_then(|previous| previous.of_integer(key)) else { return Ok(false) };
        self.features.read_blob(&[Value::Integer(key)], blob, batch)?;
        Ok(true)
    }
}
