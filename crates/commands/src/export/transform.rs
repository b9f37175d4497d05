//! Brings a layer into another reference system.

use longhaul_geodata::{Batch, DataType, Layer, Value};
use longhaul_projection::{Reference, System, Transformation};

use super::ExportError;

/// The transformation of a layer's geometries.
pub(super) struct LayerTransform {
    geometry: usize,
    transformation: Transformation,
}

impl LayerTransform {
    /// The transformation of `layer` into the system `to`, and the layer as it is then; none if the coordinates stay as they are
    /// because the layer has no geometries.
    pub(super) fn new(layer: &Layer, to: Reference) -> Result<Option<(Self, Layer)>, ExportError> {
        let Some(geometry) = layer.schema.geometry() else { return Ok(None) };
        let own = layer.geometry_crs();
        let own = own.ok_or_else(|| ExportError::UnknownCrs { layer: layer.name.clone() })?;
        let failed = |source| ExportError::Projection { layer: layer.name.clone(), source };
        let transformation = System::stored(own)
            .and_then(|from| Transformation::new(&from, &System::of(to)?))
            .map_err(failed)?;
        let mut layer = layer.clone();
        let target = transformation.target().crs();
        if own.identifier != target.identifier {
            if let DataType::Geometry { crs, .. } = &mut layer.schema.columns[geometry].data_type {
                *crs = Some(target.identifier.clone());
            }
            layer.crs = vec![target.clone()];
        }
        Ok(Some((Self { geometry, transformation }, layer)))
    }

    /// Which datum shift is applied, in words.
    pub(super) fn shift(&self) -> Option<String> {
        (!self.transformation.is_identity()).then(|| self.transformation.shift().to_string())
    }

    /// The features with their geometries transformed.
    pub(super) fn apply(&self, features: Batch, layer: &Layer) -> Result<Batch, ExportError> {
        if self.transformation.is_identity() {
            return Ok(features);
        }
        let mut transformed = Batch::new(layer.schema.columns.len());
        for row in features.rows() {
            for (column, value) in row.values().enumerate() {
                match value {
                    Value::Geometry(stored) if column == self.geometry => transformed
                        .push_geometry_with(|out| self.transformation.geometry(stored, out))
                        .map_err(|source| ExportError::Projection { layer: layer.name.clone(), source })?,
                    value => transformed.push(value),
                }
            }
        }
        Ok(transformed)
    }
}
