#![doc = include_str!("../README.md")]

mod batch;
pub mod crs;
pub mod geometry;
pub mod hilbert;
mod layer;
mod schema;
mod short;
mod sink;
mod value;

pub use batch::{Batch, Row};
pub use layer::{Crs, Layer};
pub use schema::{Column, DataType, GeometryType, Schema};
pub use short::short;
pub use sink::{LayerSink, SinkError};
pub use value::Value;
