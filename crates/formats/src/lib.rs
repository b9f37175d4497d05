#![doc = include_str!("../README.md")]

mod csv;
mod flatgeobuf;
mod geojson;
mod text;

pub use csv::CsvWriter;
pub use flatgeobuf::FlatGeobufWriter;
pub use geojson::{Framing, GeoJsonWriter};
