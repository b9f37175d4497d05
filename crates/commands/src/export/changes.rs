//! Exports the features in which two commits differ.

use std::path::Path;

use longhaul_geodata::{Batch, LayerSink};
use longhaul_geopackage::{ChangeOperation, GeoPackageWriter};
use longhaul_repository::{
    ChangeKind, ChangedLayer, DatasetPath, FeatureChange, FeatureCounts, Interrupter, LayerDiff, ObjectId,
    Repository,
};

use super::{ExportError, ExportProgress, OutputFile, time_of};

/// A batch is written when it has as many features ...
const MOST_FEATURES: usize = 256;
/// ... or as many bytes.
const MOST_BYTES: usize = 256 << 10;

/// The differences of two commits, to be exported as a GeoPackage.
///
/// The file has a table for each layer that differs, with the features that were added or changed, as they are in the new commit;
/// and beside it `LAYER_changes`, which says of each feature that differs what happened to it.
#[derive(Clone, Debug)]
pub(crate) struct ExportChanges {
    /// The old commit; `None` for one without layers.
    pub(crate) old: Option<ObjectId>,
    /// The new commit.
    pub(crate) new: ObjectId,
    /// The names of both for messages.
    pub(crate) range: String,
    /// Only these layers; `None` for all that differ.
    pub(crate) layers: Option<Vec<DatasetPath>>,
}

/// What was exported.
pub(crate) struct ExportedChanges {
    /// How many features differ.
    pub(crate) counts: FeatureCounts,
    /// What the format could not hold, a sentence each.
    pub(crate) warnings: Vec<String>,
}

impl ExportChanges {
    /// Writes the file at `path`, as [`Export::write`](super::Export::write) does.
    ///
    /// # Errors
    /// As there.
    pub(crate) fn write(
        &self,
        repository: &Repository,
        path: &Path,
        progress: &dyn ExportProgress,
        interrupter: &Interrupter,
    ) -> Result<ExportedChanges, ExportError> {
        let layers = self.changed_layers(repository, interrupter)?;
        let file = OutputFile::beside(path)?;
        let mut sink = GeoPackageWriter::create(file.path(), &time_of(&repository.commit(self.new)?))?;
        let mut counts = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            let changes = repository.count_changes(layer.old, layer.new, interrupter)?;
            let features = changes.added + changes.changed + changes.deleted;
            progress.begin_layer(layer.path.as_str(), index + 1, layers.len(), features);
            self.write_layer(repository, layer, &mut sink, progress, interrupter)?;
            counts.push(changes);
        }
        let warnings = Box::new(sink).finish()?;
        file.publish(progress)?;
        Ok(ExportedChanges { counts: counts.into_iter().sum(), warnings })
    }

    /// The layers that differ, of those that are asked for.
    fn changed_layers(
        &self,
        repository: &Repository,
        interrupter: &Interrupter,
    ) -> Result<Vec<ChangedLayer>, ExportError> {
        let mut changed = repository.diff(self.old, Some(self.new), interrupter)?.layers;
        let Some(layers) = &self.layers else { return Ok(changed) };
        changed.retain(|layer| layers.contains(&layer.path));
        let mut missing = Vec::new();
        for path in layers.iter().filter(|path| !changed.iter().any(|layer| layer.path == **path)) {
            // A layer that does not differ is in both commits.
            if repository.layer_tree(self.new, path)?.is_none() {
                missing.push(path.to_string());
            }
        }
        match missing.is_empty() {
            true => Ok(changed),
            false => Err(ExportError::MissingLayers { revision: self.range.clone(), layers: missing }),
        }
    }

    fn write_layer(
        &self,
        repository: &Repository,
        changed: &ChangedLayer,
        sink: &mut GeoPackageWriter,
        progress: &dyn ExportProgress,
        interrupter: &Interrupter,
    ) -> Result<(), ExportError> {
        let unreadable = |source| ExportError::Dataset { layer: changed.path.to_string(), source };
        // A deleted layer has its old columns, and no features.
        let commit = if changed.new.is_some() { Some(self.new) } else { self.old };
        let layer = commit.and_then(|commit| repository.dataset(commit, &changed.path).transpose());
        let Some(layer) = layer.transpose().map_err(unreadable)? else { return Ok(()) };
        sink.begin(&layer.layer().map_err(unreadable)?)?;
        sink.begin_change_log()?;
        let mut rows = Rows { sink, batch: Batch::new(layer.columns().len()), progress, read: 0 };
        let diff = repository.layer_diff(changed).map_err(unreadable)?;
        for change in diff.features(interrupter)? {
            rows.push(&diff, &change?)?;
        }
        rows.flush()?;
        sink.end(&|| progress.is_stopped())?;
        Ok(())
    }
}

/// Features on their way into the table of a layer.
struct Rows<'a> {
    sink: &'a mut GeoPackageWriter,
    batch: Batch,
    progress: &'a dyn ExportProgress,
    /// How many changes were read since the last batch.
    read: u64,
}

impl Rows<'_> {
    fn push(&mut self, diff: &LayerDiff, change: &FeatureChange) -> Result<(), ExportError> {
        let unreadable = |source| ExportError::Dataset { layer: diff.path().to_string(), source };
        self.sink.log_change(&change.id(), operation(change.kind()))?;
        if let Some(values) = diff.new_values(change).map_err(unreadable)? {
            values.decode().map_err(unreadable)?.into_iter().for_each(|value| self.batch.push(value));
        }
        self.read += 1;
        let is_full = self.batch.len() >= MOST_FEATURES || self.batch.size() >= MOST_BYTES;
        if is_full || self.read >= MOST_FEATURES as u64 { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), ExportError> {
        if self.progress.is_stopped() {
            return Err(ExportError::Stopped);
        }
        if !self.batch.is_empty() {
            self.sink.write(&self.batch)?;
            self.batch.clear();
        }
        self.progress.advance(std::mem::take(&mut self.read));
        Ok(())
    }
}

fn operation(kind: ChangeKind) -> ChangeOperation {
    match kind {
        ChangeKind::Added => ChangeOperation::Insert,
        ChangeKind::Changed => ChangeOperation::Update,
        ChangeKind::Deleted => ChangeOperation::Delete,
    }
}
