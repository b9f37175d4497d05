//! Table datasets V3, the layout in which Kart keeps a layer in Git.
//!
//! <https://docs.kartproject.org/en/latest/pages/development/table_v3.html>

pub(crate) mod entries;
pub(crate) mod feature;
pub(crate) mod find;
pub(crate) mod generated_keys;
pub(crate) mod json;
pub(crate) mod legend;
mod message;
mod path;
pub(crate) mod place;
mod reader;
mod schema_json;
pub(crate) mod stored;
pub(crate) mod tree;

pub use path::{BadPath, DatasetPath};
pub(crate) use place::Scheme;
pub use reader::Dataset;
pub use schema_json::KartColumn;
pub(crate) use schema_json::type_name;

/// The tree that makes its parent a dataset.
pub(crate) const FOLDER: &str = ".table-dataset";
