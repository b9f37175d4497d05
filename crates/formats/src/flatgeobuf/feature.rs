//! Encodes features.

use flatbuffers::FlatBufferBuilder;
use flatgeobuf::{Feature, FeatureArgs};
use longhaul_geodata::{
    DataType, Row, Schema, Value,
    geometry::{self, Extent},
};

use super::{
    column::FgbColumn,
    geometry::{Dimensions, GeometryEncoder},
};

/// Encodes the features of a layer.
pub(super) struct FeatureEncoder {
    builder: FlatBufferBuilder<'static>,
    geometry: Option<usize>,
    dimensions: Dimensions,
    /// What the layer declares. Its features may have less.
    declared: Dimensions,
    /// Whether a geometry was encoded, so that the dimensions stay.
    has_begun: bool,
    properties: Vec<u8>,
}

/// A feature.
pub(super) struct EncodedFeature<'a> {
    pub(super) bytes: &'a [u8],
    /// None without a geometry, or with an empty one.
    pub(super) extent: Option<Extent>,
    /// The type of its geometry, if it has one: the code of well-known binary and of FlatGeobuf.
    pub(super) kind: Option<u8>,
    /// Whether its positions have numbers that those of the features before do not have.
    pub(super) is_wider: bool,
}

impl FeatureEncoder {
    pub(super) fn new(schema: &Schema) -> Self {
        let geometry = schema.geometry();
        let declared = match geometry.map(|geometry| &schema.columns[geometry].data_type) {
            Some(DataType::Geometry { kind, .. }) => Dimensions { z: kind.z, m: kind.m },
            _ => Dimensions::default(),
        };
        Self {
            builder: FlatBufferBuilder::new(),
            geometry,
            dimensions: Dimensions::default(),
            declared,
            has_begun: false,
            properties: Vec::new(),
        }
    }

    /// Which numbers the positions of all features have.
    pub(super) fn dimensions(&self) -> Dimensions {
        if self.has_begun { self.dimensions } else { self.declared }
    }

    /// Encodes a feature, behind its length.
    pub(super) fn encode(
        &mut self,
        columns: &mut [FgbColumn],
        row: Row<'_>,
    ) -> Result<EncodedFeature<'_>, String> {
        self.builder.reset();
        self.properties.clear();
        let mut extent = None;
        let mut kind = None;
        let mut is_wider = false;
        let mut geometry = None;
        if let Some(Value::Geometry(stored)) = self.geometry.map(|geometry| row.value(geometry)) {
            let measured = geometry::measure(stored).map_err(|error| error.to_string())?;
            is_wider = self.widen(Dimensions::of(measured.code));
            extent = measured.extent;
            kind = Some((measured.code.get() % 1000) as u8);
            let encoder = GeometryEncoder::new(&mut self.builder, self.dimensions);
            geometry = encoder.encode(stored).map_err(|error| error.to_string())?;
        }
        for (position, column) in columns.iter_mut().enumerate() {
            column.encode(position, row.value(column.source), &mut self.properties);
        }
        let properties = self.builder.create_vector(&self.properties);
        let feature = FeatureArgs { geometry, properties: Some(properties), columns: None };
        let feature = Feature::create(&mut self.builder, &feature);
        self.builder.finish_size_prefixed(feature, None);
        Ok(EncodedFeature { bytes: self.builder.finished_data(), extent, kind, is_wider })
    }

    /// Takes over the numbers that the geometry has. Returns whether those before have fewer.
    fn widen(&mut self, own: Dimensions) -> bool {
        let all = self.dimensions.with(own);
        let is_wider = self.has_begun && all != self.dimensions;
        self.dimensions = all;
        self.has_begun = true;
        is_wider
    }
}
