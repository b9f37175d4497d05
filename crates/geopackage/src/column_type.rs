//! Translates the declared types of columns.
//!
//! The types are those of the [GeoPackage specification](https://www.geopackage.org/spec131/#table_column_data_types),
//! translated as Kart does.

use longhaul_geodata::DataType;

/// The type of the values of a column declared as `declared`; `None` for a type that GeoPackage does not have.
pub(crate) fn data_type(declared: &str) -> Option<DataType> {
    let declared = declared.trim().to_ascii_uppercase();
    let (name, length) = split_length(&declared);
    Some(match (name, length) {
        ("TEXT", length) => DataType::Text { length },
        ("BLOB", length) => DataType::Blob { length },
        (_, Some(_)) => return None,
        ("BOOLEAN", _) => DataType::Boolean,
        ("TINYINT", _) => DataType::Integer { size: 8 },
        ("SMALLINT", _) => DataType::Integer { size: 16 },
        ("MEDIUMINT", _) => DataType::Integer { size: 32 },
        ("INT" | "INTEGER", _) => DataType::Integer { size: 64 },
        ("FLOAT", _) => DataType::Float { size: 32 },
        ("DOUBLE" | "REAL", _) => DataType::Float { size: 64 },
        ("DATE", _) => DataType::Date,
        ("DATETIME", _) => DataType::Timestamp { utc: true },
        _ => return None,
    })
}

/// Splits `TEXT(10)` into name and length.
fn split_length(declared: &str) -> (&str, Option<u64>) {
    let parts = declared.strip_suffix(')').and_then(|start| start.split_once('('));
    match parts.map(|(name, length)| (name.trim_end(), length.trim().parse())) {
        Some((name, Ok(length))) => (name, Some(length)),
        _ => (declared, None),
    }
}
