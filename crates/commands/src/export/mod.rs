//! Exports layers of a commit into a file. The job is in [`crate::export_layers`]; nothing here needs a task.

mod changes;
mod error;
mod format;
mod layers;
mod output_file;
mod reading;
mod stream;
mod transform;
mod window;

use std::{io::Write, path::Path, sync::Arc};

use jiff::Timestamp;
use longhaul_geodata::{Layer, LayerSink};
use longhaul_layer_index::IndexCache;
use longhaul_projection::{ProjectionError, Reference, System};
use longhaul_repository::{Commit, Dataset, DatasetPath, ObjectId, Repository};

pub(crate) use changes::ExportChanges;
pub use error::ExportError;
pub use format::ExportFormat;
use layers::selected_layers;
use output_file::OutputFile;
use stream::LayerStream;
pub use window::Window;

/// How many commits are searched for the last change of a layer: some milliseconds each hundred.
const MOST_COMMITS: usize = 1000;

/// What to export, and how.
#[derive(Clone, Debug)]
pub struct Export {
    /// The commit whose layers are exported.
    pub commit: ObjectId,
    /// The name by which messages call it: a branch, a tag, `HEAD`.
    pub root: String,
    /// The layers; `None` for all layers of the commit, in Git's order.
    pub layers: Option<Vec<DatasetPath>>,
    /// The format of the file.
    pub format: ExportFormat,
    /// Only features whose extent meets this box.
    pub window: Option<Window>,
    /// The reference system of the file; `None` for that of each layer, or the one that the format prescribes.
    pub crs: Option<Reference>,
    /// Where indexes of layers may be, which say what is in a window.
    pub indexes: Option<Arc<IndexCache>>,
}

/// Follows an export, and may stop it.
pub trait ExportProgress: Sync {
    /// A layer begins, the `number`th of `count`, from 1. `features` is how many are read, of which a window may leave
    /// some out.
    fn begin_layer(&self, layer: &str, number: usize, count: usize, features: u64) {
        let _ = (layer, number, count, features);
    }

    /// So many more features of the layer have been read.
    fn advance(&self, features: u64) {
        let _ = features;
    }

    /// Whether the export is to stop; asked at least every few milliseconds.
    fn is_stopped(&self) -> bool {
        false
    }
}

/// What was exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    /// How many features were written.
    pub features: u64,
    /// The datum shifts that were applied, in words.
    pub shifts: Vec<String>,
    /// What the format could not hold, a sentence each.
    pub warnings: Vec<String>,
}

impl Export {
    /// Writes the file at `path`, which is there only once it is whole and on the disk: it is written beside its place, under a
    /// name that begins with a dot and ends in `.part`, and renamed. A file that is there is replaced.
    ///
    /// Blocks its thread, which writes, and uses one more for each processor, up to four, which read. Memory grows neither with the
    /// size nor with the number of the features; spatial indexes are sorted in unnamed files beside `path` if they are large.
    ///
    /// # Errors
    /// If a layer does not exist or cannot be read, the format cannot hold it, the disk is full, or `progress` stops the export.
    /// Nothing is left behind then.
    pub fn write(
        &self,
        repository: &Repository,
        path: &Path,
        progress: &dyn ExportProgress,
    ) -> Result<Exported, ExportError> {
        let layers = selected_layers(repository, self)?;
        let time = self.last_change(repository)?;
        let file = OutputFile::beside(path)?;
        let sink = self.format.create(file.path(), &time)?;
        let exported = self.write_layers(&layers, sink, progress)?;
        file.publish(progress)?;
        Ok(exported)
    }

    /// Writes the content of the file to `out`, in pieces of some kilobytes, if its format is
    /// [streamed](ExportFormat::is_streamed). Ends with `out` dropped.
    ///
    /// # Errors
    /// As [`Self::write`], and if the format is not streamed; what was written then is a part of the file.
    pub fn stream(
        &self,
        repository: &Repository,
        out: impl Write + Send + 'static,
        progress: &dyn ExportProgress,
    ) -> Result<Exported, ExportError> {
        let layers = selected_layers(repository, self)?;
        self.write_layers(&layers, self.format.stream(out)?, progress)
    }

    fn write_layers(
        &self,
        layers: &[Dataset],
        mut sink: Box<dyn LayerSink>,
        progress: &dyn ExportProgress,
    ) -> Result<Exported, ExportError> {
        let mut exported = Exported::default();
        for (index, layer) in layers.iter().enumerate() {
            let stream = LayerStream::new(layer, self, progress)?;
            progress.begin_layer(layer.path().as_str(), index + 1, layers.len(), stream.to_read()?);
            exported.features += stream.write(&mut *sink)?;
            exported.shifts.extend(stream.shift());
        }
        exported.shifts.sort();
        exported.shifts.dedup();
        exported.warnings = sink.finish()?;
        Ok(exported)
    }

    /// When the layers were last changed, in the form of GeoPackage's `last_change`: one layer by the newest commit that changed
    /// it, if that is one of the last thousand, several by the exported commit.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn last_change(&self, repository: &Repository) -> Result<String, ExportError> {
        let changed = match self.layers.as_deref() {
            Some([layer]) => {
                repository.last_changes(self.commit, std::slice::from_ref(layer), MOST_COMMITS)?.pop()
            }
            _ => None,
        };
        Ok(time_of(&match changed.flatten() {
            Some(commit) => commit,
            None => repository.commit(self.commit)?,
        }))
    }

    /// The system into which a layer is transformed.
    fn target_crs(&self, layer: &Layer) -> Result<Option<Reference>, ExportError> {
        match (self.format.prescribed_crs(), self.crs) {
            // The coordinates are written as they are; the format warns.
            (Some(_), None) if layer.geometry_crs().is_none() => Ok(None),
            (Some(prescribed), None | Some(Reference::Crs84)) => Ok(Some(prescribed)),
            (Some(prescribed), Some(other)) if prescribed != other => {
                Err(ExportError::PrescribedCrs { format: self.format.title(), prescribed })
            }
            (_, asked) => Ok(asked),
        }
    }
}

/// When the commit was made, in the form of GeoPackage's `last_change`.
fn time_of(commit: &Commit) -> String {
    let time = Timestamp::from_millisecond(commit.committer.timestamp).unwrap_or(Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// Checks that a text such as `EPSG:2193` names a reference system into which layers can be transformed.
///
/// # Errors
/// If it does not.
pub fn check_crs(name: &str) -> Result<(), ProjectionError> {
    System::of(name.parse()?).map(drop)
}
