//! `…/collections/{id}/schema`: the columns, as a JSON Schema of Part 5.

use axum::response::Response;
use longhaul_geodata::{Column, DataType};
use serde_json::{Map, Value, json};

use super::{
    Snapshot,
    document::{SCHEMA, json_response, segment},
    parameters::Parameters,
    snapshot::Collection,
};
use crate::web::error_response::ErrorResponse;

pub(super) async fn schema(snapshot: Snapshot, parameters: Parameters) -> Result<Response, ErrorResponse> {
    parameters.allow(&[])?;
    let collection = snapshot.collection().await?;
    Ok(json_response(SCHEMA, &document(&snapshot, &collection)))
}

fn document(snapshot: &Snapshot, collection: &Collection) -> Value {
    let layer = &collection.layer;
    let geometry = layer.schema.geometry();
    let columns = layer.schema.columns.iter().enumerate();
    let properties: Map<String, Value> = columns
        .map(|(at, column)| (column.name.clone(), property(column, at, geometry == Some(at))))
        .collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{}/collections/{}/schema", snapshot.base, segment(&collection.id)),
        "type": "object",
        "title": layer.title.as_deref().unwrap_or(&layer.name),
        "properties": properties,
    })
}

fn property(column: &Column, at: usize, is_primary_geometry: bool) -> Value {
    let mut property = value_type(&column.data_type);
    property["title"] = json!(column.name);
    property["x-ogc-propertySeq"] = json!(at + 1);
    if column.primary_key {
        property["x-ogc-role"] = json!("id");
    } else if is_primary_geometry {
        property["x-ogc-role"] = json!("primary-geometry");
    }
    property
}

/// The values of a column as the items have them.
fn value_type(data_type: &DataType) -> Value {
    match data_type {
        DataType::Boolean => json!({"type": "boolean"}),
        DataType::Blob { .. } => json!({"type": "string", "contentEncoding": "base64"}),
        DataType::Date => json!({"type": "string", "format": "date"}),
        DataType::Float { .. } => json!({"type": "number"}),
        DataType::Geometry { kind, .. } => json!({"format": geometry_format(&kind.name)}),
        DataType::Integer { .. } => json!({"type": "integer"}),
        DataType::Interval => json!({"type": "string", "format": "duration"}),
        DataType::Text { length: Some(length) } => json!({"type": "string", "maxLength": length}),
        DataType::Timestamp { utc: true } => json!({"type": "string", "format": "date-time"}),
        DataType::Numeric { .. }
        | DataType::Text { length: None }
        | DataType::Time
        | DataType::Timestamp { utc: false } => json!({"type": "string"}),
    }
}

fn geometry_format(name: &str) -> &'static str {
    match name {
        "POINT" => "geometry-point",
        "MULTIPOINT" => "geometry-multipoint",
        "LINESTRING" => "geometry-linestring",
        "MULTILINESTRING" => "geometry-multilinestring",
        "POLYGON" | "TRIANGLE" => "geometry-polygon",
        "MULTIPOLYGON" | "TIN" | "POLYHEDRALSURFACE" => "geometry-multipolygon",
        "GEOMETRYCOLLECTION" => "geometry-geometrycollection",
        _ => "geometry-any",
    }
}
