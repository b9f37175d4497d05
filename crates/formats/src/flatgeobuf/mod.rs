//! [FlatGeobuf](https://github.com/flatgeobuf/flatgeobuf), sorted along a Hilbert curve, with its spatial index.
//!
//! The crate `flatgeobuf` has the tables of the format. Its own writer is not used: it writes its temporary file into the system's
//! folder, keeps three copies of each box, and cannot be stopped while it sorts.

mod column;
mod feature;
mod features;
mod geometry;
mod header;
mod index;
mod widening;

use std::{
    fs::File,
    io::{self, BufReader, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use flatbuffers::FlatBufferBuilder;
use flatgeobuf::GeometryType;
use longhaul_external_sort::{SortError, SpillList};
use longhaul_geodata::{Batch, DataType, Layer, LayerSink, SinkError, geometry::Extent, short};

use crate::text::one_layer;
use column::FgbColumn;
use feature::FeatureEncoder;
use features::{FeatureFile, copy_in_order};
use index::{IndexWriter, Leaf, index_size};
use widening::widened;

/// The first bytes of a file: the name of the format and its version, 3.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\0";
/// Bytes of memory for the leaves of the index, 48 each; a longer list is sorted on the disk.
const LEAF_MEMORY: usize = 16 << 20;
/// How many features are encoded anew between two looks at whether to stop.
const STEPS: usize = 1024;

/// Writes a FlatGeobuf.
///
/// Features are encoded into an unnamed temporary file beside the output, and copied in the order of the index at the end.
pub struct FlatGeobufWriter {
    out: File,
    /// Where temporary files are made.
    folder: PathBuf,
    layer: Option<LayerWriter>,
    warnings: Vec<String>,
}

/// The layer that is being written.
struct LayerWriter {
    layer: Layer,
    columns: Vec<FgbColumn>,
    encoder: FeatureEncoder,
    features: FeatureFile,
    leaves: SpillList<Leaf>,
    /// Features before this place of the temporary file may lack numbers that later ones have.
    narrow_until: u64,
    extent: Option<Extent>,
    geometry_type: GeometryTypeOfLayer,
}

/// What the features have in common.
#[derive(Clone, Copy, PartialEq)]
enum GeometryTypeOfLayer {
    NotKnownYet,
    Same(u8),
    Mixed,
}

impl FlatGeobufWriter {
    /// Creates the file, which must not exist.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Ok(Self {
            out: File::create_new(path)?,
            folder: folder.unwrap_or(Path::new(".")).to_owned(),
            layer: None,
            warnings: Vec::new(),
        })
    }
}

impl LayerSink for FlatGeobufWriter {
    fn begin(&mut self, layer: &Layer) -> Result<(), SinkError> {
        if self.layer.is_some() {
            return Err(one_layer("FlatGeobuf"));
        }
        self.layer = Some(LayerWriter::new(layer, &self.folder)?);
        Ok(())
    }

    fn write(&mut self, features: &Batch) -> Result<(), SinkError> {
        match &mut self.layer {
            Some(layer) => layer.write(features),
            None => Ok(()),
        }
    }

    fn end(&mut self, is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError> {
        let Some(mut layer) = self.layer.take() else { return Ok(()) };
        if layer.narrow_until > 0 {
            layer.widen(&self.folder, is_stopped)?;
        }
        self.warnings.extend(layer.warnings());
        layer.write_file(&self.out, is_stopped)
    }

    fn finish(self: Box<Self>) -> Result<Vec<String>, SinkError> {
        Ok(self.warnings)
    }
}

impl LayerWriter {
    fn new(layer: &Layer, folder: &Path) -> Result<Self, SinkError> {
        let is_geometry = |data_type: &DataType| matches!(data_type, DataType::Geometry { .. });
        let geometries = layer.schema.columns.iter().filter(|column| is_geometry(&column.data_type));
        if geometries.count() > 1 {
            let name = short(&layer.name);
            return Err(SinkError::unsupported(format!(
                "layer {name:?} has several geometry columns, and a FlatGeobuf has one"
            )));
        }
        Ok(Self {
            columns: FgbColumn::of(&layer.schema),
            encoder: FeatureEncoder::new(&layer.schema),
            features: FeatureFile::new(folder)?,
            leaves: SpillList::new(folder, LEAF_MEMORY),
            narrow_until: 0,
            extent: None,
            geometry_type: GeometryTypeOfLayer::NotKnownYet,
            layer: layer.clone(),
        })
    }

    fn write(&mut self, features: &Batch) -> Result<(), SinkError> {
        for row in features.rows() {
            let encoded = self
                .encoder
                .encode(&mut self.columns, row)
                .map_err(|reason| crate::text::at_row(&self.layer.name, self.leaves.len() + 1, reason))?;
            if encoded.is_wider {
                self.narrow_until = self.features.end();
            }
            let position = self.features.push(encoded.bytes)?;
            self.leaves.push(Leaf::new(encoded.extent, position, encoded.bytes.len()))?;
            if let Some(extent) = encoded.extent {
                self.extent = Some(self.extent.map_or(extent, |all| all.union(extent)));
            }
            self.geometry_type = self.geometry_type.with(encoded.kind);
        }
        Ok(())
    }

    /// Gives all features the numbers that the later ones have.
    fn widen(&mut self, folder: &Path, is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError> {
        let leaves = std::mem::replace(&mut self.leaves, SpillList::new(folder, LEAF_MEMORY));
        let features = std::mem::replace(&mut self.features, FeatureFile::new(folder)?).into_file()?;
        let dimensions = self.encoder.dimensions();
        let mut features = BufReader::with_capacity(256 << 10, rewound(features)?);
        let mut builder = FlatBufferBuilder::new();
        let mut feature = Vec::new();
        for (step, leaf) in leaves.into_items()?.enumerate() {
            if step % STEPS == 0 && is_stopped() {
                return Err(SinkError::Stopped);
            }
            let mut leaf = leaf?;
            feature.resize(leaf.length as usize, 0);
            features.read_exact(&mut feature)?;
            if leaf.position < self.narrow_until {
                widened(&feature, dimensions, &mut builder).map_err(io::Error::other)?;
                feature.clear();
                feature.extend_from_slice(builder.finished_data());
            }
            leaf.position = self.features.push(&feature)?;
            leaf.length = feature.len() as u32;
            self.leaves.push(leaf)?;
        }
        Ok(())
    }

    /// Writes header, index and features.
    fn write_file(self, out: &File, is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError> {
        let head = [&MAGIC[..], &self.header()].concat();
        out.write_all_at(&head, 0)?;
        let (count, extent) = (self.leaves.len(), self.extent);
        if count == 0 {
            return Ok(());
        }
        let place = |leaf: &Leaf| leaf.place(extent.as_ref());
        let leaves = self.leaves.sort(place, is_stopped).map_err(|error| match error {
            SortError::Io(error) => SinkError::Io(error),
            SortError::Stopped => SinkError::Stopped,
        })?;
        let start = head.len() as u64;
        let mut index = IndexWriter::new(out, start, count);
        let section = (out, start + index_size(count));
        copy_in_order(&self.features.into_file()?, section, leaves, &mut index, is_stopped)?;
        Ok(index.finish()?)
    }

    fn header(&self) -> Vec<u8> {
        let geometry_type = match self.geometry_type {
            GeometryTypeOfLayer::Same(kind) => GeometryType(kind),
            GeometryTypeOfLayer::Mixed => GeometryType::Unknown,
            GeometryTypeOfLayer::NotKnownYet => header::declared_type(&self.layer),
        };
        let dimensions = self.encoder.dimensions();
        header::header(&self.layer, &self.columns, geometry_type, dimensions, self.extent, self.leaves.len())
    }

    fn warnings(&self) -> impl Iterator<Item = String> {
        let layer = short(&self.layer.name);
        self.columns.iter().filter(|column| column.lost > 0).map(move |column| {
            let (name, lost) = (short(&column.name), column.lost);
            format!("layer {layer:?}: {lost} values of column {name:?} are not of its type and were left out")
        })
    }
}

impl GeometryTypeOfLayer {
    /// The type of all features, when one more has the type `kind`; features without a geometry do not matter.
    fn with(self, kind: Option<u8>) -> Self {
        match (self, kind) {
            (all, None) => all,
            (Self::NotKnownYet, Some(kind)) => Self::Same(kind),
            (Self::Same(all), Some(kind)) if all == kind => self,
            _ => Self::Mixed,
        }
    }
}

fn rewound(mut file: File) -> io::Result<File> {
    io::Seek::rewind(&mut file)?;
    Ok(file)
}
