//! [FlatGeobuf](https://github.com/flatgeobuf/flatgeobuf), sorted along a Hilbert curve, with its spatial index.
//!
//! The crate `flatgeobuf` has the tables of the format. Its own writer is not used: it writes its temporary file into the system's
//! folder, keeps three copies of each box, and cannot be stopped while it sorts.

mod column;
mod feature;
mod geometry;
mod header;
mod index;

use std::{
    fs::File,
    io::{BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
};

use flatgeobuf::GeometryType;
use longhaul_geodata::{Batch, DataType, Layer, LayerSink, SinkError, geometry::Extent, short};

use crate::text::one_layer;
use column::FgbColumn;
use feature::FeatureEncoder;
use index::{Leaf, STEPS};

/// The first bytes of a file: the name of the format and its version, 3.
const MAGIC: [u8; 8] = *b"fgb\x03fgb\0";

/// Writes a FlatGeobuf.
///
/// Features are encoded into an unnamed temporary file beside the output, and copied in the order of the index at the end.
pub struct FlatGeobufWriter {
    out: BufWriter<File>,
    encoded: BufWriter<File>,
    layer: Option<LayerWriter>,
    warnings: Vec<String>,
}

/// The layer that is being written.
struct LayerWriter {
    layer: Layer,
    columns: Vec<FgbColumn>,
    encoder: FeatureEncoder,
    leaves: Vec<Leaf>,
    /// Where the next feature begins in the temporary file.
    position: u64,
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
    /// If it or the temporary file cannot be created.
    pub fn create(path: &Path) -> Result<Self, SinkError> {
        let out = File::create_new(path)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let encoded = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, out),
            encoded: BufWriter::with_capacity(1 << 18, encoded),
            layer: None,
            warnings: Vec::new(),
        })
    }

    /// Copies the features in the order of the leaves.
    fn copy_features(&mut self, leaves: &[Leaf], is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError> {
        self.encoded.flush()?;
        let mut encoded = self.encoded.get_ref();
        let mut feature = Vec::new();
        for (step, leaf) in leaves.iter().enumerate() {
            if step % STEPS == 0 && is_stopped() {
                return Err(SinkError::Stopped);
            }
            encoded.seek(SeekFrom::Start(leaf.position))?;
            feature.resize(leaf.length as usize, 0);
            encoded.read_exact(&mut feature)?;
            self.out.write_all(&feature)?;
        }
        Ok(())
    }
}

impl LayerSink for FlatGeobufWriter {
    fn begin(&mut self, layer: &Layer) -> Result<(), SinkError> {
        if self.layer.is_some() {
            return Err(one_layer("FlatGeobuf"));
        }
        self.layer = Some(LayerWriter::new(layer)?);
        Ok(())
    }

    fn write(&mut self, features: &Batch) -> Result<(), SinkError> {
        let Some(layer) = &mut self.layer else { return Ok(()) };
        for row in features.rows() {
            let encoded = layer.encoder.encode(&mut layer.columns, row).map_err(|reason| {
                let row = layer.leaves.len() + 1;
                crate::text::at_row(&layer.layer.name, row as u64, reason)
            })?;
            self.encoded.write_all(encoded.bytes)?;
            let leaf = Leaf::new(encoded.extent, layer.position, encoded.bytes.len());
            layer.position += u64::from(leaf.length);
            layer.leaves.push(leaf);
            if let Some(extent) = encoded.extent {
                layer.extent = Some(layer.extent.map_or(extent, |all| all.union(extent)));
            }
            layer.geometry_type = layer.geometry_type.with(encoded.kind);
        }
        Ok(())
    }

    fn end(&mut self, is_stopped: &dyn Fn() -> bool) -> Result<(), SinkError> {
        let Some(mut layer) = self.layer.take() else { return Ok(()) };
        let sorted = index::sort(&mut layer.leaves, layer.extent, is_stopped);
        sorted.then_some(()).ok_or(SinkError::Stopped)?;
        self.out.write_all(&MAGIC)?;
        self.out.write_all(&layer.header())?;
        index::write(&layer.leaves, &mut self.out, is_stopped)?;
        self.copy_features(&layer.leaves, is_stopped)?;
        self.warnings.extend(layer.warnings());
        self.layer = Some(layer);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, SinkError> {
        self.out.flush()?;
        Ok(self.warnings)
    }
}

impl LayerWriter {
    fn new(layer: &Layer) -> Result<Self, SinkError> {
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
            leaves: Vec::new(),
            position: 0,
            extent: None,
            geometry_type: GeometryTypeOfLayer::NotKnownYet,
            layer: layer.clone(),
        })
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
