//! `meta/schema.json`: the columns of a dataset, each with a permanent id.
//!
//! The members and their order are those of Kart's documentation of table datasets V3.

use longhaul_geodata::{Column, DataType, GeometryType};
use serde::{Deserialize, Serialize};

/// One column in the form of `schema.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KartColumn {
    /// Constant through renames and moves, unique in the dataset.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `integer`, `text`, `geometry`, …
    pub data_type: String,
    /// 0 for the primary key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub primary_key_index: Option<u32>,
    /// `POINT Z`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geometry_type: Option<String>,
    /// The identifier of its coordinate reference system.
    #[serde(rename = "geometryCRS", skip_serializing_if = "Option::is_none")]
    pub geometry_crs: Option<String>,
    /// Bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u8>,
    /// Characters or bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Digits in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precision: Option<u32>,
    /// Digits after the point.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// `UTC`, or nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

impl KartColumn {
    /// The column with an id.
    pub fn new(id: String, column: &Column) -> Self {
        let mut kart = Self {
            id,
            name: column.name.clone(),
            data_type: type_name(&column.data_type).to_owned(),
            primary_key_index: column.primary_key.then_some(0),
            geometry_type: None,
            geometry_crs: None,
            size: None,
            length: None,
            precision: None,
            scale: None,
            timezone: None,
        };
        match &column.data_type {
            DataType::Blob { length } | DataType::Text { length } => kart.length = *length,
            DataType::Float { size } | DataType::Integer { size } => kart.size = Some(*size),
            DataType::Geometry { kind, crs } => {
                kart.geometry_type = Some(kind.to_string());
                kart.geometry_crs.clone_from(crs);
            }
            DataType::Numeric { precision, scale } => {
                kart.precision = *precision;
                kart.scale = *scale;
            }
            DataType::Timestamp { utc } => kart.timezone = utc.then(|| "UTC".to_owned()),
            DataType::Boolean | DataType::Date | DataType::Interval | DataType::Time => {}
        }
        kart
    }

    /// The column without its id; `None` if its type is unknown.
    pub fn column(&self) -> Option<Column> {
        let data_type = match self.data_type.as_str() {
            "boolean" => DataType::Boolean,
            "blob" => DataType::Blob { length: self.length },
            "date" => DataType::Date,
            "float" => DataType::Float { size: self.size.unwrap_or(64) },
            "geometry" => DataType::Geometry {
                kind: geometry_type(self.geometry_type.as_deref().unwrap_or("GEOMETRY")),
                crs: self.geometry_crs.clone(),
            },
            "integer" => DataType::Integer { size: self.size.unwrap_or(64) },
            "interval" => DataType::Interval,
            "numeric" => DataType::Numeric { precision: self.precision, scale: self.scale },
            "text" => DataType::Text { length: self.length },
            "time" => DataType::Time,
            "timestamp" => DataType::Timestamp { utc: self.timezone.is_some() },
            _ => return None,
        };
        Some(Column { name: self.name.clone(), data_type, primary_key: self.primary_key_index.is_some() })
    }
}

/// The name of a type in `schema.json`.
pub(crate) fn type_name(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Boolean => "boolean",
        DataType::Blob { .. } => "blob",
        DataType::Date => "date",
        DataType::Float { .. } => "float",
        DataType::Geometry { .. } => "geometry",
        DataType::Integer { .. } => "integer",
        DataType::Interval => "interval",
        DataType::Numeric { .. } => "numeric",
        DataType::Text { .. } => "text",
        DataType::Time => "time",
        DataType::Timestamp { .. } => "timestamp",
    }
}

fn geometry_type(text: &str) -> GeometryType {
    let (name, dimensions) = text.split_once(' ').unwrap_or((text, ""));
    GeometryType { name: name.to_owned(), z: dimensions.contains('Z'), m: dimensions.contains('M') }
}
