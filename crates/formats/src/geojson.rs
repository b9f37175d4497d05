//! GeoJSON, [RFC 7946](https://datatracker.ietf.org/doc/html/rfc7946).
//!
//! The caller brings geometries into WGS 84 first, the only reference system that GeoJSON has.

use std::io::Write;

use longhaul_geodata::{
    Batch, Layer, LayerSink, Row, SinkError, Value,
    geometry::{GeoJsonOptions, write_geojson, write_number},
    short,
};

use crate::text::{at_row, is_utc, one_layer, write_base64, write_integer};

/// How features are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// One document: a feature collection.
    Collection,
    /// One feature per line.
    Lines,
}

/// Writes GeoJSON.
pub struct GeoJsonWriter<W> {
    out: W,
    framing: Framing,
    layer: Option<Layer>,
    /// The names of the columns as JSON, each with a colon.
    names: Vec<Vec<u8>>,
    rows: u64,
    /// Numbers that are not finite.
    lost_numbers: u64,
    buffer: Vec<u8>,
}

impl<W: Write + Send> GeoJsonWriter<W> {
    /// Writes to `out`, in pieces of some kilobytes.
    pub fn new(out: W, framing: Framing) -> Self {
        Self { out, framing, layer: None, names: Vec::new(), rows: 0, lost_numbers: 0, buffer: Vec::new() }
    }

    fn feature(&mut self, layer: &Layer, row: Row<'_>) -> Result<(), SinkError> {
        self.rows += 1;
        if self.framing == Framing::Collection {
            self.buffer.extend_from_slice(if self.rows == 1 { b"\n" } else { b",\n" });
        }
        self.buffer.extend_from_slice(br#"{"type":"Feature""#);
        self.id(layer, row);
        self.buffer.extend_from_slice(br#","properties":{"#);
        self.properties(layer, row);
        self.buffer.extend_from_slice(br#"},"geometry":"#);
        self.geometry(layer, row)?;
        self.buffer.push(b'}');
        if self.framing == Framing::Lines {
            self.buffer.push(b'\n');
        }
        Ok(())
    }

    fn id(&mut self, layer: &Layer, row: Row<'_>) {
        let Some(key) = layer.schema.primary_key() else { return };
        if let value @ (Value::Integer(_) | Value::Text(_)) = row.value(key) {
            self.buffer.extend_from_slice(br#","id":"#);
            self.value(value, false);
        }
    }

    fn properties(&mut self, layer: &Layer, row: Row<'_>) {
        let geometry = layer.schema.geometry();
        let mut is_first = true;
        for (column, value) in row.values().enumerate().filter(|(column, _)| Some(*column) != geometry) {
            if !is_first {
                self.buffer.push(b',');
            }
            is_first = false;
            self.buffer.extend_from_slice(&self.names[column]);
            self.value(value, is_utc(&layer.schema.columns[column].data_type));
        }
    }

    fn value(&mut self, value: Value<'_>, is_utc: bool) {
        let out = &mut self.buffer;
        match value {
            Value::Null => out.extend_from_slice(b"null"),
            Value::Boolean(value) => out.extend_from_slice(if value { b"true" } else { b"false" }),
            Value::Integer(number) => write_integer(number, out),
            Value::Float(number) => {
                self.lost_numbers += u64::from(!number.is_finite());
                write_number(number, out);
            }
            Value::Text(text) => {
                write_string(text, out);
                if is_utc {
                    out.pop();
                    out.extend_from_slice(b"Z\"");
                }
            }
            Value::Blob(bytes) | Value::Geometry(bytes) => {
                out.push(b'"');
                write_base64(bytes, out);
                out.push(b'"');
            }
        }
    }

    fn geometry(&mut self, layer: &Layer, row: Row<'_>) -> Result<(), SinkError> {
        let value = layer.schema.geometry().map_or(Value::Null, |geometry| row.value(geometry));
        match value {
            Value::Geometry(stored) => write_geojson(stored, GeoJsonOptions::default(), &mut self.buffer)
                .map_err(|error| at_row(&layer.name, self.rows, error)),
            Value::Null => {
                self.buffer.extend_from_slice(b"null");
                Ok(())
            }
            _ => Err(at_row(&layer.name, self.rows, "the geometry is none")),
        }
    }

    fn flush(&mut self) -> Result<(), SinkError> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<W: Write + Send> LayerSink for GeoJsonWriter<W> {
    fn begin(&mut self, layer: &Layer) -> Result<(), SinkError> {
        if self.layer.is_some() {
            return Err(one_layer("GeoJSON"));
        }
        let name = |name: &String| {
            let mut out = Vec::new();
            write_string(name, &mut out);
            out.push(b':');
            out
        };
        self.names = layer.schema.columns.iter().map(|column| name(&column.name)).collect();
        if self.framing == Framing::Collection {
            self.buffer.extend_from_slice(br#"{"type":"FeatureCollection","name":"#);
            write_string(&layer.name, &mut self.buffer);
            self.buffer.extend_from_slice(br#","features":["#);
        }
        self.layer = Some(layer.clone());
        Ok(())
    }

    fn write(&mut self, features: &Batch) -> Result<(), SinkError> {
        let Some(layer) = self.layer.take() else { return Ok(()) };
        let written = features.rows().try_for_each(|row| self.feature(&layer, row));
        self.layer = Some(layer);
        written.and_then(|()| self.flush())
    }

    fn end(&mut self, _: &dyn Fn() -> bool) -> Result<(), SinkError> {
        if self.framing == Framing::Collection {
            self.buffer.extend_from_slice(b"\n]}\n");
        }
        self.flush()
    }

    fn finish(mut self: Box<Self>) -> Result<Vec<String>, SinkError> {
        self.out.flush()?;
        let Some(layer) = &self.layer else { return Ok(Vec::new()) };
        let (name, lost) = (short(&layer.name), self.lost_numbers);
        let has_unknown_crs = layer.schema.geometry().is_some() && layer.geometry_crs().is_none();
        let lost =
            (lost > 0).then(|| format!("layer {name:?}: {lost} numbers are not finite and became null"));
        let crs = has_unknown_crs.then(|| {
            format!(
                "the reference system of layer {name:?} is not known: its coordinates are as they were, and programs will take them for WGS 84"
            )
        });
        Ok(lost.into_iter().chain(crs).collect())
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing a text to memory does not fail.
    let _ = serde_json::to_writer(out, text);
}
