//! Values as texts, in GeoJSON and in CSV.

use base64::{Engine, prelude::BASE64_STANDARD};
use longhaul_geodata::{DataType, SinkError, short};

/// The format cannot hold a feature; rows are counted from 1.
pub(crate) fn at_row(layer: &str, row: u64, reason: impl std::fmt::Display) -> SinkError {
    SinkError::unsupported(format!("layer {:?}, feature {row}: {reason}", short(layer)))
}

/// Whether texts of this type are moments in UTC, which are stored without their zone letter.
pub(crate) fn is_utc(data_type: &DataType) -> bool {
    matches!(data_type, DataType::Timestamp { utc: true })
}

/// Appends bytes as a text.
pub(crate) fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(BASE64_STANDARD.encode(bytes).as_bytes());
}

/// Appends a whole number.
pub(crate) fn write_integer(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The error of a second layer.
pub(crate) fn one_layer(format: &str) -> SinkError {
    SinkError::unsupported(format!("a file of the format {format} holds one layer"))
}
