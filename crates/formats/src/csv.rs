//! Comma-separated values, [RFC 4180](https://datatracker.ietf.org/doc/html/rfc4180), in UTF-8.
//!
//! The geometry is the first column, `WKT`, by which GDAL knows it. Nothing and an empty text differ: an empty text has quotes.
//! That is why no library writes the fields; the one that is common decides about quotes by itself.

use std::io::Write;

use longhaul_geodata::{
    Batch, Layer, LayerSink, Row, SinkError, Value,
    geometry::{well_known_text, write_number},
};

use crate::text::{at_row, is_utc, one_layer, write_base64, write_integer};

/// The name of the column of geometries.
const WKT: &str = "WKT";

/// Writes CSV.
pub struct CsvWriter<W> {
    out: W,
    layer: Option<Layer>,
    rows: u64,
    buffer: Vec<u8>,
    field: Vec<u8>,
}

impl<W: Write + Send> CsvWriter<W> {
    /// Writes to `out`, in pieces of some kilobytes.
    pub fn new(out: W) -> Self {
        Self { out, layer: None, rows: 0, buffer: Vec::new(), field: Vec::new() }
    }

    fn header(&mut self, layer: &Layer) {
        let geometry = layer.schema.geometry();
        let is_used =
            |name: &str| layer.schema.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let wkt = if is_used(WKT) { "_WKT_geometry" } else { WKT };
        let columns = layer.schema.columns.iter().enumerate();
        let others = columns.filter(|(at, _)| Some(*at) != geometry).map(|(_, column)| column.name.as_str());
        for name in geometry.map(|_| wkt).into_iter().chain(others) {
            self.field.extend_from_slice(name.as_bytes());
            self.end_field(false);
        }
        self.end_row();
    }

    fn row(&mut self, layer: &Layer, row: Row<'_>) -> Result<(), SinkError> {
        self.rows += 1;
        let geometry = layer.schema.geometry();
        if let Some(geometry) = geometry {
            self.geometry(layer, row.value(geometry))?;
        }
        for (column, value) in row.values().enumerate().filter(|(column, _)| Some(*column) != geometry) {
            self.value(value, is_utc(&layer.schema.columns[column].data_type));
        }
        self.end_row();
        Ok(())
    }

    fn geometry(&mut self, layer: &Layer, value: Value<'_>) -> Result<(), SinkError> {
        if let Value::Geometry(stored) = value {
            let text = well_known_text(stored).map_err(|error| at_row(&layer.name, self.rows, error))?;
            self.field.extend_from_slice(text.as_bytes());
        }
        self.end_field(false);
        Ok(())
    }

    fn value(&mut self, value: Value<'_>, is_utc: bool) {
        let out = &mut self.field;
        match value {
            Value::Null => {}
            Value::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Integer(number) => write_integer(number, out),
            Value::Float(number) if number.is_finite() => write_number(number, out),
            Value::Float(number) => out.extend_from_slice(number.to_string().to_lowercase().as_bytes()),
            Value::Text(text) => {
                out.extend_from_slice(text.as_bytes());
                if is_utc {
                    out.push(b'Z');
                }
            }
            Value::Blob(bytes) | Value::Geometry(bytes) => write_base64(bytes, out),
        }
        self.end_field(matches!(value, Value::Text("")));
    }

    /// Writes the field, with quotes where it needs them.
    fn end_field(&mut self, quoted: bool) {
        let needs_quotes = |byte: &u8| matches!(byte, b',' | b'"' | b'\n' | b'\r');
        if quoted || self.field.iter().any(needs_quotes) {
            self.buffer.push(b'"');
            for byte in &self.field {
                self.buffer.push(*byte);
                if *byte == b'"' {
                    self.buffer.push(b'"');
                }
            }
            self.buffer.push(b'"');
        } else {
            self.buffer.extend_from_slice(&self.field);
        }
        self.buffer.push(b',');
        self.field.clear();
    }

    fn end_row(&mut self) {
        // In place of the comma after the last field.
        self.buffer.pop();
        self.buffer.extend_from_slice(b"\r\n");
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write + Send> LayerSink for CsvWriter<W> {
    fn begin(&mut self, layer: &Layer) -> Result<(), SinkError> {
        if self.layer.is_some() {
            return Err(one_layer("CSV"));
        }
        self.header(layer);
        self.layer = Some(layer.clone());
        self.flush()
    }

    fn write(&mut self, features: &Batch) -> Result<(), SinkError> {
        let Some(layer) = self.layer.take() else { return Ok(()) };
        let written = features.rows().try_for_each(|row| self.row(&layer, row));
        self.layer = Some(layer);
        written.and_then(|()| self.flush())
    }

    fn end(&mut self, _: &dyn Fn() -> bool) -> Result<(), SinkError> {
        self.flush()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, SinkError> {
        self.out.flush()?;
        Ok(Vec::new())
    }
}
