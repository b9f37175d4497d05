//! A table that is a layer.

use longhaul_geodata::Layer;

use crate::Warning;
use crate::rows::{FeatureIds, ValueType};

/// A layer of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Table {
    /// The layer: name, title, columns, reference systems.
    pub layer: Layer,
    /// Warnings about the layer for the user who brought the file, a sentence each.
    pub warnings: Vec<Warning>,
    /// How many features the file says there are. Only a hint: nobody checks it.
    pub feature_count: Option<u64>,
    /// The name under which the rows' numbers can be asked for; none if the rows have none, or no name for it is left.
    pub(crate) rowid: Option<&'static str>,
    /// The columns of the table's primary key, in the order of the key.
    pub(crate) key: Vec<String>,
    /// What the values of each column should be.
    pub(crate) value_types: Vec<ValueType>,
    /// The type of each column as the file has it, for messages.
    pub(crate) declared_types: Vec<String>,
    /// Where the ids of the features are, if the rows' numbers are not them.
    pub(crate) feature_ids: Option<FeatureIds>,
}

impl Table {
    /// Whether the rows are numbered, so that [`crate::GeoPackage::parts`] can split them.
    pub fn has_rowid(&self) -> bool {
        self.rowid.is_some()
    }
}
