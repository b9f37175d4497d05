//! Table datasets V3, the layout in which Kart keeps a layer in Git.
//!
//! <https://docs.kartproject.org/en/latest/pages/development/table_v3.html>

pub(crate) mod datasets;
pub(crate) mod feature;
mod feature_entry;
pub(crate) mod feature_path;
mod feature_reader;
pub(crate) mod feature_tree;
pub(crate) mod generated_keys;
pub(crate) mod json;
mod layer;
pub(crate) mod layout_version;
pub(crate) mod legend;
mod msgpack;
mod path;
pub(crate) mod projection;
mod reader;
mod schema_json;
pub(crate) mod stored;
pub(crate) mod tree;

pub use feature_entry::{FeatureEntries, FeatureEntry, PackedKey};
pub(crate) use feature_path::Scheme;
pub use feature_reader::FeatureReader;
pub use path::{BadPath, DatasetPath};
pub use reader::Dataset;
pub use schema_json::KartColumn;
pub(crate) use schema_json::type_name;

/// The tree that makes its parent a dataset.
pub(crate) const FOLDER: &str = ".table-dataset";
