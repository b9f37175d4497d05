//! Gives features that were encoded the numbers that later features of their layer have: the positions of a FlatGeobuf have equally
//! many.

use flatbuffers::{FlatBufferBuilder, VerifierOptions, WIPOffset};
use flatgeobuf::{Feature, FeatureArgs, Geometry, GeometryArgs, size_prefixed_root_as_feature_with_opts};

use super::geometry::Dimensions;

/// Encodes the feature anew; numbers that it does not have become NaN.
///
/// # Errors
/// If the bytes are not a feature.
pub(super) fn widened(
    feature: &[u8],
    dimensions: Dimensions,
    builder: &mut FlatBufferBuilder<'static>,
) -> Result<(), flatbuffers::InvalidFlatbuffer> {
    // We wrote it, so it may be as deep and as large as a geometry can be.
    let limits = VerifierOptions {
        max_depth: usize::MAX,
        max_tables: usize::MAX,
        max_apparent_size: usize::MAX,
        ..VerifierOptions::default()
    };
    let feature = size_prefixed_root_as_feature_with_opts(&limits, feature)?;
    builder.reset();
    let geometry = feature.geometry().map(|geometry| widened_geometry(geometry, dimensions, builder));
    let properties = feature.properties().map(|properties| builder.create_vector(properties.bytes()));
    let feature = Feature::create(builder, &FeatureArgs { geometry, properties, columns: None });
    builder.finish_size_prefixed(feature, None);
    Ok(())
}

fn widened_geometry(
    geometry: Geometry<'_>,
    dimensions: Dimensions,
    builder: &mut FlatBufferBuilder<'static>,
) -> WIPOffset<Geometry<'static>> {
    let parts = geometry.parts().map(|parts| {
        let parts: Vec<_> = parts.iter().map(|part| widened_geometry(part, dimensions, builder)).collect();
        builder.create_vector(&parts)
    });
    let positions = geometry.xy().map(|xy| xy.len() / 2);
    let mut numbers = |own: Option<flatbuffers::Vector<'_, f64>>, is_wanted: bool| {
        let positions = positions.filter(|_| is_wanted)?;
        let numbers = own.map_or_else(|| vec![f64::NAN; positions], |own| own.iter().collect());
        Some(builder.create_vector(&numbers))
    };
    let (z, m) = (numbers(geometry.z(), dimensions.z), numbers(geometry.m(), dimensions.m));
    let arguments = GeometryArgs {
        type_: geometry.type_(),
        xy: geometry.xy().map(|xy| builder.create_vector(&xy.iter().collect::<Vec<f64>>())),
        ends: geometry.ends().map(|ends| builder.create_vector(&ends.iter().collect::<Vec<u32>>())),
        z,
        m,
        parts,
        ..GeometryArgs::default()
    };
    Geometry::create(builder, &arguments)
}
