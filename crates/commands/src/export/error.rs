use std::io;

use longhaul_geodata::SinkError;
use longhaul_projection::{ProjectionError, Reference};
use longhaul_repository::{DatasetError, DiffError, ReadError};

/// Layers were not exported. The messages contain no paths of the server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Some layers are not in the commit. The text is GeoGig's.
    #[error("The following requested layers do not exist in {revision}: [{}]", layers.join(", "))]
    MissingLayers {
        /// What was asked for: a branch, or a commit.
        revision: String,
        /// Their paths.
        layers: Vec<String>,
    },
    /// The commit has no layers.
    #[error("there are no layers in {0}")]
    NoLayers(String),
    /// The format holds one layer.
    #[error(
        "a file of the format {format} holds one layer, but {count} are to be exported: name one of them"
    )]
    SeveralLayers {
        /// The format's name.
        format: &'static str,
        /// How many layers there are.
        count: usize,
    },
    /// Another reference system is asked for than the format prescribes.
    #[error("{format} is always in {prescribed}: leave crs out")]
    PrescribedCrs {
        /// The format's title.
        format: &'static str,
        /// What it prescribes.
        prescribed: Reference,
    },
    /// The reference system of a layer is not known, so its coordinates cannot be transformed.
    #[error("the reference system of layer {layer:?} is not known, so it cannot be brought into another one")]
    UnknownCrs {
        /// The layer.
        layer: String,
    },
    /// Coordinates cannot be transformed.
    #[error("could not transform layer {layer:?}")]
    Projection {
        /// The layer.
        layer: String,
        /// Why.
        #[source]
        source: ProjectionError,
    },
    /// A commit could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Two commits could not be compared.
    #[error("could not compare the commits")]
    Diff(#[source] DiffError),
    /// A layer could not be read.
    #[error("could not read layer {layer:?}")]
    Dataset {
        /// Its path.
        layer: String,
        /// Why.
        #[source]
        source: DatasetError,
    },
    /// A feature could not be read.
    #[error("could not read a geometry of layer {layer:?}")]
    Geometry {
        /// The layer.
        layer: String,
        /// Why.
        #[source]
        source: longhaul_geodata::geometry::GeometryError,
    },
    /// The layers of the commit could not be listed.
    #[error("could not list the layers")]
    List(#[from] DatasetError),
    /// The file could not be written, or the format cannot hold a layer.
    #[error("{0}")]
    Sink(#[source] SinkError),
    /// The file could not be written.
    #[error("could not write the file")]
    Io(#[from] io::Error),
    /// The export was stopped.
    #[error("the export was stopped")]
    Stopped,
}

impl From<DiffError> for ExportError {
    fn from(error: DiffError) -> Self {
        match error {
            DiffError::Interrupted(_) => Self::Stopped,
            error => Self::Diff(error),
        }
    }
}

impl From<SinkError> for ExportError {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Stopped => Self::Stopped,
            error => Self::Sink(error),
        }
    }
}
