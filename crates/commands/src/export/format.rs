use std::{fs::File, io::Write, path::Path};

use longhaul_formats::{CsvWriter, FlatGeobufWriter, Framing, GeoJsonWriter};
use longhaul_geodata::{LayerSink, SinkError};
use longhaul_geopackage::GeoPackageWriter;
use longhaul_projection::Reference;
use serde::{Deserialize, Serialize};

/// The format of an exported file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ExportFormat {
    /// GeoPackage.
    #[default]
    Gpkg,
    /// FlatGeobuf.
    Fgb,
    /// A feature collection of GeoJSON.
    GeoJson,
    /// GeoJSON, one feature per line.
    GeoJsonL,
    /// Comma-separated values, with geometries as WKT.
    Csv,
}

/// All formats.
const ALL: [ExportFormat; 5] =
    [ExportFormat::Gpkg, ExportFormat::Fgb, ExportFormat::GeoJson, ExportFormat::GeoJsonL, ExportFormat::Csv];

impl ExportFormat {
    /// All formats.
    pub fn all() -> impl Iterator<Item = Self> {
        ALL.into_iter()
    }

    /// The format of this name, in upper or lower case. The name is also the ending of its files: `gpkg`.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::all().find(|format| format.name().eq_ignore_ascii_case(name))
    }

    /// Its name, which is also the ending of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gpkg => "gpkg",
            Self::Fgb => "fgb",
            Self::GeoJson => "geojson",
            Self::GeoJsonL => "geojsonl",
            Self::Csv => "csv",
        }
    }

    /// Its name for people.
    pub fn title(self) -> &'static str {
        match self {
            // In GeoGig's spelling.
            Self::Gpkg => "Geopackage database",
            Self::Fgb => "FlatGeobuf",
            Self::GeoJson => "GeoJSON",
            Self::GeoJsonL => "lines of GeoJSON",
            Self::Csv => "CSV",
        }
    }

    /// The media type of its files.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Gpkg => "application/geopackage+sqlite3",
            Self::Fgb => "application/flatgeobuf",
            Self::GeoJson => "application/geo+json",
            Self::GeoJsonL => "application/x-ndjson",
            Self::Csv => "text/csv;charset=UTF-8",
        }
    }

    /// The media type of the files of tasks. GeoGig's clients know another one of GeoPackages.
    pub(crate) fn task_media_type(self) -> &'static str {
        match self {
            Self::Gpkg => "application/octet-stream;type=geopackage",
            other => other.media_type(),
        }
    }

    /// Whether a file can hold several layers.
    pub fn holds_several_layers(self) -> bool {
        self == Self::Gpkg
    }

    /// The reference system that the format prescribes.
    pub fn prescribed_crs(self) -> Option<Reference> {
        matches!(self, Self::GeoJson | Self::GeoJsonL).then_some(Reference::Epsg(4326))
    }

    /// Whether files are written from the beginning to the end, so that [`Export::stream`](super::Export::stream) can write them.
    pub fn is_streamed(self) -> bool {
        matches!(self, Self::GeoJson | Self::GeoJsonL | Self::Csv)
    }

    /// Creates a file at `path`, where none is. `time` is when the layers were last changed, in the form
    /// `2026-01-31T12:00:00.000Z`.
    pub(super) fn create(self, path: &Path, time: &str) -> Result<Box<dyn LayerSink>, SinkError> {
        Ok(match self {
            Self::Gpkg => Box::new(GeoPackageWriter::create(path, time)?),
            Self::Fgb => Box::new(FlatGeobufWriter::create(path)?),
            Self::GeoJson | Self::GeoJsonL | Self::Csv => self.stream(File::create_new(path)?)?,
        })
    }

    /// Writes to `out`.
    ///
    /// # Errors
    /// If the format is not [streamed](Self::is_streamed).
    pub(super) fn stream(self, out: impl Write + Send + 'static) -> Result<Box<dyn LayerSink>, SinkError> {
        Ok(match self {
            Self::GeoJson => Box::new(GeoJsonWriter::new(out, Framing::Collection)),
            Self::GeoJsonL => Box::new(GeoJsonWriter::new(out, Framing::Lines)),
            Self::Csv => Box::new(CsvWriter::new(out)),
            Self::Gpkg | Self::Fgb => {
                return Err(SinkError::unsupported(format!("the format {} cannot be streamed", self.name())));
            }
        })
    }
}
