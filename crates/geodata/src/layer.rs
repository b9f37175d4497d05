//! The metadata of a layer.

use crate::{DataType, Schema};

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

impl Layer {
    /// The reference system of its geometries; `None` if it is not known.
    pub fn geometry_crs(&self) -> Option<&Crs> {
        let DataType::Geometry { crs: Some(identifier), .. } =
            &self.schema.columns[self.schema.geometry()?].data_type
        else {
            return None;
        };
        self.crs.iter().find(|crs| crs.identifier == *identifier)
    }
}

/// A coordinate reference system.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Crs {
    /// Its name in schemas and file names: `EPSG:4326`, `CUSTOM:203456`.
    pub identifier: String,
    /// Its definition, WKT 1 or 2, in the layout of [`crate::crs`].
    pub wkt: String,
}
