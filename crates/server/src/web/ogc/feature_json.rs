//! Features as GeoJSON.

use base64::{Engine, prelude::BASE64_STANDARD};
use longhaul_geodata::{DataType, Layer, Row, Value, geometry::write_number};
use longhaul_repository::PackedKey;

use super::coordinates::Output;

/// Writes the features of one layer.
pub(super) struct FeatureWriter {
    columns: Vec<Column>,
    /// The column whose values are the features' geometries.
    geometry: Option<usize>,
    output: Output,
}

struct Column {
    /// `"name":`
    member: Vec<u8>,
    is_utc: bool,
}

impl FeatureWriter {
    pub(super) fn new(layer: &Layer, output: Output) -> Self {
        let columns = layer.schema.columns.iter().map(|column| {
            let mut member = Vec::new();
            write_text(&column.name, &mut member);
            member.push(b':');
            Column { member, is_utc: column.data_type == DataType::Timestamp { utc: true } }
        });
        Self { columns: columns.collect(), geometry: layer.schema.geometry(), output }
    }

    /// Appends a feature object. `links` is the JSON of its links, if it has some.
    ///
    /// A geometry that cannot be written is null, and the member `geometryError` says why.
    pub(super) fn write(&self, key: &PackedKey, row: Row<'_>, links: Option<&str>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"Feature\",\"id\":");
        write_id(key, out);
        if let Some(links) = links {
            out.extend_from_slice(b",\"links\":");
            out.extend_from_slice(links.as_bytes());
        }
        out.extend_from_slice(b",\"geometry\":");
        self.write_geometry(self.geometry.map_or(Value::Null, |column| row.value(column)), out);
        out.extend_from_slice(b",\"properties\":{");
        let mut is_first = true;
        for (at, (column, value)) in self.columns.iter().zip(row.values()).enumerate() {
            if Some(at) == self.geometry {
                continue;
            }
            if !is_first {
                out.push(b',');
            }
            is_first = false;
            out.extend_from_slice(&column.member);
            self.write_value(value, column.is_utc, out);
        }
        out.extend_from_slice(b"}}");
    }

    fn write_geometry(&self, value: Value<'_>, out: &mut Vec<u8>) {
        let Value::Geometry(geometry) = value else {
            out.extend_from_slice(b"null");
            return;
        };
        if let Err(why) = self.output.write(geometry, out) {
            out.extend_from_slice(b"null,\"geometryError\":");
            write_text(&why, out);
        }
    }

    fn write_value(&self, value: Value<'_>, is_utc: bool, out: &mut Vec<u8>) {
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Boolean(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
            Value::Integer(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Float(number) => write_number(number, out),
            // The zone is a property of the column; in a text it is needed.
            Value::Text(text) if is_utc && !text.ends_with('Z') => write_text(&format!("{text}Z"), out),
            Value::Text(text) => write_text(text, out),
            Value::Blob(bytes) => write_text(&BASE64_STANDARD.encode(bytes), out),
            Value::Geometry(geometry) => {
                if self.output.write(geometry, out).is_err() {
                    out.extend_from_slice(b"null");
                }
            }
        }
    }
}

fn write_id(key: &PackedKey, out: &mut Vec<u8>) {
    match key.integer() {
        Some(number) => out.extend_from_slice(number.to_string().as_bytes()),
        None => write_text(&key.text(), out),
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, text).expect("writing a text to memory does not fail");
}
