//! The steps between the features of a layer and the file.

use std::collections::HashSet;

use longhaul_geodata::{Batch, Layer, LayerSink};
use longhaul_repository::{Dataset, DatasetError, FeatureEntry, ObjectId};

use super::{
    Export, ExportError, ExportProgress,
    reading::{ReadBatch, read_in_order, unreadable},
    transform::LayerTransform,
    window::LayerWindow,
};

/// A layer on its way into a file.
pub(super) struct LayerStream<'a> {
    dataset: &'a Dataset,
    /// As it is stored.
    layer: Layer,
    window: Option<LayerWindow>,
    /// The blobs of the features that may be in the window, if an index says which.
    indexed: Option<HashSet<ObjectId>>,
    /// The transformation, and the layer as it is afterwards.
    transform: Option<(LayerTransform, Layer)>,
    progress: &'a dyn ExportProgress,
}

impl<'a> LayerStream<'a> {
    /// The layer, with the window and the reference system that are asked for.
    pub(super) fn new(
        dataset: &'a Dataset,
        export: &Export,
        progress: &'a dyn ExportProgress,
    ) -> Result<Self, ExportError> {
        let layer = dataset.layer().map_err(|error| unreadable(dataset, error))?;
        let window = export.window.as_ref().map(|window| window.in_layer(&layer)).transpose()?;
        let indexes = export.indexes.as_deref();
        let indexed =
            window.as_ref().zip(indexes).and_then(|(window, indexes)| window.look_up(dataset, indexes));
        let transform = export.target_crs(&layer)?.map(|crs| LayerTransform::new(&layer, crs)).transpose()?;
        Ok(Self { dataset, layer, window, indexed, transform: transform.flatten(), progress })
    }

    /// How many features are read.
    pub(super) fn to_read(&self) -> Result<u64, ExportError> {
        if let Some(indexed) = &self.indexed {
            return Ok(indexed.len() as u64);
        }
        self.dataset.feature_count().map_err(|error| unreadable(self.dataset, error))
    }

    /// Which datum shift is applied to it, in words.
    pub(super) fn shift(&self) -> Option<String> {
        self.transform.as_ref().and_then(|(transform, _)| transform.shift())
    }

    /// Writes the whole layer, and returns how many features it has in the file.
    pub(super) fn write(&self, sink: &mut dyn LayerSink) -> Result<u64, ExportError> {
        sink.begin(self.transform.as_ref().map_or(&self.layer, |(_, layer)| layer))?;
        let mut written = 0;
        let is_wanted = |entry: &Result<FeatureEntry, DatasetError>| match (&self.indexed, entry) {
            (Some(indexed), Ok(entry)) => indexed.contains(&entry.blob),
            _ => true,
        };
        // Most entries may be passed over, so that no batch comes for long.
        let is_going_on = |_: &Result<FeatureEntry, DatasetError>| !self.progress.is_stopped();
        read_in_order(
            self.dataset,
            self.dataset.entries_by_key().take_while(is_going_on).filter(is_wanted),
            |features| self.prepare(features),
            |batch| {
                self.write_batch(sink, &batch)?;
                written += batch.features.len() as u64;
                Ok(())
            },
        )?;
        if self.progress.is_stopped() {
            return Err(ExportError::Stopped);
        }
        sink.end(&|| self.progress.is_stopped())?;
        Ok(written)
    }

    /// Leaves out what lies outside of the window, and transforms the rest.
    fn prepare(&self, mut features: Batch) -> Result<Batch, ExportError> {
        if let Some(window) = &self.window {
            features = window.filter(features, &self.layer)?;
        }
        if let Some((transform, layer)) = &self.transform {
            features = transform.apply(features, layer)?;
        }
        Ok(features)
    }

    fn write_batch(&self, sink: &mut dyn LayerSink, batch: &ReadBatch) -> Result<(), ExportError> {
        if self.progress.is_stopped() {
            return Err(ExportError::Stopped);
        }
        if !batch.features.is_empty() {
            sink.write(&batch.features)?;
        }
        self.progress.advance(batch.read);
        Ok(())
    }
}
