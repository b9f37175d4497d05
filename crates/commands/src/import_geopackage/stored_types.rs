//! Types that a GeoPackage cannot express.

use longhaul_geodata::{Column, Layer};
use longhaul_geopackage::type_after_import;

/// Gives each column of `layer` the type that it has in the repository if it comes in the form in which an export writes that
/// type. A column of decimal numbers, for example, is one of texts in a file.
pub(super) fn keep_stored_types(layer: &mut Layer, stored: &[Column]) {
    for column in &mut layer.schema.columns {
        let mut same = stored
            .iter()
            .filter(|stored| stored.name == column.name && stored.primary_key == column.primary_key);
        if let Some(stored) = same.next().filter(|stored| type_after_import(stored) == column.data_type) {
            column.data_type = stored.data_type.clone();
        }
    }
}
