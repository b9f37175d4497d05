//! The metadata of a layer.

use crate::Schema;

/// A layer without its features.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// Its name where it came from; by default also its path in a repository.
    pub name: String,
    /// A title for people.
    pub title: Option<String>,
    /// A description for people.
    pub description: Option<String>,
    /// An XML metadata document (ISO 19139 and the like).
    pub metadata_xml: Option<String>,
    /// Its columns.
    pub schema: Schema,
    /// The coordinate reference systems its columns name.
    pub crs: Vec<Crs>,
}

/// A coordinate reference system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crs {
    /// Its name in schemas and file names: `EPSG:4326`, `CUSTOM:203456`.
    pub identifier: String,
    /// Its definition, WKT 1, in the layout of [`crate::crs`].
    pub wkt: String,
}
