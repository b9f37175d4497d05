#![doc = include_str!("../README.md")]

mod csv;
mod flatgeobuf;
mod geojson;
mod text;
mod vector_tile;

pub use csv::CsvWriter;
pub use flatgeobuf::FlatGeobufWriter;
pub use geojson::{Framing, GeoJsonWriter};
pub use vector_tile::{TILE_BUFFER, TILE_UNITS, VectorTileLayer};
