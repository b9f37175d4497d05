//! Keys and values in the texts of errors.

use longhaul_geodata::Value;

use super::StageError;
use crate::{
    DatasetPath,
    dataset::feature_path::{packed_key, unpack_key},
};

/// The key that a file name encodes, as text.
pub(super) fn key_text(name: &[u8]) -> String {
    let packed = packed_key(name).unwrap_or_default();
    match unpack_key(&packed) {
        Some(value) => value_text(value),
        None => String::from_utf8_lossy(name).into_owned(),
    }
}

/// A value as text.
pub(super) fn value_text(value: Value<'_>) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        Value::Text(text) => format!("'{}'", text.chars().take(100).collect::<String>().escape_debug()),
        Value::Blob(bytes) | Value::Geometry(bytes) => format!("of {} bytes", bytes.len()),
    }
}

/// An error about a key of the layer at `path`.
pub(super) fn key_error(path: &DatasetPath, key: String, reason: &'static str) -> StageError {
    StageError::Key { path: path.clone(), key, reason }
}
