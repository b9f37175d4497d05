//! The types that all formats share: a layer is a table of features, a feature is a row of values,
//! and a schema gives the type of each column.
//!
//! This crate reads no file and knows nothing of Git.

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
