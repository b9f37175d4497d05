#![doc = include_str!("../README.md")]

mod batch;
pub mod crs;
pub mod geometry;
mod layer;
mod schema;
mod short;
mod value;

pub use batch::{Batch, Row};
pub use layer::{Crs, Layer};
pub use schema::{Column, DataType, GeometryType, Schema};
pub use short::short;
pub use value::Value;
