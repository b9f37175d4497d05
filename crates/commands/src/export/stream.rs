//! Reads the features of a layer on one thread and writes them on another.

use std::thread;

use crossbeam_channel::{Receiver, Sender, bounded};
use longhaul_geodata::{Batch, Layer, LayerSink};
use longhaul_repository::{Dataset, DatasetError};

use super::{Export, ExportError, ExportProgress, transform::LayerTransform, window::LayerWindow};
use crate::workers::join_all;

/// How many batches may wait for the writer.
const MOST_BATCHES: usize = 8;

/// A layer on its way into a file.
pub(super) struct LayerStream<'a> {
    dataset: &'a Dataset,
    /// As it is stored.
    layer: Layer,
    window: Option<LayerWindow>,
    /// The transformation, and the layer as it is afterwards.
    transform: Option<(LayerTransform, Layer)>,
    progress: &'a dyn ExportProgress,
}

/// Features that were read, and how many they were before some were left out.
struct ReadBatch {
    features: Batch,
    read: u64,
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
        let transform = export.target_crs(&layer)?.map(|crs| LayerTransform::new(&layer, crs)).transpose()?;
        Ok(Self { dataset, layer, window, transform: transform.flatten(), progress })
    }

    /// How many features the layer has.
    pub(super) fn feature_count(&self) -> Result<u64, ExportError> {
        self.dataset.feature_count().map_err(|error| unreadable(self.dataset, error))
    }

    /// Which datum shift is applied to it, in words.
    pub(super) fn shift(&self) -> Option<String> {
        self.transform.as_ref().and_then(|(transform, _)| transform.shift())
    }

    /// Writes the whole layer, and returns how many features it has in the file.
    pub(super) fn write(&self, sink: &mut dyn LayerSink) -> Result<u64, ExportError> {
        sink.begin(self.transform.as_ref().map_or(&self.layer, |(_, layer)| layer))?;
        let written = thread::scope(|scope| {
            let (batches, read) = bounded(MOST_BATCHES);
            let reader = scope.spawn(|| self.read(batches));
            // The receiver is dropped at the end, which stops a reader whose batches nobody takes.
            let written = self.write_batches(sink, read);
            let read = join_all(vec![reader]).pop().unwrap_or(Ok(()));
            written.and_then(|count| read.map(|()| count))
        })?;
        sink.end(&|| self.progress.is_stopped())?;
        Ok(written)
    }

    fn read(&self, batches: Sender<ReadBatch>) -> Result<(), ExportError> {
        for features in self.dataset.batches() {
            let features = features.map_err(|error| unreadable(self.dataset, error))?;
            let read = features.len() as u64;
            let features = self.prepare(features)?;
            if batches.send(ReadBatch { features, read }).is_err() {
                break;
            }
        }
        Ok(())
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

    fn write_batches(
        &self,
        sink: &mut dyn LayerSink,
        batches: Receiver<ReadBatch>,
    ) -> Result<u64, ExportError> {
        let mut written = 0;
        for batch in batches {
            if self.progress.is_stopped() {
                return Err(ExportError::Stopped);
            }
            if !batch.features.is_empty() {
                sink.write(&batch.features)?;
            }
            written += batch.features.len() as u64;
            self.progress.advance(batch.read);
        }
        Ok(written)
    }
}

fn unreadable(dataset: &Dataset, source: DatasetError) -> ExportError {
    ExportError::Dataset { layer: dataset.path().to_string(), source }
}
