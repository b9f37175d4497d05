//! The header.

use flatbuffers::{FlatBufferBuilder, WIPOffset};
use flatgeobuf::{Column, ColumnArgs, Crs, CrsArgs, GeometryType, Header, HeaderArgs};
use longhaul_geodata::{DataType, Layer, geometry::Extent};

use super::{column::FgbColumn, geometry::Dimensions, index::NODE_SIZE};

/// The encoded header of a layer, behind its length.
pub(super) fn header(
    layer: &Layer,
    columns: &[FgbColumn],
    geometry_type: GeometryType,
    dimensions: Dimensions,
    extent: Option<Extent>,
    features: u64,
) -> Vec<u8> {
    let mut builder = FlatBufferBuilder::new();
    let columns: Vec<_> = columns.iter().map(|column| encode_column(&mut builder, column)).collect();
    let extent = extent.map(|extent| [extent.min_x, extent.min_y, extent.max_x, extent.max_y]);
    let mut text = |text: &Option<String>| text.as_ref().map(|text| builder.create_string(text));
    let (title, description) = (text(&layer.title), text(&layer.description));
    let arguments = HeaderArgs {
        name: Some(builder.create_string(&layer.name)),
        envelope: extent.map(|extent| builder.create_vector(&extent)),
        geometry_type,
        has_z: dimensions.z,
        has_m: dimensions.m,
        columns: Some(builder.create_vector(&columns)),
        features_count: features,
        index_node_size: if features > 0 { NODE_SIZE as u16 } else { 0 },
        crs: encode_crs(&mut builder, layer),
        title,
        description,
        ..HeaderArgs::default()
    };
    let header = Header::create(&mut builder, &arguments);
    builder.finish_size_prefixed(header, None);
    builder.finished_data().to_vec()
}

/// The type that the layer declares, for a file without geometries.
pub(super) fn declared_type(layer: &Layer) -> GeometryType {
    let geometry = layer.schema.geometry().map(|geometry| &layer.schema.columns[geometry].data_type);
    let Some(DataType::Geometry { kind, .. }) = geometry else { return GeometryType::Unknown };
    let known = GeometryType::ENUM_VALUES.iter().filter(|known| known.0 > 0);
    let same = |known: &&GeometryType| {
        known.variant_name().is_some_and(|name| name.eq_ignore_ascii_case(&kind.name))
    };
    known.into_iter().find(same).copied().unwrap_or(GeometryType::Unknown)
}

fn encode_column(builder: &mut FlatBufferBuilder<'static>, column: &FgbColumn) -> WIPOffset<Column<'static>> {
    let arguments = ColumnArgs {
        name: Some(builder.create_string(&column.name)),
        type_: column.column_type,
        nullable: !column.is_key,
        unique: column.is_key,
        primary_key: column.is_key,
        ..ColumnArgs::default()
    };
    Column::create(builder, &arguments)
}

fn encode_crs(builder: &mut FlatBufferBuilder<'static>, layer: &Layer) -> Option<WIPOffset<Crs<'static>>> {
    let crs = layer.geometry_crs()?;
    let (organization, code) = crs.identifier.split_once(':').unwrap_or(("", ""));
    let number = code.parse().ok().filter(|code: &i32| *code > 0);
    let arguments = CrsArgs {
        org: number.map(|_| builder.create_string(organization)),
        code: number.unwrap_or(0),
        name: Some(builder.create_string(&crs.identifier)),
        wkt: Some(builder.create_string(&crs.wkt)),
        ..CrsArgs::default()
    };
    Some(Crs::create(builder, &arguments))
}
